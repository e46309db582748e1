package fileview_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/fileview"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func picture(t *testing.T, name string) *jobmon.Progress {
	t.Helper()
	for _, p := range samples.Pictures() {
		if p.Name == name {
			return p.Progress
		}
	}
	t.Fatalf("no picture %s", name)
	return nil
}

func encode(t *testing.T, p *jobmon.Progress) []byte {
	t.Helper()
	content, err := evt.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// follower is a view that is looked at again and again, by a timer of its own.
type follower struct {
	t     *testing.T
	view  fileview.View
	timer time.Duration
}

// after lets time pass and looks at a file of that content, or at an error.
func (f *follower) after(d time.Duration, content []byte, err error, news bool) string {
	f.t.Helper()
	f.timer += d
	if got, _ := f.view.Take(content, err, f.timer); got != news {
		f.t.Errorf("after %v: news %t", f.timer, got)
	}
	var b strings.Builder
	if err := f.view.Draw(&b, f.timer, true, term.Options{}); err != nil {
		f.t.Fatal(err)
	}
	return b.String()
}

func (f *follower) says(text string, want ...string) {
	f.t.Helper()
	for _, w := range want {
		if unwanted, not := strings.CutPrefix(w, "not: "); not == strings.Contains(
			text, strings.TrimPrefix(w, "not: ")) {
			f.t.Errorf("%q in\n%s", unwanted, text)
		}
	}
}

// Ages are counted from when a picture was first seen; the same number is no news, whatever else is said.
func TestAges(t *testing.T) {
	p := picture(t, "running") // its stage runs for 7 min 5 s and usually takes 9 min 30 s
	content := encode(t, p)
	f := follower{t: t}
	f.says(f.after(0, content, nil, true), "first seen here 0 s ago", "since 14:05, 7 min", "2026-11-22 14:12:05",
		"not: overdue")
	f.says(f.after(5*time.Minute, content, nil, false), "first seen here 5 min ago", "since 14:05, 12 min",
		"not: News is overdue")
	f.says(f.after(8*time.Minute, content, nil, false), "first seen here 13 min ago",
		"News is overdue: Installing Anti-virus usually takes 9 min")
	p.Seq++
	f.says(f.after(time.Second, encode(t, p), nil, true), "first seen here 0 s ago", "not: News is overdue")
	p.Seq = 3 // the log was replaced by an older one
	f.says(f.after(time.Minute, encode(t, p), nil, true), "first seen here 0 s ago", "event 3")
}

func TestWhereNothingIsExpected(t *testing.T) {
	p := picture(t, "agent-offline")
	f := follower{t: t}
	content := encode(t, p)
	f.says(f.after(0, content, nil, true), "not: No news")
	f.says(f.after(59*time.Minute, content, nil, false), "not: No news")
	f.says(f.after(2*time.Minute, content, nil, false), "!! No news for 1 h 01 min.")
	p.Session.LastMarker = true
	p.Seq++
	content = encode(t, p)
	f.after(0, content, nil, true)
	f.says(f.after(10*time.Hour, content, nil, false), "not: No news", "gets no further updates")
}

func TestReadyIsBelievedLater(t *testing.T) {
	content := encode(t, picture(t, "ready"))
	f := follower{t: t}
	f.says(f.after(0, content, nil, true), "Result: ready", "within 20 s")
	f.says(f.after(21*time.Second, content, nil, false), "Result: ready", "not: within 20 s")
}

// The last good picture stays, whatever becomes of the file.
func TestTheFileGoesBad(t *testing.T) {
	content := encode(t, picture(t, "running"))
	f := follower{t: t}
	f.says(f.after(0, nil, fileview.ErrMissing, true), "No picture yet: there is no such file.")
	f.says(f.after(0, nil, fileview.ErrMissing, false), "No picture yet")
	f.says(f.after(0, content[:700], nil, true), "No picture yet: the file is cut off")
	f.says(f.after(0, content, nil, true), "CXNRD02")
	for text, want := range map[string]string{
		"\x00\x00": "the file is empty", string(content[:900]): "cut off", "READY": "not written by jobmon-db",
		strings.Replace(string(content), `"v":1`, `"v":2`,
			1): "written by a newer jobmon-db: update this program",
		strings.Replace(string(content), `"seq"`, `"x":"",`, 1):       "damaged",
		string(content[:len(content)-2]) + strings.Repeat(" ", 70000): "longer than 65536 bytes",
	} {
		f.says(f.after(time.Minute, []byte(text), nil, true), "CXNRD02", "The file cannot be used now", want,
			"last good picture")
	}
	f.says(f.after(time.Minute, content, nil, true), "CXNRD02", "first seen here 7 min ago", "not: cannot be used")
}

func TestStopped(t *testing.T) {
	f := follower{t: t}
	f.after(0, encode(t, picture(t, "ready")), nil, true)
	stopped, err := evt.Stopped(jobmon.Form{}, 5000123, "03. (JM) Office\x1b[31m")
	if err != nil {
		t.Fatal(err)
	}
	text := f.after(time.Second, stopped, nil, true)
	f.says(text, "!! The monitor's server is stopped", `03. (JM) Office\x1b[31m`, "not: ready", "It was first seen",
		"not: The picture is of")
	f.after(time.Second, stopped, nil, false)
	other, err := evt.Stopped(jobmon.Form{}, 5000123, "04. (JM) Visio")
	if err != nil {
		t.Fatal(err)
	}
	f.says(f.after(time.Second, other, nil, true), "Visio")
}

func TestTooLongForAFile(t *testing.T) {
	f := follower{t: t}
	f.says(f.after(0, encode(t, samples.ManyStages(3000)), nil, true),
		"leaves out 2634 stages that ended. In all 2700 of 3000 stages are done.")
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Fatal(err)
	}
	if content, err := fileview.Read(huge); !errors.Is(err, evt.ErrTooLarge) || content != nil {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	for path, want := range map[string]error{filepath.Join(dir, "none"): fileview.ErrMissing, dir: fileview.ErrNoFile} {
		if _, err := fileview.Read(path); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Nothing in a file reaches the terminal as a command, and none makes the view fail.
func TestEveryPicture(t *testing.T) {
	for _, p := range samples.Pictures() {
		f := follower{t: t}
		text := f.after(0, encode(t, p.Progress), nil, true) + f.after(26*time.Hour, encode(t, p.Progress), nil, false)
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' }) {
			t.Errorf("%s: %q", p.Name, text)
		}
	}
}

func FuzzView(f *testing.F) {
	for _, p := range samples.Pictures() {
		content, err := evt.Encode(p.Progress)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, int64(60))
	}
	f.Fuzz(func(t *testing.T, content []byte, seconds int64) {
		var v fileview.View
		v.Take(content, nil, 0)
		var b strings.Builder
		if err := v.Draw(&b, time.Duration(seconds), true, term.Options{Width: 80}); err != nil || b.Len() == 0 {
			t.Errorf("%v", err)
		}
	})
}
