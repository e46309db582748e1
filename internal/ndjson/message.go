package ndjson

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Chain is the place of a message in the chain of checksums of its log.
type Chain struct {
	After    uint64 // the event before the message, 0 for none
	Previous uint32 // checksum of the frame before it
	Sum      uint32 // checksum of its last frame
	Seam     bool   // Previous is not the checksum of what stands there; see jobmon.Link
	Lost     uint64 // numbers before the message that are missing at the seam
}

// chain is a Chain as the field chain.
type chain struct {
	After    uint64 `json:"after"`
	Previous sum32  `json:"previous"`
	Sum      sum32  `json:"sum"`
	Seam     bool   `json:"seam"`
	Lost     uint64 `json:"lost"`
}

// sum32 is 8 hex digits.
type sum32 uint32

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *sum32) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 32)
	if err != nil || len(text) != 8 {
		return fmt.Errorf("%q is no checksum of 8 hex digits", text)
	}
	*s = sum32(n)
	return nil
}

// AppendMessage appends links that follow one another as one text, whose head has their place in the chain and, as
// last_seq, their last event. Only the first one may have a seam. The messages of a log from its beginning, one behind
// the other, are a text too.
func AppendMessage(dst []byte, h Header, links []jobmon.Link) []byte {
	if len(links) == 0 {
		return dst
	}
	first, last := &links[0], &links[len(links)-1]
	h.Last = last.Last()
	h.Chain = &Chain{
		After: first.After, Previous: first.Previous, Sum: last.Sum, Seam: first.Seam, Lost: first.Lost,
	}
	w := NewEncoder(h)
	w.Line = dst
	for i := range links {
		w.batch(&links[i].Batch, links[i].After)
	}
	return w.Line
}

// batch appends the lines of a batch, which stands behind the event before.
func (w *Encoder) batch(b *jobmon.Batch, before uint64) {
	for i := range b.Events {
		w.Event(&b.Events[i], Place{before, i+1 < len(b.Events)})
		w.Close()
		w.Line = append(w.Line, '\n')
		before = b.Events[i].Seq
	}
}

// spaceAtOnce is for how many events a message gets space before its lines are read.
const spaceAtOnce = 4096

// ReadMessage reads what AppendMessage wrote and believes none of it: every batch follows the one before, and the last
// one ends with the event that the head names. Previous is known of the first link and Sum of the last one; the events
// are not compared with them. Errors are those of a Reader.
func ReadMessage(text []byte) (Header, []jobmon.Link, error) {
	lines := min(bytes.Count(text, []byte("\n"))+1, spaceAtOnce)
	r := &Reader{rest: text, events: make([]jobmon.Event, 0, lines)}
	if err := r.begin(); err != nil {
		return Header{}, nil, err
	}
	c := r.Header.Chain
	if c == nil || r.Header.Last == 0 {
		return Header{}, nil, r.damaged("a message says where it belongs: its chain or its last_seq is missing")
	}
	r.last = c.After
	var links []jobmon.Link
	for {
		after := r.last
		b, err := r.batch()
		if err != nil {
			return Header{}, nil, err
		}
		if len(b.Events) == 0 {
			break
		}
		links = append(links, jobmon.Link{Batch: b, After: after})
	}
	switch {
	case len(links) == 0:
		return Header{}, nil, r.damaged("the message has no event")
	case r.last != r.Header.Last:
		return Header{}, nil, r.damaged("the message ends with event %d, and event %d is to be its last", r.last,
			r.Header.Last)
	case c.Lost > jobmon.MaxSeq || c.After+c.Lost >= links[0].First() || c.Lost > 0 && !c.Seam:
		return Header{}, nil, r.damaged("%d events cannot be missing between %d and %d", c.Lost, c.After,
			links[0].First())
	}
	first, last := &links[0], &links[len(links)-1]
	first.Previous, first.Seam, first.Lost, last.Sum = c.Previous, c.Seam, c.Lost, c.Sum
	return r.Header, links, nil
}

// ofMessage is the next line of a message that is not blank, nil at the end. Blank lines are left out all at once:
// there may be millions.
func (r *Reader) ofMessage() []byte {
	for len(r.rest) > 0 {
		if begin := bytes.TrimLeft(r.rest, " \t\r\n"); len(begin) < len(r.rest) {
			r.line += bytes.Count(r.rest[:len(r.rest)-len(begin)], []byte("\n"))
			r.rest = begin
			continue
		}
		text, rest, _ := bytes.Cut(r.rest, []byte("\n"))
		r.rest = rest
		r.line++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text
		}
	}
	return nil
}
