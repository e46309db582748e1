package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
)

type replayOptions struct {
	replay.Ask
	since, until   string
	fromSeq, toSeq uint64
	cursor         string // file
	layout         replay.Layout
	out            string // file
	last           uint64 // only so many, 0 for all
	reverse        bool
	follow         bool
	speed          string
}

func (a *app) replay() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay",
		Short: "Show what happened: the log's events in their order",
		Long: `Show the log's events in their order, a line each: when, how long after the computer's event before,
which computer, which job, what happened to it, how long it took, and the code that it ended with. Of a flag
that is given several times one has to fit, of different flags all. Names may hold * and ?, case does not matter.
The range is [since, until).

A time is written as ` + replay.Forms + `.` + sitesHelp + `

Events of several sites are shown as one story, by the time at which each server saw them.

Fields: ` + strings.Join(replay.Fields(), ", ") + `.`,
		Example: `  jobmon-db replay --since 14:00 --until 15:00 --computer PC-0003
  jobmon-db replay --computer 'PC-00*' --state failed --since yesterday
  jobmon-db replay --job 'Install*' --folder Build --kind finished -n 20
  jobmon-db replay -f --state failed -o ndjson
  jobmon-db replay --since monday -o csv --out events.csv
  jobmon-db replay --cursor-file seen.json -o ndjson      what is new since the last call
  jobmon-db replay --since 14:00 --speed 10x
  jobmon-db replay --site 'DS0*' --computer DS01/PC-0003
  jobmon-db replay --log backup.db --utc --grep 'visio|office'`,
		Args: noArgs,
	}
	asked := a.question(c)
	o.flags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q, err := asked()
		if err != nil {
			return err
		}
		if err := o.check(c); err != nil {
			return err
		}
		return a.replayOf(c.Context(), q, o)
	}
	c.AddCommand(a.replayShow(), a.replaySessions(), a.replayStats(), a.replayWaterfall(), a.replayDiff())
	return c
}

// replayOf prints the events that a question asks for, of one log or of several.
func (a *app) replayOf(ctx context.Context, q question, o replayOptions) error {
	list, err := q.split()
	if err != nil {
		return err
	}
	typed := o.Computers
	if len(list) == 1 {
		o.Computers = list[0].here(o.Computers)
	}
	r := &replayer{question: list[0], o: o, messages: a.stderr}
	err = a.printTo(ctx, o.out, func(a *app) error {
		r.out, r.o.layout.Look = bufio.NewWriterSize(a.stdout, 64<<10), a.look(q)
		if len(list) > 1 {
			return r.runSites(ctx, q)
		}
		return r.run(ctx)
	})
	if err != nil && len(list) == 1 {
		err = list[0].missed(typed, err)
	}
	if err != nil {
		return err
	}
	return r.cursor.write()
}

func (o *replayOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.since, "since", "", "from this time on")
	f.StringVar(&o.until, "until", "", "before this time")
	f.Uint64Var(&o.fromSeq, "from-seq", 0, "from this event on")
	f.Uint64Var(&o.toSeq, "to-seq", 0, "up to this event, it included")
	f.StringVar(&o.cursor, "cursor-file", "",
		"go on behind the event that this file names; it is written when the output was taken")
	f.StringArrayVar(&o.Computers, "computer", nil, "only this computer: name, id:N, name:N, or a name with * and ?")
	f.StringArrayVar(&o.Jobs, "job", nil, "only this job: name, id:N, or a name with * and ?")
	f.StringArrayVar(&o.Folders, "folder", nil,
		`only jobs in this folder or below it: "Build\Windows 11", or the last name`)
	f.StringSliceVar(&o.Kinds, "kind", nil, "only events of this kind: "+strings.Join(replay.Kinds(), ", "))
	f.StringSliceVar(&o.States, "state", nil, "only what led to this state: "+strings.Join(replay.States(), ", "))
	f.StringArrayVar(&o.Grep, "grep", nil,
		"only what this regular expression finds; case matters if it has a capital letter")
	outputFlag(c, &o.layout.Shape, replay.Shapes()...)
	outFlag(c, &o.out)
	f.StringSliceVar(&o.layout.Fields, "fields", nil, "show these fields: see above")
	f.Uint64VarP(&o.last, "last", "n", 0, "only the last so many")
	f.BoolVar(&o.reverse, "reverse", false, "the newest first")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	f.StringVar(&o.speed, "speed", "instant", "play at the speed at which it happened: original, 10x, 0.5x, or instant")
}

// check refuses what cannot be together.
func (o *replayOptions) check(c *cobra.Command) error {
	if c.Flags().Changed("last") && o.last == 0 {
		return &usageError{errors.New("-n 0: say how many of the last events are wanted")}
	}
	if o.toSeq != 0 && o.fromSeq > o.toSeq {
		return &usageError{
			fmt.Errorf("--from-seq %d is behind --to-seq %d: nothing lies between them", o.fromSeq, o.toSeq),
		}
	}
	if _, err := parseSpeed(o.speed); err != nil {
		return &usageError{err}
	}
	slow := o.speed != "instant"
	for _, pair := range []struct {
		both bool
		text string
	}{
		{o.follow && o.reverse,
			"--follow and --reverse: what comes next has no place in a list that begins with the newest"},
		{o.follow && (o.until != "" || o.toSeq != 0), "--follow has no end: leave out --until and --to-seq"},
		{o.follow && o.layout.Shape == "json", "--follow with -o json would never close the list: take ndjson"},
		{o.follow && o.out != "", "--follow has no end, and --out writes a file that is whole: leave one of them out"},
		{o.reverse && slow, "--speed plays what happened in its order: leave out --reverse"},
		{o.cursor != "" && (o.reverse || o.last > 0),
			"--cursor-file goes on where the last call ended: leave out --reverse and -n"},
	} {
		if pair.both {
			return &usageError{errors.New(pair.text)}
		}
	}
	return nil
}

// parseSpeed reads how many times faster than it happened history is printed; 0 is at once.
func parseSpeed(text string) (float64, error) {
	switch text {
	case "instant":
		return 0, nil
	case "original":
		return 1, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(speed >= 0.001 && speed <= 1_000_000) {
		return 0, fmt.Errorf("--speed %q: write original, instant, or a number from 0.001x to 1000000x", text)
	}
	return speed, nil
}

// replayer is one call of replay.
type replayer struct {
	question question
	o        replayOptions
	out      *bufio.Writer
	messages io.Writer

	past    *opened
	telling *replay.Telling
	printer replay.Printer
	cursor  *cursor // nil for none

	warnings []string // lines about the range
}

func (r *replayer) run(ctx context.Context) (err error) {
	if r.past, err = openPast(ctx, r.question); err != nil {
		return err
	}
	defer func() { r.past.done(r.messages) }()
	if err := r.begin(); err != nil {
		return err
	}
	if r.cursor, err = openCursor(r.o.cursor, r.past.LogID); err != nil {
		return err
	}
	if r.cursor != nil {
		r.cursor.held = r.o.out != ""
	}
	asked, err := r.askedRange()
	if err != nil {
		return err
	}
	told := asked
	if r.o.last > 0 {
		if told, err = r.telling.Last(asked, int(min(r.o.last, 1<<40))); err != nil {
			return err
		}
	}
	r.o.layout.Zones, r.o.layout.Header = r.telling.Chronicle.Shifted(told), r.past.header(told.To)
	if r.printer, err = replay.NewPrinter(r.out, r.o.layout, r.telling.Chronicle); err != nil {
		return err
	}
	if r.forPeople() {
		r.head(told)
	}
	for _, text := range r.past.Names.Several(r.o.Computers) {
		fmt.Fprintln(r.messages, text)
	}
	for _, text := range r.warnings {
		fmt.Fprint(r.messages, text)
	}
	shown, err := r.tell(ctx, told)
	if err != nil {
		return quiet(ctx, err)
	}
	if shown == 0 && !r.o.follow {
		r.nothing(asked)
	}
	if r.o.follow {
		err = follow(ctx, r.messages, r.tail(asked.To))
	}
	if err != nil {
		return quiet(ctx, err)
	}
	return errors.Join(r.printer.Close(), r.out.Flush())
}

// begin gets ready to find what is asked for in the log.
func (r *replayer) begin() error {
	known := replay.NewChronicle(r.past.Chronicle)
	filter, err := replay.NewFilter(r.o.Ask, r.past.Names, known)
	r.telling = &replay.Telling{Log: r.past, Chronicle: known, Filter: filter, Site: r.past.Member}
	return err
}

// quiet ends with success what Ctrl-C ended.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tell prints the range and makes sure that it was taken.
func (r *replayer) tell(ctx context.Context, asked replay.Range) (shown int, err error) {
	speed, err := parseSpeed(r.o.speed)
	if err != nil {
		return 0, err
	}
	records := r.telling.Forward(asked)
	if r.o.reverse {
		records = r.telling.Backward(asked)
	}
	return r.print(ctx, records, speed, asked.To)
}

func (r *replayer) print(
	ctx context.Context,
	records iter.Seq2[*replay.Record, error],
	speed float64,
	upTo uint64,
) (shown int, err error) {
	pace := replay.Pace{Speed: speed}
	for record, err := range records {
		if err != nil {
			return shown, errors.Join(r.flush(), err)
		}
		if pause := pace.Pause(record); pause > 0 {
			if err := r.flush(); err != nil {
				return shown, err
			}
			if err := wait(ctx, pause); err != nil {
				return shown, err
			}
		}
		shown++
		if err := r.printer.Print(record); err != nil {
			return shown, err
		}
		if ctx.Err() != nil {
			return shown, errors.Join(r.flush(), ctx.Err())
		}
	}
	if err := r.flush(); err != nil {
		return shown, err
	}
	return shown, r.cursor.reached(upTo)
}

// flush hands everything over.
func (r *replayer) flush() error {
	if err := r.printer.Flush(); err != nil {
		return err
	}
	return r.out.Flush()
}

// forPeople says that somebody reads the output as it is; the other shapes come with no more messages than need be.
func (r *replayer) forPeople() bool {
	return r.o.layout.Shape == "table" || r.o.layout.Shape == "wide"
}

// nothing says what was looked through in vain.
func (r *replayer) nothing(asked replay.Range) {
	p := r.past
	if r.cursor != nil && r.cursor.Seq >= p.Last {
		fmt.Fprintf(r.messages, "Nothing came behind event %d.\n", p.Last)
		return
	}
	if !r.forPeople() {
		defer fmt.Fprintf(r.messages, "%s.\n", strings.ToUpper(p.Period()[:1])+p.Period()[1:])
	}
	count := uint64(0)
	if asked.To >= asked.From {
		count = asked.To - asked.From + 1
	}
	between := ""
	if asked.Since != 0 {
		between += ", not before " + p.Local(asked.Since)
	}
	if asked.Until != 0 {
		between += ", before " + p.Local(asked.Until)
	}
	fmt.Fprintf(
		r.messages,
		"None of the %d events looked through (seq %d to %d%s) is what you asked for.\n",
		count,
		asked.From,
		asked.To,
		between,
	)
}
