package command

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// storyteller prints what happened at several sites as one story.
type storyteller struct {
	*replayer // whose printer all use
	sites     *sites
	parts     []*replayer    // of each site
	asked     []replay.Range // of each
}

// runSites is run for several sites.
func (r *replayer) runSites(ctx context.Context, q question) (err error) {
	switch {
	case r.o.fromSeq != 0 || r.o.toSeq != 0:
		return &usageError{errors.New("--from-seq and --to-seq are numbers of events at one site, and several are " +
			"asked: name one with --site")}
	case r.o.cursor != "":
		return &usageError{errors.New("--cursor-file stands for how far one log was read, and several are asked: " +
			"name one site with --site")}
	}
	t := &storyteller{replayer: r}
	if t.sites, err = openSites(ctx, q); err != nil {
		return err
	}
	defer t.close()
	if err := t.begin(); err != nil {
		return err
	}
	told := t.asked
	if r.o.last > 0 {
		if told, err = t.last(r.o.last); err != nil {
			return err
		}
	}
	if err := t.open(told); err != nil {
		return err
	}
	if r.forPeople() {
		t.head(told)
	}
	for _, part := range t.parts {
		for _, text := range part.warnings {
			fmt.Fprint(r.messages, t.sites.in(part.past)+text)
		}
	}
	return t.tell(ctx, told)
}

// close closes the logs; following may have replaced them.
func (t *storyteller) close() {
	for _, part := range t.parts {
		part.past.done(t.messages)
	}
	t.sites.done(t.messages)
}

// begin finds what is asked for at each site. A site that has nothing of it is left out.
func (t *storyteller) begin() error {
	stretch, err := t.sites.stretch(past.Stretch{SinceText: t.o.since, UntilText: t.o.until}, t.o.follow)
	if err != nil {
		return err
	}
	meant, err := t.sites.meant(t.o.Computers, t.messages)
	if err != nil {
		return err
	}
	var missing error
	for _, p := range meant {
		part := &replayer{question: t.question, o: t.o, out: t.out, messages: t.messages, past: p.opened}
		part.question.dataDir, part.question.site = p.dir, p.Member
		part.o.Computers, part.o.since, part.o.until = p.texts, stretch.SinceText, stretch.UntilText
		var unknown *replay.UnknownError
		if err := part.begin(); errors.As(err, &unknown) {
			missing = err // no such job or folder at this site
			continue
		} else if err != nil {
			return err
		}
		asked, err := part.askedRange()
		if t.sites.skip(p.opened, err) {
			continue
		}
		if err != nil {
			return err
		}
		t.sites.list = slices.DeleteFunc(t.sites.list,
			func(o *opened) bool { return o == p.opened }) // closed with the part
		t.parts, t.asked = append(t.parts, part), append(t.asked, asked)
	}
	if len(t.parts) > 0 {
		return nil
	}
	if missing != nil {
		return missing
	}
	return &past.Outside{Err: fmt.Errorf("no site covers that time: %s", t.sites.Period())}
}

// last narrows the ranges to the last n events of all sites.
func (t *storyteller) last(n uint64) ([]replay.Range, error) {
	var parts []iter.Seq2[*replay.Record, error]
	for i, part := range t.parts {
		parts = append(parts, part.telling.Backward(t.asked[i]))
	}
	from, err := replay.Newest(n, parts...)
	if err != nil {
		return nil, err
	}
	told := make([]replay.Range, len(t.asked))
	for i, r := range t.asked {
		if told[i] = r; from[i] == 0 {
			told[i].From = r.To + 1
		} else {
			told[i].From = from[i]
		}
	}
	return told, nil
}

// open makes the printer.
func (t *storyteller) open(told []replay.Range) (err error) {
	var logs []*replay.Chronicle
	offsets := map[jobmon.Offset]bool{}
	l := &t.o.layout
	for i, part := range t.parts {
		known := part.telling.Chronicle
		logs = append(logs, known)
		l.Zones = l.Zones || known.Shifted(told[i])
		offsets[known.Offset(told[i].From)] = true
		l.Sites = max(l.Sites, len(part.past.Member))
	}
	l.Zones = l.Zones || len(offsets) > 1
	if t.printer, err = replay.NewPrinter(t.out, *l, logs...); err != nil {
		return err
	}
	for _, part := range t.parts {
		part.printer = t.printer
	}
	return nil
}

// head says, before any event is printed, what the logs cover, what is missing in them, and whose the times are.
func (t *storyteller) head(told []replay.Range) {
	whose := "each DS server's own"
	switch {
	case t.sites.UTC:
		whose = "UTC"
	case !t.o.layout.Zones:
		whose += fmt.Sprintf(" (%s)", t.parts[0].telling.Chronicle.Offset(told[0].From))
	}
	var gaps []string
	for i, part := range t.parts {
		if in, _ := part.gaps(told[i]); len(in) > 0 {
			gaps = append(gaps, t.sites.in(part.past)+strings.Join(in, ", "))
		}
	}
	text := "no gaps"
	if len(gaps) > 0 {
		text = "gaps at " + strings.Join(gaps, "; ")
	}
	fmt.Fprintf(t.messages, "Times are %s; %s; %s.\n", whose, t.sites.Period(), text)
	t.shown(t.sites.Log, told[0])
}

// tell prints the ranges, and what comes to them if that is wanted.
func (t *storyteller) tell(ctx context.Context, told []replay.Range) error {
	speed, err := parseSpeed(t.o.speed)
	if err != nil {
		return err
	}
	var records []iter.Seq2[*replay.Record, error]
	var tails []*tail
	for i, part := range t.parts {
		if t.o.reverse {
			records = append(records, part.telling.Backward(told[i]))
		} else {
			records = append(records, part.telling.Forward(told[i]))
		}
	}
	shown, err := t.print(ctx, replay.Merge(t.o.reverse, records...), speed, 0)
	if err != nil {
		return quiet(ctx, err)
	}
	if t.o.follow {
		for i, part := range t.parts {
			tails = append(tails, part.tail(t.asked[i].To))
		}
		err = follow(ctx, t.messages, tails...)
	} else if shown == 0 {
		t.nothing()
	}
	if err != nil {
		return quiet(ctx, err)
	}
	return errors.Join(t.printer.Close(), t.out.Flush())
}

// nothing says what was looked through in vain.
func (t *storyteller) nothing() {
	count := uint64(0)
	for _, r := range t.asked {
		if r.To >= r.From {
			count += r.To - r.From + 1
		}
	}
	fmt.Fprintf(t.messages, "None of the %s looked through at %s is what you asked for; %s.\n",
		words.Count(int(count), "event"), words.Count(len(t.parts), "site"), t.sites.Period())
}
