package configs_test

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// abs is a path that is absolute on this system.
func abs(t *testing.T, name string) string {
	t.Helper()
	full, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// sample is a value of a key that is not its default, and one that is not allowed ("" where all are).
type sample struct {
	yaml, text, bad string
	// shown is what `config show` says of text, when it is not text.
	shown string
	// with is the environment that it needs to make sense.
	with []string
}

// someKey is a public key of a user.
const someKey = "UBYVDSBYUVU6SYQTMOSGDHKHUZPEHLDBXK2DJTBCP2MUX2SL2RES25ON"

func samples(t *testing.T) map[string]sample {
	dir := abs(t, "somewhere")
	one := func(text, bad string, with ...string) sample {
		return sample{yaml: text, text: text, bad: bad, with: with}
	}
	const server, user, long = "JOBMON_SOURCE_SERVER=ds", "JOBMON_SOURCE_USER=reader", 300
	list := map[string]sample{
		"data_dir":        one(dir, "%ProgramData%"),
		"site":            one("DS-TOKYO", strings.Repeat("x", 65)),
		"evt.dir":         one(dir, "$HOME/evt"),
		"evt.takeover":    one("true", "maybe"),
		"evt.template":    one(dir, "%ProgramData%\\x"),
		"evt.encoding":    one("windows-1252", "ebcdic", "JOBMON_EVT_TEMPLATE="+dir),
		"evt.newline":     one("lf", "cr", "JOBMON_EVT_TEMPLATE="+dir),
		"source.kind":     one("recording", "oracle", "JOBMON_SOURCE_RECORDING="+dir),
		"source.server":   one(`np:ds\ALTIRIS`, "ds 01"),
		"source.database": one("Altiris DB", strings.Repeat("x", long), server),
		"source.user":     one(`EXAMPLE\ds`, strings.Repeat("x", long), server),
		"source.password": {yaml: "' ge\\heim; '", text: ` ge\heim; `, shown: "(hidden)",
			with: []string{server, user}},
		"source.password_file": one(dir, "%ProgramData%\\x", server, user),
		"source.tls.encrypt":   one("strict", "perhaps"),
		"source.tls.trust":     one("true", "2"),
		"source.tls.ca":        one(dir, "$HOME/ca.pem"),
		"source.tls.host_name": one("ds.example.com", strings.Repeat("x", long)),
		"source.tls.min":       one("1.0", "1.4"),
		"source.recording":     one(dir, "${HOME}"),
		"source.reconcile":     one("10s", "9s"),
		"source.dsn": {yaml: "'server=ds;user id=sa;password=geheim'",
			text: "server=ds;user id=sa;password=geheim", shown: "(hidden) server=ds"},
		"source.poll_interval":         one("250ms", "249ms"),
		"source.start_time_zone":       one("Europe/Berlin", "Europe/Berlim"),
		"agent.away":                   one("20m", "59s"),
		"source.timeout":               one("1m30s", "15"),
		"source.lock_timeout":          one("1s", "-1s"),
		"source.tables.event_schedule": one("dbo.event_schedule", "event_schedule; DROP TABLE event"),
		"source.tables.event":          {yaml: "'[my jobs].event'", text: "[my jobs].event", bad: "[a]b]"},
		"source.tables.event_folder":   {yaml: "'[a]]b].[x.y]'", text: "[a]]b].[x.y]", bad: "a.b.c"},
		"source.tables.computer":       one("computer2", "computer."),
		"source.tables.computer_group": one("_group", "'group'"),
		"source.tables.sessions":       one("v_sessions", ".sessions"),
		"simulator.computers":          one("50", "0"),
		"simulator.speed":              one("0.5", "NaN"),
		"simulator.seed":               one("18446744073709551615", "-1"),
		"jobs.marker":                  {yaml: `'^\[M\]'`, text: `^\[M\]`, bad: `(JM`},
		"jobs.build":                   {yaml: `"^Build$"`, text: `^Build$`, bad: `*`},
		"endpoint.allow":               {yaml: `['EXAMPLE\ds', S-1-5-20]`, text: `EXAMPLE\ds, S-1-5-20`, bad: " , "},
		"http.listen":                  one("127.0.0.1:8080", "ds01:8080"),
		"http.tls.cert":                one(dir, "%TEMP%\\c.pem"),
		"http.tls.key":                 one(dir, "$HOME/k.pem"),
		"http.tokens": {yaml: "[hall-3 screen " + strings.Repeat("0a", 32) + "]",
			text: "hall-3 screen " + strings.Repeat("0a", 32), bad: strings.Repeat("0a", 31)},
		"http.public_url":   one("https://ds01.example.com:8443", "ds01.example.com", "JOBMON_HTTP_LISTEN=127.0.0.1:0"),
		"backup.dir":        one(dir, "%TEMP%"),
		"backup.every":      one("24h", "never", "JOBMON_BACKUP_DIR="+dir),
		"backup.keep":       one("30", "0"),
		"history.keep":      one("365d", "30d"),
		"jobs.success":      {yaml: "[3010, 0]", text: "0, 3010", bad: "0, -1"},
		"stages.markers":    one("tagged", "none"),
		"session.gap":       one("45m", "25h"),
		"session.abandoned": one("24h", "59m"),
		"session.stuck":     one("6h", "59m"),
		"session.late":      one("2m", "0s"),
		"names.hide":        one("true", "2"),
		"monitor.quiet":     one("1h30m", "1s"),
		"monitor.settle":    one("0s", "-1s"),
		"notices.language":  one("de", "es"),
		"fleet.site":        one("DS-01_b", "DS 01"),
		"fleet.nats": {yaml: "[tls://hub:4222, 'nats://[::1]:4223']", text: "tls://hub:4222, nats://[::1]:4223",
			bad: "hub 4222", with: []string{"JOBMON_FLEET_SITE=DS01"}},
		"fleet.credentials": one(dir, "%TEMP%\\x.nk"),
		"fleet.tls.ca":      one(dir, "$HOME/ca.pem"),
		"fleet.tls.cert":    one(dir, "%TEMP%\\c.pem", "JOBMON_FLEET_TLS_KEY="+dir),
		"fleet.tls.key":     one(dir, "$HOME/k.pem", "JOBMON_FLEET_TLS_CERT="+dir),
		"fleet.domain":      one("hub", "hub.>"),
		"fleet.notices":     one("hub", "both", "JOBMON_FLEET_NATS=nats://hub:4222", "JOBMON_FLEET_SITE=DS01"),
		"hub.nats":          one("embedded", "hub 4222", "JOBMON_HUB_LISTEN=127.0.0.1:4222"),
		"hub.listen":        one("127.0.0.1:4222", "hub:4222"),
		"hub.credentials":   one(dir, "%TEMP%\\x.nk"),
		"hub.tls.ca":        one(dir, "$HOME/ca.pem"),
		"hub.tls.cert":      one(dir, "%TEMP%\\c.pem", "JOBMON_HUB_TLS_KEY="+dir),
		"hub.tls.key":       one(dir, "$HOME/k.pem", "JOBMON_HUB_TLS_CERT="+dir),
		"hub.domain":        one("hub", "hub.>"),
		"hub.sites": {yaml: "[DS01 " + someKey + "]", text: "DS01 " + someKey,
			bad: "DS01 U" + someKey[2:] + "A"},
		"hub.keep":     one("60d", "23h"),
		"hub.gap_wait": one("24h", "59s"),
		"log.level":    one("debug", "loud"),
		"log.format":   one("json", "xml"),
		"log.file":     one(dir, "%TEMP%\\x.log"),
		"log.max_size": one("1", "0"),
		"log.keep":     one("30", "0"),
	}
	for _, k := range configs.Keys() {
		if strings.HasPrefix(k.Name, "source.columns.") {
			list[k.Name] = sample{yaml: "'[my ]].column]'", text: "[my ]].column]", bad: "dbo." + k.Default}
		}
	}
	return list
}

// source is one way to give a key.
type source struct {
	name  string
	give  func(t *testing.T, k configs.Key, text, yaml string) configs.LoadOptions
	layer configs.Layer
}

func sources() []source {
	return []source{
		{"file", func(t *testing.T, k configs.Key, _, yaml string) configs.LoadOptions {
			return configs.LoadOptions{File: write(t, nested(k.Name, yaml))}
		}, configs.FromFile},
		{"file, key with dots", func(t *testing.T, k configs.Key, _, yaml string) configs.LoadOptions {
			return configs.LoadOptions{File: write(t, k.Name+": "+yaml)}
		}, configs.FromFile},
		{"environment", func(_ *testing.T, k configs.Key, text, _ string) configs.LoadOptions {
			return configs.LoadOptions{Env: []string{k.Env() + "=" + text}}
		}, configs.FromEnvironment},
		{"flag", func(t *testing.T, k configs.Key, text, _ string) configs.LoadOptions {
			return configs.LoadOptions{Flags: flags(t, "--"+k.Flag()+"="+text)}
		}, configs.FromFlag},
	}
}

// nested writes a key as the example file does.
func nested(key, value string) string {
	var b strings.Builder
	indent := ""
	parts := strings.Split(key, ".")
	for _, section := range parts[:len(parts)-1] {
		b.WriteString(indent + section + ":\n")
		indent += "  "
	}
	return b.String() + indent + parts[len(parts)-1] + ": " + value + "\n"
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jobmon-db.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	configs.AddFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return set
}

// load loads without looking at this machine's own file.
func load(o configs.LoadOptions) (*configs.Config, error) {
	if o.Places == nil {
		o.Places = []string{}
	}
	return configs.Load(o)
}

func mustLoad(t *testing.T, o configs.LoadOptions) *configs.Config {
	t.Helper()
	c, err := load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problems loads what must fail and returns what is wrong.
func problems(t *testing.T, o configs.LoadOptions) []configs.Problem {
	t.Helper()
	c, err := load(o)
	var wrong *configs.Error
	if !errors.As(err, &wrong) || c != nil {
		t.Fatalf("Load = %v, %v; want a list of problems", c, err)
	}
	return wrong.Problems
}

func value(t *testing.T, c *configs.Config, key string) configs.Value {
	t.Helper()
	i := slices.IndexFunc(c.Values(), func(v configs.Value) bool { return v.Key == key })
	if i < 0 {
		t.Fatalf("%s is not among the values", key)
	}
	return c.Values()[i]
}

func TestEveryKeyHasASample(t *testing.T) {
	var keys []string
	for _, k := range configs.Keys() {
		keys = append(keys, k.Name)
	}
	slices.Sort(keys)
	if got := slices.Sorted(maps.Keys(samples(t))); !slices.Equal(got, keys) {
		t.Errorf("samples for %q\nkeys are    %q", got, keys)
	}
}

// Every key, given in every way, changes the configuration, is shown with its value and says where it came from.
func TestEveryKeyInEveryWay(t *testing.T) {
	follows := map[string][]string{"data_dir": {"evt.dir"}, "source.dsn": {"source.kind"},
		"source.server": {"source.kind", "source.database"}}
	for _, from := range sources() {
		t.Run(from.name, func(t *testing.T) {
			for _, k := range configs.Keys() {
				s := samples(t)[k.Name]
				defaults := mustLoad(t, configs.LoadOptions{Env: s.with})
				o := from.give(t, k, s.text, s.yaml)
				o.Env = append(o.Env, s.with...)
				c := mustLoad(t, o)
				v := value(t, c, k.Name)
				if want := cmp.Or(s.shown, s.text); v.Text != want {
					t.Errorf("%s is %q; want %q", k.Name, v.Text, want)
				}
				if v.Origin.Layer != from.layer {
					t.Errorf("%s came from %v; want %v", k.Name, v.Origin, from.layer)
				}
				want := configs.Origin{Layer: from.layer}
				switch from.layer {
				case configs.FromFile:
					want.Name, want.Line = o.File, 1+strings.Count(nested(k.Name, ""), "\n")-1
					if strings.Contains(from.name, "dots") {
						want.Line = 1
					}
				case configs.FromEnvironment:
					want.Name = k.Env()
				case configs.FromFlag:
					want.Name = "--" + k.Flag()
				}
				if v.Origin != want {
					t.Errorf("%s came from %+v; want %+v", k.Name, v.Origin, want)
				}
				for i, other := range c.Values() {
					if other.Key != k.Name && !slices.Contains(follows[k.Name], other.Key) &&
						other != defaults.Values()[i] {
						t.Errorf("%s also changed %s from %q to %q", k.Name, other.Key, defaults.Values()[i].Text,
							other.Text)
					}
				}
				// The typed value changed as well, whatever the shown one says.
				if reflect.DeepEqual(withoutValues(c), withoutValues(defaults)) {
					t.Errorf("%s changed nothing", k.Name)
				}
			}
		})
	}
}

// withoutValues is the typed part of a configuration.
func withoutValues(c *configs.Config) map[string]any {
	fields := map[string]any{}
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fields[f.Name] = v.Field(i).Interface()
		}
	}
	return fields
}

// Every bad value, given in every way, is named with its key, its value, its place and what is allowed.
func TestEveryBadValueInEveryWay(t *testing.T) {
	for _, from := range sources() {
		t.Run(from.name, func(t *testing.T) {
			for _, k := range configs.Keys() {
				bad := samples(t)[k.Name].bad
				if bad == "" {
					continue
				}
				o := from.give(t, k, bad, "'"+strings.ReplaceAll(bad, "'", "''")+"'")
				o.Env = append(o.Env, samples(t)[k.Name].with...)
				wrong := problems(t, o)
				if len(wrong) != 1 {
					t.Errorf("%s=%s: %d problems: %v", k.Name, bad, len(wrong), wrong)
					continue
				}
				p := wrong[0]
				if p.Key != k.Name || p.Value != bad || p.Origin.Layer != from.layer ||
					!strings.Contains(p.Reason, k.Allowed) {
					t.Errorf("%s=%s: %+v", k.Name, bad, p)
				}
			}
		})
	}
}

func TestNamesAreOneToOne(t *testing.T) {
	names := map[string]string{}
	for _, k := range configs.Keys() {
		for _, name := range []string{k.Env(), "--" + k.Flag()} {
			if other, taken := names[name]; taken {
				t.Errorf("%s is the name of %s and of %s", name, other, k.Name)
			}
			names[name] = k.Name
		}
		if k.Help == "" || k.Allowed == "" || (k.Default == "") == (k.DefaultIs == "") {
			t.Errorf("%s lacks its help, what is allowed, or its default: %+v", k.Name, k)
		}
	}
	// Others script against these.
	for name, key := range map[string]string{
		"JOBMON_DATA_DIR": "data_dir", "JOBMON_EVT_DIR": "evt.dir", "JOBMON_SOURCE_KIND": "source.kind",
		"JOBMON_SOURCE_DSN": "source.dsn", "JOBMON_SOURCE_POLL_INTERVAL": "source.poll_interval",
		"--data-dir": "data_dir", "--evt-dir": "evt.dir", "--source-poll-interval": "source.poll_interval",
	} {
		if names[name] != key {
			t.Errorf("%s gives %q; want %q", name, names[name], key)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := write(t, "source:\n  poll_interval: 11s\n  timeout: 12s\nmonitor: {settle: 13s}\n")
	env := []string{"JOBMON_SOURCE_POLL_INTERVAL=21s", "JOBMON_SOURCE_TIMEOUT=22s", "PATH=/bin",
		"JOBMON_TEST_SQLSERVER=sqlserver://x", "JOBMON_SITE="}
	c := mustLoad(t, configs.LoadOptions{File: file, Env: env, Flags: flags(t, "--source-poll-interval", "31s",
		"--evt-takeover")})
	for key, want := range map[string]configs.Value{
		"source.poll_interval": {Text: "31s", Origin: configs.Origin{Layer: configs.FromFlag,
			Name: "--source-poll-interval"}},
		"source.timeout": {Text: "22s", Origin: configs.Origin{Layer: configs.FromEnvironment,
			Name: "JOBMON_SOURCE_TIMEOUT"}},
		"monitor.settle": {Text: "13s", Origin: configs.Origin{Layer: configs.FromFile, Name: file, Line: 4}},
		"monitor.quiet":  {Text: "1h", Origin: configs.Origin{Layer: configs.FromDefault}},
		"evt.takeover":   {Text: "true", Origin: configs.Origin{Layer: configs.FromFlag, Name: "--evt-takeover"}},
	} {
		want.Key = key
		if got := value(t, c, key); got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	if c.Source.PollInterval != 31*time.Second || !c.Evt.Takeover {
		t.Errorf("%+v", c)
	}
}

func TestDefaults(t *testing.T) {
	c := mustLoad(t, configs.LoadOptions{})
	want := jobmon.DefaultSettings()
	want.Site = c.Site
	if got := c.Settings(); !reflect.DeepEqual(got, want) {
		t.Errorf("settings %+v\nwant     %+v", got, want)
	}
	host, _ := os.Hostname()
	if c.Site != host || c.Evt.Dir != filepath.Join(c.DataDir, "evt") || c.Source.Kind != "" {
		t.Errorf("%+v", c)
	}
	if _, err := jobmon.NewRules(c.Settings()); err != nil {
		t.Error(err)
	}
}

// Every setting of the projection can be configured: none is left at its zero value or at its default.
func TestSettingsFollowTheConfiguration(t *testing.T) {
	var env []string
	contradicting := []string{"source.dsn", "source.password_file", "source.tls.trust"}
	for _, k := range configs.Keys() {
		if !slices.Contains(contradicting, k.Name) {
			env = append(env, k.Env()+"="+samples(t)[k.Name].text)
		}
	}
	got, defaults := reflect.ValueOf(mustLoad(t, configs.LoadOptions{Env: env}).Settings()),
		reflect.ValueOf(jobmon.DefaultSettings())
	for i := range got.NumField() {
		if got.Type().Field(i).Name == "Form" { // it stands in a file of its own
			continue
		}
		if reflect.DeepEqual(got.Field(i).Interface(), defaults.Field(i).Interface()) {
			t.Errorf("%s is still %v", got.Type().Field(i).Name, got.Field(i))
		}
	}
}

func TestKindFollowsDSN(t *testing.T) {
	c := mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_DSN=server=ds"}})
	if c.Source.Kind != configs.KindSQLServer || c.Source.DSN.Reveal() != "server=ds" {
		t.Errorf("%+v", c.Source)
	}
	c = mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_DSN=server=ds", "JOBMON_SOURCE_KIND=simulator"}})
	if c.Source.Kind != configs.KindSimulator {
		t.Errorf("%+v", c.Source)
	}
}

func TestWhatMustGoTogether(t *testing.T) {
	wrong := problems(t, configs.LoadOptions{Env: []string{
		"JOBMON_SOURCE_KIND=sqlserver", "JOBMON_SOURCE_LOCK_TIMEOUT=5s", "JOBMON_SOURCE_TIMEOUT=5s",
		"JOBMON_LOG_LEVEL=loud",
	}})
	if len(wrong) != 3 || wrong[0].Key != "log.level" || wrong[1].Key != "source.server" ||
		!strings.Contains(wrong[1].String(), "JOBMON_SOURCE_DSN") ||
		wrong[2].Key != "source.lock_timeout" || !strings.Contains(wrong[2].String(), "5s") {
		t.Errorf("%v", wrong)
	}
}

func TestWhereTheFileIs(t *testing.T) {
	first, second := write(t, "site: first"), write(t, "site: second")
	missing := filepath.Join(t.TempDir(), "none.yaml")
	places := []string{missing, second, first}
	for _, c := range []struct {
		o    configs.LoadOptions
		want string
	}{
		{configs.LoadOptions{Places: places}, "second"},
		{configs.LoadOptions{Places: places, Env: []string{"JOBMON_CONFIG=" + first}}, "first"},
		{configs.LoadOptions{File: first, Places: places, Env: []string{"JOBMON_CONFIG=" + missing}}, "first"},
	} {
		if got := mustLoad(t, c.o).Site; got != c.want {
			t.Errorf("site is %q; want %q", got, c.want)
		}
	}

	if _, err := load(configs.LoadOptions{File: missing}); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), missing) {
		t.Errorf("a missing file: %v", err)
	}
	wrong := problems(t, configs.LoadOptions{File: t.TempDir(), Env: []string{"JOBMON_LOG_LEVEL=loud"}})
	if len(wrong) != 2 || !strings.Contains(wrong[0].Reason, "cannot be read") || wrong[1].Key != "log.level" {
		t.Errorf("a folder in the place of the file: %v", wrong)
	}
	if got := configs.StandardPlaces(nil); len(got) != 1 || filepath.Base(got[0]) != configs.FileName {
		t.Errorf("standard places: %q", got)
	}
}

func TestAddFlagsOfSomeKeys(t *testing.T) {
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	configs.AddFlags(set, "data_dir", "evt.dir")
	var names []string
	set.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if !slices.Equal(names, []string{"data-dir", "evt-dir"}) {
		t.Errorf("flags %q", names)
	}
	if err := set.Parse([]string{"--data-dir", "here"}); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, configs.LoadOptions{Flags: set})
	if want := abs(t, "here"); c.DataDir != want || c.Evt.Dir != filepath.Join(want, "evt") {
		t.Errorf("data_dir %s, evt.dir %s; want %s", c.DataDir, c.Evt.Dir, want)
	}
}

func TestEmptyValues(t *testing.T) {
	wrong := problems(t, configs.LoadOptions{
		File: write(t, "site: ''\ndata_dir: \"\"\njobs: {build: '', marker: ''}\nsource: {dsn: ''}\n")})
	if len(wrong) != 2 || wrong[0].Key != "site" || wrong[1].Key != "data_dir" ||
		!strings.Contains(wrong[0].String(), "site: nothing is not allowed") {
		t.Errorf("%v", wrong)
	}
	c := mustLoad(t, configs.LoadOptions{File: write(t, "jobs: {build: '', marker: ''}\nsource: {dsn: ''}\n")})
	if c.Jobs.Build != "" || c.Jobs.Marker != "" || c.Source.Kind != "" {
		t.Errorf("%+v", c)
	}
}
