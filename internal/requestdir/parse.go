package requestdir

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	suffix  = ".req"
	maxName = 254 // characters of a job's name; the database holds 128

	// scriptMark begins the line of a script that holds the job's name, for scripts that hand on that line as it stands
	// and so never put a name before cmd, which would take some of them for commands (configs/tasks/parts.tmpl).
	scriptMark = `::"JM"=`
)

// parseName reads the name of a request's file: a computer's id as DS writes it, above 0, without zeros in front.
func parseName(name string) (jobmon.ComputerID, bool) {
	at := len(name) - len(suffix)
	if at < 1 || !strings.EqualFold(name[at:], suffix) {
		return 0, false
	}
	id, err := strconv.ParseInt(name[:at], 10, 32)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != name[:at] {
		return 0, false
	}
	return jobmon.ComputerID(id), true
}

// unreplaced says whether a file has the name of a request with a token of DS in it (%ID%), which DS should have
// replaced, or with the nothing that a batch script makes of such a token.
func unreplaced(name string) bool {
	at := len(name) - len(suffix)
	return at >= 0 && strings.EqualFold(name[at:], suffix) && (at == 0 || at > 2 && name[0] == '%' && name[at-1] == '%')
}

// JobName reads a job's name as a batch script passes it on: one line, behind the mark ::"JM"= as it is, else with or
// without a pair of quotation marks, at most 254 characters, without control characters, in whatever code page.
func JobName(content []byte) string {
	name, _ := jobName(content[:min(len(content), maxRead)])
	return name
}

// jobName reads the job's name from the beginning of a request. It is whole when its line has an end, or is longer
// than what is looked at.
//
// A pair of quotation marks around the name is taken off: in batch they are the only way to echo a name with "&".
func jobName(content []byte) (name string, whole bool) {
	name = decode(content)
	end := strings.IndexAny(name, "\r\n")
	if end >= 0 {
		name = name[:end]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if plain, ok := strings.CutPrefix(name, scriptMark); ok {
		name = plain
	} else if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
		name = name[1 : len(name)-1]
	}
	if characters := []rune(name); len(characters) > maxName {
		name = string(characters[:maxName])
	}
	return strings.TrimSpace(name), end >= 0 || len(content) >= maxRead
}

// decode makes valid UTF-8 of what editors, PowerShell and consoles write. Which code page a console had is not known:
// each run of bytes that are not UTF-8 becomes one replacement character, which matches any letters beyond ASCII.
func decode(content []byte) string {
	for _, c := range []struct {
		mark  string
		order binary.ByteOrder
	}{{"\xff\xfe", binary.LittleEndian}, {"\xfe\xff", binary.BigEndian}} {
		if text, ok := bytes.CutPrefix(content, []byte(c.mark)); ok {
			units := make([]uint16, len(text)/2)
			for i := range units {
				units[i] = c.order.Uint16(text[2*i:])
			}
			return string(utf16.Decode(units))
		}
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	return strings.ToValidUTF8(string(content), "\uFFFD")
}
