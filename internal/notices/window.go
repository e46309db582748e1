package notices

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Bounds of what one target gets.
const (
	atOnce    = 20               // messages in a window that go at once
	windowFor = 5 * time.Minute  // how long a window lasts, from its first message on
	heldFor   = 10 * time.Minute // how long the source stays readable before that is a message
	mostNamed = 50               // problems that a digest names, beside that of its last notice
	// how long Tick waits beyond the end of a window: an event from before it may still be on its way to the log
	grace = 15 * time.Second
)

// Window joins the notices of one target into messages. 20 go at once; those that follow within five minutes of the
// first become one digest. A source that is lost again within ten minutes of its return is one problem. It is pure:
// what it gives depends on the notices and their times in the log, and on Tick where nothing comes behind a window's
// end. It is not safe for concurrent use.
type Window struct {
	logID  string
	target string
	seq    uint64  // of the notices that were added last
	before numbers // as they were before the first notice of that event
	is     numbers
	held   *digest // nil for none
	out    []*Message
}

// numbers are all of a window's state but what it holds for a digest, which the log has.
type numbers struct {
	Begun jobmon.Instant `json:"begun,omitzero"` // when the first message of the window was; 0 for no window
	First uint64         `json:"first,omitzero"` // its event
	Sent  int            `json:"sent,omitzero"`  // messages of the window that went at once
	Loss  *loss          `json:"loss,omitempty"` // the loss of the source that was sent last
	Back  *back          `json:"back,omitempty"` // the source's return, which has yet to last
}

// loss is a loss of the source. It is not changed.
type loss struct {
	Problem string         `json:"problem"`
	Since   jobmon.Instant `json:"since"`
}

// back is a return of the source: what its notice says. It is not changed.
type back struct {
	Seq    uint64         `json:"seq"`
	At     jobmon.Instant `json:"at"`
	Kind   jobmon.Kind    `json:"kind"`
	Offset jobmon.Offset  `json:"offset"`
	loss
}

// digest is what a window holds back.
type digest struct {
	from   uint64  // all notices up to this event come before it
	before numbers // the state then
	list   []*Notice
	each   []int          // how many notices came about the problem of each in list
	total  int            // how many came
	began  jobmon.Instant // when the first one happened
	last   *Notice
	counts map[Topic]int
}

// NewWindow begins with a state that Place gave, or nil. What it cannot read counts as nil. The log's id is part of the
// messages' ids, the target's name of those of digests: what a digest holds depends on the rules of its target.
func NewWindow(logID, target string, state json.RawMessage) *Window {
	w := &Window{logID: logID, target: target}
	if len(state) > 0 && json.Unmarshal(state, &w.is) != nil {
		w.is = numbers{}
	}
	w.before = w.is
	return w
}

// Add takes the next notice, in the order of the log, and returns the messages that are to be sent now.
func (w *Window) Add(n *Notice) []*Message {
	if n.Event.Seq != w.seq {
		w.advance(n.Event.At, 0)
		w.seq, w.before = n.Event.Seq, w.is
	}
	switch n.Topic {
	case SourceLost:
		again := w.is.Back != nil // it has not lasted
		w.is.Back = nil
		if !again || w.is.Loss == nil {
			w.is.Loss = &loss{n.Problem, n.Since}
			w.take(n, n.Event.At)
		}
	case SourceRestored:
		w.is.Back = &back{n.Event.Seq, n.Event.At, n.Event.Kind, n.Offset, loss{n.Problem, n.Since}}
		if w.is.Loss != nil {
			w.is.Back.loss = *w.is.Loss
		}
	default:
		w.take(n, n.Event.At)
	}
	return w.given()
}

// Tick returns the messages that are due when the server's clock shows now and no notice has come since.
func (w *Window) Tick(now jobmon.Instant) []*Message {
	w.advance(now, grace)
	return w.given()
}

// Next is when Tick has something to do, 0 for never.
func (w *Window) Next() jobmon.Instant {
	var next jobmon.Instant
	if w.held != nil {
		next = w.is.Begun.Add(windowFor + grace)
	}
	if b := w.is.Back; b != nil && (next == 0 || b.At.Add(heldFor+grace) < next) {
		next = b.At.Add(heldFor + grace)
	}
	return next
}

// Held is how many notices wait for a digest.
func (w *Window) Held() int {
	if w.held == nil {
		return 0
	}
	return w.held.total
}

// Place is from where on a new window with that state has to get notices, in order to go on as this one does: those of
// the events behind from. All notices up to seq were added, and the messages that came of them have arrived.
func (w *Window) Place(seq uint64) (from uint64, state json.RawMessage) {
	is := w.is
	switch {
	case w.held != nil:
		seq, is = w.held.from, w.held.before
	case seq < w.seq: // some notices of that event are missing
		is = w.before
	}
	if is == (numbers{}) {
		return seq, nil
	}
	state, err := json.Marshal(is)
	if err != nil {
		panic(err) // numbers and texts
	}
	return seq, state
}

// ID is the ID of the message about one notice.
func (n *Notice) ID(logID string) string {
	id := messageID(logID, n.Event.Seq, string(n.Topic))
	if n.Topic == DiskFull {
		id = messageID(logID, uint64(n.Event.At), string(n.Topic)) // no event has it
		if n.Healed {
			id += "_healed"
		}
		return id
	}
	if about := n.Computer(); about != 0 && about != n.Event.Computer {
		id += fmt.Sprintf("_%d", about) // an event that ended several deployments
	}
	return id
}

func messageID(logID string, number uint64, what string) string {
	return fmt.Sprintf("msg_%s_%d_%s", logID[:min(16, len(logID))], number, what)
}

func (w *Window) given() []*Message {
	list := w.out
	w.out = nil
	return list
}

// advance does what is due up to that time, in order. A clock that went back ends what it began before.
func (w *Window) advance(now jobmon.Instant, late time.Duration) {
	for {
		end, lasts := w.is.Begun.Add(windowFor), jobmon.Instant(0)
		if w.is.Back != nil {
			lasts = w.is.Back.At.Add(heldFor)
		}
		over := w.is.Begun != 0 && isOver(now, w.is.Begun, end.Add(late))
		stays := lasts != 0 && isOver(now, lasts.Add(-heldFor), lasts.Add(late))
		switch {
		case over && (!stays || end <= lasts):
			w.close()
		case stays:
			w.before = w.is
			b := *w.is.Back
			w.is.Loss, w.is.Back = nil, nil
			w.take(b.notice(), lasts)
		default:
			return
		}
	}
}

func isOver(now, begun, end jobmon.Instant) bool { return now >= end || now < begun.Add(-windowFor) }

func (b *back) notice() *Notice {
	return &Notice{
		Topic: SourceRestored, Healed: true, Event: jobmon.Event{Seq: b.Seq, At: b.At, Kind: b.Kind}, Offset: b.Offset,
		Since: b.Since, Problem: b.Problem,
	}
}

// take sends the notice, or holds it for the digest. at is within the window that is open, or begins one.
func (w *Window) take(n *Notice, at jobmon.Instant) {
	if w.is.Begun != 0 && isOver(at, w.is.Begun, w.is.Begun.Add(windowFor)) {
		w.close()
	}
	if w.is.Begun == 0 {
		w.is.Begun, w.is.First = at, n.Event.Seq
	}
	if w.is.Sent < atOnce {
		w.is.Sent++
		w.out = append(w.out, &Message{ID: n.ID(w.logID), Notices: []*Notice{n}})
		return
	}
	if w.held == nil {
		from := w.seq
		if n.Event.Seq == w.seq {
			from--
		}
		w.held = &digest{from: from, before: w.before, began: n.Event.At, counts: map[Topic]int{}}
	}
	w.held.add(n)
}

// add keeps the newest notice of each problem: what it says still holds.
func (d *digest) add(n *Notice) {
	d.total++
	d.counts[n.Topic]++
	d.last = n
	of := 1
	if i := slices.IndexFunc(d.list, n.sameProblem); i >= 0 {
		of += d.each[i]
		d.list, d.each = slices.Delete(d.list, i, i+1), slices.Delete(d.each, i, i+1)
	}
	if len(d.list) < mostNamed {
		d.list, d.each = append(d.list, n), append(d.each, of)
	}
}

func (n *Notice) sameProblem(other *Notice) bool {
	return n.Problem != "" && n.Problem == other.Problem
}

// close ends the window and gives its digest.
func (w *Window) close() {
	if d := w.held; d != nil {
		w.out = append(w.out, d.message(w))
	}
	w.held, w.is.Begun, w.is.First, w.is.Sent = nil, 0, 0, 0
}

// message is the digest, or the message of its only notice.
func (d *digest) message(w *Window) *Message {
	if d.total == 1 {
		return &Message{ID: d.last.ID(w.logID), Notices: d.list}
	}
	if !slices.Contains(d.list, d.last) {
		d.list, d.each = append(d.list, d.last), append(d.each, 1)
	}
	return &Message{
		ID: messageID(w.logID, w.is.First, "digest_"+w.target), Digest: true, Began: d.began,
		Notices: d.list, Each: d.each, More: d.total - len(d.list), Counts: d.counts,
	}
}
