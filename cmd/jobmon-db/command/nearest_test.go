package command

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestCheckpointsChangeNoAnswer: answers about deployments are the same with and without checkpoints, from a file and
// from a running daemon, for a whole log and a damaged one.
func TestCheckpointsChangeNoAnswer(t *testing.T) {
	batches := batchesOf(t, openGolden(t))
	t.Run("damaged", func(t *testing.T) { sameAnswers(t, batches) })
	t.Run("whole", func(t *testing.T) {
		for i := range batches {
			for j := range batches[i].Events {
				if e := &batches[i].Events[j]; e.Kind == jobmon.KindDamaged {
					*e = jobmon.Event{Seq: e.Seq, At: e.At, Kind: jobmon.KindSourceRestored}
				}
			}
		}
		sameAnswers(t, batches)
	})
}

func sameAnswers(t *testing.T, batches []jobmon.Batch) {
	bare := filepath.Join(t.TempDir(), "bare.db")
	err := store.Build(t.Context(), bare, strings.Repeat("0123456789abcdef", 2), "DS01",
		func(yield func(jobmon.Batch, error) bool) {
			for _, b := range batches {
				if !yield(b, nil) {
					return
				}
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	stopped, running := t.TempDir(), t.TempDir()
	for _, dir := range []string{stopped, running} {
		if _, err := store.Restore(t.Context(), dir, bare, store.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		keepCheckpoints(t, dir)
	}
	serve(t, running)
	last := batches[len(batches)-1].Last()
	for _, dir := range []string{stopped, running} {
		p, err := openPast(t.Context(), question{dataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if near := history.Nearest(p, last/2).Seq(); near == 0 || near > last/2 {
			t.Fatalf("before event %d begins the fold behind event %d", last/2, near)
		}
		p.close()
	}
	for _, ask := range [][]string{
		{"sessions"}, {"sessions", "--all"}, {"sessions", "--since", "2026-10-25 00:00"},
		{"sessions", "--since", "2026-10-25 00:00", "--all", "-o", "json"},
		{"sessions", "--since", "2026-10-26 09:21", "--all"},
		{"sessions", "--since", "seq:139", "PC-0001", "-o", "json"}, {"sessions", "--since", "seq:230"},
		{"stats"}, {"stats", "--since", "2026-10-26 00:00"}, {"stats", "--since", "-10m", "-o", "json"},
		{"stats", "--since", "2026-10-26 09:10", "--all", "-o", "csv"},
		{"stats", "--by", "day", "--since", "2026-10-25 00:00"}, {"stats", "--since", "-30m", "--computer", "PC-0001"},
		{"stats", "--since", "-20m", "--job", "*Office*"},
		{"waterfall", "PC-0001"}, {"waterfall", "PC-0001", "--session", "1"}, {"waterfall", "PC-0003", "-o", "json"},
		{"waterfall", "PC-0001", "--session", "9"},
		{"waterfall", "Büro-7"}, {"waterfall", "PC-0001", "--session", "3", "-o", "svg"},
		{"diff", "2026-10-26 09:00", "2026-10-26 09:30"}, {"diff", "seq:140", "seq:261", "-o", "json"},
		{"diff", "2026-10-25 00:00", "now", "PC-0001"}, {"diff", "--", "-10m", "now"},
		{"diff", "seq:100", "seq:100"}, {"diff", "seq:1", "seq:200"},
	} {
		t.Run(strings.Join(ask, " "), func(t *testing.T) {
			args := append([]string{"replay"}, ask...)
			at := func(flag string) outcome {
				return jobmondb(t, append([]string{args[0], args[1], flag}, args[2:]...)...)
			}
			want := at("--log=" + bare)
			for _, dir := range []string{stopped, running} {
				if got := at("--data-dir=" + dir); got != want {
					t.Errorf("with checkpoints\n%+v\nwithout\n%+v", got, want)
				}
			}
		})
	}
}

// keepCheckpoints keeps many of them in a log.
func keepCheckpoints(t *testing.T, dir string) {
	t.Helper()
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	k := history.Keeper{Log: log, StateEvery: 1 << 20, CheckpointEvery: 10, BytesPerEvent: 1 << 20}
	if _, err := k.Load(func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
}
