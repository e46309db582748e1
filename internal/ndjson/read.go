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

	lines *bufio.Scanner
	line  int    // number of the last one read, from 1
	last  uint64 // sequence number of the last event
	count uint64 // events read
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
	text, err := in.next()
	if err != nil {
		return nil, err
	}
	var first head
	if err := json.Unmarshal(text, &first); err != nil || first.Export.Format != formatName {
		return nil, fmt.Errorf("%w: its first line does not say %q", ErrForeign, formatName)
	}
	if first.Export.Version > version {
		return nil, fmt.Errorf(
			"%w: it has version %d, and this program knows %d: install a newer one",
			ErrNewer,
			first.Export.Version,
			version,
		)
	}
	in.Header = Header{LogID: first.Export.LogID, Site: first.Export.Site, Program: first.Export.Program}
	return in, nil
}

// next is the next line that is not blank.
func (r *Reader) next() ([]byte, error) {
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
	return nil, fmt.Errorf("%w: it ends behind line %d, without its last line", ErrTruncated, r.line)
}

func (r *Reader) damaged(format string, details ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrDamaged, r.line, fmt.Sprintf(format, details...))
}

// Batches yields the batches; the first failure is yielded with an empty batch and ends it. A batch belongs to the
// caller. It is used once.
func (r *Reader) Batches() iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for {
			b, end, err := r.batch()
			if end && err == nil || !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// batch reads the lines of one batch.
func (r *Reader) batch() (b jobmon.Batch, end bool, err error) {
	for {
		text, err := r.next()
		if err != nil {
			return jobmon.Batch{}, false, err
		}
		if bytes.HasPrefix(text, []byte(`{"end"`)) {
			if len(b.Events) > 0 {
				return jobmon.Batch{}, false, r.damaged("the batch of the line before goes on, and the export ends")
			}
			return jobmon.Batch{}, true, r.end(text)
		}
		e, more, err := r.event(text)
		if err != nil {
			return jobmon.Batch{}, false, err
		}
		if len(b.Events) == 0 {
			b.At = e.At
		} else if e.At != b.At || e.Seq != b.Last()+1 {
			return jobmon.Batch{}, false, r.damaged(
				"event %d at %s does not go on with the batch of the line before", e.Seq, e.At)
		}
		b.Events = append(b.Events, e)
		if !more {
			return b, false, nil
		}
	}
}

func (r *Reader) event(text []byte) (e jobmon.Event, more bool, err error) {
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // what is not understood would be lost
	if err := decoder.Decode(&l); err != nil {
		return e, false, r.damaged("%v", err)
	}
	if decoder.More() {
		return e, false, r.damaged("something follows the event")
	}
	e = l.event()
	if max(e.Seq, e.From, e.To) > jobmon.MaxSeq {
		return e, false, r.damaged("it has or names a sequence number above %d", jobmon.MaxSeq)
	}
	if e.Seq <= r.last || e.Kind == 0 {
		return e, false, r.damaged("event %d of kind %s cannot follow event %d", e.Seq, e.Kind, r.last)
	}
	r.last, r.count = e.Seq, r.count+1
	return e, l.More, nil
}

// end checks the last line, and that nothing follows it.
func (r *Reader) end(text []byte) error {
	var last tail
	if err := json.Unmarshal(text, &last); err != nil {
		return r.damaged("%v", err)
	}
	if last.End.Events != r.count || last.End.Last != r.last {
		return r.damaged(
			"it tells of %d events up to %d, and %d up to %d stand before it",
			last.End.Events,
			last.End.Last,
			r.count,
			r.last,
		)
	}
	if _, err := r.next(); !errors.Is(err, ErrTruncated) {
		return r.damaged("something follows the last line")
	}
	return nil
}
