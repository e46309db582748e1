package command

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// given is the configuration by one way of giving a password.
type given struct {
	env   []string
	flags []string
	file  string // the configuration file's text, "" for none
}

// waysToGive are all ways of giving the password to the server at host:port. A DSN holds it once as its form wants it and
// once as a user may type it.
func waysToGive(dir, host, port, password string) map[string]given {
	quoted := func(quote string) string { return strings.ReplaceAll(password, quote, quote+quote) }
	address, keys := host+":"+port, []string{"JOBMON_SOURCE_SERVER=" + host + "," + port, "JOBMON_SOURCE_USER=" + tdstest.User, "JOBMON_SOURCE_TLS_ENCRYPT=disable"}
	dsns := map[string]string{
		"URL":         "sqlserver://jm:" + url.QueryEscape(password) + "@" + address + "?database=eXpress&encrypt=disable",
		"typed URL":   "sqlserver://jm:" + password + "@" + address + "?database=eXpress&encrypt=disable",
		"typed query": "sqlserver://" + address + "?user+id=jm&encrypt=disable&password=" + password,
		"ADO":         "server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=\"" + quoted(`"`) + `"`,
		"typed ADO":   "server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=" + password + ";database=eXpress",
		"ODBC":        "odbc:server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password={" + quoted("}") + "}",
		"typed ODBC":  "odbc:server=" + host + ";port=" + port + ";user id=jm;encrypt=disable;password=" + password,
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

// Whatever a password is, however it is given and whatever goes wrong: no output and no message holds four characters of it
// in a row, beyond those that stand there with any password.
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
			file := filepath.Join(dir, "jobmon-db.yaml")
			if err := os.WriteFile(file, []byte("site: DS01\nlog.level: trace\n"+way.file), 0o600); err != nil {
				t.Fatal(err)
			}
			env := append([]string{"JOBMON_CONFIG=" + file, "JOBMON_DATA_DIR=" + filepath.Join(dir, "data")}, way.env...)
			var out bytes.Buffer
			for _, args := range [][]string{{"check"}, {"config", "show"}} {
				Main(t.Context(), append(args, way.flags...), env, strings.NewReader(""), &out, &out)
			}
			all[name] = out.String()
		}
		return all
	}
	printable := rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune(`@/?#:%;=&"'{}[]\+ ,!$`)), rapid.RuneFrom([]rune("äß€漢")), rapid.Map(rapid.IntRange(' ', '~'), func(c int) rune { return rune(c) }),
	), 8, 24, -1)
	for what, where := range map[string]string{"refused": server.Address(), "away": "127.0.0.1:1"} {
		ordinary := fmt.Sprint(outputs(`ü"@/;ü`, where), outputs("üü", where))
		password := strings.TrimSpace(printable.Example(int(time.Now().Unix()))) + "Sommer@2026/Koeln"
		for name, text := range outputs(password, where) {
			for rest := []rune(password); len(rest) >= 4; rest = rest[1:] {
				if part := string(rest[:4]); strings.Contains(text, part) && !strings.Contains(ordinary, part) {
					t.Errorf("%s, %s: %q of %q is in:\n%s", what, name, part, password, text)
				}
			}
		}
	}
}
