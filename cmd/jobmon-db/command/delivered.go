package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// delivery is a file that a client was given.
type delivery struct {
	seq     uint64 // of the request's event
	at      jobmon.Instant
	sum     uint64
	version string // of the program that wrote it
}

// showDelivered prints what the client was given by the last request before a moment, and says on messages whether
// these are the bytes of then.
func (p *opened) showDelivered(out, messages io.Writer, o showOptions, look term.Options) error {
	id, err := p.Names.Find(o.computer)
	if err != nil {
		return err
	}
	until, _, err := p.Place(o.at, messages)
	if err != nil {
		return err
	}
	d, err := p.lastDelivery(id, until)
	if err != nil {
		return err
	}
	if d.seq == 0 {
		return &nothingError{fmt.Errorf("no script had asked for the file of %s by then; %s", o.computer, p.Period())}
	}
	projection, err := history.Project(p, d.seq)
	if err != nil {
		return err
	}
	picture, ok := history.Picture(projection, id)
	if !ok {
		return fmt.Errorf("event %d asked for the file of %s, but leads to no picture with this version of the program",
			d.seq, o.computer)
	}
	file, err := p.content(&picture, messages)
	same := "identical"
	switch {
	case errors.Is(err, evt.ErrTemplate) && d.sum == 0:
		same = "no file was written, as the template failed"
	case err != nil && !errors.Is(err, evt.ErrTemplate):
		return err
	case p.unlinked(&picture):
		same = "not compared, as the link in it is left out"
	case err != nil || evtdir.Checksum(file) != d.sum:
		same = "differs, written by version " + d.version
	}
	fmt.Fprintf(messages, "Delivered %s (seq %d): %s.\n", p.Local(d.at), d.seq, same)
	return p.showScreen(out, messages, &picture, o.output, look)
}

// lastDelivery finds the last request for the computer's file up to that event; its seq is 0 when there was none.
func (p *opened) lastDelivery(id jobmon.ComputerID, until uint64) (delivery, error) {
	var d delivery
	for b, err := range p.Computer(id, 0) {
		if err != nil {
			return d, fmt.Errorf("read the log: %w", err)
		}
		if b.First() > until {
			break
		}
		for i := range b.Events {
			if e := &b.Events[i]; e.Kind == jobmon.KindRefreshed {
				d = delivery{seq: e.Seq, at: e.At, sum: e.Sum}
			}
		}
	}
	for i := range p.Chronicle {
		if e := &p.Chronicle[i]; e.Kind == jobmon.KindDaemonStarted && e.Text != "" && e.Seq < d.seq {
			d.version = e.Text
		}
	}
	return d, nil
}
