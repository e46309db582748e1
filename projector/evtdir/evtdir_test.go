package evtdir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

const pc = jobmon.ComputerID(5000001)

// ours recognises what the tests publish.
func ours(content []byte) bool { return bytes.HasPrefix(content, []byte("ours")) }

// bench is a folder with its writer, running in a bubble.
type bench struct {
	t    *testing.T
	dir  string
	evt  *evtdir.Dir
	log  *logbook
	stop context.CancelFunc
}

// logbook is what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func start(t *testing.T, dir string, change ...func(*evtdir.Options)) *bench {
	t.Helper()
	b := &bench{t: t, dir: dir, log: &logbook{}}
	o := evtdir.Options{Dir: dir, Ours: ours, Ledger: filepath.Join(dir, evtdir.LedgerName), Log: zerolog.New(b.log)}
	for _, c := range change {
		c(&o)
	}
	b.evt = evtdir.New(o)
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go b.evt.Run(ctx)
	return b
}

func takeover(o *evtdir.Options) { o.Takeover = true }

// settle waits until the writer has nothing left that is due now.
func (b *bench) settle() { synctest.Wait() }

// after lets time pass.
func (b *bench) after(d time.Duration) {
	time.Sleep(d) // the bubble's clock: no real time passes
	synctest.Wait()
}

func (b *bench) publish(id jobmon.ComputerID, content string) {
	b.evt.Publish(id, evtdir.Content{Bytes: []byte(content)})
}

func (b *bench) holds(id jobmon.ComputerID, want string) {
	b.t.Helper()
	if got, err := os.ReadFile(b.evt.Path(id)); err != nil || string(got) != want {
		b.t.Errorf("the file of %d holds %q, %v; want %q", id, got, err, want)
	}
}

// counts compares the figures that matter nearly everywhere.
func (b *bench) counts(written uint64, pending, foreign int) {
	b.t.Helper()
	if s := b.evt.Stats(); s.Written != written || s.Pending != pending || s.Foreign != foreign {
		b.t.Errorf(
			"written %d, pending %d, foreign %d; want %d, %d, %d", s.Written, s.Pending, s.Foreign, written, pending,
			foreign,
		)
	}
}

func (b *bench) logged(words string, times int) {
	b.t.Helper()
	if got := strings.Count(b.log.String(), words); got != times {
		b.t.Errorf("%q stands %d times in the log; want %d\n%s", words, got, times, b.log)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPublishWritesTheNewestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(pc, "ours 1")
		b.publish(-7, "ours too")
		b.settle()
		b.holds(pc, "ours 1")
		b.holds(-7, "ours too")
		if want := filepath.Join(dir, "-7.evt"); b.evt.Path(-7) != want {
			t.Errorf("Path(-7) = %s; want %s", b.evt.Path(-7), want)
		}
		b.publish(pc, "ours 2")
		b.settle()
		b.holds(pc, "ours 2")
		b.counts(3, 0, 0)
	})
}

func TestStatesBetweenAreSkipped(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		evt := evtdir.New(evtdir.Options{Dir: dir, Ours: ours})
		for i := range 100 {
			// nothing runs yet: nobody is kept waiting
			evt.Publish(pc, evtdir.Content{Bytes: fmt.Append(nil, "ours ", i)})
		}
		go evt.Run(t.Context())
		synctest.Wait()
		b := &bench{t: t, dir: dir, evt: evt}
		b.holds(pc, "ours 99")
		b.counts(1, 0, 0)
	})
}

func TestEqualContentIsNotWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(pc, "ours 1")
		b.settle()
		b.publish(pc, "ours 1")
		b.settle()
		b.counts(1, 0, 0)

		must(t, os.Remove(b.evt.Path(pc)))
		b.publish(pc, "ours 1")
		b.settle()
		b.holds(pc, "ours 1")
		b.counts(2, 0, 0)
	})
}

func TestFilesOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	path := func(id int) string { return filepath.Join(dir, fmt.Sprintf("%d.evt", id)) }
	put(t, path(1), "ours, the same")
	put(t, path(2), "ours, older")
	put(t, path(3), "")
	put(t, path(4), strings.Repeat("\x00", 40))
	put(t, path(5), "ours, of a computer that nobody publishes")
	put(t, path(6)+".0badcafe.jobmon-tmp", "ours, half wri")
	before, err := os.Stat(path(1))
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		for id := range 4 {
			b.publish(jobmon.ComputerID(id+1), "ours, the same")
		}
		b.settle()
		for id := range 4 {
			b.holds(jobmon.ComputerID(id+1), "ours, the same")
		}
		b.holds(5, "ours, of a computer that nobody publishes")
		b.counts(3, 0, 0)
		after, err := os.Stat(path(1))
		must(t, err)
		if !os.SameFile(before, after) {
			t.Error("a file that held the content already was replaced")
		}
		if _, err := os.Stat(path(6) + ".0badcafe.jobmon-tmp"); err == nil {
			t.Error("the left-over temporary file is still there")
		}
	})
}

func TestForeignFileIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "5000001.evt")
	put(t, path, "the old monitor's")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(pc, "ours 1")
		b.settle()
		b.publish(pc, "ours 2")
		b.after(5 * time.Minute)
		b.holds(pc, "the old monitor's")
		b.counts(0, 0, 1)
		b.logged("left alone", 1)
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{
			Bytes: []byte("ours 3"),
		}); !errors.Is(err, evtdir.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("WriteNow: %v; want ErrForeign with the file's name", err)
		}
		b.evt.Forget(pc)
		b.publish(pc, "ours 4")
		b.settle()
		b.logged("left alone", 1)
		must(t, b.evt.Flush(t.Context())) // waits for nobody else's file

		must(t, os.Remove(path))
		b.after(time.Minute)
		b.holds(pc, "ours 4")
		b.counts(1, 0, 0)

		put(t, path, "the old monitor's again")
		b.after(time.Minute)
		b.holds(pc, "the old monitor's again")
		b.counts(1, 0, 1)
		b.logged("left alone", 2)
	})
}

func TestWhatIsNoFileOrHugeIsForeign(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "1.evt"), 0o755))
	put(t, filepath.Join(dir, "2.evt"), "ours"+strings.Repeat(" ", 1<<20))
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(1, "ours 1")
		b.publish(2, "ours 2")
		b.settle()
		b.counts(0, 0, 2)
	})
}

func TestTakeoverReplacesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "5000001.evt"), "the old monitor's")
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir, takeover)
		b.publish(pc, "ours 1")
		b.settle()
		b.holds(pc, "ours 1")
		b.counts(1, 0, 0)
	})
}

func TestCheckRestoresWhatSomebodyChanged(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		for id := range 4 {
			b.publish(jobmon.ComputerID(id), "ours")
		}
		b.settle()
		b.evt.Forget(2)
		must(t, os.Remove(b.evt.Path(0)))
		put(t, b.evt.Path(1), "ours, of last week")
		must(t, os.Remove(b.evt.Path(2)))
		b.after(29 * time.Second)
		b.holds(1, "ours, of last week")
		b.after(time.Second)
		b.holds(0, "ours")
		b.holds(1, "ours")
		b.holds(3, "ours")
		b.counts(6, 0, 0)
		if _, err := os.Stat(b.evt.Path(2)); err == nil {
			t.Error("a file came back that was to be forgotten")
		}

		b.publish(2, "ours") // and is looked after again
		b.settle()
		must(t, os.Remove(b.evt.Path(2)))
		b.after(30 * time.Second)
		b.holds(2, "ours")
	})
}

func TestForgetWritesTheLastStateFirst(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		evt := evtdir.New(evtdir.Options{Dir: dir, Ours: ours})
		evt.Publish(pc, evtdir.Content{Bytes: []byte("ours, ready")})
		evt.Forget(pc)
		evt.Forget(pc + 1) // was never published
		go evt.Run(t.Context())
		synctest.Wait()
		b := &bench{t: t, dir: dir, evt: evt}
		b.holds(pc, "ours, ready")
		b.counts(1, 0, 0)
	})
}

// The newest state wins no matter who brings it, however the calls interleave with the writing.
func TestOrderUnderConcurrency(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		const computers, states = 8, 200
		var all sync.WaitGroup
		for id := range jobmon.ComputerID(computers) {
			all.Go(func() {
				for i := range states {
					content := fmt.Append(nil, "ours ", i)
					if i%5 != 0 {
						b.evt.Publish(id, evtdir.Content{Bytes: content})
						continue
					}
					if err := b.evt.WriteNow(t.Context(), id, evtdir.Content{Bytes: content}); err != nil {
						t.Error(err)
						return
					}
					if got, err := os.ReadFile(b.evt.Path(id)); err != nil || !bytes.Equal(got, content) {
						t.Errorf("after WriteNow of %q the file holds %q, %v", content, got, err)
						return
					}
				}
			})
		}
		all.Wait()
		must(t, b.evt.Flush(t.Context()))
		for id := range jobmon.ComputerID(computers) {
			b.holds(id, "ours 199")
		}
		if s := b.evt.Stats(); s.Pending != 0 || s.Failed != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWriteNowGoesFirst(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		evt := evtdir.New(evtdir.Options{Dir: dir, Ours: ours})
		const others = 500
		for id := range jobmon.ComputerID(others) {
			evt.Publish(id, evtdir.Content{Bytes: []byte("ours")})
		}
		var pending int
		done := make(chan error)
		go func() {
			err := evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours, at once")})
			pending = evt.Stats().Pending
			done <- err
		}()
		synctest.Wait() // it waits: Run does not run yet
		go evt.Run(t.Context())
		must(t, <-done)
		if pending < others/2 {
			t.Errorf("only %d of %d files were left when WriteNow returned", pending, others)
		}
		must(t, evt.Flush(t.Context()))
	})
}

// TestAnOlderPictureDoesNotReplaceANewerOne: a script's picture is drawn, and on its way here overtaken by the next
// one.
func TestAnOlderPictureDoesNotReplaceANewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir())
		defer b.stop()
		b.evt.Publish(pc, evtdir.Content{Bytes: []byte("newer"), Seq: 244})
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("older"), Seq: 242}); err != nil {
			t.Error(err)
		}
		b.settle()
		b.holds(pc, "newer")
		b.counts(1, 0, 0)
	})
}

// TestAnOlderPictureDoesNotReplaceTheLast: also when the newer one was a deployment's last, and is no longer looked
// after.
func TestAnOlderPictureDoesNotReplaceTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, t.TempDir())
		defer b.stop()
		b.evt.Publish(pc, evtdir.Content{Bytes: []byte("last"), Seq: 244})
		b.evt.Forget(pc)
		b.settle()
		b.evt.Publish(pc, evtdir.Content{Bytes: []byte("older"), Seq: 241})
		if err := b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("older"), Seq: 242}); err != nil {
			t.Error(err)
		}
		b.settle()
		b.holds(pc, "last")
		b.evt.Publish(pc, evtdir.Content{Bytes: []byte("next"), Seq: 250})
		b.settle()
		b.holds(pc, "next")
		b.counts(2, 0, 0)
	})
}
