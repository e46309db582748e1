package command

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// atWork is a recording of this moment: a job has run for a minute.
const atWork = `{"recording":{"format":"jobmon-db recording","v":1,"at":"NOW","utc_offset":"+00:00","program":"test","server":"test","pseudonyms":false}}
{"job":{"id":2,"name":"01. (JM) Drivers"}}
{"job":{"id":3,"name":"Chipset"}}
{"job":{"id":4,"name":"99. (JM) Ready"}}
{"computer":{"id":5000001,"name":"PC-0001","os_name":"PC-0001","group":"Room 1"}}
{"row":{"id":2,"job":2,"computer":5000001,"start":"START","status":0}}
{"row":{"id":3,"job":3,"computer":5000001,"start":"START","status":-1}}
{"row":{"id":4,"job":4,"computer":5000001,"start":"START","status":null}}
{"agent":{"computer":5000001,"state":"online"}}
{"end":{"lines":10}}
`

// TestStatusOfARunningDaemonIsOfThePresent: while nothing happens in the log, what lasts goes on to last.
func TestStatusOfARunningDaemonIsOfThePresent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	recording := filepath.Join(dir, "site.ndjson")
	now := time.Now().UTC()
	write(t, recording, strings.NewReplacer(
		"NOW", now.Format("2006-01-02T15:04:05.000Z"), "START", now.Add(-time.Minute).Format("2006-01-02T15:04:05.000")).Replace(atWork))
	data := filepath.Join(dir, "data")
	p := start(t, []string{
		"JOBMON_SOURCE_KIND=recording", "JOBMON_SOURCE_RECORDING=" + recording, "JOBMON_DATA_DIR=" + data,
		"JOBMON_SITE=DS01", "JOBMON_SOURCE_POLL_INTERVAL=1s",
	}, "run")
	said := regexp.MustCompile(`Last event (\d+) at .*, (\d+) s ago`)
	var first []string
	eventually(t, func() string {
		return "the age of the last event grows: " + jobmondb(t, "status", "PC-0001", "--data-dir="+data).stdout +
			p.stderr.String()
	}, func() bool {
		got := jobmondb(t, "status", "PC-0001", "--data-dir="+data)
		m := said.FindStringSubmatch(got.stdout)
		if m == nil || !strings.Contains(got.stdout, "Now: Preparation") {
			return false
		}
		if first == nil || first[1] != m[1] { // an event came meanwhile
			first = m
		}
		was, _ := strconv.Atoi(first[2])
		is, _ := strconv.Atoi(m[2])
		return is >= was+2
	})
	asOf := regexp.MustCompile(`As of (.{19})`).FindStringSubmatch(jobmondb(t, "status", "--data-dir="+data).stdout)
	if asOf == nil || asOf[1] < now.Add(2*time.Second).Format(time.DateTime) {
		t.Errorf("the board is of %q, begun at %v", asOf, now)
	}
}
