package configs

import (
	_ "embed"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Keys lists all keys, in the order of the example file. It is the one place that says what can be configured.
func Keys() []Key {
	d := jobmon.DefaultSettings()
	return explained(slices.Concat([]Key{
		path("data_dir", "folder"),
		freeText("site", 64),

		path("evt.dir", "folder"),
		yesNo("evt.takeover", false),
		path("evt.template", "file"),
		oneOf("evt.encoding", jobmon.Encodings()[0], jobmon.Encodings()),
		oneOf("evt.newline", jobmon.NewlineCRLF, []string{jobmon.NewlineCRLF, jobmon.NewlineLF}),

		accounts("endpoint.allow"),

		listenAddress("http.listen"),
		path("http.tls.cert", "file"),
		path("http.tls.key", "file"),
		tokens("http.tokens").live(),
		publicURL("http.public_url"),

		path("backup.dir", "folder"),
		durationOr("none", "backup.every", 0, time.Hour, 365*day),
		whole("backup.keep", 7, 1, 1000),

		keep("history.keep"),
	}, sourceKeys(d), columnKeys(), []Key{
		whole("simulator.computers", 8, 1, 10_000),
		number("simulator.speed", 1, 0.1, 10_000),
		seed("simulator.seed", 1),

		pattern("jobs.marker", d.Marker).live(),
		pattern("jobs.build", d.Build).live(),
		codes("jobs.success", d.Success).live(),

		oneOf("stages.markers", d.Markers, []string{"auto", "tagged", "all"}).live(),

		duration("session.gap", d.Gap, time.Minute, day).live(),
		duration("session.abandoned", d.Abandoned, time.Hour, 30*day).live(),
		duration("session.stuck", d.Stuck, time.Hour, 30*day).live(),
		duration("session.late", d.Late, time.Second, time.Hour).live(),

		duration("agent.away", d.AgentAway, time.Minute, day).live(),

		yesNo("names.hide", d.HideNames).live(),

		duration("monitor.quiet", d.Quiet, time.Minute, 7*day).live(),
		duration("monitor.settle", d.Settle, 0, 10*time.Minute).live(),

		oneOf("notices.language", "en", []string{"en", "de", "fr"}).live(),
	}, fleetKeys(), hubKeys(), []Key{
		oneOf("log.level", "info", []string{"trace", "debug", "info", "warn", "error"}).live(),
		oneOf("log.format", "auto", []string{"auto", "console", "json"}),
		path("log.file", "file"),
		whole("log.max_size", 20, 1, 10_000),
		whole("log.keep", 5, 1, 1000),
	}))
}

// sourceKeys are the keys of what is watched.
func sourceKeys(d jobmon.Settings) []Key {
	return []Key{
		oneOf("source.kind", "", []string{KindSQLServer, KindSimulator, KindRecording}),
		dsn("source.dsn"),
		serverName("source.server"),
		freeText("source.database", 128),
		freeText("source.user", 128),
		password("source.password"),
		path("source.password_file", "file"),
		oneOf("source.tls.encrypt", "", []string{"strict", "true", "false", "disable"}),
		yesNo("source.tls.trust", false),
		path("source.tls.ca", "file"),
		freeText("source.tls.host_name", 255),
		oneOf("source.tls.min", "1.2", []string{"1.0", "1.1", "1.2", "1.3"}),
		path("source.recording", "file"),
		duration("source.poll_interval", d.PollInterval, 250*time.Millisecond, time.Hour).live(),
		duration("source.reconcile", 5*time.Minute, 10*time.Second, day).live(),
		duration("source.timeout", 15*time.Second, time.Second, 10*time.Minute),
		duration("source.lock_timeout", 2*time.Second, 100*time.Millisecond, time.Minute),
		zone("source.start_time_zone").live(),
		tableName("source.tables.event_schedule", "event_schedule"),
		tableName("source.tables.event", "event"),
		tableName("source.tables.event_folder", "event_folder"),
		tableName("source.tables.computer", "computer"),
		tableName("source.tables.computer_group", "computer_group"),
		tableName("source.tables.sessions", "sessions"),
	}
}

// places are where Config keeps the values of keys, by the tags of its fields.
var places = sync.OnceValue(func() map[string][]int {
	found := map[string][]int{}
	var visit func(t reflect.Type, above []int)
	visit = func(t reflect.Type, above []int) {
		for f := range t.Fields() {
			at := append(slices.Clone(above), f.Index...)
			if name := f.Tag.Get("key"); name != "" {
				found[name] = at
			} else if f.Type.Kind() == reflect.Struct {
				visit(f.Type, at)
			}
		}
	}
	visit(reflect.TypeFor[Config](), nil)
	return found
})

// newKey makes a key of a way to read its values and to write them. Config has a field of that type with the key's tag.
func newKey[T any](name, typ string, def T, parse func(string) (T, error), write func(T) string) Key {
	place := places()[name]
	at := func(c *Config) *T { return reflect.ValueOf(c).Elem().FieldByIndex(place).Addr().Interface().(*T) }
	return keyAt(name, typ, def, at, at, parse, write)
}

// keyAt is newKey for a value that stands elsewhere: in reads it, and out is where it is put.
func keyAt[T any](name, typ string, def T, in, out func(*Config) *T, parse func(string) (T, error),
	write func(T) string) Key {
	return Key{
		Name: name, Type: typ, Default: write(def),
		parse: func(c *Config, text string) error {
			v, err := parse(text)
			if err == nil {
				*out(c) = v
			}
			return err
		},
		text:  func(c *Config) string { return write(*in(c)) },
		equal: func(a, b *Config) bool { return reflect.DeepEqual(*in(a), *in(b)) },
	}
}

// live says that a running daemon takes a new value at once.
func (k Key) live() Key {
	k.Live = true
	return k
}

// columnKeys are the keys that rename columns of the DS tables (docs/ds-database.md).
func columnKeys() (keys []Key) {
	for _, column := range []string{
		"event_schedule.schedule_id", "event_schedule.event_id", "event_schedule.computer_id",
		"event_schedule.status_code",
		"event_schedule.start_time", "event.event_id", "event.name", "event.folder_id", "event_folder.folder_id",
		"event_folder.name", "event_folder.parent_id", "computer.computer_id", "computer.name",
		"computer.computer_name",
		"computer.group_id", "computer_group.group_id", "computer_group.name", "sessions.computer_id",
	} {
		keys = append(keys, columnName(column))
	}
	return keys
}

//go:embed help.txt
var helpText string

// help is what help.txt says of each key: sentences, and behind "Default: " the default in words.
var help = sync.OnceValue(func() map[string]string {
	texts, name := map[string]string{}, ""
	for line := range strings.Lines(helpText) {
		if text, indented := strings.CutPrefix(line, "    "); indented {
			texts[name] += " " + strings.TrimSpace(text)
		} else {
			name = strings.TrimSpace(line)
		}
	}
	return texts
})

func explained(keys []Key) []Key {
	for i := range keys {
		keys[i].Help, keys[i].DefaultIs, _ = strings.Cut(strings.TrimSpace(help()[keys[i].Name]), " Default: ")
	}
	return keys
}
