package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// given is the configuration by one way of giving a password.
type given struct {
	env   []string
	flags []string
	file  string // the configuration file's text, "" for none
}

// waysToGive are all ways of giving the password to the server at host:port. A DSN holds it once as its form wants it
// and once as a user may type it.
func waysToGive(dir, host, port, password string) map[string]given {
	quoted := func(quote string) string { return strings.ReplaceAll(password, quote, quote+quote) }
	address, keys := host+":"+port, []string{"JOBMON_SOURCE_SERVER=" + host + "," + port,
		"JOBMON_SOURCE_USER=" + tdstest.User, "JOBMON_SOURCE_TLS_ENCRYPT=disable"}
	dsns := map[string]string{
		"URL": "sqlserver://jm:" + url.QueryEscape(password) + "@" + address +
			"?database=eXpress&encrypt=disable",
		"typed URL":   "sqlserver://jm:" + password + "@" + address + "?database=eXpress&encrypt=disable",
		"typed query": "sqlserver://" + address + "?user+id=jm&encrypt=disable&password=" + password,
		"ADO": "server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=\"" + quoted(`"`) +
			`"`,
		"typed ADO": "server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=" + password +
			";database=eXpress",
		"ODBC": "odbc:server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password={" +
			quoted("}") + "}",
		"typed ODBC": "odbc:server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=" + password,
	}
	ways := map[string]given{
		"key in the file": {env: keys, file: "source.password: '" + quoted("'") + "'\n"},
		"variable":        {env: append(keys, "JOBMON_SOURCE_PASSWORD="+password)},
		"flag":            {env: keys, flags: []string{"--source-password=" + password}},
		"password file":   {env: append(keys, "JOBMON_SOURCE_PASSWORD_FILE="+filepath.Join(dir, "password"))},
	}
	for name, dsn := range dsns {
		ways[name+" in a variable"] = given{env: []string{"JOBMON_SOURCE_DSN=" + dsn}}
		ways[name+" in the file"] = given{file: "source.dsn: '" + strings.ReplaceAll(dsn, "'", "''") + "'\n"}
		ways[name+" as a flag"] = given{flags: []string{"--source-dsn=" + dsn}}
	}
	return ways
}

// every is all printable characters of ASCII, and some others, in any order.
func every(t *testing.T) string {
	t.Helper()
	var all []rune
	for c := ' '; c <= '~'; c++ {
		all = append(all, c)
	}
	all = append(all, []rune("äß€漢")...)
	lawtest.Random(t).Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return strings.TrimSpace(string(all))
}

// leaks reports the parts of the password, four characters long, that a text holds, beyond those that ordinary texts
// hold.
func leaks(t *testing.T, name, text, ordinary, password string) {
	t.Helper()
	for rest := []rune(password); len(rest) >= 4; rest = rest[1:] {
		if part := string(rest[:4]); strings.Contains(text, part) && !strings.Contains(ordinary, part) {
			t.Errorf("%s: %q of %q is in:\n%s", name, part, password, text)
			return
		}
	}
}

// place is where a way of giving a password is tried: a folder of its own with a password file, and the environment for
// it.
func (way given) place(t *testing.T, dir string) (env []string) {
	t.Helper()
	file := filepath.Join(dir, "jobmon-db.yaml")
	if err := os.WriteFile(file, []byte("site: DS01\nlog.level: trace\n"+way.file), 0o600); err != nil {
		t.Fatal(err)
	}
	return append([]string{"JOBMON_CONFIG=" + file, "JOBMON_DATA_DIR=" + filepath.Join(dir, "data")}, way.env...)
}

// Whatever a password is, however it is given and whatever goes wrong: no output and no message holds four characters
// of it in a row, beyond those that stand there with any password.
func TestNoOutputHoldsAPassword(t *testing.T) {
	t.Parallel()
	server := tdstest.New(t) // refuses every login that is drawn
	dir := t.TempDir()
	outputs := func(password, where string) map[string]string {
		host, port, _ := strings.Cut(where, ":")
		if err := os.WriteFile(filepath.Join(dir, "password"), []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for name, way := range waysToGive(dir, host, port, password) {
			env := way.place(t, dir)
			var out bytes.Buffer
			for _, args := range [][]string{{"check"}, {"config", "show"}} {
				Main(t.Context(), append(args, way.flags...), env, strings.NewReader(""), &out, &out)
			}
			all[name] = out.String()
		}
		return all
	}
	printable := rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune(`@/?#:%;=&"'{}[]\+ ,!$`)), rapid.RuneFrom([]rune("äß€漢")),
		rapid.Map(rapid.IntRange(' ', '~'), func(c int) rune { return rune(c) }),
	), 8, 24, -1)
	drawn := strings.TrimSpace(printable.Example(int(lawtest.Random(t).Uint32()))) + "Sommer@2026/Koeln"
	for what, where := range map[string]string{"refused": server.Address(), "away": "127.0.0.1:1"} {
		ordinary := fmt.Sprint(outputs(`ü"@/;ü`, where), outputs("üü", where))
		password := every(t)
		if what == "refused" {
			password = drawn
		}
		for name, text := range outputs(password, where) {
			leaks(t, what+", "+name, text, ordinary, password)
		}
	}
}

// TestNoDaemonTellsAPassword: nor does a daemon that cannot log in, in its messages, its log file, its events, its
// metrics, its answers over HTTP and to commands, or its files, whatever the fault is.
func TestNoDaemonTellsAPassword(t *testing.T) {
	t.Parallel()
	server := tdstest.New(t)
	host, port, _ := strings.Cut(server.Address(), ":")
	faults := []struct{ name, host, port, encrypt string }{
		{"bad password", host, port, "disable"}, {"refused", "127.0.0.1", "1", "disable"},
		{"no TLS", host, port, "true"},
		{"host unknown", "nobody.invalid", "1433", "disable"},
	}
	try := func(n int, name, password string) string {
		dir, fault := t.TempDir(), faults[n%len(faults)]
		if err := os.WriteFile(filepath.Join(dir, "password"), []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		way := waysToGive(dir, fault.host, fault.port, password)[name]
		swap := func(text string) string { return strings.ReplaceAll(text, "=disable", "="+fault.encrypt) }
		way.file = swap(way.file)
		for i := range way.env {
			way.env[i] = swap(way.env[i])
		}
		for i := range way.flags {
			way.flags[i] = swap(way.flags[i])
		}
		return fault.name + ": " + tells(t, dir, way)
	}
	password := every(t)
	var names []string
	for name := range waysToGive("", "", "", "") {
		names = append(names, name)
	}
	slices.Sort(names)
	first := lawtest.Random(t).IntN(len(faults)) // another seed lets a way meet another fault
	var ordinary strings.Builder
	for n := range faults {
		ordinary.WriteString(try(n, "variable", `ü"@/;ü`))
	}
	for _, part := range []string{`"source-lost"`, "jobmon_source_lost 1", `"message":`,
		"No deployment has been seen yet",
		"!! The DS database has not been readable since ", `: SQL Server cannot be reached`,
		"Times are UTC; "} {
		if !strings.Contains(ordinary.String(), part) {
			t.Errorf("nothing tells %q:\n%s", part, &ordinary)
		}
	}
	var tried sync.WaitGroup
	for n, name := range names {
		tried.Go(func() { leaks(t, name, try(first+n, name, password), ordinary.String(), password) })
	}
	tried.Wait()
}

// tells is all that a daemon with that configuration tells until it has recorded that the source is lost, or ends by
// itself.
func tells(t *testing.T, dir string, way given) string {
	var out bytes.Buffer
	address := freeAddress(t)
	env := append(way.place(t, dir), "JOBMON_LOG_FILE="+filepath.Join(dir, "messages"), "JOBMON_HTTP_LISTEN="+address)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Main(ctx, append([]string{"run"}, way.flags...), env, strings.NewReader(""), &out, &out)
	}()
	var said strings.Builder
	ask := func(args ...string) string {
		var answer bytes.Buffer
		Main(t.Context(), append(args, "--data-dir="+filepath.Join(dir, "data")), nil, strings.NewReader(""), &answer,
			&answer)
		return answer.String()
	}
	for tick, lost := time.NewTicker(50*time.Millisecond), false; !lost; {
		select {
		case <-ended:
			lost = true
		case <-tick.C:
			lost = strings.Contains(ask("replay", "-o", "ndjson"), `"source-lost"`)
		}
	}
	said.WriteString(ask("replay", "-o", "ndjson") + ask("replay", "-n", "1") + ask("status") + ask("export"))
	for _, path := range []string{"metrics", "readyz", "computers"} {
		if got, err := http.Get("http://" + address + "/" + path); err == nil {
			text, _ := io.ReadAll(got.Body)
			got.Body.Close()
			said.Write(text)
		}
	}
	stop()
	<-ended
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Base(path) != "jobmon-db.yaml" &&
			filepath.Base(path) != "password" {
			content, _ := os.ReadFile(path)
			said.Write(content)
		}
		return nil
	})
	return out.String() + said.String()
}
