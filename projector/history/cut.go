package history

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// A log from which old history was cut off begins with one batch of cut events, which hold the state that followed
// from what was there (docs/event-log.md). Each tells a piece of a part: its name, how many of its pieces follow, the
// form in which it is packed, and the events that the batch stands for.

// Names of the parts, in their order.
const (
	cutMirror     = "mirror"
	cutFacts      = "facts"
	cutProjection = "projection"
)

// pieceBytes is how much one event holds, before base64: so much that states of most sites are a few events, and less
// than a text may have.
const pieceBytes = 3 << 17

// ErrNewerCut means that the log begins with a state that only a newer version of the program can read.
var ErrNewerCut = errors.New("old history was cut off by a newer version of jobmon-db: install that version")

// errOlderCut means the same for a form that no released program wrote.
var errOlderCut = errors.New("old history was cut off by a trial version of jobmon-db: read this log with that " +
	"version, and move it out of the data folder to begin another one")

// IsCut reports whether a batch stands for history that was cut off. Only the first batch of a log can.
func IsCut(b *jobmon.Batch) bool { return b.Events[0].Kind == jobmon.KindCut }

// StandIn is the batch that stands for the events from first up to those that s was folded from, the last of which
// has the number and the time of its end.
func StandIn(s *State, first uint64) (jobmon.Batch, error) {
	b := jobmon.Batch{At: s.At}
	add := func(name string, form int64, data []byte) {
		pieces := max(1, (len(data)+pieceBytes-1)/pieceBytes)
		for left := pieces - 1; left >= 0; left-- {
			n := min(pieceBytes, len(data))
			b.Events = append(b.Events, jobmon.Event{
				At: s.At, Kind: jobmon.KindCut, Name: name, Text: base64.StdEncoding.EncodeToString(data[:n]),
				Count: int32(left), Step: form, From: first, To: s.Seq,
			})
			data = data[n:]
		}
	}
	add(cutMirror, mirrorVersion, EncodeMirror(s.Mirror))
	add(cutFacts, factsVersion, s.Facts.encode())
	add(cutProjection, projector.Form, s.Projection.Encode())
	if uint64(len(b.Events)) > s.Seq {
		return b, fmt.Errorf("what would stand for %d events needs %d", s.Seq, len(b.Events))
	}
	for i := range b.Events {
		b.Events[i].Seq = s.Seq - uint64(len(b.Events)-1-i)
	}
	return b, nil
}

// parts gathers the pieces of a cut, event by event.
type parts struct {
	text strings.Builder
}

// add says which part is complete with that event, if any, and in which form it is.
func (p *parts) add(e *jobmon.Event) (name string, form int64, data []byte, err error) {
	p.text.WriteString(e.Text)
	if e.Count > 0 {
		return "", 0, nil, nil
	}
	text := p.text.String()
	p.text.Reset()
	if data, err = base64.StdEncoding.DecodeString(text); err != nil {
		err = fmt.Errorf("the %s that stands for events up to %d cannot be read: %w", e.Name, e.To, err)
	}
	return e.Name, e.Step, data, err
}

// wanted says which parts are to be taken up.
type wanted struct {
	mirror     func(*jobmon.Mirror)
	facts      func(*Facts)
	projection func(*projector.Projection)
}

// takeUp hands over what a batch holds that stands for what was cut off. Parts that nobody wants are not decoded.
func (w *wanted) takeUp(b *jobmon.Batch) error {
	var p parts
	for i := range b.Events {
		e := &b.Events[i]
		name, form, data, err := p.add(e)
		if err == nil && name != "" {
			err = w.part(name, form, data)
		}
		if err != nil {
			return fmt.Errorf("take up the state that stands for events %d to %d: %w", e.From, e.To, err)
		}
	}
	return nil
}

func (w *wanted) part(name string, form int64, data []byte) error {
	switch {
	case name == cutMirror && w.mirror != nil:
		return taken(form, mirrorVersion, data, DecodeMirror, w.mirror)
	case name == cutFacts && w.facts != nil:
		return taken(form, factsVersion, data, decodeFacts, w.facts)
	case name == cutProjection && w.projection != nil:
		return taken(form, projector.Form, data, projector.Decode, w.projection)
	}
	return nil
}

func taken[T any](form, known int64, data []byte, decode func([]byte) (T, error), take func(T)) error {
	if form > known {
		return ErrNewerCut
	}
	if form < known {
		return errOlderCut
	}
	v, err := decode(data)
	if err == nil {
		take(v)
	}
	return err
}
