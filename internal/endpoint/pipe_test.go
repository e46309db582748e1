package endpoint

import (
	"errors"
	"strings"
	"testing"
)

func TestPipeName(t *testing.T) {
	name := pipeName(`C:\ProgramData\jobmon-db`)
	if name != `\\.\pipe\jobmon-db-ac9d213a57029601` {
		t.Errorf("the name of the pipe has changed to %s: older programs will not find the daemon", name)
	}
	if pipeName(`c:\programdata\JOBMON-DB`) != name {
		t.Error("the case of the path matters")
	}
	if pipeName(`D:\ProgramData\jobmon-db`) == name {
		t.Error("two folders share a pipe")
	}
}

func TestPipeSecurity(t *testing.T) {
	unknown := errors.New("not found")
	lookup := func(name string) (string, error) {
		if name == `CORP\Desk side` {
			return "S-1-5-21-1-2-3-1104", nil
		}
		return "", unknown
	}
	const own, base = "S-1-5-80-7", "O:S-1-5-80-7D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;S-1-5-80-7)"
	for _, c := range []struct {
		allow []string
		want  string
	}{
		{nil, base},
		{[]string{"S-1-5-32-545"}, base + "(A;;0x12018b;;;S-1-5-32-545)"},
		{[]string{`CORP\Desk side`, "s-1-1-0"}, base + "(A;;0x12018b;;;S-1-5-21-1-2-3-1104)(A;;0x12018b;;;S-1-1-0)"},
	} {
		if got, err := pipeSecurity(own, c.allow, lookup); got != c.want || err != nil {
			t.Errorf("%q: %s, %v\nwant %s", c.allow, got, err, c.want)
		}
	}
	// What is no SID goes to lookup, whatever it looks like: nothing can be slipped into the descriptor.
	wrong := []string{"", "nobody", "S-1-1-0)(A;;GA;;;WD", "S-1-", "WD", "S-1-1-0\n"}
	_, err := pipeSecurity(own, append([]string{"S-1-1-0"}, wrong...), lookup)
	if !errors.Is(err, unknown) || strings.Count(err.Error(), "endpoint.allow") != len(wrong) {
		t.Errorf("%v\nwant each of %q named", err, wrong)
	}
}

func FuzzGreeting(f *testing.F) {
	for _, line := range []string{"jobmon-db/1 0123abcd 1.2.3", "jobmon-db/2 - -", "jobmon-db/0", "jobmon-db/1", "HTTP/1.1 200 OK", ""} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		g, err := parseGreeting(line)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		said, err := g.line()
		if err != nil {
			return // words that only another version would say
		}
		again, err := parseGreeting(strings.TrimSuffix(string(said), "\r\n"))
		if err != nil || again != g {
			t.Errorf("%q is %+v, which is said as %q and heard as %+v, %v", line, g, said, again, err)
		}
	})
}
