package configs

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// envPrefix begins the name of every environment variable of the program.
const envPrefix = "JOBMON_"

// Key is what there is to know of one key. Keys lists them all.
type Key struct {
	Name string // "source.poll_interval"
	// text, path, bool, number, duration, regexp, list, or the words that are allowed: "auto|console|json"
	Type    string
	Allowed string // what its values can be, to go on after "allowed is "
	Default string // in its text form; "" where DefaultIs has it in words
	// DefaultIs is the default in words, where it depends on the machine or on other keys.
	DefaultIs string
	Help      string // what it is for: sentences, the first of which stands alone
	Secret    bool   // its value is never shown, and no problem repeats it
	Live      bool   // a running daemon can take a new value; all others wait for its next start

	rare  bool                        // --help does not list its flag
	list  bool                        // the file may give it as a list
	tells bool                        // what parse returns repeats no secret, whatever the value holds
	parse func(*Config, string) error // an error says what is wrong in addition to Allowed, or is errNotAllowed
	text  func(*Config) string
	equal func(a, b *Config) bool
}

// Env is the environment variable that gives the key: JOBMON_SOURCE_POLL_INTERVAL.
func (k *Key) Env() string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(k.Name))
}

// Flag is the flag that gives the key, without its dashes: source-poll-interval.
func (k *Key) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name) }

// sectionOf is what stands before the last dot of a name: of "source.tables.event" it is "source.tables"; or "".
func sectionOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

// errNotAllowed says no more than that the value is none of those allowed.
var errNotAllowed = errors.New("not allowed")

func same(s string) string { return s }

func freeText(name string, longest int) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		text = strings.TrimSpace(text)
		if text == "" || len([]rune(text)) > longest {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = fmt.Sprintf("a text of 1 to %d characters on one line", longest)
	return k
}

// path is a path, which Load makes absolute: from the configuration file's folder if it stands in the file, else from
// the current one.
func path(name, of string) Key {
	k := newKey(name, "path", "", parsePath, same)
	k.Allowed = "the path of a " + of
	return k
}

// dsn is the data source name; every text is allowed, so that none is ever complained of.
func dsn(name string) Key {
	k := newKey(name, "text", "", func(text string) (DSN, error) { return DSN(strings.TrimSpace(text)), nil },
		DSN.String)
	k.Secret = true
	k.Allowed = "a data source name such as sqlserver://user:password@server/instance?database=eXpress&encrypt=true"
	return k
}

// password is kept as it is: spaces at its ends belong to it.
func password(name string) Key {
	k := newKey(name, "text", "", func(text string) (Secret, error) { return Secret(text), nil }, Secret.String)
	k.Secret = true
	k.Allowed = "a password"
	return k
}

// serverPattern keeps out the data source names, passwords in them, that are put where the server belongs.
var serverPattern = regexp.MustCompile(`^(?:[^\s\pC;=@"'{}?&/]+|(?i:np:)[^\pC;=@"'{}?&/]+)$`)

func serverName(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		if text = strings.TrimSpace(text); utf8.RuneCountInString(text) > 300 || text != "" &&
			!serverPattern.MatchString(text) {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = `host, host,port, host:port, host\INSTANCE, np: and a host or pipe, or lpc: and a host`
	return k
}

// identifier is a name as T-SQL writes it: in brackets where it has unusual characters.
var identifier = regexp.MustCompile(`^(?:[\pL_][\pL\pN_@$#]*|\[(?:[^]\x00-\x1f]|\]\])+\])`)

// fits reports whether a text is one name, or up to so many with dots between them, and none of them is longer than SQL
// Server's 128 characters.
func fits(text string, most int) bool {
	for range most {
		name := identifier.FindString(text)
		if name == "" || utf8.RuneCountInString(strings.ReplaceAll(strings.Trim(name, "[]"), "]]", "]")) > 128 {
			return false
		}
		if text = text[len(name):]; text == "" {
			return true
		}
		var dot bool
		if text, dot = strings.CutPrefix(text, "."); !dot {
			return false
		}
	}
	return false
}

func tableName(name, def string) Key {
	k := newKey(name, "text", def, func(text string) (string, error) {
		if text = strings.TrimSpace(text); !fits(text, 2) {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = "the name of a table or view, with its schema where that is needed: dbo.event, [my schema].event"
	return k
}

// columnName is the name of a column of a DS table; Tables.Columns holds only those that were changed.
func columnName(key string) Key {
	_, column, _ := strings.Cut(key, ".")
	text := func(c *Config) string { return cmp.Or(c.Source.Tables.Columns[key], column) }
	return Key{
		Name: "source.columns." + key, Type: "text", Default: column, rare: true,
		Allowed: "the name of a column, in brackets where it has unusual characters: start_time, [start time]",
		parse: func(c *Config, text string) error {
			if text = strings.TrimSpace(text); !fits(text, 1) {
				return errNotAllowed
			}
			if text == column {
				delete(c.Source.Tables.Columns, key)
				return nil
			}
			if c.Source.Tables.Columns == nil {
				c.Source.Tables.Columns = map[string]string{}
			}
			c.Source.Tables.Columns[key] = text
			return nil
		},
		text:  text,
		equal: func(a, b *Config) bool { return text(a) == text(b) },
	}
}

func oneOf(name, def string, words []string) Key {
	k := newKey(name, strings.Join(words, "|"), def, func(text string) (string, error) {
		if text = strings.ToLower(strings.TrimSpace(text)); !slices.Contains(words, text) {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = "one of " + strings.Join(words, ", ")
	return k
}

func yesNo(name string, def bool) Key {
	k := newKey(name, "bool", def, func(text string) (bool, error) {
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true", "yes", "on", "1":
			return true, nil
		case "false", "no", "off", "0":
			return false, nil
		}
		return false, errNotAllowed
	}, strconv.FormatBool)
	k.Allowed = "true or false"
	return k
}

func within[T cmp.Ordered](v, low, high T, err error) (T, error) {
	if err != nil || !(v >= low && v <= high) { // so that not-a-number is outside
		return v, errNotAllowed
	}
	return v, nil
}

func whole(name string, def, low, high int) Key {
	k := newKey(name, "number", def, func(text string) (int, error) {
		v, err := strconv.Atoi(strings.TrimSpace(text))
		return within(v, low, high, err)
	}, strconv.Itoa)
	k.Allowed = fmt.Sprintf("a whole number from %d to %d", low, high)
	return k
}

func seed(name string, def uint64) Key {
	k := newKey(name, "number", def, func(text string) (uint64, error) {
		v, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return 0, errNotAllowed
		}
		return v, nil
	}, func(v uint64) string { return strconv.FormatUint(v, 10) })
	k.Allowed = "a whole number from 0"
	return k
}

func number(name string, def, low, high float64) Key {
	k := newKey(name, "number", def, func(text string) (float64, error) {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return within(v, low, high, err)
	}, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) })
	k.Allowed = fmt.Sprintf("a number from %v to %v", low, high)
	return k
}

func duration(name string, def, low, high time.Duration) Key {
	return durationOr("", name, def, low, high)
}

// durationOr is a duration for which a word stands for 0, and then is the default.
func durationOr(word, name string, def, low, high time.Duration) Key {
	k := newKey(name, "duration", def, func(text string) (time.Duration, error) {
		if word != "" && strings.EqualFold(strings.TrimSpace(text), word) {
			return 0, nil
		}
		v, err := parseDuration(text)
		if err != nil {
			return 0, err
		}
		return within(v, low, high, nil)
	}, func(d time.Duration) string {
		if d == 0 && word != "" {
			return word
		}
		return durationText(d)
	})
	k.Allowed = fmt.Sprintf("a duration with its unit (ms, s, m, h, d) from %s to %s",
		durationText(low), durationText(high))
	if word != "" {
		k.Allowed = word + ", or " + k.Allowed
	}
	return k
}

// zone is the clock that wall times are by. An empty one is found out.
func zone(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		text = strings.TrimSpace(text)
		place, err := jobmon.ParseZone(text)
		if err != nil {
			return "", zoneHint(text)
		}
		if place != nil {
			if _, offset := time.Unix(0, 0).In(place).Zone(); offset < -14*3600 || offset > 14*3600 {
				return "", errors.New("no clock is more than 14 h from UTC")
			}
		}
		return text, nil
	}, same)
	k.Allowed = "the name of a time zone as IANA has it, such as Europe/Berlin, or an offset from UTC, such as +01:00"
	return k
}

var offsetOfSorts = regexp.MustCompile(`^(?i:UTC|GMT)?\s*([+-])\s*(\d{1,2}):?(\d{2})?$`)

// zoneHint says what a text that names no zone may mean.
func zoneHint(text string) error {
	if m := offsetOfSorts.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("write %s%02s:%s", m[1], m[2], cmp.Or(m[3], "00"))
	}
	for _, name := range []string{capitals(text), strings.ToUpper(text)} {
		if _, err := jobmon.ParseZone(name); err == nil {
			return fmt.Errorf("write %s", name)
		}
	}
	if strings.Contains(text, "Time") {
		return errors.New("it is a name of Windows; the IANA name of that zone is needed")
	}
	return errNotAllowed
}

// capitals writes europe/berlin as Europe/Berlin.
func capitals(text string) string {
	up := true
	return strings.Map(func(r rune) rune {
		was := up
		if up = strings.ContainsRune("/_-", r); was {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, text)
}

// KeepLeast is the shortest time for which history can be kept: longer than any session.abandoned and session.stuck, so
// that the history of no deployment is cut off while it can still go on.
const KeepLeast = 31 * day

// KeepMost is the longest that can be said in days; what lasts longer is kept for ever.
const KeepMost = 36_500 * day

// ParseKeep reads for how long history is kept; forever is 0. An error says what is allowed.
func ParseKeep(text string) (time.Duration, error) {
	k := keep("history.keep")
	var c Config
	if err := k.parse(&c, text); err != nil {
		return 0, fmt.Errorf("%q is not allowed: allowed is %s", text, k.Allowed)
	}
	return c.History.Keep, nil
}

// keep is for how long history is kept.
func keep(name string) Key {
	return durationOr("forever", name, 0, KeepLeast, KeepMost)
}

func pattern(name, def string) Key {
	k := newKey(name, "regexp", def, parsePattern, same)
	k.Allowed = `a regular expression (RE2), in which a parenthesis is written \( ; an empty one matches no job`
	return k
}

func codes(name string, def []jobmon.Code) Key {
	k := newKey(name, "list", def, func(text string) ([]jobmon.Code, error) {
		var list []jobmon.Code
		for part := range strings.SplitSeq(text, ",") {
			if words := strings.Fields(part); len(words) > 1 {
				return nil, fmt.Errorf("commas are missing: %s", strings.Join(words, ", "))
			}
			code, err := jobmon.ParseCode(part)
			if err != nil || code == -1 {
				return nil, errNotAllowed
			}
			list = append(list, code)
		}
		slices.Sort(list)
		return slices.Compact(list), nil
	}, func(list []jobmon.Code) string {
		var parts []string
		for _, v := range list {
			parts = append(parts, strconv.FormatInt(int64(v), 10))
		}
		return strings.Join(parts, ", ")
	})
	k.list = true
	k.Allowed = "codes such as 3010, -2147024809 or 0x80070057, separated by commas, at least one and not -1, which " +
		"means running"
	return k
}

// accounts is a list of Windows accounts, by name or SID; whether they exist is seen when they are used.
func accounts(name string) Key {
	k := newKey(name, "list", nil, func(text string) ([]string, error) {
		var list []string
		if text == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part == "" || strings.ContainsFunc(part, unicode.IsControl) {
				return nil, errNotAllowed
			}
			list = append(list, part)
		}
		return list, nil
	}, func(list []string) string { return strings.Join(list, ", ") })
	k.list = true
	k.Allowed = `accounts separated by commas, as DOMAIN\name or S-1-5-...`
	return k
}
