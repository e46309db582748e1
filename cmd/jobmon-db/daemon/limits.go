package daemon

import (
	"errors"
	"maps"
	"time"

	"golang.org/x/time/rate"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Anyone who can write to the request folder can ask for anything, as often as a disk takes files. Each request is an
// event for ever, and each computer asked for gets a file.
var (
	errUnknownComputer = errors.New("the database knows no such computer, and too many such were asked for: no file " +
		"is written")
	errNoComputer = errors.New("that is no id of a computer: ids are above 0")
	errTooOften   = errors.New("files are asked for too often: ask again later")
)

// What is allowed. A deployment asks for a file at each of its markers, some minutes apart. A computer that is not
// known may be one that the console has just created; its file says that it has no deployment.
const (
	allBurst, allEvery         = 5000, 100 * time.Millisecond
	eachBurst, eachEvery       = 60, 5 * time.Second
	unknownBurst, unknownEvery = 20, time.Minute
)

// limits bound the requests for files. They are used from one goroutine.
type limits struct {
	all, unknown *rate.Limiter
	each         map[jobmon.ComputerID]*rate.Limiter
}

func newLimits() limits {
	return limits{
		all:     rate.NewLimiter(rate.Every(allEvery), allBurst),
		unknown: rate.NewLimiter(rate.Every(unknownEvery), unknownBurst),
		each:    map[jobmon.ComputerID]*rate.Limiter{},
	}
}

// mostCounted is how many computers are counted before those that asked long ago are dropped.
const mostCounted = 1000

// check says why a request is refused, or nil. known says whether the database knows the computer.
func (l *limits) check(id jobmon.ComputerID, known bool, now time.Time) error {
	switch {
	case id <= 0:
		return errNoComputer
	case !known && !l.unknown.AllowN(now, 1):
		return errUnknownComputer
	}
	one := l.each[id]
	if one == nil {
		if len(l.each) >= mostCounted {
			maps.DeleteFunc(l.each, func(_ jobmon.ComputerID, old *rate.Limiter) bool {
				return old.TokensAt(now) >= eachBurst
			})
		}
		one = rate.NewLimiter(rate.Every(eachEvery), eachBurst)
		l.each[id] = one
	}
	if !one.AllowN(now, 1) || !l.all.AllowN(now, 1) {
		return errTooOften
	}
	return nil
}
