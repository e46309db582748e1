package ndjson

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Reader reads an export. It believes no line: what does not follow from the line before is an error that names the
// line.
type Reader struct {
	Header Header

	lines *bufio.Scanner // nil for a message,
	rest  []byte         // of which this was not read yet; see ReadMessage
	line  int            // number of the last one read, from 1
	quick quick
	read  parsed  // the last line
	first *parsed // that line, when it was read to know the header, and not yet by Batches
	last  uint64  // sequence number of the last event
	count uint64  // events read
	ended bool    // a line said that it was the last one

	events []jobmon.Event // space for the events of batches; those that are in it are not touched again
}

// NewReader reads the first line. A mark that says UTF-8 may stand before it. Errors wrap ErrForeign, ErrNewer,
// ErrTruncated, ErrDamaged, or come from r.
func NewReader(r io.Reader) (*Reader, error) {
	input := bufio.NewReader(r)
	begin, _ := input.Peek(3) // an error comes again with the first line
	switch {
	case bytes.Equal(begin, []byte("\ufeff")):
		_, _ = input.Discard(len(begin))
	case bytes.HasPrefix(begin, []byte("\xff\xfe")),
		bytes.HasPrefix(begin, []byte("\xfe\xff")),
		bytes.IndexByte(begin, 0) >= 0:
		return nil, fmt.Errorf(
			"%w: it is UTF-16, as Windows PowerShell writes with >: export it again with jobmon-db export FILE",
			ErrForeign,
		)
	}
	lines := bufio.NewScanner(input)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	in := &Reader{lines: lines}
	return in, in.begin()
}

// begin reads the first line.
func (r *Reader) begin() error {
	text, err := r.text()
	if err != nil {
		return err
	}
	if text == nil {
		return fmt.Errorf("%w: there is no line in it", ErrTruncated)
	}
	if !r.quick.line(text, &r.read) || r.read.export == nil {
		var named struct {
			Export *head `json:"export"`
		}
		if err := json.Unmarshal(text, &named); err != nil || named.Export == nil || named.Export.Format != formatName {
			return fmt.Errorf("%w: its first line does not say %q", ErrForeign, formatName)
		}
		if _, err := r.parse(text); err != nil {
			return err
		}
	}
	r.first = &r.read
	return r.head(r.read.export)
}

// text is the next line that is not blank, nil at the end.
func (r *Reader) text() ([]byte, error) {
	if r.lines == nil {
		return r.ofMessage(), nil
	}
	for r.lines.Scan() {
		r.line++
		if text := bytes.TrimSpace(r.lines.Bytes()); len(text) > 0 {
			return text, nil
		}
	}
	switch err := r.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, r.damaged("it is longer than any event")
	case err != nil:
		return nil, fmt.Errorf("read behind line %d: %w", r.line, err)
	}
	return nil, nil
}

func (r *Reader) damaged(format string, details ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrDamaged, r.line, fmt.Sprintf(format, details...))
}

// parse takes a line apart. What it returns is good until the next line.
func (r *Reader) parse(text []byte) (*parsed, error) {
	if r.quick.line(text, &r.read) {
		return &r.read, nil
	}
	var err error
	if r.read, err = strict(text); err != nil {
		return nil, r.damaged("%v", err)
	}
	return &r.read, nil
}

// strict takes any line apart.
func strict(text []byte) (parsed, error) {
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // what is not understood would be lost
	if err := decoder.Decode(&l); err != nil {
		return parsed{}, err
	}
	if decoder.More() {
		return parsed{}, errors.New("something follows the event")
	}
	p := parsed{event: l.event(), before: l.Seq - 1, more: l.More, export: l.Export, end: l.End}
	if l.After != nil {
		p.before = *l.After
	}
	return p, nil
}

// head takes a line's fields about the log. Texts of the same log may follow one another.
func (r *Reader) head(h *head) error {
	if h.Version > version {
		return fmt.Errorf("%w: it has version %d, and this program knows %d: install a newer one", ErrNewer, h.Version,
			version)
	}
	if r.Header.LogID != "" && h.LogID != r.Header.LogID {
		return r.damaged("it is of another log (%s, those before it are of %s)", h.LogID, r.Header.LogID)
	}
	r.Header = Header{LogID: h.LogID, Site: h.Site, Program: h.Program, Last: h.Last}
	if c := h.Chain; c != nil {
		r.Header.Chain = &Chain{
			After: c.After, Previous: uint32(c.Previous), Sum: uint32(c.Sum), Seam: c.Seam, Lost: c.Lost,
		}
	}
	return nil
}

// next is the next line of an event, nil at the end.
func (r *Reader) next() (*parsed, error) {
	for {
		l := r.first
		if r.first = nil; l == nil {
			text, err := r.text()
			if err != nil || text == nil {
				return nil, err
			}
			if r.ended {
				return nil, r.damaged("something follows the last line")
			}
			if l, err = r.parse(text); err != nil {
				return nil, err
			}
			if r.lines == nil && (l.export != nil || l.end != nil) {
				return nil, r.damaged("a message has one head, on its first line, and no other end")
			}
			if l.export != nil {
				if err := r.head(l.export); err != nil {
					return nil, err
				}
			}
		}
		switch {
		case l.end != nil && (l.end.Events != r.count || l.end.Last != r.last):
			return nil, r.damaged("it counts %d events up to %d, and %d up to %d stand before it", l.end.Events,
				l.end.Last, r.count, r.last)
		case l.end != nil:
			r.ended = true
		case l.export == nil || l.event.Seq != 0:
			return l, nil
		}
	}
}

// Batches yields the batches; the first failure is yielded with an empty batch and ends it. A batch belongs to the
// caller. It is used once.
func (r *Reader) Batches() iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for {
			b, err := r.batch()
			if err == nil && len(b.Events) == 0 || !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// eventsAtOnce is for how many events space is made.
const eventsAtOnce = 512

// add adds an event to a batch, whose events have been the last ones in the space for events.
func (r *Reader) add(b *jobmon.Batch, e *jobmon.Event) {
	n := len(b.Events)
	if len(r.events) == cap(r.events) {
		r.events = append(make([]jobmon.Event, 0, max(eventsAtOnce, 2*n)), b.Events...)
	}
	r.events = append(r.events, *e)
	end := len(r.events)
	b.At, b.Events = e.At, r.events[end-n-1:end:end]
}

// batch reads the lines of one batch; it is empty at the end.
func (r *Reader) batch() (b jobmon.Batch, err error) {
	for {
		l, err := r.next()
		if err != nil {
			return jobmon.Batch{}, err
		}
		if l == nil {
			return jobmon.Batch{}, r.end(len(b.Events) > 0)
		}
		if err := r.joins(l, &b); err != nil {
			return jobmon.Batch{}, err
		}
		r.add(&b, &l.event)
		r.last, r.count = l.event.Seq, r.count+1
		if !l.more {
			return b, nil
		}
	}
}

// joins checks that the event follows the one before it.
func (r *Reader) joins(l *parsed, b *jobmon.Batch) error {
	e := &l.event
	if max(e.Seq, e.From, e.To) > jobmon.MaxSeq {
		return r.damaged("it has or names a sequence number above %d", jobmon.MaxSeq)
	}
	if e.Seq <= r.last || e.Kind == 0 {
		return r.damaged("event %d of kind %s cannot follow event %d", e.Seq, e.Kind, r.last)
	}
	switch {
	case len(b.Events) > 0 && e.Seq != r.last+1, l.before != r.last:
		return fmt.Errorf("%w: line %d: event %d does not join event %d; %s", ErrIncomplete, r.line, e.Seq, r.last,
			whole)
	case len(b.Events) > 0 && e.At != b.At:
		return r.damaged("event %d at %s does not go on with the batch of the line before", e.Seq, e.At)
	}
	return nil
}

// whole says what makes a text that can be imported.
const whole = "only a text of all events from the first one on is a log: jobmon-db export, or replay -o ndjson " +
	"without filters"

// end says whether the text may end here.
func (r *Reader) end(inside bool) error {
	switch {
	case inside:
		return fmt.Errorf("%w: it ends behind line %d, in the middle of a batch", ErrTruncated, r.line)
	case r.last < r.Header.Last:
		return fmt.Errorf("%w: it ends with event %d on line %d, and event %d is to be its last", ErrTruncated, r.last,
			r.line, r.Header.Last)
	case r.Header.Last == 0 && !r.ended:
		return fmt.Errorf("%w: it ends behind line %d, without its last line", ErrTruncated, r.line)
	}
	return nil
}
