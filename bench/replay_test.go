package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// inJournal is how many events the journal has at most: more take journalctl, and the making of the journal, minutes.
const inJournal = 200_000

// BenchmarkReplay prints the events of the reference log, all of them and those that --grep finds, beside journalctl
// over the first of them where systemd-journal-remote is installed.
func BenchmarkReplay(b *testing.B) {
	log, err := store.Open(referenceLog(b), store.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	facts, err := history.LoadFacts(log)
	if err != nil {
		b.Fatal(err)
	}
	ask := func(name, shape string, a replay.Ask) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := printAll(io.Discard, log, facts, shape, a); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, facts.Seq)
		})
	}
	const pattern = "visio|1603"
	ask("ndjson", "ndjson", replay.Ask{})
	ask("csv", "csv", replay.Ask{})
	ask("grep", "ndjson", replay.Ask{Grep: []string{pattern}})
	journal := journalOf(b, log, facts)
	for name, args := range map[string][]string{"ndjson": nil, "grep": {"--grep", pattern}} {
		b.Run("journalctl/"+name, func(b *testing.B) {
			for b.Loop() {
				command := exec.Command("journalctl", append(args, "--file", journal, "-q", "-o", "json")...)
				if err := command.Run(); err != nil && command.ProcessState == nil {
					b.Fatal(err)
				}
			}
			perSecond(b, min(facts.Seq, inJournal))
		})
	}
}

func perSecond(b *testing.B, events uint64) {
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func printAll(w io.Writer, log *store.Log, facts *history.Facts, shape string, a replay.Ask) error {
	c := replay.NewChronicle(facts.Chronicle)
	filter, err := replay.NewFilter(a, facts.Names, c)
	if err != nil {
		return err
	}
	printer, err := replay.NewPrinter(w, replay.Layout{Shape: shape}, c)
	if err != nil {
		return err
	}
	t := &replay.Telling{Log: log, Chronicle: c, Filter: filter}
	for r, err := range t.Forward(replay.Range{From: 1, To: facts.Seq}) {
		if err == nil {
			err = printer.Print(r)
		}
		if err != nil {
			return err
		}
	}
	return printer.Close()
}

// journalOf writes the first events as a journal, a line of CSV each.
func journalOf(b *testing.B, log *store.Log, facts *history.Facts) string {
	remote := "/usr/lib/systemd/systemd-journal-remote"
	if _, err := os.Stat(remote); err != nil {
		b.Skip("systemd-journal-remote is not installed, so there is no journal to compare with")
	}
	path := filepath.Join(b.TempDir(), "events.journal")
	command := exec.Command(remote, "-o", path, "-")
	in, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(in)
	c := replay.NewChronicle(facts.Chronicle)
	filter, err := replay.NewFilter(replay.Ask{}, facts.Names, c)
	if err != nil {
		b.Fatal(err)
	}
	var at jobmon.Instant
	t := &replay.Telling{Log: log, Chronicle: c, Filter: filter}
	for r, err := range t.Forward(replay.Range{From: 1, To: min(facts.Seq, inJournal)}) {
		if err != nil {
			b.Fatal(err)
		}
		at++
		fmt.Fprintf(out, "__REALTIME_TIMESTAMP=%d\nMESSAGE=%s\n\n", 1_700_000_000_000_000+at, r.Text())
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	in.Close()
	if err := command.Wait(); err != nil {
		b.Fatal(err)
	}
	return path
}
