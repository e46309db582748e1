package trust

import (
	"errors"
	"strings"
	"testing"
)

const stranger = "S-1-5-21-7-7-7-1001"

func TestAccount(t *testing.T) {
	t.Parallel()
	for sid, want := range map[string]bool{
		"S-1-5-18": true, "S-1-5-32-544": true, "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": true,
		"S-1-5-21-1-2-3-1104": true, // given as trusted
		"":                    false, stranger: false, "S-1-1-0": false, "S-1-5-32-545": false, "S-1-5-19": false,
		"S-1-5-800-1": false,
	} {
		if got := Account(sid, "S-1-5-21-1-2-3-1104", ""); got != want {
			t.Errorf("%q: %v", sid, got)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p       place
		trusted bool
		word    string
	}{{place{owner: "S-1-5-18"}, true, ""}, {place{owner: stranger}, false,
		"takeown"}, {place{owner: "S-1-5-18", link: true}, true, "link"}} {
		err := c.p.judge(`C:\ProgramData\jobmon-db`, c.trusted)
		word := strings.ReplaceAll(c.word, "takeown", takeOver(`C:\ProgramData\jobmon-db`))
		if (err == nil) != (word == "") || err != nil && (!errors.Is(err, ErrOwner) ||
			!strings.Contains(err.Error(), word)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Nobody else is in the rights of a new folder, and an elevated administrator does not own it alone.
func TestPrivate(t *testing.T) {
	t.Parallel()
	const base = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
	for want, got := range map[string]string{
		"O:BA" + base: private(system, true),
		"O:BA" + base + "(A;OICI;FA;;;" + stranger + ")": private(stranger, true),
		base + "(A;OICI;FA;;;" + stranger + ")":          private(stranger, false),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
