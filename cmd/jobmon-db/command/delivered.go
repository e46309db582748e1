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

// delivery is a file that a client received.
type delivery struct {
	seq     uint64 // of the request's event
	at      jobmon.Instant
	sum     uint64
	version string // of the program that wrote it
}

// showDelivered prints the file of the last request before a moment, and reports on messages whether the client
// received the same bytes.
func (p *opened) showDelivered(out, messages io.Writer, id jobmon.ComputerID, o showOptions,
	look term.Options) error {
	until, _, err := p.Place(o.at, remarks(messages))
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
		return fmt.Errorf("event %d requested the file of %s, but this version of the program draws no picture for it",
			d.seq, o.computer)
	}
	same, err := p.compare(d, &picture, messages)
	if err != nil {
		return err
	}
	fmt.Fprintf(messages, "Delivered %s (seq %d): %s.\n", p.Local(d.at), d.seq, same)
	return p.showScreen(out, messages, &picture, o.output, look)
}

// compare reports whether the picture's file has the delivered bytes.
func (p *opened) compare(d delivery, picture *jobmon.Progress, messages io.Writer) (string, error) {
	file, err := p.content(picture, messages)
	switch {
	case errors.Is(err, evt.ErrTemplate) && d.sum == 0:
		return "no file was written, as the template failed", nil
	case err != nil && !errors.Is(err, evt.ErrTemplate):
		return "", err
	case p.unlinked(picture):
		return "not compared, as its link is left out", nil
	case err != nil || evtdir.Checksum(file) != d.sum:
		return "differs, written by version " + d.version, nil
	}
	return "identical", nil
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
