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
	of := func(is func(*Record) value) func(*Record, bool) value {
		return func(r *Record, _ bool) value { return is(r) }
	}
	ofRow := func(is func(*Record) value) func(*Record, bool) value {
		return of(func(r *Record) value {
			if !r.event.Kind.OfRow() {
				return value{}
			}
			return is(r)
		})
	}
	flag := func(f jobmon.Flags) func(*Record, bool) value {
		return of(func(r *Record) value { return truth(r.has(f)) })
	}
	textOf := func(k jobmon.Kind) func(*Record, bool) value {
		return of(func(r *Record) value { return someText(r.textOf(k)) })
	}
	figure := func(is func(*jobmon.Event) int64, kinds ...jobmon.Kind) func(*Record, bool) value {
		return of(func(r *Record) value {
			if !slices.Contains(kinds, r.event.Kind) {
				return value{}
			}
			return someWhole(is(r.event))
		})
	}
	until := func(k jobmon.Kind) func(*Record, bool) value {
		return of(func(r *Record) value {
			if r.event.Kind != k || r.event.Until == 0 {
				return value{}
			}
			return safe(r.event.Until.String())
		})
	}
	return []field{
		{"seq", of(func(r *Record) value { return whole(r.event.Seq) })},
		{"time", func(r *Record, utc bool) value { return safe(r.date(utc)) }},
		{"utc_offset", of(func(r *Record) value { return safe(r.offsetText()) })},
		{"at", of(func(r *Record) value { return safe(r.event.At.String()) })},
		{"kind", of(func(r *Record) value { return safe(r.event.Kind.String()) })},
		{"computer_id", of(func(r *Record) value {
			if r.computer == nil {
				return value{}
			}
			return whole(r.event.Computer)
		})},
		{"computer", of(func(r *Record) value { return someText(r.computerName()) })},
		{"group", of(func(r *Record) value { return someText(r.group()) })},
		{"job_id", of(func(r *Record) value {
			if r.job == nil {
				return value{}
			}
			return whole(r.event.Job)
		})},
		{"job", of(func(r *Record) value { return someText(r.subject()) })},
		{"folder", of(func(r *Record) value { return someText(r.folder()) })},
		{"schedule_id", ofRow(func(r *Record) value { return whole(r.event.Schedule) })},
		{"start_time", ofRow(func(r *Record) value { return someSafe(r.startTime()) })},
		{"state", of(func(r *Record) value {
			if r.state == 0 {
				return value{}
			}
			return safe(r.state.String())
		})},
		{"took_s", of(func(r *Record) value { return someReal(r.took, r.length.Took) })},
		{"took_exact", of(func(r *Record) value {
			if !r.took {
				return value{}
			}
			return truth(r.length.Exact())
		})},
		{"took_at_most_s", of(func(r *Record) value { return someReal(r.length.Most > 0, r.length.Most) })},
		{"delta_s", of(func(r *Record) value { return someReal(r.told, r.delta) })},
		{"status_code", ofRow(func(r *Record) value {
			if !r.event.Status.Set {
				return value{}
			}
			return whole(r.event.Status.Code)
		})},
		{"code", of(func(r *Record) value { return someText(r.code()) })},
		{"what", of(func(r *Record) value { return text(r.what()) })},
		{"baseline", flag(jobmon.Baseline)},
		{"inferred", flag(jobmon.Inferred)},
		{"inexact", flag(jobmon.Inexact)},
		{"gone", flag(jobmon.Gone)},
		{"ghost", flag(jobmon.Ghost)},
		{"os_name", textOf(jobmon.KindComputer)},
		{"seconds", figure(func(e *jobmon.Event) int64 { return int64(e.Seconds) }, jobmon.KindExpected)},
		{"runs", figure(func(e *jobmon.Event) int64 { return int64(e.Count) }, jobmon.KindExpected)},
		{"checksum", of(func(r *Record) value {
			if r.event.Kind != jobmon.KindRefreshed {
				return value{}
			}
			return safe(fmt.Sprintf("%016x", r.event.Sum))
		})},
		{"version", textOf(jobmon.KindDaemonStarted)},
		{"projection", figure(func(e *jobmon.Event) int64 { return int64(e.Count) }, jobmon.KindDaemonStarted)},
		{"covered_until", until(jobmon.KindDaemonStarted)},
		{"since", until(jobmon.KindOverdue)},
		{"start_clock", of(func(r *Record) value { return someText(r.startClock()) })},
		{"reason", of(func(r *Record) value { return someText(r.reason()) })},
		{"settings", textOf(jobmon.KindConfigured)},
		{"step_ms", figure(func(e *jobmon.Event) int64 { return e.Step }, jobmon.KindClock)},
		{"from", figure(func(e *jobmon.Event) int64 { return int64(e.From) }, jobmon.KindSourceLost, jobmon.KindDamaged,
			jobmon.KindCut)},
		{"to", figure(func(e *jobmon.Event) int64 { return int64(e.To) }, jobmon.KindSourceLost, jobmon.KindDamaged,
			jobmon.KindCut)},
	}
}

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
