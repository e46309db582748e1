package winservice

import (
	"errors"
	"testing"
)

func TestServiceSID(t *testing.T) {
	// The first is in the documentation of Windows: the owner of its own files.
	for name, want := range map[string]string{
		"TrustedInstaller": "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
		"trustedinstaller": "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
	} {
		if got := serviceSID(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	person := Account{Name: `EXAMPLE\jobmon`, SID: "S-1-5-21-1-2-3-1104"}
	lookup := func(name string) (Account, error) {
		if name == "jobmon@example.com" {
			return person, nil
		}
		if name == `EXAMPLE\jm$` {
			return Account{Name: name, SID: "S-1-5-21-1-2-3-1105"}, nil
		}
		return Account{}, ErrAccount
	}
	for _, c := range []struct {
		name            string
		want            string // SID
		password, logon bool
	}{
		{"", Virtual("jobmon-db").SID, false, false},
		{`nt service\JOBMON-DB`, Virtual("jobmon-db").SID, false, false},
		{"LocalSystem", "S-1-5-18", false, false},
		{`NT AUTHORITY\SYSTEM`, "S-1-5-18", false, false},
		{`nt authority\Local Service`, "S-1-5-19", false, false},
		{"NetworkService", "S-1-5-20", false, false},
		{"jobmon@example.com", person.SID, true, true},
		{`EXAMPLE\jm$`, "S-1-5-21-1-2-3-1105", false, true},
		{`NT SERVICE\MSSQLSERVER`, "", false, false},
		{"nobody", "", false, false},
	} {
		got, err := resolve(c.name, "jobmon-db", lookup)
		if c.want == "" {
			if !errors.Is(err, ErrAccount) {
				t.Errorf("%q: %v, %v, want that there is no such account", c.name, got, err)
			}
			continue
		}
		if err != nil || got.SID != c.want || got.NeedsPassword() != c.password || got.needsLogonRight() != c.logon {
			t.Errorf("%q: %+v (password %v, right %v), %v", c.name, got, got.NeedsPassword(), got.needsLogonRight(),
				err)
		}
	}
}
