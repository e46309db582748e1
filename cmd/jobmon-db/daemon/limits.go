package daemon

import (
	"errors"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Anyone who can write to the request folder can ask for anything, as often as a disk takes files. Each request is an
// event for ever, and each computer asked for gets a file.
var (
	errUnknownComputer = errors.New("the database knows no such computer, and too many such were asked for: no file is written")
	errNoComputer      = errors.New("that is no id of a computer: ids are above 0")
	errTooOften        = errors.New("files are asked for too often: ask again later")
)

// rate allows so many at once, and one more each time that long has passed.
type rate struct {
	burst int
	every time.Duration
}

// What is allowed. A deployment asks for a file at each of its markers, some minutes apart. A computer that is not
// known may be one that the console has just created; its file says that it has no deployment.
func allowed() (all, each, unknown rate) {
	return rate{5000, 100 * time.Millisecond}, rate{60, 5 * time.Second}, rate{20, time.Minute}
}

// bucket counts what a rate allows. The zero value is full.
type bucket struct {
	used int
	at   time.Time // when used was last reduced
}

// take takes one, if there is one.
func (b *bucket) take(r rate, now time.Time) bool {
	b.refill(r, now)
	if b.used >= r.burst {
		return false
	}
	b.used++
	return true
}

func (b *bucket) refill(r rate, now time.Time) {
	back := int(now.Sub(b.at) / r.every)
	if b.used -= back; b.used <= 0 {
		b.used, b.at = 0, now
		return
	}
	b.at = b.at.Add(time.Duration(back) * r.every)
}

// limits bound the requests for files. They are used from one goroutine.
type limits struct {
	all, unknown bucket
	each         map[jobmon.ComputerID]*bucket
}

// mostBuckets is how many computers are counted before those that asked long ago are dropped.
const mostBuckets = 1000

// check says why a request is refused, or nil. known says whether the database knows the computer.
func (l *limits) check(id jobmon.ComputerID, known bool, now time.Time) error {
	all, each, unknown := allowed()
	if id <= 0 {
		return errNoComputer
	}
	if !known && !l.unknown.take(unknown, now) {
		return errUnknownComputer
	}
	b := l.each[id]
	if b == nil {
		l.tidy(each, now)
		b = new(bucket)
		l.each[id] = b
	}
	if !b.take(each, now) || !l.all.take(all, now) {
		return errTooOften
	}
	return nil
}

func (l *limits) tidy(each rate, now time.Time) {
	if l.each == nil {
		l.each = map[jobmon.ComputerID]*bucket{}
	}
	if len(l.each) < mostBuckets {
		return
	}
	for id, b := range l.each {
		if b.refill(each, now); b.used == 0 {
			delete(l.each, id)
		}
	}
}
