package architecture

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// rule is one thing that source files must keep, with the reason that its breach is reported with.
type rule struct {
	name, reason string
	breaches     func(f *file) []string
}

// opensItself are the calls of package os that open a file as it lies there, by file. Each of these files lies in a
// folder of the daemon's own, or a person has named it.
var opensItself = map[string][]string{
	"projector/evtdir/ledger.go": {"OpenFile", "ReadFile"}, // in the data folder
	"configs/file.go":            {"Open"},                 // the configuration
	"ingest/simulator/hook.go":   {"WriteFile"},            // made-up clients in the data folder
	"ingest/simulator/state.go":  {"ReadFile", "OpenFile"}, // in the data folder
	"ingest/mssql/tls.go":        {"ReadFile"},             // source.tls.ca
	// source.recording; the playback in the data folder
	"ingest/recording": {"Open", "ReadFile"},
	"store":            {"Open", "OpenFile", "ReadFile"}, // the log, its backups, and which log is in use

	"cmd/jobmon-db/daemon/published.go": {"ReadFile"},             // in the data folder
	"cmd/jobmon-db/daemon/coverage.go":  {"ReadFile", "OpenFile"}, // in the data folder
	"cmd/jobmon-db/hub/record.go":       {"ReadFile"},             // in the data folder
	"cmd/jobmon-db/notify/place.go":     {"ReadFile"},             // in the data folder

	"cmd/jobmon-db/command/setup_host_other.go": {"ReadFile"},             // the unit
	"cmd/jobmon-db/command/setup_do.go":         {"ReadFile", "OpenFile"}, // the configuration
	"cmd/jobmon-db/command/setup.go":            {"ReadFile"},             // the configuration
	// in a folder that is refused unless it is closed; this program
	"cmd/jobmon-db/command/client_show.go":     {"Create", "ReadFile"},
	"cmd/jobmon-db/command/client_pack.go":     {"ReadFile"}, // this program
	"cmd/jobmon-db/command/service_install.go": {"Open"},     // the password
	"cmd/jobmon-db/command/replay_cursor.go":   {"ReadFile"}, // --cursor
	"cmd/jobmon-db/command/messagefile.go":     {"OpenFile"}, // log.file
	"cmd/jobmon-db/command/logging.go":         {"OpenFile"}, // beside it
	"cmd/jobmon-db/command/import.go":          {"Open"},     // a person names it

	"internal/fleet/connect.go": {"ReadFile"}, // fleet.tls.ca
	"internal/fleet/key.go":     {"ReadFile"}, // fleet.credentials

	"internal/atomicfile": {"Open", "OpenFile"}, // folders; new files
	"internal/instance":   {"Open"},             // beside the lock in the data folder
	"internal/secretfile": {"Open", "OpenFile"}, // the password
	"internal/plainfile":  {"OpenFile"},
	"internal/inherit":    {"OpenFile"}, // through no link, to give it away
	"internal/requestdir": {"OpenRoot"}, // the folder, unless it is a link; never what lies in it
}

var rules = []rule{
	{
		"one way",
		"dependencies point one way, cmd -> store, ingest, projector, client, configs -> internal, so that each " +
			"package can be " +
			"understood, tested and replaced with only those below it in mind; move what both need down to internal",
		func(f *file) []string {
			return f.importBreaches(func(imported string) bool {
				folder, ok := local(imported)
				return ok && (top(folder) == "cmd" && top(f.path) != "cmd" ||
					top(f.path) == "internal" && top(folder) != "internal")
			})
		},
	},
	{
		"siblings apart",
		"the packages between the commands and the domain never import one another: cmd wires them, and each " +
			"declares " +
			"the small interface that it needs; values that two of them share belong in internal/jobmon. Tests wire " +
			"real parts as cmd does",
		func(f *file) []string {
			if f.isTest() {
				return nil
			}
			return f.importBreaches(func(imported string) bool {
				folder, ok := local(imported)
				return ok && slices.Contains(siblings, top(f.path)) && slices.Contains(siblings, top(folder)) &&
					top(folder) != top(f.path)
			})
		},
	},
	{
		"sources apart",
		"a source of rows is one folder below ingest and knows nothing of the others, so that the daemon cannot " +
			"tell them apart",
		func(f *file) []string {
			return f.importBreaches(func(imported string) bool {
				folder, ok := local(imported)
				own, theirs := second(f.path), second(folder)
				return ok && f.in("ingest") && top(folder) == "ingest" && own != "" && theirs != "" && own != theirs
			})
		},
	},
	{
		"plain domain",
		"internal/jobmon is plain values and pure functions over the standard library, so that every rule of the " +
			"domain runs " +
			"anywhere, the same way, without clock, disk or network",
		func(f *file) []string {
			if f.isTest() || !f.in("internal/jobmon") {
				return nil
			}
			breaches := f.importBreaches(func(imported string) bool {
				return strings.Contains(top(imported), ".") ||
					slices.Contains([]string{"os", "net", "net/http", "database/sql"}, imported)
			})
			for _, what := range f.uses("time", f.syntax) {
				if slices.Contains([]string{"Now", "Since", "Until", "After", "Sleep"}, what) {
					breaches = append(breaches, "reads the clock with time."+what)
				}
			}
			return breaches
		},
	},
	onlyIn("only configs knows viper", "github.com/spf13/viper", "configs",
		"where a setting comes from is the business of one package; the others are given typed values"),
	onlyIn("only ingest/mssql knows the driver", "github.com/microsoft/go-mssqldb", "ingest/mssql",
		"the care that the vendor's database needs (pinned connection, lock time-outs, drained results) is taken in "+
			"one place"),
	onlyIn("only store knows bbolt", "go.etcd.io/bbolt", "store",
		"durability, locking and the format of the log are promises of one package"),
	onlyIn("only cmd knows cobra", "github.com/spf13/cobra", "cmd",
		"below the commands nothing may depend on flags, arguments or how the program was called"),
	onlyIn("only internal/fleet knows NATS", "github.com/nats-io", "internal/fleet",
		"the order, the traps and the promises of the engine between the sites are the business of one package"),
	{
		"questions print nothing",
		"commands and web pages ask cmd/jobmon-db/past the same questions: it knows neither flags nor the way to a " +
			"daemon, so that there is one answer to each question",
		func(f *file) []string {
			if f.isTest() || !f.in("cmd/jobmon-db/past") {
				return nil
			}
			return f.importBreaches(func(imported string) bool {
				folder, _ := local(imported)
				return imported == "github.com/spf13/cobra" || slices.Contains([]string{
					"cmd/jobmon-db/command", "cmd/jobmon-db/daemon", "cmd/jobmon-db/control", "cmd/jobmon-db/http",
					"client/term",
				}, folder)
			})
		},
	},
	onlyIn("only client/live knows the terminal library", "charm.land/bubbletea/v2", "client/live",
		"what is drawn is plain lines that can be tested and printed; one package knows how they get onto a living "+
			"terminal"),
	{
		"shared folders are read with care",
		"others write to the evt folder, the request folder, the monitor's folder and temporary folders: a pipe, a " +
			"link, a device or a " +
			"huge file may lie there; internal/plainfile opens what is a plain file and nothing else",
		func(f *file) []string {
			if f.isTest() || strings.HasSuffix(path.Dir(f.path), "test") || f.in("internal/winetest") {
				return nil
			}
			var breaches []string
			for _, what := range f.uses("os", f.syntax) {
				opens := slices.Contains([]string{
					"Open", "OpenFile", "ReadFile", "Create", "WriteFile", "DirFS", "CopyFS", "OpenInRoot",
					"OpenRoot",
				}, what)
				if opens && !slices.Contains(opensItself[f.path], what) &&
					!slices.Contains(opensItself[path.Dir(f.path)], what) {
					breaches = append(breaches, "calls os."+what)
				}
			}
			return breaches
		},
	},
	{
		"libraries of the system only",
		"a library that is looked for by its bare name is also found beside the program or in the current folder, " +
			"where others may " +
			"have put one; take windows.NewLazySystemDLL",
		func(f *file) []string {
			var breaches []string
			for _, library := range []string{"golang.org/x/sys/windows", "syscall"} {
				for _, what := range f.uses(library, f.syntax) {
					if slices.Contains([]string{
						"NewLazyDLL", "LoadDLL", "MustLoadDLL", "LoadLibrary", "LoadLibraryEx",
					}, what) && !f.isTest() {
						breaches = append(breaches, "calls "+path.Base(library)+"."+what)
					}
				}
			}
			return breaches
		},
	},
	{
		"no global logger",
		"loggers are passed in: a global one cannot be silenced, captured or distinguished in tests",
		func(f *file) []string {
			return f.importBreaches(func(imported string) bool { return imported == "github.com/rs/zerolog/log" })
		},
	},
	{
		"no mutable globals of libraries",
		"a package-level logger or viper is state that every test and every caller shares; make one and pass it on",
		func(f *file) []string {
			var breaches []string
			for _, decl := range f.syntax.Decls {
				if vars, ok := decl.(*ast.GenDecl); ok && vars.Tok == token.VAR {
					for _, what := range f.uses("github.com/spf13/viper", vars) {
						breaches = append(breaches, "has a package-level variable that holds viper."+what)
					}
					for _, what := range f.uses("github.com/rs/zerolog", vars) {
						if slices.Contains([]string{"Logger", "New", "Nop"}, what) {
							breaches = append(breaches, "has a package-level variable that holds zerolog."+what)
						}
					}
				}
			}
			for _, what := range f.uses("github.com/spf13/viper", f.syntax) {
				if slices.ContainsFunc(viperGlobal, func(prefix string) bool {
					return strings.HasPrefix(what, prefix)
				}) {
					breaches = append(breaches, "calls viper."+what+", which works on viper's own global")
				}
			}
			return breaches
		},
	},
	{
		"no init",
		"what runs before main, in an order that file names decide, cannot be tested, passed settings or return an " +
			"error",
		func(f *file) []string {
			var breaches []string
			for _, decl := range f.syntax.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					breaches = append(breaches, "has a func init()")
				}
			}
			return breaches
		},
	},
	{
		"telling package names",
		"a package is named for the one thing it does; a name that fits everything ends up holding everything",
		func(f *file) []string {
			for _, name := range []string{f.syntax.Name.Name, path.Base(path.Dir(f.path))} {
				if slices.Contains([]string{
					"util", "utils", "common", "types", "helper", "helpers", "misc",
				}, strings.TrimSuffix(name, "_test")) {
					return []string{"lies in a package named " + name}
				}
			}
			return nil
		},
	},
	{
		"short files",
		fmt.Sprintf("a file of more than %d lines does more than one thing; split it, or say at its top, above the "+
			"package clause, "+
			"why it cannot be: // Long: <reason>", maxLines),
		func(f *file) []string {
			if f.isTest() || f.lines <= maxLines || f.saysWhyLong() {
				return nil
			}
			return []string{fmt.Sprintf("has %d lines", f.lines)}
		},
	},
	{
		"test packages in tests only",
		"a package whose name ends in test exists for tests; what the product needs must not live there",
		func(f *file) []string {
			if f.isTest() || strings.HasSuffix(path.Dir(f.path), "test") {
				return nil
			}
			return f.importBreaches(func(imported string) bool {
				folder, ok := local(imported)
				return ok && strings.HasSuffix(folder, "test")
			})
		},
	},
	{
		"the same cases in each run",
		"a test that draws other cases in each run fails by chance; take Check and Random of internal/lawtest, whose " +
			"seed is fixed unless JOBMON_TEST_SEED says otherwise",
		func(f *file) []string {
			// The torture test kills at other instants in each run in any case; it prints its own seed.
			if !f.isTest() || strings.HasPrefix(f.path, "cmd/jobmon-db/command/torture_") {
				return nil
			}
			var breaches []string
			for _, what := range f.uses("pgregory.net/rapid", f.syntax) {
				if strings.HasPrefix(what, "Check") || what == "MakeCheck" {
					breaches = append(breaches, "calls rapid."+what)
				}
			}
			for _, what := range f.uses("math/rand/v2", f.syntax) {
				if !strings.HasPrefix(what, "New") && what != "Rand" {
					breaches = append(breaches, "calls rand."+what+", which has a seed of its own")
				}
			}
			return append(breaches, f.importBreaches(func(i string) bool { return i == "math/rand" })...)
		},
	},
	{
		"no sleeping in tests",
		"a test that sleeps is slow when it waits too long and fails when it waits too short; run it in " +
			"testing/synctest, " +
			"where the clock is the test's own, or wait for the thing itself",
		func(f *file) []string {
			// Which functions run in a bubble cannot be told from the syntax, so a file that makes bubbles may sleep.
			if !f.isTest() && !strings.HasSuffix(path.Dir(f.path), "test") || f.nameOf("testing/synctest") != "" {
				return nil
			}
			var breaches []string
			for _, what := range f.uses("time", f.syntax) {
				if what == "Sleep" {
					breaches = append(breaches, "calls time.Sleep in a file that does not use testing/synctest")
				}
			}
			return breaches
		},
	},
}

const maxLines = 400

// viperGlobal are the beginnings of the names of viper's functions that work on its package-level instance.
var viperGlobal = []string{
	"Get", "Set", "Is", "In", "Bind", "Read", "Merge", "Unmarshal", "All", "Add", "Watch", "On", "Write", "Safe",
	"Must",
	"Automatic", "Allow", "Register", "Reset", "Sub", "Debug", "ConfigFileUsed",
}

func onlyIn(name, imported, folder, reason string) rule {
	return rule{name, reason, func(f *file) []string {
		if f.in(folder) {
			return nil
		}
		return f.importBreaches(func(i string) bool { return below(i, imported) })
	}}
}

func (f *file) importBreaches(forbidden func(imported string) bool) []string {
	var breaches []string
	for _, imported := range f.imports {
		if forbidden(imported) {
			breaches = append(breaches, "imports "+imported)
		}
	}
	return breaches
}

// second is the second folder of a path ("mssql" of ingest/mssql/read.go), "" when there is none.
func second(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) < 2 || strings.HasSuffix(parts[1], ".go") {
		return ""
	}
	return parts[1]
}

func (f *file) saysWhyLong() bool {
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			reason, ok := strings.CutPrefix(c.Text, "// Long: ")
			if ok && c.Pos() < f.syntax.Package && strings.TrimSpace(reason) != "" {
				return true
			}
		}
	}
	return false
}
