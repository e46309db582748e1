package daemon_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// fillDisk lets no file of this process grow beyond its first two pages until empty is called: the log, whose
// batches are written behind these, as on a full disk; the small .evt files are on another one.
func fillDisk(t *testing.T) (empty func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var room syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &room); err != nil {
		t.Fatal(err)
	}
	set := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: room.Max}); err != nil {
			t.Error(err)
		}
	}
	empty = func() { set(room.Cur) }
	t.Cleanup(empty)
	set(8192)
	return empty
}

// inOwnProcess runs the test in a process of its own, as the limit holds for everything that a process writes. It
// returns true there, and false in the one that waits for it.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	const variable = "JOBMON_TEST_DAEMON_FULL"
	if os.Getenv(variable) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%.4000s", err, out)
	}
	return false
}

// The disk is full, and then gone, for an hour in which the log is due to be read from its beginning to its end: the
// log is closed, and the daemon waits for it.
func TestTheLogIsScrubbedWhileTheDiskIsFull(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	playAlone(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		s.at("2 09:50")
		empty := fillDisk(t)
		log := filepath.Join(s.dataDir, "log-000001.db")
		if err := os.Rename(log, log+".gone"); err != nil {
			t.Fatal(err)
		}
		pc.drop(folder()...)
		pc.shows("2 10:50", "no file")
		if err := os.Rename(log+".gone", log); err != nil {
			t.Fatal(err)
		}
		empty()
		pc.shows("2 11:00", allReady)
		s.saidOnce("the log cannot be written", "the log can be written again")
	})
}

// The disk of the log is full for an hour, in which one deployment ends and another begins and ends. No file shows what
// is not in the log. Then everything is recorded, as inexact, and that the disk was full, once.
func TestTheDiskIsFullForAnHour(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	playAlone(t, "09:59", func(s *site) {
		pc, other, later := s.watch().pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003")
		s.at("10:00")
		pc.drop(folder()...)
		const before = "#1 open 25% | Drivers succeeded 1/1 | > Domain running 0/1 | Office waiting 0/2"
		pc.shows("10:03:40", before)
		empty := fillDisk(t)
		full := jobmon.InstantOf(time.Now())
		s.at("10:20")
		other.drop(folder()...)
		pc.looksOld(before)
		s.at("10:58")
		later.drop(folder()...)
		s.at("11:03:40")
		pc.looksOld(before)
		if c := s.daemon.Condition(); c.Covered > full.Add(time.Minute) {
			t.Errorf("covered until %v on a disk that is full since %v", c.Covered, full)
		}
		empty()
		pc.shows("11:05:30", allReady)
		other.shows("11:05:30", allReady)
		later.shows("11:20", allReady)
		if list := s.diskFulls; len(list) != 2 || list[0].Healed || list[0].Event.Text == "" || !list[1].Healed ||
			list[1].Since != list[0].Event.At || list[1].Event.At.Sub(list[1].Since) < 50*time.Minute ||
			list[0].Problem != list[1].Problem {
			t.Errorf("that the disk was full was handed on as %+v", list)
		}
		s.saidOnce("the log cannot be written", "the log can be written again")
	})
}

// A disk at its end is full and free by turns. That is one problem, which ends when there was room for ten minutes,
// also where nothing happens then.
func TestTheDiskIsFullByTurns(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	playAlone(t, "09:59", func(s *site) {
		s.watch()
		for i := range 4 {
			s.at(fmt.Sprintf("10:%02d", 10*i))
			empty := fillDisk(t)
			s.pc(fmt.Sprintf("PC-%04d", i+1)).drop(folder()...)
			s.at(fmt.Sprintf("10:%02d", 10*i+5))
			empty()
		}
		s.at("10:44")
		if len(s.diskFulls) != 1 || s.diskFulls[0].Healed {
			t.Errorf("while the disk was full by turns %d notices: %+v", len(s.diskFulls), s.diskFulls)
		}
		s.at("10:50")
		if list := s.diskFulls; len(list) != 2 || !list[1].Healed || list[1].Since != list[0].Event.At {
			t.Errorf("at the end: %+v", list)
		}
	})
}

// looksOld compares what the file says while the daemon can say nothing new.
func (c *client) looksOld(want string) {
	c.t.Helper()
	if got := c.screen(); got != want {
		c.t.Errorf("%s: the file says\n  %s\nwant\n  %s", c.now(), got, want)
	}
}
