package jobmon

import (
	"fmt"
	"regexp"
	"strings"
)

// leadingNumber is an ordinal in front of a name: "03. ", "3)", "12: ", "4 - ", "007 ". A number that belongs to the
// name ("7-Zip", "365 Apps", "2.5 update") is not one.
var leadingNumber = regexp.MustCompile(
	`^(?:\d{1,4}\s*[.):]+\s+|\d{1,4}\s+[-–]\s+|0\d*\s+)(.+)$|^\d{1,4}\s*[.):]+(\D.*)$`,
)

// anyNumber is a number in front of the tag, where it can be nothing but an ordinal: "03 (JM) Office".
var anyNumber = regexp.MustCompile(`^\s*\d{1,4}\s*[-–.):]*\s*$`)

// StageName is the name of the stage that a marker opens: its job's name without the tag and a leading number
// ("03. (JM) Office" -> "Office"). When nothing would be left it is the whole name.
func (r *Rules) StageName(job string) string {
	name := job
	if at := r.marker.FindStringIndex(job); r.Settings.Marker != "" && at != nil {
		before, after := job[:at[0]], job[at[1]:]
		if anyNumber.MatchString(before) {
			before = ""
		}
		name = strings.TrimSpace(before) + " " + strings.TrimSpace(after)
	}
	_, name = CutNumber(strings.TrimSpace(name))
	if name = strings.Join(strings.Fields(name), " "); name == "" {
		return strings.TrimSpace(job)
	}
	return name
}

// CutNumber cuts an ordinal off the front of a name: "03. Office" gives "03. " and "Office". A number that belongs to
// the name ("7-Zip") stays with it. Joined again the two are the name.
func CutNumber(name string) (number, rest string) {
	found := leadingNumber.FindStringSubmatch(name)
	if found == nil {
		return "", name
	}
	rest = found[1] + found[2] // one of the two
	return name[:len(name)-len(rest)], rest
}

// JobName is what a job is called where it has no name of its own (NULL or empty in the database).
func JobName(id JobID, name string) string {
	if strings.TrimSpace(name) == "" {
		return fmt.Sprintf("(job %d)", id)
	}
	return name
}

// ComputerName is what a computer is called where it has no name of its own.
func ComputerName(id ComputerID, name string) string {
	if strings.TrimSpace(name) == "" {
		return fmt.Sprintf("(computer %d)", id)
	}
	return name
}

// SameName compares a job's name with the one that a DS script passed on. Consoles mangle case and everything that
// is not ASCII, so both are left out of account: runs of non-ASCII characters and question marks match each other.
func SameName(a, b string) bool { return a == b || foldName(a) == foldName(b) }

func foldName(s string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.TrimSpace(s) {
		if c > 126 || c == '?' {
			gap = true
			continue
		}
		if gap {
			b.WriteByte('?')
			gap = false
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	if gap {
		b.WriteByte('?')
	}
	return b.String()
}
