package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// The test binary runs itself again as the process that is killed: this variable says what it is to do and where.
const childVariable = "JOBMON_TEST_STORE_CHILD"

func TestMain(m *testing.M) {
	if task, dir, ok := strings.Cut(os.Getenv(childVariable), " "); ok {
		if err := child(task, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(task, dir string) error {
	switch task {
	case "compact", "cut":
		return compactingChild(dir, task == "cut")
	case "save":
		return savingChild(dir)
	case "restore":
		return restoringChild(dir)
	case "quarantine":
		fmt.Println("begins")
		_, err := store.Quarantine(context.Background(), dir, errors.New("for a reason"), time.Unix(1_800_000_000, 0))
		return err
	}
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		return err
	}
	if task == "hold" {
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	last, _, _ := log.Last()
	for {
		events := make([]jobmon.Event, some(last))
		for i := range events {
			events[i] = known(last + uint64(i) + 1)
		}
		batch, err := log.Append(noon+jobmon.Instant(last), events)
		if err != nil {
			return err
		}
		last = batch.Last()
		if err := log.KeepCaches(store.Cache{Name: "child", Seq: last, Data: fmt.Append(nil, last)}); err != nil {
			return err
		}
		fmt.Println(last) // the acknowledgement
	}
}

// known is the event that a child appends as number seq.
func known(seq uint64) jobmon.Event {
	n := int64(seq)
	return jobmon.Event{
		Kind: jobmon.Kind(1 + n%14), Schedule: jobmon.ScheduleID(n * 7), Computer: jobmon.ComputerID(5_000_001 + n%50),
		Start: jobmon.WallTime(int64(noon) + n*1000), Status: jobmon.StatusOf(jobmon.Code(n % 3)),
		Name: strconv.FormatInt(n%97, 36),
	}
}

// some is how many events a child appends behind that number: 1 to 400, as if at random.
func some(seq uint64) uint64 { return 1 + seq*7919%400 }

// startChild starts the child process and returns its output line by line. The process is gone when the test ends.
func startChild(t *testing.T, task, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+task+" "+dir)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// killChild lets a child append and kills it, a random moment after a random acknowledgement. It returns the last
// acknowledged sequence number, 0 when there was none.
func killChild(t *testing.T, dir string, acknowledgements int, moment time.Duration) uint64 {
	t.Helper()
	cmd, lines := startChild(t, "append", dir)
	acknowledged := uint64(0)
	read := func() bool {
		if !lines.Scan() {
			return false
		}
		seq, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			return false // cut off while it was written
		}
		acknowledged = seq
		return true
	}
	for range acknowledgements {
		if !read() {
			t.Fatal("the child ended by itself")
		}
	}
	timer := time.AfterFunc(moment, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for read() {
	}
	cmd.Wait()
	return acknowledged
}

// verify reads the whole log and checks that it holds the known events, each once.
func verify(t *testing.T, dir string) uint64 {
	t.Helper()
	log, err := store.Open(dir, store.Options{ReadOnly: true})
	if errors.Is(err, store.ErrNoLog) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	last := uint64(0)
	for batch, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			last++
			want := known(last)
			want.Seq, want.At = last, batch.At
			if e != want {
				t.Fatalf("event %d is %+v, want %+v", last, e, want)
			}
		}
	}
	if seq, _, _ := log.Last(); seq != last {
		t.Fatalf("Last() = %d, read up to %d", seq, last)
	}
	if err := log.Prove(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if c, ok := log.Cache("child", 0); ok && string(c.Data) != fmt.Sprint(c.Seq) {
		t.Fatalf("the cache of %d is that of %s", c.Seq, c.Data)
	}
	return last
}

func TestKilledWhileAppending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	random := lawtest.Random(t)
	kept := uint64(0)
	for round := 0; round < 15 || kept < 5*1024; round++ { // so many that the tail was sealed
		acknowledged := killChild(t, dir, random.IntN(25), time.Duration(random.IntN(8000))*time.Microsecond)
		last := verify(t, dir)
		if last < acknowledged || last < kept {
			t.Fatalf("round %d: events up to %d are kept, up to %d were acknowledged", round, last,
				max(acknowledged, kept))
		}
		kept = last
	}
}

func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	random := lawtest.Random(t)
	for round := range 12 {
		dir := filepath.Join(t.TempDir(), "data")
		acknowledged := killChild(t, dir, 0, time.Duration(random.IntN(12_000))*time.Microsecond)
		if last := verify(t, dir); last < acknowledged {
			t.Fatalf("round %d: events up to %d are kept, up to %d were acknowledged", round, last, acknowledged)
		}
		log, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatalf("round %d: %v, the folder holds %v", round, err, names(t, dir))
		}
		appendRows(t, log, 1)
		log.Close()
	}
}

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, lines := startChild(t, "hold", dir)
	if !lines.Scan() {
		t.Fatal("the child did not open the log")
	}
	path := filepath.Join(dir, "log-000001.db")
	for _, readOnly := range []bool{false, true} {
		_, err := store.Open(dir, store.Options{ReadOnly: readOnly})
		oneSentence(t, err, store.ErrLocked, path)
	}
	holder.Process.Kill()
	holder.Wait()
	open(t, dir, store.Options{}).Close() // a killed process holds nothing
}
