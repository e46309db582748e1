package ndjson

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Encoder writes events as lines. The first line names the log.
type Encoder struct {
	Object
	header *Header // not written yet
	day    Day
	kinds  [256]string
}

// NewEncoder returns an encoder for a text, an answer or a message of its own.
func NewEncoder(h Header) *Encoder { return &Encoder{header: &h} }

// Place says what stands beside an event in its log.
type Place struct {
	Before uint64 // the event before it, 0 for none
	More   bool   // the event behind it is of the same batch
}

// Event begins the line of an event, to which fields can be added until Close.
func (w *Encoder) Event(e *jobmon.Event, p Place) {
	w.Open()
	w.Whole("seq", int64(e.Seq))
	w.moment("at", e.At)
	w.Safe("kind", w.kind(e.Kind))
	if p.Before+1 != e.Seq {
		w.Whole("after", int64(p.Before))
	}
	if p.More {
		w.True("more")
	}
	if e.Flags != 0 {
		w.flags(e.Flags)
	}
	w.number("schedule_id", int64(e.Schedule))
	w.number("computer_id", int64(e.Computer))
	w.number("job_id", int64(e.Job))
	if e.Start != unset(e.Kind) {
		w.wall("start_time", e.Start)
	}
	if e.Status.Set {
		w.Whole("status_code", int64(e.Status.Code))
	}
	w.bytes("name", e.Name)
	w.bytes("place", e.Place)
	w.bytes("text", e.Text)
	if !e.Kind.OfRow() || e.Seconds|e.Count != 0 || e.Step != 0 || e.Until != 0 || e.From|e.To|e.Sum != 0 {
		w.figures(e)
	}
	if w.header != nil {
		w.head()
	}
}

// figures are the fields that events of rows do not have.
func (w *Encoder) figures(e *jobmon.Event) {
	w.number("seconds", int64(e.Seconds))
	w.number("count", int64(e.Count))
	w.number("step_ms", e.Step)
	if e.Until != 0 {
		w.moment("until", e.Until)
	}
	// an early version believed higher numbers of planted files
	w.number("from", int64(min(e.From, jobmon.MaxSeq)))
	w.number("to", int64(min(e.To, jobmon.MaxSeq)))
	if e.Sum != 0 {
		w.Safe("sum", fmt.Sprintf("%016x", e.Sum))
	}
}

func (w *Encoder) head() {
	w.Key("export")
	w.Open()
	w.Safe("format", formatName)
	w.Whole("v", version)
	w.Text("log_id", w.header.LogID)
	w.Text("site", w.header.Site)
	w.Text("program", w.header.Program)
	w.number("last_seq", int64(w.header.Last))
	if w.header.Chain != nil {
		w.chain(w.header.Chain)
	}
	w.Close()
	w.header = nil
}

func (w *Encoder) chain(c *Chain) {
	w.Key("chain")
	w.Open()
	w.Whole("after", int64(c.After))
	w.Safe("previous", fmt.Sprintf("%08x", c.Previous))
	w.Safe("sum", fmt.Sprintf("%08x", c.Sum))
	if c.Seam {
		w.True("seam")
	}
	w.number("lost", int64(c.Lost))
	w.Close()
}

func (w *Encoder) kind(k jobmon.Kind) string {
	if w.kinds[k] == "" {
		w.kinds[k] = k.String()
	}
	return w.kinds[k]
}

func (w *Encoder) flags(f jobmon.Flags) {
	w.Key("flags")
	separator := byte('[')
	for bit, name := range flagNames {
		if f&(1<<bit) != 0 {
			w.Line = append(append(append(w.Line, separator, '"'), name...), '"')
			separator = ','
		}
	}
	w.Line = append(w.Line, ']')
}

// moment writes a time in UTC, as a number where a year of four digits does not hold it.
func (w *Encoder) moment(name string, at jobmon.Instant) {
	if at < earliest || at > latest {
		w.Whole(name, int64(at))
		return
	}
	w.Key(name)
	w.Line = append(w.day.Append(append(w.Line, '"'), int64(at), 'T', true), 'Z', '"')
}

// wall writes a reading of the server's clock; fractions of a second are rare.
func (w *Encoder) wall(name string, at jobmon.WallTime) {
	if at < earliest || at > latest {
		w.Whole(name, int64(at))
		return
	}
	w.Key(name)
	w.Line = append(w.day.Append(append(w.Line, '"'), int64(at), 'T', at%1000 != 0), '"')
}

// bytes writes a text byte for byte.
func (w *Encoder) bytes(name, text string) {
	if utf8.ValidString(text) {
		w.Some(name, text)
		return
	}
	w.Key(name)
	w.Line = append(w.Line, `{"base64":`...)
	w.Line = strconv.AppendQuote(w.Line, base64.StdEncoding.EncodeToString([]byte(text)))
	w.Close()
}

// Write writes the batches up to h.Last, which are all of a log from its first one on, and returns how many events they
// hold. A log that ends before h.Last, or with an error, leaves a text that no Reader takes for a whole one.
func Write(out io.Writer, h Header, batches iter.Seq2[jobmon.Batch, error]) (events uint64, err error) {
	buffer := bufio.NewWriterSize(out, 64<<10)
	w, before := NewEncoder(h), uint64(0)
	for b, err := range batches {
		if err != nil {
			return events, fmt.Errorf("read the log behind event %d: %w", before, err)
		}
		for i := range b.Events {
			w.Line = w.Line[:0]
			w.Event(&b.Events[i], Place{before, i+1 < len(b.Events)})
			w.Close()
			if _, err := buffer.Write(append(w.Line, '\n')); err != nil {
				return events, err
			}
			before = b.Events[i].Seq
			events++
		}
		if h.Last != 0 && before >= h.Last {
			break
		}
	}
	if err := buffer.Flush(); err != nil {
		return events, err
	}
	if before < h.Last {
		return events, fmt.Errorf("the log ends with event %d, and event %d is to be its last", before, h.Last)
	}
	return events, nil
}
