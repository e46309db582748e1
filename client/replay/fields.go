package replay

import (
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// field is one thing that can be told of an event.
type field struct {
	name  string
	value func(r *Record, utc bool) any // nil for nothing; a string, number or bool
}

// fields are all of them, in the order in which they are listed.
func fields() []field {
	of := func(value func(*Record) any) func(*Record, bool) any {
		return func(r *Record, _ bool) any { return value(r) }
	}
	return []field{
		{"seq", of(func(r *Record) any { return r.Seq })},
		{"time", func(r *Record, utc bool) any { return r.local(utc).Format(time.DateTime) }},
		{"utc_offset", of(func(r *Record) any { return r.UTCOffset })},
		{"at", of(func(r *Record) any { return r.At })},
		{"kind", of(func(r *Record) any { return r.Kind })},
		{"computer_id", of(func(r *Record) any { return orNil(r.ComputerID) })},
		{"computer", of(func(r *Record) any { return orNil(r.Computer) })},
		{"group", of(func(r *Record) any { return unless(r.Group, "") })},
		{"job_id", of(func(r *Record) any { return orNil(r.JobID) })},
		{"job", of(func(r *Record) any { return unless(r.subject(), "") })},
		{"folder", of(func(r *Record) any { return unless(r.Folder, "") })},
		{"schedule_id", of(func(r *Record) any { return orNil(r.ScheduleID) })},
		{"start_time", of(func(r *Record) any { return orNil(r.StartTime) })},
		{"state", of(func(r *Record) any { return unless(r.State, "") })},
		{"took_s", of(func(r *Record) any { return orNil(r.TookS) })},
		{"took_exact", of(func(r *Record) any {
			if r.TookS == nil {
				return nil
			}
			return r.TookExact
		})},
		{"took_at_most_s", of(func(r *Record) any { return orNil(r.TookMostS) })},
		{"delta_s", of(func(r *Record) any {
			if r.delta == nil {
				return nil
			}
			return r.delta.Seconds()
		})},
		{"status_code", of(func(r *Record) any { return orNil(r.StatusCode) })},
		{"code", of(func(r *Record) any { return unless(r.code(), "") })},
		{"what", of(func(r *Record) any { return r.what() })},
		{"baseline", of(func(r *Record) any { return r.Baseline })},
		{"inferred", of(func(r *Record) any { return r.Inferred })},
		{"inexact", of(func(r *Record) any { return r.Inexact })},
		{"gone", of(func(r *Record) any { return r.Gone })},
		{"ghost", of(func(r *Record) any { return r.Ghost })},
		{"os_name", of(func(r *Record) any { return unless(r.OSName, "") })},
		{"seconds", of(func(r *Record) any { return unless(r.Seconds, 0) })},
		{"runs", of(func(r *Record) any { return unless(r.Runs, 0) })},
		{"checksum", of(func(r *Record) any { return unless(r.Checksum, "") })},
		{"version", of(func(r *Record) any { return unless(r.Version, "") })},
		{"projection", of(func(r *Record) any { return unless(r.Projection, 0) })},
		{"covered_until", of(func(r *Record) any { return unless(r.Until, "") })},
		{"since", of(func(r *Record) any { return unless(r.Since, "") })},
		{"start_clock", of(func(r *Record) any { return unless(r.StartClock, "") })},
		{"reason", of(func(r *Record) any { return unless(r.Reason, "") })},
		{"settings", of(func(r *Record) any { return unless(r.Settings, "") })},
		{"step_ms", of(func(r *Record) any { return unless(r.StepMS, 0) })},
		{"from", of(func(r *Record) any { return unless(r.From, 0) })},
		{"to", of(func(r *Record) any { return unless(r.To, 0) })},
	}
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func unless[T comparable](v, none T) any {
	if v == none {
		return nil
	}
	return v
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
	for _, name := range strings.FieldsFunc(strings.Join(names, ","), func(c rune) bool { return c == ',' || c == ' ' }) {
		i := slices.IndexFunc(all, func(f field) bool { return strings.EqualFold(f.name, name) })
		if i < 0 {
			return nil, mistake("--fields %q: there are %s", name, strings.Join(Fields(), ", "))
		}
		list = append(list, all[i])
	}
	return list, nil
}

// object tells those fields as one JSON object, in their order.
func object(list []field, r *Record, utc bool) ([]byte, error) {
	text := []byte{'{'}
	for i, f := range list {
		if i > 0 {
			text = append(text, ',')
		}
		value, err := marshal(f.value(r, utc))
		if err != nil {
			return nil, err
		}
		text = append(append(append(append(text, '"'), f.name...), '"', ':'), value...)
	}
	return append(text, '}'), nil
}

func marshal(v any) ([]byte, error) {
	var b strings.Builder
	encoder := plain.NewEncoder(&b)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}
