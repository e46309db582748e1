package mssql

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func TestNames(t *testing.T) {
	for configured, want := range map[string]string{
		"":                           "[event]",
		"  ":                         "[event]",
		"jobs":                       "[jobs]",
		"dbo.jobs":                   "[dbo].[jobs]",
		" dbo.jobs ":                 "[dbo].[jobs]",
		"[dbo].[all jobs]":           "[dbo].[all jobs]",
		"ds.[a.b]":                   "[ds].[a.b]",
		"[a]]b]":                     "[a]]b]",
		"x; DROP TABLE event --":     "[x; DROP TABLE event --]",
		"it's":                       "[it's]",
		"[x]]; DROP TABLE event --]": "[x]]; DROP TABLE event --]",
		strings.Repeat("ä", 128):     "[" + strings.Repeat("ä", 128) + "]",
	} {
		n, err := parseName("event", configured)
		if err != nil || n.quoted() != want {
			t.Errorf("%q: %s, %v", configured, n.quoted(), err)
		}
	}
	for _, configured := range []string{
		".", "a.", ".a", "a.b.c", "[a", "[]", "a]b", "[a]b", "[a].", "a\x00b", "a\nb", "a\xff",
		strings.Repeat("a", 129),
	} {
		if n, err := parseName("event", configured); err == nil ||
			!strings.Contains(err.Error(), "source.tables.event") {
			t.Errorf("%q: %+v, %v", configured, n, err)
		}
	}
}

func TestQuotedNamesStayNames(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		identifier := rapid.StringMatching(`[^\x00-\x1f\x7f-\x9f]{1,20}`).Draw(t, "identifier")
		want := name{schema: identifier, table: identifier}
		got, err := parseName("event", want.quoted())
		if err != nil || got != want {
			t.Fatalf("%s: %+v, %v", want.quoted(), got, err)
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(literal(identifier), "N'"), "'")
		if strings.Contains(strings.ReplaceAll(inside, "''", ""), "'") {
			t.Fatalf("%s ends too early", literal(identifier))
		}
	})
}
