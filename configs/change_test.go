package configs_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

// A new value of any key is seen, with what follows from it and nothing else; and only what shapes the pictures, the
// intervals and the level of the messages can change in a running daemon.
func TestChanges(t *testing.T) {
	follows := map[string][]string{"data_dir": {"evt.dir"}, "source.dsn": {"source.kind"},
		"source.server": {"source.kind", "source.database"}}
	load := func(env []string) *configs.Config {
		config, err := configs.Load(configs.LoadOptions{Places: []string{}, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	for _, k := range configs.Keys() {
		s := samples(t)[k.Name]
		before := load(slices.DeleteFunc(slices.Clone(s.with),
			func(v string) bool { return strings.HasPrefix(v, k.Env()+"=") }))
		after := load(append(slices.Clone(s.with), k.Env()+"="+s.text))
		for _, c := range before.Changes(after) {
			if c.Key != k.Name && !slices.Contains(follows[k.Name], c.Key) {
				t.Errorf("%s changes with %s", c.Key, k.Name)
			}
			if k.Secret && (c.Old == s.text || c.New == s.text) {
				t.Errorf("a secret is shown: %+v", c)
			}
		}
		if !slices.ContainsFunc(before.Changes(after), func(c configs.Change) bool {
			return c.Key == k.Name && c.Live == k.Live && c.New == cmp.Or(s.shown, s.text)
		}) {
			t.Errorf("%s: %+v", k.Name, before.Changes(after))
		}
		if list := after.Changes(after); len(list) != 0 {
			t.Errorf("differs from itself: %+v", list)
		}
		section, _, _ := strings.Cut(k.Name, ".")
		live := slices.Contains(
			[]string{"jobs", "stages", "session", "agent", "monitor", "names", "notices"}, section) ||
			slices.Contains([]string{"source.poll_interval", "source.reconcile", "source.start_time_zone", "log.level",
				"http.tokens"}, k.Name)
		if live != k.Live {
			t.Errorf("%s: live is %v", k.Name, k.Live)
		}
	}
	// A password that changes is seen though neither is shown.
	secret := func(text string) *configs.Config {
		return load([]string{"JOBMON_SOURCE_SERVER=ds", "JOBMON_SOURCE_USER=reader", "JOBMON_SOURCE_PASSWORD=" + text})
	}
	if list := secret("one").Changes(secret("two")); len(list) != 1 || list[0].Old != "(hidden)" ||
		list[0].New != "(hidden)" {
		t.Errorf("%+v", list)
	}
}
