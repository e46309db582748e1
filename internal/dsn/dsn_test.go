package dsn_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/dsn"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func TestForms(t *testing.T) {
	t.Parallel()
	full := dsn.Parts{"server": "db01", "port": "1444", "user id": "reader", "password": "p@s;s", "database": "eXpress"}
	for text, want := range map[string]dsn.Parts{
		"sqlserver://reader:p%40s%3Bs@db01:1444?database=eXpress":                     full,
		" sqlserver://reader:p%40s;s@db01:1444?database=eXpress\n":                    full,
		`server=db01; Port = 1444;Initial Catalog=eXpress;UID=reader;Pwd="p@s;s";`:    full,
		"odbc:server=db01;port=1444;database=eXpress;user id=reader;password={p@s;s}": full,
		"sqlserver://db01/ALTIRIS": {"server": `db01\ALTIRIS`},
		"sqlserver://[fd00::1]:1433": {"server": "fd00::1",
			"port": "1433"},
		"Data Source=tcp:db01,1444;Integrated Security=SSPI": {"server": "tcp:db01,1444",
			"integrated security": "SSPI"},
		`server=np:\\db01\pipe\MSSQL$DS\sql\query;user=x;password="a""b"`: {
			"server": `np:\\db01\pipe\MSSQL$DS\sql\query`, "user id": "x", "password": `a"b`},
		`odbc:server=(local);uid=x;pwd={a}}b}`: {"server": "(local)",
			"user id": "x", "password": "a}b"},
		"server=db01;user id=x;password= a=b ": {"server": "db01",
			"user id": "x", "password": "a=b"},
		"sqlserver://db01?user+id=me%40srv&password=a%26b": {"server": "db01",
			"user id": "me@srv", "password": "a&b"},
		`server=db01;user id=EXAMPLE\jobmon;password="";encrypt=disable;packet size="4096" `: {"server": "db01",
			"user id": `EXAMPLE\jobmon`, "password": "", "encrypt": "disable", "packet size": "4096"},
	} {
		got, err := dsn.Parse(text)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// Every printable character, the ones that mean something in some form more often.
var password = rapid.StringOfN(rapid.OneOf(
	rapid.RuneFrom([]rune(`@/?#:%;=&"'{}[]\+ ,!$`)), rapid.RuneFrom([]rune("äß€漢")),
	rapid.Map(rapid.IntRange(' ', '~'), func(c int) rune { return rune(c) }),
), 4, 24, -1)

// However a password is given, and whatever stands in it: it is the password that was meant, or the string is refused,
// or it is a shorter beginning of it. No other setting, and no error, holds four of its characters in a row.
func TestNothingButThePasswordHoldsThePassword(t *testing.T) {
	t.Parallel()
	forms := map[string]func(string) string{
		"URL":     func(p string) string { return "sqlserver://ü:" + p + "@ü:1433?database=ü" },
		"escaped": func(p string) string { return "sqlserver://ü:" + url.QueryEscape(p) + "@ü?database=ü" },
		"query":   func(p string) string { return "sqlserver://ü?user+id=ü&password=" + p },
		"ADO":     func(p string) string { return "server=ü;user id=ü;password=" + p + ";database=ü" },
		"ADO quoted": func(p string) string {
			return `server=ü;user id=ü;password="` + strings.ReplaceAll(p, `"`, `""`) + `"`
		},
		"ADO quotes": func(p string) string { return `server=ü;user id=ü;password="` + p + `";database=ü` },
		"apostrophe": func(p string) string { return `server=ü;user id=ü;password='` + p + `';database=ü` },
		"ODBC":       func(p string) string { return "odbc:server=ü;user id=ü;password=" + p },
		"braced": func(p string) string {
			return "odbc:server=ü;user id=ü;password={" + strings.ReplaceAll(p, "}", "}}") + "}"
		},
		"braces": func(p string) string { return "odbc:server=ü;user id=ü;password={" + p + "};database=ü" },
	}
	exact := []string{"ADO quoted", "braced"}
	lawtest.Check(t, func(t *rapid.T) {
		secret := password.Draw(t, "password")
		for name, form := range forms {
			parts, err := dsn.Parse(form(secret))
			shown := ""
			if err != nil {
				if !strings.Contains(err.Error(), "source.password_file") &&
					!strings.Contains(err.Error(), "names no server") {
					t.Errorf("%s: no way out is named: %v", name, err)
				}
				shown = strings.ReplaceAll(err.Error(), example, "")
			}
			for key, value := range parts {
				if key != dsn.Password {
					shown += key + "\n" + value + "\n"
				}
			}
			for text := []rune(secret); len(text) >= 4; text = text[1:] {
				if part := string(text[:4]); strings.Contains(shown, part) && !strings.Contains(ordinary, part) {
					t.Errorf("%s: %q of %q is in %s", name, part, secret, shown)
				}
			}
			for _, one := range exact {
				if name == one && (err != nil || parts[dsn.Password] != secret) {
					t.Errorf("%s: %q became %q, %v", name, secret, parts[dsn.Password], err)
				}
			}
		}
	})
}

// ordinary are the sentences and names that stand there whatever the password is.
var ordinary = func() string {
	var b strings.Builder
	for _, text := range []string{"x://", "sqlserver://:::@", "server=ü;x", "odbc:server=ü;x", "server=ü@",
		"database=x", "server=\x01", "sqlserver://ü?x=1", `server="`, "server=ü;server=ü", "server=ü;x=1"} {
		_, err := dsn.Parse(text)
		b.WriteString(err.Error() + "\n")
	}
	return b.String() + "server\nport\n1433\nuser id\ndatabase\n"
}()

const example = "sqlserver://user:password@host:port?database=eXpress"

func FuzzParse(f *testing.F) {
	for _, text := range []string{"sqlserver://a:b@c/d?e=f", `server=a;password="b;c"`, "odbc:server=a;pwd={b}}c}",
		"x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := dsn.Parse(text)
		if (err == nil) != (parts[dsn.Server] != "") {
			t.Errorf("%q: %v, %v", text, parts, err)
		}
	})
}
