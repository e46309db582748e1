package architecture

import (
	"slices"
	"strings"
	"testing"
)

// imports is the source of a file of package x that imports the given packages.
func imports(packages ...string) string {
	return "package x\n\nimport (\n\t\"" + strings.Join(packages, "\"\n\t\"") + "\"\n)\n"
}

// TestBreachesAreReported shows that every rule can fail: each case breaks exactly one of them.
func TestBreachesAreReported(t *testing.T) {
	long := "package store\n" + strings.Repeat("// a line\n", maxLines)
	cases := []struct{ rule, path, source, want string }{
		{"one way", "store/log.go", imports(module + "/cmd/jobmon-db/command"), "cmd/jobmon-db/command"},
		{"one way", "internal/endpoint/serve.go", imports(module + "/store"), module + "/store"},
		{"one way", "internal/jobmon/values_test.go", imports(module + "/projector"), module + "/projector"},
		{"siblings apart", "store/log.go", imports(module + "/ingest"), module + "/ingest"},
		{"siblings apart", "client/evt/encode.go", imports(module + "/projector"), module + "/projector"},
		{"siblings apart", "projector/writer_windows.go", "//go:build windows\n\n" +
			imports(module+"/client/evt"), module + "/client/evt"},
		{"sources apart", "ingest/simulator/clock.go", imports(module + "/ingest/mssql"), module + "/ingest/mssql"},
		{"plain domain", "internal/jobmon/values.go", imports("github.com/google/uuid"), "github.com/google/uuid"},
		{"plain domain", "internal/jobmon/values.go", imports(module + "/internal/atomicfile"), "internal/atomicfile"},
		{"plain domain", "internal/jobmon/values.go", imports("os"), "imports os"},
		{
			"plain domain", "internal/jobmon/values.go",
			"package jobmon\n\nimport \"time\"\n\nfunc f() time.Time { return time.Now() }\n", "time.Now",
		},
		{"only configs knows viper", "cmd/jobmon-db/main.go", imports("github.com/spf13/viper"), "spf13/viper"},
		{
			"only ingest/mssql knows the driver", "ingest/poller.go",
			imports("github.com/microsoft/go-mssqldb/msdsn"), "go-mssqldb/msdsn",
		},
		{
			"the same cases in each run", "store/log_test.go",
			"package store\n\nimport \"math/rand/v2\"\n\nvar n = rand.IntN(7)\n", "rand.IntN",
		},
		{
			"the same cases in each run", "store/log_test.go",
			"package store\n\nimport \"pgregory.net/rapid\"\n\nfunc f() { rapid.Check(nil, nil) }\n", "rapid.Check",
		},
		{"only store knows bbolt", "projector/fold.go", imports("go.etcd.io/bbolt"), "bbolt"},
		{"only internal/fleet knows NATS", "cmd/jobmon-db/hub/hub.go", imports("github.com/nats-io/nats.go"), "nats"},
		{
			"only client/live knows the terminal library", "client/term/board.go",
			imports("charm.land/bubbletea/v2"), "bubbletea",
		},
		{
			"shared folders are read with care", "internal/requestdir/done.go",
			"package requestdir\n\nimport \"os\"\n\nfunc f() { os.ReadFile(\"x\") }\n", "os.ReadFile",
		},
		{
			"shared folders are read with care", "ingest/simulator/hook.go",
			"package simulator\n\nimport \"os\"\n\nfunc f() { os.ReadFile(\"x\"); os.WriteFile(\"x\", nil, 0) " +
				"}\n", "os.ReadFile",
		},
		{"only cmd knows cobra", "configs/flags.go", imports("github.com/spf13/cobra"), "cobra"},
		{
			"questions print nothing", "cmd/jobmon-db/past/past.go", imports(module + "/cmd/jobmon-db/control"),
			"cmd/jobmon-db/control",
		},
		{"no global logger", "ingest/poller.go", imports("github.com/rs/zerolog/log"), "zerolog/log"},
		{
			"no mutable globals of libraries", "configs/load.go",
			"package configs\n\nimport \"github.com/spf13/viper\"\n\nvar v = viper.New()\n", "holds viper.New",
		},
		{
			"no mutable globals of libraries", "configs/load.go",
			"package configs\n\nimport vip \"github.com/spf13/viper\"\n\nvar v *vip.Viper\n", "holds viper.Viper",
		},
		{
			"no mutable globals of libraries", "configs/load.go",
			"package configs\n\nimport \"github.com/spf13/viper\"\n\nfunc f() { viper.SetDefault(\"a\", 1) }\n",
			"viper.SetDefault",
		},
		{
			"no mutable globals of libraries", "store/log.go",
			"package store\n\nimport \"github.com/rs/zerolog\"\n\nvar logger zerolog.Logger\n", "holds zerolog.Logger",
		},
		{"no init", "store/log.go", "package store\n\nfunc init() {}\n", "init"},
		{"no init", "store/log_test.go", "package store\n\nfunc init() {}\n", "init"},
		{"telling package names", "internal/text/text.go", "package utils\n", "utils"},
		{"telling package names", "internal/helpers/text.go", "package text\n", "helpers"},
		{"telling package names", "internal/common/text_test.go", "package common_test\n", "common"},
		{"short files", "store/log.go", long, "401 lines"},
		{"short files", "store/log.go", "// Long:  \n" + long, "402 lines"},
		{"short files", "store/log.go", long + "// Long: too far down to be seen\n", "402 lines"},
		{"test packages in tests only", "cmd/jobmon-db/main.go", imports(module +
			"/ingest/mssql/mssqltest"), "mssqltest"},
		{
			"libraries of the system only", "internal/winservice/rights_windows.go",
			"package winservice\n\nimport \"golang.org/x/sys/windows\"\n\nvar dll = " +
				"windows.NewLazyDLL(\"advapi32.dll\")\n", "windows.NewLazyDLL",
		},
		{
			"libraries of the system only", "internal/winservice/rights_windows.go",
			"package winservice\n\nimport \"syscall\"\n\nvar dll = syscall.MustLoadDLL(\"advapi32.dll\")\n",
			"syscall.MustLoadDLL",
		},
		{
			"no sleeping in tests", "ingest/poller_test.go",
			"package ingest\n\nimport \"time\"\n\nfunc f() { time.Sleep(time.Second) }\n", "time.Sleep",
		},
		{
			"no sleeping in tests", "ingest/poller_test.go",
			"package ingest\n\nimport clock \"time\"\n\nvar pause = clock.Sleep\n", "time.Sleep",
		},
		{
			"no sleeping in tests", "ingest/mssql/mssqltest/server.go",
			"package mssqltest\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", "time.Sleep",
		},
	}
	for _, c := range cases {
		f, err := parse(c.path, []byte(c.source))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			got := r.breaches(f)
			if r.name != c.rule && len(got) > 0 {
				t.Errorf("%s breaks %q, but %q reports %q too", c.path, c.rule, r.name, got)
			}
			if r.name == c.rule && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("%s: %q reports %q, want one report with %q", c.path, r.name, got, c.want)
			}
		}
	}
	for _, r := range rules {
		if !slices.ContainsFunc(cases, func(c struct{ rule, path, source, want string }) bool {
			return c.rule == r.name
		}) {
			t.Errorf("no case breaks rule %q", r.name)
		}
	}
}

// TestWhatIsAllowedIsNotReported guards the rules against forbidding too much.
func TestWhatIsAllowedIsNotReported(t *testing.T) {
	for _, c := range []struct{ path, source string }{
		{"cmd/jobmon-db/daemon/run.go", imports(module+
			"/store", module+"/ingest/mssql", module+"/configs", "github.com/spf13/cobra")},
		{"cmd/jobmon-db/daemon/run_test.go", imports(module+"/ingest/mssql/mssqltest", module+"/client/evt")},
		{"projector/fold_test.go", imports(module+"/ingest/simulator", module+"/store")},
		{"store/log.go", imports(module+"/internal/jobmon", "go.etcd.io/bbolt", "go.etcd.io/bbolt/errors")},
		{"ingest/mssql/read.go", imports(module+
			"/ingest", module+"/internal/jobmon", "github.com/microsoft/go-mssqldb")},
		{"ingest/mssql/read_test.go", imports(module + "/ingest/mssql/mssqltest")},
		{"ingest/poller_test.go", imports(module+"/ingest/simulator", "testing/synctest")},
		{"internal/endpoint/serve.go", imports(module+"/internal/jobmon", "net/http", "os")},
		{"internal/jobmon/values.go", imports("encoding/json", "time")},
		{"internal/jobmon/state_test.go", imports("pgregory.net/rapid", "os")},
		{
			"configs/load.go",
			"package configs\n\nimport \"github.com/spf13/viper\"\n\nfunc load() *viper.Viper { return " +
				"viper.NewWithOptions(viper.KeyDelimiter(\".\")) }\n",
		},
		{"store/log.go", "package store\n\nimport \"github.com/rs/zerolog\"\n\nvar level = zerolog.InfoLevel\n"},
		{"store/log.go", "package store\n\ntype t struct{}\n\nfunc (t) init() {}\n"},
		{"store/log.go", "// Long: one format, drawn in one place\n\npackage store\n" +
			strings.Repeat("// a line\n", maxLines)},
		{"store/log_test.go", "package store\n" + strings.Repeat("// a line\n", maxLines)},
		{
			"ingest/poller_test.go",
			"package ingest\n\nimport (\n\t\"testing\"\n\t\"testing/synctest\"\n\t\"time\"\n)\n\n" +
				"func TestX(t *testing.T) { synctest.Test(t, func(t *testing.T) { time.Sleep(time.Hour) }) }\n",
		},
		{"ingest/poller.go", "package ingest\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n"},
	} {
		f, err := parse(c.path, []byte(c.source))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			for _, what := range r.breaches(f) {
				t.Errorf("%s: %q reports %q although that is allowed:\n%s", c.path, r.name, what, c.source)
			}
		}
	}
}
