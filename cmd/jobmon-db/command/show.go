package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

type showOptions struct {
	computer, at, output string
	delivered            bool
	lost                 bool // whether it is shown since when the source cannot be read
}

func (a *app) replayShow() *cobra.Command {
	var o showOptions
	c := &cobra.Command{
		Use:   "show [COMPUTER]",
		Short: "Show the picture as it was: all computers, or one computer's screen",
		Long: `Show the picture as it was at a moment: a line for each computer, or one computer's screen. What still
lasted then is reckoned up to that moment, in a file up to its last event. With -o evt it is the exact bytes
of the file on the share at that moment. With --delivered it is what the client was given by the last request
before that moment, and it is said whether the bytes are still the same.

COMPUTER is a name or an id; id:N and name:N say which. A time is written as ` + replay.Forms + `. Without
--at it is the end of the log.` + sitesHelp,
		Example: `  jobmon-db replay show --at 14:05
  jobmon-db replay show PC-0003 --at 2026-11-22T14:05:00+01:00
  jobmon-db replay show PC-0003 --at 14:05 --delivered
  jobmon-db replay show id:5000003 --at seq:1200 -o evt > JobMon.txt`,
		Args: atMost(1),
	}
	asked := a.question(c)
	c.Flags().StringVar(&o.at, "at", "", "the moment; without it the end of the log")
	c.Flags().BoolVar(&o.delivered, "delivered", false, "what the client was given last before that moment")
	outputFlag(c, &o.output, "table", "json", "evt")
	c.RunE = func(c *cobra.Command, args []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		if len(args) == 1 {
			o.computer = args[0]
		}
		var out bytes.Buffer
		if err := show(c.Context(), &out, a.stderr, q, o, a.look(q)); err != nil {
			return err
		}
		_, err = a.stdout.Write(out.Bytes())
		return err
	}
	return c
}

// remarks prints remarks about a moment.
func remarks(to io.Writer) func(words.Phrase) {
	return func(remark words.Phrase) { fmt.Fprintln(to, remark) }
}

// show prints the board or one screen as it was.
func show(ctx context.Context, out, messages io.Writer, q question, o showOptions, look term.Options) error {
	switch {
	case o.computer == "" && (o.output == "evt" || o.delivered):
		return &usageError{fmt.Errorf("--output evt and --delivered are about one computer's file: say which computer")}
	}
	s, err := openSites(ctx, q.about(o.computer))
	if err != nil {
		return err
	}
	defer s.done(messages)
	if o.delivered {
		p, id, err := s.find(o.computer, nil)
		if err != nil {
			return err
		}
		if o.at, err = s.moment(o.at); err != nil {
			return err
		}
		return p.showDelivered(out, messages, id, o, look)
	}
	then, err := s.then(o.at, messages)
	if err != nil {
		return err
	}
	return then.show(out, messages, o, look)
}

// scene is what is shown: the pictures of each log as they were at a moment.
type scene struct {
	*sites
	now         map[*opened]jobmon.Instant // up to when what lasts is counted
	projections map[*opened]*projector.Projection
}

// then is the scene at a moment, "" for the end of each log.
func (s *sites) then(at string, messages io.Writer) (*scene, error) {
	t := &scene{s, map[*opened]jobmon.Instant{}, map[*opened]*projector.Projection{}}
	text, err := s.moment(at)
	if err != nil {
		return nil, err
	}
	for _, p := range s.list {
		seq, now, err := p.Place(s.within(p, text), remarks(messages))
		switch {
		case s.skip(p, err):
			continue
		case err != nil:
			return nil, err
		}
		t.now[p] = now
		if t.projections[p], err = history.Project(p, seq); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// present sets the time up to which what lasts is counted: by each server's own clock.
func (t *scene) present(look term.Options) term.Options {
	for _, p := range t.list {
		look.Now = max(look.Now, t.now[p])
	}
	if t.several() {
		look.Ahead = map[string]time.Duration{}
		for _, p := range t.list {
			look.Ahead[p.Member] = t.now[p].Sub(look.Now)
		}
	}
	return look
}

// show prints all pictures, or the one that is asked for.
func (t *scene) show(out, messages io.Writer, o showOptions, look term.Options) error {
	look = t.present(look)
	if o.computer == "" {
		var list []jobmon.Progress
		for _, p := range t.list {
			if projection := t.projections[p]; projection != nil {
				list = append(list, p.complete(history.Pictures(projection), o)...)
			}
		}
		return showBoard(out, past.Listed(list), o.output, look)
	}
	var drawn func(*opened, jobmon.ComputerID) bool
	if o.at != "" {
		drawn = func(p *opened, id jobmon.ComputerID) bool {
			if t.projections[p] == nil {
				return false
			}
			_, drawn := history.Picture(t.projections[p], id)
			return drawn
		}
	}
	p, id, err := t.find(o.computer, drawn)
	if err != nil {
		return err
	}
	if t.projections[p] == nil {
		_, _, err := p.Place(o.at, remarks(messages))
		return cmp.Or(err, past.Empty(p.dir))
	}
	return p.showOne(out, messages, t.projections[p], id, o, look)
}

// showOne prints one computer's picture.
func (p *opened) showOne(out, messages io.Writer, projection *projector.Projection, id jobmon.ComputerID,
	o showOptions, look term.Options) error {
	if picture, ok := history.Picture(projection, id); ok {
		return p.showScreen(out, messages, &p.complete([]jobmon.Progress{picture}, o)[0], o.output, look)
	}
	why := "%s has no picture: no deployment of it has begun since the log did; %s%s"
	if o.at != "" {
		why = "%s had no picture then: no deployment of it had begun since the log did; %s%s"
	}
	return &nothingError{fmt.Errorf(why, o.computer, p.Namesakes(projection, id), p.Period())}
}

// complete adds to pictures what is known of the present beside them.
func (p *opened) complete(list []jobmon.Progress, o showOptions) []jobmon.Progress {
	if o.at != "" {
		return p.OfSite(list)
	}
	if o.lost && p.Lost != 0 {
		for i := range list { // also those of what had ended by then
			list[i].SourceLost, list[i].SourceSince = true, p.Lost
		}
	}
	return p.Mark(list)
}

func (p *opened) showScreen(out, messages io.Writer, picture *jobmon.Progress, output string,
	look term.Options) error {
	if output == "table" {
		return term.Screen(out, picture, look)
	}
	if output == "evt" {
		if picture.Seq == 0 {
			return &nothingError{fmt.Errorf("%s has no file: nothing of it is in a deployment; status shows what "+
				"waits on it",
				jobmon.ComputerName(picture.Computer.ID, picture.Computer.Name))}
		}
		file, err := p.content(picture, messages)
		if errors.Is(err, evt.ErrTemplate) {
			return &nothingError{fmt.Errorf("no file was written then: %w; the one before it stayed", err)}
		}
		if err == nil {
			_, err = out.Write(file)
		}
		return err
	}
	file, err := asFile(picture)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(file), "", "  "); err != nil {
		return fmt.Errorf("indent the picture: %w", err)
	}
	_, err = out.Write(append(indented.Bytes(), '\n'))
	return err
}

// asFile is the picture in the form of its file, with what is beside the deployment by now.
func asFile(p *jobmon.Progress) ([]byte, error) {
	now := *p
	now.Later = p.Beside()
	file, err := evt.Encode(&now)
	if err == nil && p.Computer.Site != "" { // which is in no file
		file = append([]byte(`{"site":"`+p.Computer.Site+`",`), bytes.TrimPrefix(bytes.TrimSpace(file), []byte("{"))...)
	}
	return file, err
}

func showBoard(out io.Writer, list []jobmon.Progress, output string, look term.Options) error {
	if output == "table" {
		return term.Board(out, list, look)
	}
	files := make([]json.RawMessage, 0, len(list))
	for i := range list {
		file, err := asFile(&list[i])
		if err != nil {
			return err
		}
		files = append(files, bytes.TrimSpace(file))
	}
	return plain.WriteJSON(out, files)
}
