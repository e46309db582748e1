package recording_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

var update = flag.Bool("update", false, "write the golden file instead of comparing with it")

const golden = "testdata/v1.ndjson"

func at(text string) jobmon.WallTime {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return jobmon.WallTimeOf(t)
}

// site is a recording with one of everything.
func site() *recording.Recording {
	const berlin = jobmon.Offset(3600)
	now := at("2026-11-22 14:05")
	return &recording.Recording{
		Program: "v1.2.3", Server: "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64)",
		Unknown: []string{"event_folder", "computer.group_id"},
		Tables: &jobmon.Snapshot{
			Now: now.Instant(berlin) + 123, Offset: berlin,
			Jobs: []jobmon.Job{
				{ID: 1, Name: "0. Build Job Monitor", Folder: `Build\Windows 11`},
				{ID: 2, Name: "01. (JM) Office", Folder: `Build\Windows 11`},
				{ID: 3, Name: "Install Büro <x64> \"2024\"\t&\u2028", Folder: "Software"},
				{ID: 4},
				{ID: 5, Name: "(JM) Ready", Folder: "Build"},
			},
			Computers: []jobmon.Computer{
				{ID: -7, Name: "PC-0002", Ghost: true},
				{ID: 5000001, Name: "PC-0001", OSName: "pc-0001", Group: "Room 1"},
				{ID: 5000002, Name: "PC-0002", OSName: "WS42", Group: "Room 1"},
			},
			Rows: []jobmon.Row{
				{ID: -1, Job: 3, Computer: -7, Start: at("1753-01-01 00:00")},
				{ID: 700001, Job: 1, Computer: 5000001, Start: now - 60_000, Status: jobmon.StatusOf(0)},
				{ID: 700002, Job: 2, Computer: 5000001, Start: now - 59_997, Status: jobmon.StatusRunning},
				{ID: 700003, Job: 3, Computer: 5000001, Start: now - 50_000},
				{ID: 700004, Job: 4, Computer: 5000002, Start: jobmon.NoStart},
				{ID: 700005, Job: 5, Computer: 5000002, Start: at("9999-12-31 23:59"), Status: jobmon.StatusOf(1603)},
			},
			Agents: []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentOnline},
				{Computer: 5000002, State: jobmon.AgentOffline}},
		},
	}
}

func encode(t *testing.T, r *recording.Recording) []byte {
	t.Helper()
	content, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestGolden(t *testing.T) {
	content := encode(t, site())
	if *update {
		if err := os.WriteFile(golden, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(content, want) {
		t.Errorf("the format has changed; raise its version:\n%s", content)
	}
	read, err := recording.Load(golden)
	if err != nil {
		t.Fatal(err)
	}
	if again := encode(t, read); !bytes.Equal(again, want) {
		t.Errorf("read and written again:\n%s", again)
	}
}

func TestWhatEditorsLeaveIsNoPartOfIt(t *testing.T) {
	content := string(encode(t, site()))
	for name, text := range map[string]string{
		"CRLF":              strings.ReplaceAll(content, "\n", "\r\n"),
		"a byte order mark": "\ufeff" + content,
		"blank lines":       strings.Replace(content, "\n", "\n\n  \n", 3) + "\n\n",
		"no last line end":  strings.TrimSuffix(content, "\n"),
		"UTF-16":            inUTF16("\ufeff" + content),
		"UTF-16, no mark":   inUTF16(content),
	} {
		if r, err := recording.Decode(strings.NewReader(text)); err != nil || !reflect.DeepEqual(r, site()) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func inUTF16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

func TestEveryCutIsNoticed(t *testing.T) {
	content := encode(t, site())
	for n := range len(content) - 1 { // the last line end may be missing
		_, err := recording.Decode(bytes.NewReader(content[:n]))
		if !errors.Is(err, recording.ErrTruncated) && !errors.Is(err, recording.ErrDamaged) &&
			!errors.Is(err, recording.ErrForeign) {
			t.Fatalf("%d bytes of %d: %v", n, len(content), err)
		}
	}
	lines := bytes.SplitAfter(content, []byte("\n"))
	for i := range lines[1 : len(lines)-2] {
		if _, err := recording.Decode(
			bytes.NewReader(slices.Concat(slices.Delete(slices.Clone(lines), i+1, i+2)...))); !errors.Is(
			err, recording.ErrTruncated) {
			t.Errorf("without line %d: %v", i+2, err)
		}
	}
}

func TestErrorsSayWhereWhatAndWhatToDo(t *testing.T) {
	lines := strings.SplitAfter(string(encode(t, site())), "\n")
	with := func(n int, line string) string {
		changed := slices.Clone(lines)
		changed[n-1] = line + "\n"
		return strings.Join(changed, "")
	}
	for name, c := range map[string]struct {
		text string
		kind error
		says string
	}{
		"empty":            {"", recording.ErrForeign, "line 1: a recording begins"},
		"a log":            {"12:00 hello\n", recording.ErrForeign, "jobmon-db check --record"},
		"other JSON":       {"{}\n", recording.ErrForeign, "line 1"},
		"one endless line": {strings.Repeat("x", recording.MaxLine+1), recording.ErrForeign, "line 1"},
		"newer": {`{"recording":{"format":"jobmon-db recording","v":2,"program":"v9.9.9","colour":"red"}}` +
			"\n", recording.ErrNewer, "version v9.9.9, or a newer one"},
		"version 0": {`{"recording":{"format":"jobmon-db recording"}}` + "\n", recording.ErrDamaged,
			"version 0"},
		"time": {with(
			1, `{"recording":{"format":"jobmon-db recording","v":1,"at":"noon","utc_offset":"+01:00"}}`),
			recording.ErrDamaged, `line 1: at is "noon"`},
		"offset": {with(
			1, `{"recording":{"format":"jobmon-db `+
				`recording","v":1,"at":"2026-11-22T13:05:00.123Z","utc_offset":"+15:00"}}`), recording.ErrDamaged,
			"more than 14 h"},
		"two headers":    {with(2, strings.TrimSpace(lines[0])), recording.ErrDamaged, "line 2: it is none of job"},
		"no JSON":        {with(3, "{"), recording.ErrDamaged, "line 3: "},
		"a typing error": {with(3, `{"job":{"id":2,"nmae":"x"}}`), recording.ErrDamaged, "nmae"},
		"two things":     {with(3, `{"job":{"id":2},"end":{"lines":3}}`), recording.ErrDamaged, "several things"},
		"two objects": {with(3, `{"job":{"id":2}}{"job":{"id":3}}`), recording.ErrDamaged,
			"line 3: something follows"},
		"no id":            {with(3, `{"job":{"name":"x"}}`), recording.ErrDamaged, "line 3: the job has no id"},
		"a job twice":      {with(3, `{"job":{"id":1}}`), recording.ErrDamaged, "line 3: job 1 follows job 1"},
		"a computer twice": {with(8, `{"computer":{"id":-7}}`), recording.ErrDamaged, "line 8: computer -7"},
		"no computer":      {with(10, `{"row":{"id":-1,"job":3}}`), recording.ErrDamaged, "line 10: a row has"},
		"rows out of order": {with(11, `{"row":{"id":-2,"job":3,"computer":5}}`), recording.ErrDamaged,
			"line 11: row -2 follows row -1"},
		"a huge id": {with(11, `{"row":{"id":3000000000,"job":3,"computer":5}}`), recording.ErrDamaged,
			"line 11: row.id is the number 3000000000 and must be a whole number from"},
		"start": {with(11, `{"row":{"id":1,"job":3,"computer":5,"start":"14:05"}}`), recording.ErrDamaged,
			`line 11: start is "14:05"`},
		"in another case": {with(11, `{"Row":{"id":1,"job":3,"computer":5}}`), recording.ErrDamaged,
			`line 11: "Row" must be written "row"`},
		"field in capitals": {with(11, `{"row":{"ID":1,"job":3,"computer":5}}`), recording.ErrDamaged,
			`line 11: "ID" must be written "id"`},
		"a field twice": {with(11, `{"row":{"id":1,"id":9,"job":3,"computer":5}}`), recording.ErrDamaged,
			"line 11: row.id is given twice"},
		"a line twice": {with(3, `{"job":{"id":2},"job":{"id":3}}`), recording.ErrDamaged,
			"line 3: job is given twice"},
		"another type": {with(11, `{"row":{"id":"1","job":3,"computer":5}}`), recording.ErrDamaged,
			"row.id is a text in quotes and must be a whole number from -2147483648 to 2147483647"},
		"a number as name": {with(3, `{"job":{"id":2,"name":7}}`), recording.ErrDamaged,
			"job.name is a number and must be a text in quotes"},
		"no object": {with(3, `{"job":7}`), recording.ErrDamaged, "line 3: job is no object"},
		"a list":    {with(3, `[7]`), recording.ErrDamaged, "line 3: it is no object"},
		"cut in the middle": {with(3, `{"job":{"id":2,`), recording.ErrDamaged,
			"line 3: it is not JSON: it ends within an object"},
		"a stray character": {with(3, `{"job":{"id":2;}}`), recording.ErrDamaged,
			"line 3: it is not JSON at character 14"},
		"header's type": {with(1, `{"recording":{"format":"jobmon-db recording","v":"1"}}`), recording.ErrDamaged,
			"line 1: recording.v is a text"},
		"header's case": {with(1, `{"recording":{"format":"jobmon-db recording","V":1}}`), recording.ErrDamaged,
			`line 1: "V" must be written "v"`},
		"a code page": {with(3, "{\"job\":{\"id\":2,\"name\":\"B\xfcro\"}}"), recording.ErrDamaged,
			"line 3: it has characters that are not UTF-8"},
		"UTF-16 behind it": {strings.Join(lines, "") + inUTF16(lines[16]), recording.ErrDamaged,
			"line 19: it mixes UTF-16 and UTF-8"},
		"agent": {with(16, `{"agent":{"computer":5000001,"state":"asleep"}}`), recording.ErrDamaged,
			`line 16: the agent is "asleep"`},
		"agents": {with(17, `{"agent":{"computer":5000001,"state":"online"}}`), recording.ErrDamaged,
			"line 17: the agent of computer 5000001 follows"},
		"a long line": {with(3, strings.Repeat(" ", recording.MaxLine)), recording.ErrDamaged,
			"line 3: the line is longer"},
		"more after it": {strings.Join(lines, "") + lines[16], recording.ErrDamaged, "line 19: something follows"},
	} {
		r, err := recording.Decode(strings.NewReader(c.text))
		if r != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), "; ") ||
			strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimesThatCannotBeWritten(t *testing.T) {
	for name, change := range map[string]func(*jobmon.Snapshot){
		"offset": func(s *jobmon.Snapshot) { s.Offset = 61 },
		"year":   func(s *jobmon.Snapshot) { s.Rows[0].Start = at("9999-12-31 23:59") + 60_000 },
		"long":   func(s *jobmon.Snapshot) { s.Jobs[0].Name = strings.Repeat("x", recording.MaxLine) },
	} {
		r := site()
		change(r.Tables)
		if _, err := r.Encode(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		want := &recording.Recording{
			Program: text.Draw(t, "program"), Server: text.Draw(t, "server"), Pseudonyms: rapid.Bool().Draw(
				t, "pseudonyms"),
			Unknown: rapid.SliceOfN(text, 1, 3).Draw(t, "unknown"),
			Tables: &jobmon.Snapshot{
				Now:    jobmon.Instant(rapid.Int64Range(0, 1<<42).Draw(t, "now")),
				Offset: jobmon.Offset(15 * 60 * rapid.IntRange(-56, 56).Draw(t, "offset")),
			},
		}
		s := want.Tables
		id := rapid.Int32()
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			row := jobmon.Row{ID: jobmon.ScheduleID(id.Draw(t, "row")), Job: jobmon.JobID(id.Draw(t, "job")),
				Computer: jobmon.ComputerID(id.Draw(t, "computer"))}
			row.Start = rapid.OneOf(rapid.Just(jobmon.NoStart), rapid.Custom(func(t *rapid.T) jobmon.WallTime {
				return jobmon.WallTime(rapid.Int64Range(-1<<45, 1<<47).Draw(t, "start"))
			})).Draw(t, "start")
			if rapid.Bool().Draw(t, "set") {
				row.Status = jobmon.StatusOf(jobmon.Code(rapid.Int64().Draw(t, "status")))
			}
			s.Rows = append(s.Rows, row)
			s.Jobs = append(s.Jobs, jobmon.Job{ID: row.Job, Name: text.Draw(t, "name"), Folder: text.Draw(t, "folder")})
			s.Computers = append(s.Computers, jobmon.Computer{ID: row.Computer, Name: text.Draw(t, "name"),
				OSName: text.Draw(t, "os name"),
				Group:  text.Draw(t, "group"), Ghost: rapid.Bool().Draw(t, "ghost")})
			s.Agents = append(s.Agents,
				jobmon.Agent{Computer: row.Computer,
					State: rapid.SampledFrom([]jobmon.AgentState{jobmon.AgentOnline, jobmon.AgentOffline}).Draw(
						t, "state")})
		}
		s.Normalize()
		content, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := recording.Decode(bytes.NewReader(content)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\n%s\ngot  %+v\nwant %+v", err, content, got, want)
		}
	})
}

var text = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "PC-0001", "01. (JM) Büro", "\x00\r\n<\"\\>"}))

func FuzzDecode(f *testing.F) {
	content, err := site().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	for line := range bytes.Lines(content) {
		f.Add(slices.Concat(content[:bytes.IndexByte(content, '\n')+1], line, []byte(`{"end":{"lines":3}}`)))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := recording.Decode(bytes.NewReader(content))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("no line in %v", err)
			}
			return
		}
		again, err := recording.Decode(bytes.NewReader(encode(t, r)))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%v\nread    %+v\nagain   %+v", err, r, again)
		}
	})
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.ndjson")
	if _, err := recording.Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	n, err := site().Write(path, false)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != int64(n) || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%d bytes: %v, %v", n, info, err)
	}
	if err := recording.Free(path, false); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), "--force") {
		t.Errorf("%v", err)
	}
	other := site()
	other.Program = "v2"
	if _, err := other.Write(path, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if r, err := recording.Load(path); err != nil || r.Program != "v1.2.3" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := other.Write(path, true); err != nil {
		t.Error(err)
	}
	r, err := recording.Load(path)
	if err != nil || r.Program != "v2" {
		t.Errorf("%+v, %v", r, err)
	}
	const is = "a recording of 2026-11-22T14:05:00 UTC+01:00, made by jobmon-db v2 from Microsoft SQL Server 2019 " +
		"(RTM) - 15.0.2000.5 (X64), with names as they are"
	if fmt.Sprint(r) != is {
		t.Errorf("%v", r)
	}
	if err := recording.Free(filepath.Dir(path), true); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a folder: %v", err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	if _, err := recording.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+", line ") {
		t.Errorf("%v", err)
	}
}
