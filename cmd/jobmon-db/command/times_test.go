package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// autumn is a deployment that begins before the end of summer time and ends behind it; then the log goes on for an
// hour.
const autumn = `{"export":{"format":"jobmon-db events","v":1,"log_id":"00000000000000000000000000000012","site":"DS","program":"test"}}
{"seq":1,"at":"2026-10-25T00:00:00.000Z","kind":"daemon-started","more":true,"text":"test","count":1}
{"seq":2,"at":"2026-10-25T00:00:00.000Z","kind":"clock","more":true,"seconds":7200}
{"seq":3,"at":"2026-10-25T00:00:00.000Z","kind":"computer","more":true,"computer_id":1,"name":"PC-1","text":"PC-1"}
{"seq":4,"at":"2026-10-25T00:00:00.000Z","kind":"job","more":true,"job_id":1,"name":"(JM) A"}
{"seq":5,"at":"2026-10-25T00:00:00.000Z","kind":"job","job_id":2,"name":"Install"}
{"seq":6,"at":"2026-10-25T00:10:00.000Z","kind":"scheduled","more":true,"schedule_id":1,"computer_id":1,"job_id":1,"start_time":"2026-10-25T02:10:00.000"}
{"seq":7,"at":"2026-10-25T00:10:00.000Z","kind":"scheduled","schedule_id":2,"computer_id":1,"job_id":2,"start_time":"2026-10-25T02:10:00.000"}
{"seq":8,"at":"2026-10-25T00:30:00.000Z","kind":"started","more":true,"flags":["inferred"],"schedule_id":1,"computer_id":1,"job_id":1,"start_time":"2026-10-25T02:10:00.000","status_code":-1}
{"seq":9,"at":"2026-10-25T00:30:00.000Z","kind":"finished","more":true,"schedule_id":1,"computer_id":1,"job_id":1,"start_time":"2026-10-25T02:10:00.000","status_code":0}
{"seq":10,"at":"2026-10-25T00:30:00.000Z","kind":"started","schedule_id":2,"computer_id":1,"job_id":2,"start_time":"2026-10-25T02:10:00.000","status_code":-1}
{"seq":11,"at":"2026-10-25T01:00:00.000Z","kind":"clock","seconds":3600}
{"seq":12,"at":"2026-10-25T01:25:00.000Z","kind":"finished","schedule_id":2,"computer_id":1,"job_id":2,"start_time":"2026-10-25T02:10:00.000","status_code":0}
{"seq":13,"at":"2026-10-25T02:25:00.000Z","kind":"daemon-stopped"}
{"end":{"events":13,"last_seq":13}}
`

// TestTimesAcrossTheEndOfSummerTime: nobody has to guess which 02:25 is meant, what lasts is reckoned up to the moment
// asked for, and a run that no read saw took less than the poll interval.
func TestTimesAcrossTheEndOfSummerTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "autumn.ndjson")
	if err := os.WriteFile(path, []byte(autumn), 0o600); err != nil {
		t.Fatal(err)
	}
	data := "--data-dir=" + filepath.Join(dir, "data")
	if got := jobmondb(t, "import", path, data); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	for _, c := range []struct {
		args string
		says []string
	}{
		{"replay sessions", []string{"each with its UTC offset", "02:00:00 +02:00 to 2026-10-25 03:25:00 +01:00",
			"2026-10-25 02:30 +02:00  02:25 +01:00", "55 min"}},
		{"replay waterfall PC-1", []string{"2026-10-25 02:30:00 +02:00 to 02:25:00 +01:00"}},
		{"replay stats", []string{"10-25 02:30 +02:00"}},
		{"replay show PC-1 --at 2026-10-25T00:45:10Z", []string{"15 min 10 s", "15 min 10 s ago"}},
		{"replay show --at 2026-10-25T00:45:10Z", []string{"As of 2026-10-25 02:45:10 UTC+02:00", "15 min 10 s"}},
		{"replay --computer PC-1", []string{"< 5 s"}},
		{"replay --computer PC-1 -o ndjson", []string{`"took_s":0,"took_at_most_s":5`}},
	} {
		got := jobmondb(t, append(strings.Fields(c.args), data)...)
		for _, say := range c.says {
			if !strings.Contains(got.stdout+got.stderr, say) {
				t.Errorf("%s does not say %q:\n%s%s", c.args, say, got.stderr, got.stdout)
			}
		}
	}
}
