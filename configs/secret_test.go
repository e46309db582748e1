package configs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
)

// Every way in which a password can reach an output, planted and looked for.
func TestNoOutputHoldsThePassword(t *testing.T) {
	passwords := []string{
		"geheim", "ge@heim", "ge/heim", "12/heim", "ge?heim", "12?heim", "ge#heim", "12#heim", "ge:heim", "ge;heim",
		"ge=heim", "ge'heim",
		`ge"heim`, "ge{heim}", "ge%heim", "ge heim", "12@heim", "/12:heim", `"a;server=heim"`, "'a;server=heim'",
		"{a;server=heim}",
	}
	// These end a password in the middle of a list, for a driver as well, but not before an "@".
	endless := append(passwords, ";server=heim", "a;database=heim", "?database=heim", "12?database=heim",
		"&database=heim", "#database=heim")
	for form, passwords := range map[string][]string{
		"sqlserver://sa:%s@ds/express?database=eXpress":          endless,
		"sqlserver://sa:%s@ds:1433":                              endless,
		"SqlServer://sa:%s@ds":                                   endless,
		"sqlserver://ds?database=eXpress&user+id=sa&password=%s": passwords,
		"server=ds;user id=sa;password=%s;database=eXpress":      passwords,
		"password=%s;server=ds":                                  passwords,
		"odbc:server=ds;uid=sa;pwd=%s":                           passwords,
		"Data Source=ds;Password=\"%s\";Initial Catalog=eXpress": passwords,
		"%s": passwords,
	} {
		for _, password := range passwords {
			dsn := fmt.Sprintf(form, password)
			ways := map[string]configs.LoadOptions{
				"file":                {File: write(t, "source.dsn: '"+strings.ReplaceAll(dsn, "'", "''")+"'\n")},
				"environment":         {Env: []string{"JOBMON_SOURCE_DSN=" + dsn}},
				"flag":                {Flags: flags(t, "--source-dsn", dsn)},
				"mistyped in file":    {File: write(t, "source.dns: '"+strings.ReplaceAll(dsn, "'", "''")+"'\n")},
				"mistyped variable":   {Env: []string{"JOBMON_DSN=" + dsn}},
				"mistyped variable 2": {Env: []string{"JOBMON_SOURCE_PASSWORT=" + dsn}},
				"list in file": {File: write(t, "source:\n  dsn:\n  - '"+strings.ReplaceAll(
					dsn, "'", "''")+"'\n")},
				"section in file":  {File: write(t, "source: '"+strings.ReplaceAll(dsn, "'", "''")+"'\n")},
				"bare in file":     {File: write(t, "source:\n  dsn: "+dsn+"\n")},
				"double quotes":    {File: write(t, "source:\n  dsn: \""+dsn+"\n")},
				"beside a problem": {Env: []string{"JOBMON_SOURCE_DSN=" + dsn, "JOBMON_LOG_LEVEL=loud"}},
			}
			if dsn != password { // by itself nobody can tell it from a host
				ways["where the server belongs"] = configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=" + dsn}}
			}
			for name, o := range ways {
				if out := everyOutput(t, o); strings.Contains(out, "heim") {
					t.Errorf("%s: %q is in the output:\n%s", name, dsn, out)
				}
			}
		}
	}
}

// The same for the password by itself.
func TestNoOutputHoldsThePasswordOfItsKey(t *testing.T) {
	for _, password := range []string{
		"geheim", "sqlserver://sa:x@geheim", "server=geheim", "database=geheim", " geheim ", "ge: heim # geheim",
		"*geheim", "[geheim", "{geheim}", "%geheim", `"geheim`,
	} {
		quoted := "'" + strings.ReplaceAll(password, "'", "''") + "'"
		for name, o := range map[string]configs.LoadOptions{
			"file":         {File: write(t, "source: {server: ds, user: sa, password: "+quoted+"}\n")},
			"beside a DSN": {File: write(t, "source: {dsn: server=ds, password: "+quoted+"}\n")},
			"environment": {Env: []string{"JOBMON_SOURCE_SERVER=ds", "JOBMON_SOURCE_USER=sa",
				"JOBMON_SOURCE_PASSWORD=" + password}},
			"flag": {Flags: flags(t, "--source-server=ds", "--source-user=sa", "--source-password",
				password)},
			"contradicting":     {Env: []string{"JOBMON_SOURCE_PASSWORD=" + password, "JOBMON_SOURCE_PASSWORD_FILE=x"}},
			"bare in file":      {File: write(t, "source:\n  password: "+password+"\n")},
			"list in file":      {File: write(t, "source:\n  password: ["+quoted+"]\n")},
			"mapping in file":   {File: write(t, "source:\n  password: {a: "+quoted+"}\n")},
			"mistyped in file":  {File: write(t, "source.pasword: "+quoted+"\n")},
			"mistyped again":    {File: write(t, "source.pw: "+quoted+"\n")},
			"mistyped variable": {Env: []string{"JOBMON_PASSWORD=" + password}},
			"mistyped section":  {File: write(t, "sourc:\n  password: "+quoted+"\n")},
			"too deep":          {File: write(t, "source.tls.password: "+quoted+"\n")},
		} {
			if out := everyOutput(t, o); strings.Contains(out, "heim") {
				t.Errorf("%s: %q is in the output:\n%s", name, password, out)
			}
		}
	}
}

// everyOutput loads and prints the outcome in all the ways there are.
func everyOutput(t *testing.T, o configs.LoadOptions) string {
	t.Helper()
	var b strings.Builder
	log := zerolog.New(&b)
	c, err := load(o)
	if err != nil {
		fmt.Fprintf(&b, "%v %+v %#v", err, err, err)
		log.Error().Err(err).Send()
		return b.String()
	}
	fmt.Fprintf(&b, "%v %+v %#v %s %s %v", c, *c, *c, c.Source.DSN, c.Source.Password, c.Values())
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(encoded)
	log.Info().Interface("config", c).Stringer("dsn", c.Source.DSN).Any("source", c.Source).Send()
	return b.String()
}

func TestWhatIsShownOfADSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"": "",
		"sqlserver://sa:p@ds.example/express?database=eXpress&encrypt=disable": `(hidden) server=ds.example\express ` +
			`database=eXpress`,
		"sqlserver://ds:1433":                     "(hidden) server=ds:1433",
		"sqlserver://sa:p@ss@ds":                  "(hidden)",
		"Server=ds; Database=eXpress; password=p": "(hidden) server=ds database=eXpress",
		"p": "(hidden)",
	} {
		if got := configs.DSN(dsn).String(); got != want {
			t.Errorf("%q is shown as %q; want %q", dsn, got, want)
		}
		if configs.DSN(dsn).Reveal() != dsn {
			t.Errorf("%q does not reveal itself", dsn)
		}
	}
}
