package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// manyFinished is how many finished rows make every read of the table dear.
const manyFinished = 100_000

// contents checks what one read gives, the same read that the daemon begins with. It returns that, too; nil when it
// failed.
func (c *checker) contents(ctx context.Context, tables Tables) ([]Line, *Reading) {
	others := []string{checkStart, checkStuck, checkMarkers, checkClosing}
	began := time.Now()
	snap, err := within(ctx, c.patience, func(ctx context.Context) (*jobmon.Snapshot, error) {
		defer tables.Close() // here, as nobody knows outside when a read has ended that hangs
		return tables.ReadAll(ctx)
	})
	if err != nil {
		return append([]Line{c.refused(checkRows, err)}, skipped("the rows cannot be read", others...)...), nil
	}
	read := &Reading{Tables: snap}
	start, now := c.startClock(ctx, snap)
	rows := c.rows(snap, time.Since(began))
	rules, err := jobmon.NewRules(c.Config.Settings())
	if err == nil {
		restarts(&rows, snap, rules)
	}
	if err != nil {
		line := Line{checkMarkers, Fail, err.Error(), "correct jobs.marker and jobs.build"}
		return append([]Line{rows, start, c.stuck(snap, now), line},
			skipped("the markers are unknown", checkClosing)...), read
	}
	return append([]Line{rows, start, c.stuck(snap, now)}, markers(snap, rules)...), read
}

// rows counts.
func (c *checker) rows(snap *jobmon.Snapshot, took time.Duration) Line {
	var waiting, running, unscheduled, finished int
	for _, r := range snap.Rows {
		switch {
		case r.Status.Finished():
			finished++
		case r.Status.Running():
			running++
		case r.Start == jobmon.NoStart:
			unscheduled++
		default:
			waiting++
		}
	}
	line := Line{Check: checkRows, State: OK,
		Found: fmt.Sprintf("%d unfinished (%d running, %d waiting, %d not scheduled), %d finished; %s, %s",
			waiting+running+unscheduled, running, waiting, unscheduled, finished, words.Count(len(snap.Jobs),
				"job"), words.Count(len(snap.Computers), "computer"))}
	const next = "delete old finished rows in DS, or raise source.poll_interval"
	switch {
	case took > c.Config.Source.PollInterval:
		line.State, line.Next = Warn, next
		line.Found += fmt.Sprintf("; one read took %v, longer than source.poll_interval",
			took.Round(100*time.Millisecond))
	case finished > manyFinished:
		line.State, line.Next = Warn, next
		line.Found += "; the server may look through all of them at every read"
	}
	return line
}

// restarts adds what installers mean by success and the settings do not: that a restart is required, or has begun.
func restarts(line *Line, snap *jobmon.Snapshot, rules *jobmon.Rules) {
	counts := map[jobmon.Code]int{}
	required, begun := jobmon.Code(3010).Meaning(), jobmon.Code(1641).Meaning() // also as 0x80070BC2
	for _, r := range snap.Rows {
		means := r.Status.Code.Meaning()
		if r.Status.Finished() && (means == required || means == begun) && !rules.Succeeded(r.Status) {
			counts[r.Status.Code]++
		}
	}
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		line.State = Warn
		line.Found += fmt.Sprintf("; %s ended with %s, which counts as a failure", words.Count(counts[code], "row"),
			code.Text())
		next := fmt.Sprintf("add %d to jobs.success if DS takes it for a success", code)
		if line.Next != "" {
			next = line.Next + "; " + next
		}
		line.Next = next
	}
}

// stuck counts the unfinished rows that have been due for so long that they hold nothing open; now is what the clock of
// start_time shows.
func (c *checker) stuck(snap *jobmon.Snapshot, now jobmon.WallTime) Line {
	limit := jobmon.WallTime(c.Config.Session.Stuck.Milliseconds())
	rows, oldest := map[jobmon.ComputerID]int{}, jobmon.NoStart
	total := 0
	for _, r := range snap.Rows {
		if r.Status.Finished() || r.Start == jobmon.NoStart || now-r.Start <= limit {
			continue
		}
		total++
		rows[r.Computer]++
		if oldest == jobmon.NoStart || r.Start < oldest {
			oldest = r.Start
		}
	}
	if total == 0 {
		return Line{Check: checkStuck, State: OK, Found: "none has been due for longer than " +
			c.value("session.stuck").Text}
	}
	computers := map[jobmon.ComputerID]jobmon.Computer{}
	for _, pc := range snap.Computers {
		computers[pc.ID] = pc
	}
	ids := slices.SortedFunc(maps.Keys(rows), func(a, b jobmon.ComputerID) int {
		return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b))
	})
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("%s (%d)", jobmon.ComputerName(id, computers[id].Name), rows[id])
		if computers[id].Ghost {
			names[i] = fmt.Sprintf("%s (%d, ghost)", jobmon.ComputerName(id, computers[id].Name), rows[id])
		}
	}
	return Line{checkStuck, Warn, fmt.Sprintf("%s on %s, due for longer than %s and not finished, the oldest since "+
		"%s: %s",
		words.Count(total, "row"), words.Count(len(ids), "computer"), c.value("session.stuck").Text,
		oldest.Time().Format(time.DateOnly), words.Some(names, few)),
		"delete in DS those that nobody waits for; they are listed and hold no deployment open"}
}

// markers says whether jobs are named so that the screens get their stages, their files and their end.
func markers(snap *jobmon.Snapshot, rules *jobmon.Rules) []Line {
	line := Line{Check: checkMarkers, State: OK}
	if rules.Settings.Marker == "" {
		return append([]Line{{checkMarkers, Skip, "jobs.marker is empty: no job is one", ""}},
			skipped("no job is a marker", checkClosing)...)
	}
	names := map[jobmon.JobID]string{}
	var tagged, builds []string
	for _, job := range snap.Jobs {
		names[job.ID] = job.Name
		switch rules.Class(job.Name) {
		case jobmon.Marker:
			tagged = append(tagged, job.Name)
		case jobmon.BuildJob:
			builds = append(builds, job.Name)
		}
	}
	var next []string
	line.Found = words.Count(len(tagged), "marker")
	if len(tagged) == 0 {
		line.Found = "no job carries the tag of a marker, so no screen gets its file while the jobs run"
		next = append(next, "make jobs with (JM) in their names that refresh and copy the file, or set jobs.marker "+
			"to the tag in use")
	}
	switch {
	case len(builds) > 0:
		line.Found += ", build job " + words.Some(quoted(builds), few)
	case rules.Build != "":
		line.Found += ", no build job, which brings the monitor to a computer"
		next = append(next,
			`name that job so that jobs.build fits it ("0. Build Job Monitor"), or set jobs.build to its name`)
	}
	if line.Next = strings.Join(next, "; "); next != nil {
		line.State = Warn
	}
	if len(tagged) == 0 {
		return append([]Line{line}, skipped("no job is a marker", checkClosing)...)
	}
	return []Line{line, closing(deployments(snap.Rows, names, rules), tagged, rules)}
}

// closing looks for a marker that comes last, in the deployments that stand in the table or by its name.
func closing(deployments []deployment, tagged []string, rules *jobmon.Rules) Line {
	var ending, named []string
	closed := 0
	for _, d := range deployments {
		if d.closed {
			closed++
			ending = append(ending, d.last)
		}
	}
	for _, name := range tagged {
		if soundsClosing(rules.StageName(name)) {
			named = append(named, name)
		}
	}
	slices.Sort(ending)
	const noEnd = "; without a closing marker the end never reaches the screen"
	line := Line{checkClosing, Warn, "", `schedule a marker like "(JM) Ready" as the last job of every deployment`}
	switch {
	case closed > 0:
		return Line{checkClosing, OK, fmt.Sprintf("%s at the end of %d of %s in the table",
			words.Some(quoted(slices.Compact(ending)), few), closed, words.Count(len(deployments), "deployment")), ""}
	case len(deployments) > 0 && len(named) > 0:
		line.Found = fmt.Sprintf("%s exists, and ends 0 of %s in the table%s", words.Some(quoted(named), few),
			words.Count(len(deployments), "deployment"), noEnd)
	case len(deployments) > 0:
		line.Found = fmt.Sprintf("0 of %s in the table end with a marker%s",
			words.Count(len(deployments), "deployment"), noEnd)
	case len(named) > 0:
		return Line{checkClosing, OK, words.Some(quoted(named), few) +
			" exists; no deployment in the table shows whether it is used", ""}
	default:
		line.Found = "no marker is named like one" + noEnd
	}
	return line
}

// soundsClosing says whether a stage has the name of an end.
func soundsClosing(stage string) bool {
	stage = strings.ToLower(strings.Trim(stage, " .!"))
	first, _, _ := strings.Cut(stage, " ")
	return first == "ready" || slices.Contains([]string{"done", "finish", "finished", "complete", "completed"}, stage)
}

// deployment is a run of rows of one computer with a marker and a real job among them.
type deployment struct {
	last   string // name of the last job, build jobs aside
	closed bool   // it is a marker
}

// deployments takes the rows apart as far as the table alone allows: a computer's rows belong together when their times
// are no further apart than session.gap.
func deployments(rows []jobmon.Row, names map[jobmon.JobID]string, rules *jobmon.Rules) []deployment {
	byComputer := map[jobmon.ComputerID][]jobmon.Row{}
	for _, r := range rows {
		if r.Start != jobmon.NoStart && rules.Class(names[r.Job]) != jobmon.BuildJob {
			byComputer[r.Computer] = append(byComputer[r.Computer], r)
		}
	}
	var list []deployment
	for _, id := range slices.Sorted(maps.Keys(byComputer)) {
		chain := byComputer[id]
		slices.SortFunc(chain, func(a, b jobmon.Row) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start),
				cmp.Compare(a.ID, b.ID))
		})
		classes := map[jobmon.JobClass]int{}
		for i, r := range chain {
			class := rules.Class(names[r.Job])
			classes[class]++
			if i+1 < len(chain) && chain[i+1].Start-r.Start <= jobmon.WallTime(rules.Gap.Milliseconds()) {
				continue
			}
			if classes[jobmon.Marker] > 0 && classes[jobmon.RealJob] > 0 {
				list = append(list, deployment{last: names[r.Job], closed: class == jobmon.Marker})
			}
			clear(classes)
		}
	}
	return list
}

func quoted(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = `"` + name + `"`
	}
	return list
}
