package configs

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// These checks find values that can be read and cannot be meant. Each says the form that works.

const typographic = "“”„‟‘’‚‛«»‹›"

// inTypographicQuotes says that a word processor has put a value in quotes.
func inTypographicQuotes(text string) bool {
	text = strings.TrimSpace(text)
	first, last := strings.TrimLeft(text, typographic), strings.TrimRight(text, typographic)
	return len(first) < len(text) && len(last) < len(text)
}

// inQuotes says that straight quotes have become a part of the value, as those of `set NAME="value"` in a console.
func inQuotes(text string) bool {
	return len(text) > 1 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0]
}

// Check says why a key cannot have that value, or nil. What goes together with other keys is seen by Load.
func Check(s Setting) error {
	keys := Keys()
	at := slices.IndexFunc(keys, func(k Key) bool { return k.Name == s.Key })
	if at < 0 {
		return fmt.Errorf("there is no key %s", s.Key)
	}
	p, wrong := given{key: &keys[at], text: s.Text, origin: Origin{Layer: FromDefault}}.check()
	if !wrong {
		return nil
	}
	return errors.New(strings.TrimPrefix(p.String(), string(FromDefault)+": "))
}

// unmeant says what no value of this key can have, wherever it was given, or nil.
func unmeant(k *Key, text string) error {
	if !k.Secret {
		text = strings.TrimSpace(text)
	}
	control := strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) })
	switch {
	case !freeForm(k):
		return nil
	case control >= 0:
		return fmt.Errorf("it holds a control character (U+%04X); in double quotes YAML makes one of a backslash and "+
			"a letter: use single quotes", []rune(text[control:])[0])
	case k.Secret:
		return nil
	case inQuotes(text), inTypographicQuotes(text) && k.Type != "regexp":
		return fmt.Errorf("it stands in quotes that became a part of it; leave them out: %s",
			strings.Trim(text, typographic+`"'`))
	}
	return nil
}

// systemName is what people call a system that Go calls so.
func systemName(goos string) string { return strings.ToUpper(goos[:1]) + goos[1:] }

var (
	ofWindows      = regexp.MustCompile(`^([A-Za-z]:|//)|\\`)
	variableInPath = regexp.MustCompile(`%\w+%|\$\{?[A-Za-z_]`)
	oneBackslash   = regexp.MustCompile(`^\\[^\\]`)
	driveRelative  = regexp.MustCompile(`^([A-Za-z]:([^\\/]|$)|/[^/])`)
)

// errSecretPath is the error of a secret at the key of the file that holds it: a path would be shown.
var errSecretPath = errors.New("it looks like an address or a secret, and not like a path")

// parsePath takes the blanks off that are never meant, and refuses what names no certain place.
func parsePath(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", errNotAllowed
	case strings.Contains(text, "://"), strings.HasPrefix(text, "whsec_"), strings.HasPrefix(text, TokenPrefix),
		seedPattern.MatchString(text):
		return "", errSecretPath
	case variableInPath.MatchString(text):
		return "", errors.New("variables in it are not replaced")
	case strings.HasPrefix(text, "~"):
		return "", errors.New("~ is not replaced; write the home folder out")
	case oneBackslash.MatchString(text):
		return "", fmt.Errorf("it begins with one backslash: a share begins with two, "+
			`\%s, and a folder with its drive, C:%s; in single quotes YAML keeps both`, text, text)
	case runtime.GOOS == "windows" && driveRelative.MatchString(text):
		return "", errors.New(`it depends on the current drive or folder; write it as C:\folder`)
	case strings.Trim(text, typographic) != text:
		return "", fmt.Errorf("a typographic quote is a part of it; leave it out: %s", strings.Trim(text, typographic))
	case strings.TrimFunc(text, func(r rune) bool { return oddCharacter.MatchString(string(r)) }) != text:
		return "", errors.New("it " + named(text) + "; type it again")
	case runtime.GOOS != "windows" && ofWindows.MatchString(text):
		return "", fmt.Errorf("it is a path of Windows, and this is %s: a folder here is written /srv/jobmon-db, and "+
			"a share of Windows is mounted first, such as at /mnt/express, and named by that folder",
			systemName(runtime.GOOS))
	}
	return filepath.Abs(text)
}

// parsePattern refuses a pattern that matches every name or groups for nothing, besides what is no pattern.
func parsePattern(text string) (string, error) {
	compiled, err := regexp.Compile(text)
	switch {
	case err != nil && strings.Contains(err.Error(), "repetition operator"):
		return "", fmt.Errorf("%w; any text is .* here", err)
	case err != nil:
		return "", err
	case text != "" && compiled.MatchString(""):
		return "", errors.New("it matches every name, as it matches an empty one")
	}
	if group := idleGroup(text); group != "" {
		inside := group[1 : len(group)-1]
		return "", fmt.Errorf("%s is a group and matches the same as without its parentheses; "+
			`if they are part of the name write \(%s\), else (?:%s)`, group, inside, inside)
	}
	return text, nil
}

var (
	// noGroup is what holds parentheses that group nothing: quoted text, an escape, a class.
	noGroup    = regexp.MustCompile(`\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w+:\]|[^\]])*\]`)
	plainGroup = regexp.MustCompile(`(\([^\x00()|*+?{}\[\]^$]+\))([*+?{]?)`)
)

// idleGroup finds a group of plain text behind which nothing repeats it. The pattern compiles.
func idleGroup(pattern string) string {
	for _, m := range plainGroup.FindAllStringSubmatch(noGroup.ReplaceAllString(pattern, "\x00"), -1) {
		if m[2] == "" {
			return m[1]
		}
	}
	return ""
}

const day = 24 * time.Hour

var (
	inDays     = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)d(.*)$`)
	longerUnit = strings.NewReplacer(" ", "", ",", ".", "days", "d", "day", "d",
		"hours", "h", "hour", "h", "hrs", "h", "hr", "h", "minutes", "m", "minute", "m", "min", "m", "seconds", "s",
		"second", "s", "sec", "s")
)

// parseDuration reads what time.ParseDuration reads, and days before that: 2d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	v, err := durationOf(text)
	if err == nil {
		return v, nil
	}
	if plain := longerUnit.Replace(strings.ToLower(text)); plain != text {
		if _, err := durationOf(plain); err == nil {
			return 0, fmt.Errorf("write %s", plain)
		}
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 {
		return 0, fmt.Errorf("its unit is missing: %ss are seconds, %sm minutes", text, text)
	}
	return 0, errNotAllowed
}

func durationOf(text string) (time.Duration, error) {
	m := inDays.FindStringSubmatch(text)
	if m == nil {
		return time.ParseDuration(text)
	}
	days, err := strconv.ParseFloat(m[1], 64)
	if err != nil || days > 100_000 {
		return 0, errNotAllowed
	}
	rest := time.Duration(0)
	if m[2] != "" {
		if rest, err = time.ParseDuration(m[2]); err != nil || rest < 0 {
			return 0, errNotAllowed
		}
	}
	return time.Duration(days*float64(day)) + rest, nil
}

// durationText writes 30m where time.Duration writes 30m0s, and whole days from two on as days.
func durationText(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
