package replay

import (
	"slices"
	"strings"
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
	return []field{
		{"seq", of(func(r *Record) value { return whole(r.Seq) })},
		{"time", func(r *Record, utc bool) value { return safe(r.date(utc)) }},
		{"utc_offset", of(func(r *Record) value { return safe(r.UTCOffset) })},
		{"at", of(func(r *Record) value { return safe(r.At) })},
		{"kind", of(func(r *Record) value { return safe(r.Kind) })},
		{"computer_id", of(func(r *Record) value { return wholeOf(r.ComputerID) })},
		{"computer", of(func(r *Record) value { return textOf(r.Computer) })},
		{"group", of(func(r *Record) value { return someText(r.Group) })},
		{"job_id", of(func(r *Record) value { return wholeOf(r.JobID) })},
		{"job", of(func(r *Record) value { return someText(r.subject()) })},
		{"folder", of(func(r *Record) value { return someText(r.Folder) })},
		{"schedule_id", of(func(r *Record) value { return wholeOf(r.ScheduleID) })},
		{"start_time", of(func(r *Record) value { return someSafe(r.startTime) })},
		{"state", of(func(r *Record) value { return someSafe(r.State) })},
		{"took_s", of(func(r *Record) value { return realOf(r.TookS) })},
		{"took_exact", of(func(r *Record) value {
			if r.TookS == nil {
				return value{}
			}
			return truth(r.TookExact)
		})},
		{"took_at_most_s", of(func(r *Record) value { return realOf(r.TookMostS) })},
		{"delta_s", of(func(r *Record) value {
			if r.delta == nil {
				return value{}
			}
			return value{isReal, "", 0, r.delta.Seconds()}
		})},
		{"status_code", of(func(r *Record) value { return wholeOf(r.StatusCode) })},
		{"code", of(func(r *Record) value { return someText(r.code()) })},
		{"what", of(func(r *Record) value { return text(r.what()) })},
		{"baseline", of(func(r *Record) value { return truth(r.Baseline) })},
		{"inferred", of(func(r *Record) value { return truth(r.Inferred) })},
		{"inexact", of(func(r *Record) value { return truth(r.Inexact) })},
		{"gone", of(func(r *Record) value { return truth(r.Gone) })},
		{"ghost", of(func(r *Record) value { return truth(r.Ghost) })},
		{"os_name", of(func(r *Record) value { return someText(r.OSName) })},
		{"seconds", of(func(r *Record) value { return someWhole(r.Seconds) })},
		{"runs", of(func(r *Record) value { return someWhole(r.Runs) })},
		{"checksum", of(func(r *Record) value { return someText(r.Checksum) })},
		{"version", of(func(r *Record) value { return someText(r.Version) })},
		{"projection", of(func(r *Record) value { return someWhole(r.Projection) })},
		{"covered_until", of(func(r *Record) value { return someText(r.Until) })},
		{"since", of(func(r *Record) value { return someText(r.Since) })},
		{"start_clock", of(func(r *Record) value { return someText(r.StartClock) })},
		{"reason", of(func(r *Record) value { return someText(r.Reason) })},
		{"settings", of(func(r *Record) value { return someText(r.Settings) })},
		{"step_ms", of(func(r *Record) value { return someWhole(r.StepMS) })},
		{"from", of(func(r *Record) value { return someWhole(r.From) })},
		{"to", of(func(r *Record) value { return someWhole(r.To) })},
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
