package history

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// encode packs what is known; the same gives the same bytes.
func (f *Facts) encode() []byte {
	c := packed.NewWriter()
	codeFacts(c, f)
	return c.Bytes()
}

func decodeFacts(data []byte) (*Facts, error) {
	f := &Facts{Names: names.Computers{}}
	c := packed.NewReader(data)
	codeFacts(c, f)
	if err := c.End(); err != nil {
		return nil, fmt.Errorf("decode the names of %d bytes: %w", len(data), err)
	}
	return f, nil
}

// codeFacts codes the names by the chronicle, and beside it only the computers that are not in it.
func codeFacts(c *packed.Coder, f *Facts) {
	c.Uint(&f.Seq)
	packed.Int(c, &f.At)
	c.Text(&f.Settings)
	c.Flags(&f.Read, &f.SourceLost)
	n := c.Count(len(f.Chronicle), leastShaping)
	if c.Reading() {
		f.Chronicle = make([]jobmon.Event, n)
	}
	var near jobmon.Event
	for i := range f.Chronicle {
		codeShaping(c, &f.Chronicle[i], &near)
		near = f.Chronicle[i]
	}
	var nameless []jobmon.ComputerID
	if !c.Reading() {
		nameless = f.nameless()
	}
	n = c.Count(len(nameless), 1)
	if c.Reading() {
		nameless = make([]jobmon.ComputerID, n)
	}
	var last jobmon.ComputerID
	for i := range nameless {
		packed.Delta(c, &nameless[i], last)
		last = nameless[i]
	}
	if !c.Reading() {
		return
	}
	for i := range f.Chronicle {
		f.Names.Add(&f.Chronicle[i])
	}
	for _, id := range nameless {
		f.Names.Add(&jobmon.Event{Kind: jobmon.KindScheduled, Computer: id})
	}
}

// nameless lists the computers that are known by their rows alone.
func (f *Facts) nameless() []jobmon.ComputerID {
	told := map[jobmon.ComputerID]bool{}
	for i := range f.Chronicle {
		if e := &f.Chronicle[i]; e.Kind == jobmon.KindComputer {
			told[e.Computer] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.Names)), func(id jobmon.ComputerID) bool { return told[id] })
}

const leastShaping = 4 // bytes of an event of the chronicle

// codeShaping codes an event of the chronicle, as far as its kind carries something.
func codeShaping(c *packed.Coder, e, near *jobmon.Event) {
	packed.Enum(c, &e.Kind, 255)
	if !shapes(e.Kind) {
		c.Fail()
	}
	packed.Enum(c, &e.Flags, 255)
	packed.Delta(c, &e.Seq, near.Seq)
	packed.Delta(c, &e.At, near.At)
	switch e.Kind {
	case jobmon.KindJob:
		packed.Delta(c, &e.Job, near.Job)
		c.Text(&e.Name)
		c.Text(&e.Place)
	case jobmon.KindComputer:
		packed.Delta(c, &e.Computer, near.Computer)
		c.Text(&e.Name)
		c.Text(&e.Place)
		c.Text(&e.Text)
	case jobmon.KindClock:
		packed.Int(c, &e.Seconds)
		packed.Int(c, &e.Step)
	case jobmon.KindDaemonStarted:
		c.Text(&e.Text)
		packed.Int(c, &e.Count)
		packed.Delta(c, &e.Until, e.At)
	case jobmon.KindStartClock:
		packed.Int(c, &e.Seconds)
		c.Text(&e.Text)
	case jobmon.KindSourceLost, jobmon.KindConfigured:
		c.Text(&e.Text)
	case jobmon.KindDamaged:
		c.Text(&e.Text)
		c.Uint(&e.From)
		c.Uint(&e.To)
	}
}
