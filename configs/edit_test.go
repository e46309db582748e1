package configs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

// requireEdit changes settings twice: the second time nothing is left to do.
func requireEdit(t *testing.T, before, after string, settings []configs.Setting) {
	t.Helper()
	got, err := configs.Edit("f.yaml", []byte(before), settings)
	if err != nil || string(got) != after {
		t.Fatalf("%v\n%s\nwant\n%s", err, got, after)
	}
	again, err := configs.Edit("f.yaml", got, settings)
	if err != nil || string(again) != string(got) {
		t.Errorf("the second time: %v\n%s", err, again)
	}
}

func TestEdit(t *testing.T) {
	settings := []configs.Setting{{"source.server", "ds,1433"}, {"source.user", `EX\o'reader`}, {"source.password", ""},
		{"source.tls.trust", "true"}, {"session.gap", "1h"}}
	for name, c := range map[string]struct{ before, after string }{
		"in place, comments stay": {
			"# ours\nsource:\n  server: old # the old one\n  user:\n  password: 'x'\n  tls:\n    trust: " +
				"false\nsession:\n  gap: 5m\n",
			"# ours\nsource:\n  server: 'ds,1433' # the old one\n  user: 'EX\\o''reader'\n  #password: 'x'\n  tls:\n " +
				"   trust: true\nsession:\n  gap: 1h\n",
		},
		"commented out before": {
			"source:\n  # Help.\n  #server:\n  #user: x\n  tls:\n    #trust: false\nsession:\n  #gap: 30m\n",
			"source:\n  # Help.\n  server: 'ds,1433'\n  user: 'EX\\o''reader'\n  tls:\n    trust: true\nsession:\n  " +
				"gap: 1h\n",
		},
		"at the end": {
			"site: DS01",
			"site: DS01\nsource.server: 'ds,1433'\nsource.user: 'EX\\o''reader'\nsource.tls.trust: " +
				"true\nsession.gap: 1h\n",
		},
		"with the line ends of Windows": {
			"site: DS01\r\nsource.server: x\r\n",
			"site: DS01\r\nsource.server: 'ds,1433'\r\nsource.user: 'EX\\o''reader'\r\nsource.tls.trust: " +
				"true\r\nsession.gap: 1h\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			requireEdit(t, c.before, c.after, settings)
		})
	}
	var wrong *configs.Error
	if _, err := configs.Edit("f.yaml", []byte("sight: x\n"), settings); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
}

// Whatever form of YAML somebody wrote, the settings come in, and everything else stays: comments, order, empty lines.
func TestEditOfAnyForm(t *testing.T) {
	settings := []configs.Setting{
		{"data_dir", "/data"}, {"source.kind", "sqlserver"}, {"source.server", "ds,1433"}, {"source.password", ""},
		{"source.tls.trust", "true"},
	}
	for name, c := range map[string]struct{ before, after string }{
		"one line": {
			"source: {kind: simulator}\n",
			"source: {kind: 'sqlserver', server: 'ds,1433', tls.trust: true}\ndata_dir: '/data'\n",
		},
		"all in braces": {
			"{site: DS01, source: {tls: {min: '1.3'}}}\n",
			"{site: DS01, source: {tls: {min: '1.3', trust: true}, kind: 'sqlserver', server: 'ds,1433'}, data_dir: " +
				"'/data'}\n",
		},
		"values over several lines": {
			"# ours\n\nsource: # the old one\n    server: >-\n        ds\n\n    user: y # who\n\n    # secret\n    " +
				"password: \"a\n        b\" # long\n\njobs:\n    success:\n" +
				"        # restart\n        - 0\n        - 3010\n",
			"# ours\n\nsource: # the old one\n  server: 'ds,1433'\n\n  user: y # who\n\n  # secret\n  # long\n  " +
				"kind: 'sqlserver'\n  tls.trust: true\n\njobs:\n  success:\n" +
				"    # restart\n    - 0\n    - 3010\ndata_dir: '/data'\n",
		},
		"the lines of Windows": {
			"# ours\r\nsource: {kind: simulator}\r\n",
			"# ours\r\nsource: {kind: 'sqlserver', server: 'ds,1433', tls.trust: true}\r\ndata_dir: '/data'\r\n",
		},
		"an end mark": {
			"---\nsite: DS01\nsource: {password: x}\n...\n",
			"site: DS01\nsource: {kind: 'sqlserver', server: 'ds,1433', tls.trust: true}\ndata_dir: '/data'\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			requireEdit(t, c.before, c.after, settings)
		})
	}
}

// Every key of the example can be given a value, and all others stay commented out.
func TestEditOfNothing(t *testing.T) {
	for _, k := range configs.Keys() {
		s := samples(t)[k.Name]
		if strings.TrimSpace(s.text) != s.text {
			continue
		}
		got, err := configs.Edit("f.yaml", nil, []configs.Setting{{k.Name, s.text}})
		if err != nil {
			t.Fatal(err)
		}
		config, err := configs.Load(configs.LoadOptions{File: "f.yaml", Content: got, Env: s.with})
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if len(strings.Split(string(got), "\n")) != len(strings.Split(string(configs.Example()), "\n")) {
			t.Errorf("%s was added instead of uncommented", k.Name)
		}
		for _, v := range config.Values() {
			if v.Origin.Layer == configs.FromFile != (v.Key == k.Name) {
				t.Errorf("with %s: %+v", k.Name, v)
			}
		}
	}
}
