package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// field is one thing that can be told of an event.
type field struct {
	name  string
	value func(r *Record, utc bool) value
}

// fields are all of them, in the order in which they are listed.
func fields() []field {
	of := func(name string, is func(*Record, *jobmon.Event) value) field {
		return field{name, func(r *Record, _ bool) value { return is(r, r.event) }}
	}
	return slices.Concat([]field{
		of("seq", func(_ *Record, e *jobmon.Event) value { return whole(e.Seq) }),
		{"time", func(r *Record, utc bool) value { return safe(r.date(utc)) }},
		of("utc_offset", func(r *Record, _ *jobmon.Event) value { return safe(r.offsetText()) }),
		of("at", func(_ *Record, e *jobmon.Event) value { return safe(e.At.String()) }),
		of("site", func(r *Record, _ *jobmon.Event) value { return someText(r.site) }),
		of("kind", func(_ *Record, e *jobmon.Event) value { return safe(e.Kind.String()) }),
		of("computer_id", func(r *Record, e *jobmon.Event) value { return when(r.computer != nil, whole(e.Computer)) }),
		of("computer", func(r *Record, _ *jobmon.Event) value { return someText(r.computerName()) }),
		of("group", func(r *Record, _ *jobmon.Event) value { return someText(r.group()) }),
		of("job_id", func(r *Record, e *jobmon.Event) value { return when(r.job != nil, whole(e.Job)) }),
		of("job", func(r *Record, _ *jobmon.Event) value { return someText(r.subject()) }),
		of("folder", func(r *Record, _ *jobmon.Event) value { return someText(r.folder()) }),
		of("schedule_id", func(_ *Record, e *jobmon.Event) value { return when(e.Kind.OfRow(), whole(e.Schedule)) }),
		of("start_time", func(r *Record, _ *jobmon.Event) value { return someText(r.startTime()) }),
		of("state", func(r *Record, _ *jobmon.Event) value { return when(r.state != 0, safe(r.state.String())) }),
		of("took_s", func(r *Record, _ *jobmon.Event) value { return when(r.took, inSeconds(r.length.Took)) }),
		of("took_exact", func(r *Record, _ *jobmon.Event) value { return when(r.took, truth(r.length.Exact())) }),
		of("took_at_most_s", func(r *Record, _ *jobmon.Event) value {
			return when(r.length.Most > 0, inSeconds(r.length.Most))
		}),
		of("delta_s", func(r *Record, _ *jobmon.Event) value { return when(r.told, inSeconds(r.delta)) }),
		of("status_code", func(_ *Record, e *jobmon.Event) value { return when(e.Status.Set, whole(e.Status.Code)) }),
		of("code", func(r *Record, _ *jobmon.Event) value { return someText(r.code()) }),
		of("what", func(r *Record, _ *jobmon.Event) value { return text(r.what()) }),
		of("baseline", func(r *Record, _ *jobmon.Event) value { return truth(r.has(jobmon.Baseline)) }),
		of("inferred", func(r *Record, _ *jobmon.Event) value { return truth(r.has(jobmon.Inferred)) }),
		of("inexact", func(r *Record, _ *jobmon.Event) value { return truth(r.has(jobmon.Inexact)) }),
		of("gone", func(r *Record, _ *jobmon.Event) value { return truth(r.has(jobmon.Gone)) }),
		of("ghost", func(r *Record, _ *jobmon.Event) value { return truth(r.has(jobmon.Ghost)) }),
	}, details())
}

// details are the fields that only events of some kinds have.
func details() []field {
	of := func(name string, is func(*jobmon.Event) value, kinds ...jobmon.Kind) field {
		return field{name, func(r *Record, _ bool) value {
			if !slices.Contains(kinds, r.event.Kind) {
				return value{}
			}
			return is(r.event)
		}}
	}
	said := func(e *jobmon.Event) value { return someText(e.Text) }
	until := func(e *jobmon.Event) value { return when(e.Until != 0, safe(e.Until.String())) }
	count := func(e *jobmon.Event) value { return someWhole(e.Count) }
	return []field{
		of("os_name", said, jobmon.KindComputer),
		of("seconds", func(e *jobmon.Event) value { return someWhole(e.Seconds) }, jobmon.KindExpected),
		of("runs", count, jobmon.KindExpected),
		of("checksum", func(e *jobmon.Event) value { return safe(fmt.Sprintf("%016x", e.Sum)) }, jobmon.KindRefreshed),
		of("version", said, jobmon.KindDaemonStarted),
		of("projection", count, jobmon.KindDaemonStarted),
		of("covered_until", until, jobmon.KindDaemonStarted),
		of("since", until, jobmon.KindOverdue),
		{"start_clock", func(r *Record, _ bool) value { return someText(r.startClock()) }},
		{"reason", func(r *Record, _ bool) value { return someText(r.reason()) }},
		of("settings", said, jobmon.KindConfigured),
		of("step_ms", func(e *jobmon.Event) value { return someWhole(e.Step) }, jobmon.KindClock),
		of("from", func(e *jobmon.Event) value { return someWhole(e.From) }, lostOrCut...),
		of("to", func(e *jobmon.Event) value { return someWhole(e.To) }, lostOrCut...),
	}
}

// lostOrCut are the kinds that say which events are no longer there.
var lostOrCut = []jobmon.Kind{jobmon.KindDamaged, jobmon.KindCut}

// Fields lists what --fields knows.
func Fields() []string {
	var names []string
	for _, f := range fields() {
		names = append(names, f.name)
	}
	return names
}

// chosen are the fields of those names, which can be lists with commas.
func chosen(names []string) ([]field, error) {
	all := fields()
	var list []field
	between := func(c rune) bool { return c == ',' || c == ' ' }
	for _, name := range strings.FieldsFunc(strings.Join(names, ","), between) {
		i := slices.IndexFunc(all, func(f field) bool { return strings.EqualFold(f.name, name) })
		if i < 0 {
			return nil, mistake("invalid --fields %q; use one of: %s", name, strings.Join(Fields(), ", "))
		}
		list = append(list, all[i])
	}
	return list, nil
}
