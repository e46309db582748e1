package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/store"
)

type verifyOptions struct {
	log, output string
	dir         string // folder of the log
	atHub       bool   // it is a copy of a site's log
}

func (a *app) verify() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that the log is whole, or show its damage and what can still be read",
		Long: `Read the whole log and check it: the file and its pages, all checksums, that no appended event is
missing, that the blocks hold what was appended, and the caches. Then fold the log from its beginning, and
compare the pictures with the files of open deployments in evt.dir, and the state with the caches unless a
daemon is running.

Nothing is written or locked: the daemon may run or not. All damage is listed with its byte and its events, and
so is everything that can still be read. The exit code is 9 when the log is damaged, and 15 when it is whole
but files or caches do not follow from it.`,
		Example: `  jobmon-db verify
  jobmon-db verify -o json | jq '.faults[] | [.part, .byte, .text]'
  jobmon-db verify --site DS01
  jobmon-db verify --log D:\backup\log-2026-11-22.db`,
		Args: noArgs,
	}
	configured := a.configured(c, "data_dir", "evt.dir")
	c.Flags().StringVar(&o.log, "log", "",
		"verify this file, a backup or a log moved aside, instead of the log in the data dir")
	outputFlag(c, &o.output, "table", "json")
	site := oneSiteFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		if o.log == "" {
			if o.dir, o.atHub, err = site(config.DataDir); err != nil {
				return err
			}
		}
		return a.runVerify(c.Context(), config, o)
	}
	return c
}

// verifyError means that verify found something wrong.
type verifyError struct {
	damaged bool // the log itself
	error
}

func (a *app) runVerify(ctx context.Context, config *configs.Config, o verifyOptions) error {
	path := o.log
	if path == "" {
		var err error
		if path, err = store.Current(o.dir); err != nil {
			return err
		}
	}
	defer a.notice("Reading %s from beginning to end.", path)()
	report, err := store.Verify(ctx, path)
	if err != nil {
		return err
	}
	v := newVerification(report)
	switch {
	case o.log != "":
		v.Files.Skipped = "the file of --log is not compared with evt.dir"
	case o.atHub:
		v.Files.Skipped = "not compared, as a hub writes none"
	default:
		v.Files, err = compareFiles(ctx, config, report)
	}
	if err != nil {
		return err
	}
	if v.Kept, err = compareCaches(report); err != nil {
		return err
	}
	var out bytes.Buffer
	if o.output == "json" {
		err = plain.WriteJSON(&out, v)
	} else {
		v.print(&out)
	}
	if err != nil {
		return err
	}
	if _, err := a.stdout.Write(out.Bytes()); err != nil {
		return err
	}
	return v.err()
}

// verification is what verify prints; its JSON is what others script against.
type verification struct {
	Log      string `json:"log"`
	Whole    bool   `json:"whole"`
	ID       string `json:"id"`
	Site     string `json:"site"`
	Format   int    `json:"format"`
	Bytes    int64  `json:"bytes"`
	Events   int    `json:"events"`
	Batches  int    `json:"batches"`
	Blocks   int    `json:"blocks"`
	Frames   int    `json:"frames"`
	Caches   int    `json:"caches"`
	Faults   []flaw `json:"faults"`
	Readable []span `json:"readable"`
	Lost     []span `json:"lost"`
	Skipped  []span `json:"skipped"`
	Recorded []note `json:"recorded"`

	// Incomplete means that more may be readable than is listed.
	Incomplete bool       `json:"incomplete"`
	Files      comparison `json:"files"`
	Kept       keptCaches `json:"kept"`
}

// flaw is one thing that is wrong.
type flaw struct {
	Part   string `json:"part"`
	Kind   string `json:"kind"` // damaged, truncated or newer
	Byte   int64  `json:"byte"`
	From   uint64 `json:"from,omitempty"` // events that cannot be read where they belong
	To     uint64 `json:"to,omitempty"`   // absent beside from: the end is unknown
	Deadly bool   `json:"deadly"`         // the daemon will not write to this file
	Text   string `json:"text"`
}

// span is a run of sequence numbers; the times are UTC, those of its first and last batch.
type span struct {
	From  uint64     `json:"from"`
	To    uint64     `json:"to"`
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// note is damage that the log itself records.
type note struct {
	Seq  uint64 `json:"seq"`
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	Text string `json:"text"`
}

func newVerification(r *store.Report) *verification {
	v := &verification{
		Log: r.Path, Whole: r.Whole(), ID: r.ID, Site: r.Site, Format: r.Format, Bytes: r.Size, Events: r.Events,
		Batches: r.Batches,
		Blocks:  r.Blocks, Frames: r.Frames, Caches: r.Caches, Incomplete: r.Incomplete,
		Faults: []flaw{}, Readable: []span{}, Lost: []span{}, Skipped: []span{}, Recorded: []note{},
	}
	for _, f := range r.Faults {
		kind := "damaged"
		switch {
		case errors.Is(f.Kind, store.ErrTruncated):
			kind = "truncated"
		case errors.Is(f.Kind, store.ErrNewer):
			kind = "newer"
		}
		v.Faults = append(v.Faults, flaw{f.Part, kind, f.Offset, f.Seq, f.Last, f.Deadly, f.Text})
	}
	for _, s := range r.Readable {
		since, until := s.FirstAt.Time().UTC(), s.LastAt.Time().UTC()
		v.Readable = append(v.Readable, span{s.First, s.Last, &since, &until})
	}
	for _, g := range r.Lost() {
		v.Lost = append(v.Lost, span{From: g.From, To: g.To})
	}
	for _, g := range r.Gaps {
		v.Skipped = append(v.Skipped, span{From: g.From, To: g.To})
	}
	for _, d := range r.Recorded {
		v.Recorded = append(v.Recorded, note{d.Seq, d.From, d.To, d.Text})
	}
	return v
}

// err returns the error of the command.
func (v *verification) err() error {
	switch {
	case !v.Whole:
		return &verifyError{true, fmt.Errorf("%s is damaged in %s: keep this file, and see docs/event-log.md for "+
			"what to do", v.Log, words.Count(len(v.Faults), "place"))}
	case len(v.Kept.Wrong) > 0:
		return &verifyError{false, fmt.Errorf("the log is whole, but %s not follow from it: please report this; "+
			"\"jobmon-db compact\" removes all caches, and the next start makes them anew",
			words.Count(len(v.Kept.Wrong), "cache does", "caches do"))}
	case len(v.Files.Differences) > 0:
		return &verifyError{false, fmt.Errorf("the log is whole, but %s not follow from it: start the daemon, which "+
			"writes them", words.Count(len(v.Files.Differences), "file does", "files do"))}
	}
	return nil
}

// print prints the report for people.
func (v *verification) print(out io.Writer) {
	fmt.Fprintf(out, "%s\n%d bytes, log %s of %s, format %d\n", v.Log, v.Bytes, cmp.Or(v.ID, "without id"),
		cmp.Or(term.Plain(v.Site), "no site"), v.Format)
	fmt.Fprintf(out, "%s in %s: %s, %s; %s\n", words.Count(v.Events, "good event"),
		words.Count(v.Batches, "batch", "batches"), words.Count(v.Blocks, "block"), words.Count(v.Frames, "frame"),
		words.Count(v.Caches, "cache"))
	for _, s := range v.Skipped {
		fmt.Fprintf(out, "Never given: %d to %d\n", s.From, s.To)
	}
	for _, n := range v.Recorded {
		fmt.Fprintf(out, "Event %d records damage of %d to %d: %s\n", n.Seq, n.From, n.To, term.Plain(n.Text))
	}
	if !v.Whole {
		v.printDamage(out)
	}
	fmt.Fprintln(out)
	v.Files.print(out)
	v.Kept.print(out)
	switch {
	case v.Whole && len(v.Recorded) > 0:
		fmt.Fprintln(out, "The log is whole, apart from the events that it records as lost.")
	case v.Whole:
		fmt.Fprintln(out, "The log is whole.")
	}
}

// printDamage prints the faults, and what can still be read.
func (v *verification) printDamage(out io.Writer) {
	fmt.Fprintf(out, "\nWrong in %s:\n", words.Count(len(v.Faults), "place"))
	for _, f := range v.Faults {
		where := fmt.Sprintf("byte %d", f.Byte)
		switch {
		case f.From > 0 && f.To > 0:
			where += fmt.Sprintf(", events %d to %d", f.From, f.To)
		case f.From > 0:
			where += fmt.Sprintf(", events from %d on", f.From)
		}
		fmt.Fprintf(out, "  %s (%s): %s\n", f.Part, where, term.Plain(f.Text))
	}
	fmt.Fprintln(out, "\nCan be read:")
	for _, s := range v.Readable {
		fmt.Fprintf(out, "  %d to %d, %s to %s UTC\n", s.From, s.To, s.Since.Format(time.DateTime),
			s.Until.Format(time.DateTime))
	}
	for _, s := range v.Lost {
		fmt.Fprintf(out, "  not %d to %d\n", s.From, s.To)
	}
	if len(v.Readable) == 0 {
		fmt.Fprintln(out, "  nothing")
	}
	if v.Incomplete {
		fmt.Fprintln(out, "  and perhaps more: too much in the file looks like events and is none")
	}
}
