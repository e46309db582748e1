package recording

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	// letters form pseudonyms: no vowels, so that they form no words, and enough of them that two of a hundred thousand
	// names get the same with a chance of 1 in 2,000.
	letters   = "bcdfghjklmnpqrstvwxz"
	howMany   = 10
	attempts  = 100 // at a pseudonym that is of the same class as the name
	fewDigits = 4   // of an ordinal
)

// Pseudonyms replace names. The same key gives the same name the same pseudonym, whatever its case; without the key
// it reveals nothing of the name.
type Pseudonyms struct {
	key   []byte
	rules *jobmon.Rules
	kept  []*regexp.Regexp // what they find in the name of a job stays
}

// NewPseudonyms makes pseudonyms with the secret key of the site. What the settings' patterns for markers and build
// jobs find in the name of a job stays, so that the picture is the same; an error is about these.
func NewPseudonyms(key []byte, settings jobmon.Settings) (*Pseudonyms, error) {
	rules, err := jobmon.NewRules(settings)
	if err != nil {
		return nil, err
	}
	p := &Pseudonyms{key: key, rules: rules}
	for _, pattern := range []string{settings.Marker, settings.Build} {
		if pattern != "" {
			p.kept = append(p.kept, regexp.MustCompile(pattern)) // NewRules has compiled it
		}
	}
	return p, nil
}

// Disguise replaces the names of jobs, folders, computers and groups. Ids, times, codes and the ordinals in front of
// names stay. The tables are those of the recording afterwards; the slices they came from do not change. An error says
// that the pattern of markers or build jobs finds something in every pseudonym of a job.
func (r *Recording) Disguise(p *Pseudonyms) error {
	t := *r.Tables
	t.Jobs, t.Computers = slices.Clone(t.Jobs), slices.Clone(t.Computers)
	for i := range t.Jobs {
		j := &t.Jobs[i]
		name, err := p.job(j.Name)
		if err != nil {
			return fmt.Errorf("job %d: %w", j.ID, err)
		}
		j.Name, j.Folder = name, p.folder(j.Folder)
	}
	for i := range t.Computers {
		c := &t.Computers[i]
		c.Name, c.OSName, c.Group = p.of("PC-", c.Name), p.of("PC-", c.OSName), p.of("Group-", c.Group)
	}
	r.Tables, r.Pseudonyms = &t, true
	return nil
}

// job keeps what the program understands of a job's name: the tag, the build job's name, an ordinal.
func (p *Pseudonyms) job(name string) (string, error) {
	for n := range attempts {
		disguised, from := "", 0
		for _, span := range append(p.spans(name), []int{len(name), len(name)}) {
			disguised += p.between(name[from:span[0]], n) + name[span[0]:span[1]]
			from = span[1]
		}
		if p.rules.Class(disguised) == p.rules.Class(name) {
			return disguised, nil
		}
	}
	return "", errors.New("no pseudonym can be found that is a marker, a build job or neither, like the name: " +
		"jobs.marker or jobs.build fits nearly everything; record without --pseudonyms, or with narrower patterns")
}

// spans are the parts of a job's name that stay, ascending and apart.
func (p *Pseudonyms) spans(name string) [][]int {
	var found, apart [][]int
	for _, pattern := range p.kept {
		if span := pattern.FindStringIndex(name); span != nil {
			found = append(found, span)
		}
	}
	slices.SortFunc(found, slices.Compare)
	for _, span := range found {
		if n := len(apart); n > 0 && span[0] < apart[n-1][1] {
			apart[n-1][1] = max(apart[n-1][1], span[1])
			continue
		}
		apart = append(apart, span)
	}
	return apart
}

// between disguises a part of a job's name that does not stay, but for the signs and spaces around it and an ordinal.
func (p *Pseudonyms) between(text string, n int) string {
	name := strings.TrimFunc(text, plainSign)
	digits := 0
	if !strings.ContainsFunc(name, func(c rune) bool {
		if c >= '0' && c <= '9' {
			digits++
			return digits > fewDigits
		}
		return !plainSign(c)
	}) {
		return text
	}
	number, rest := jobmon.CutNumber(name)
	word := p.word("job", rest, n/2)
	word = strings.ToUpper(word[:1]) + word[1:]
	if n%2 == 1 { // what stays may have stood beside a letter that does not count as part of a word
		word = " " + word + " "
	}
	before, after, _ := strings.Cut(text, name)
	return before + number + word + after
}

// plainSign says that a character is a space or punctuation that every keyboard has.
func plainSign(c rune) bool {
	return c <= unicode.MaxASCII && !unicode.IsLetter(c) && !unicode.IsDigit(c) || c == '–'
}

func (p *Pseudonyms) folder(path string) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(path, `\`)
	for i := range parts {
		parts[i] = p.of("Folder-", parts[i])
	}
	return strings.Join(parts, `\`)
}

// of is the pseudonym of a name of that kind. A name that is blank stays so.
func (p *Pseudonyms) of(kind, name string) string {
	if strings.TrimSpace(name) == "" {
		return name
	}
	return kind + p.word(kind, name, 0)
}

// word is the n-th of the words for a name: names that differ in nothing but case and spaces have the same.
func (p *Pseudonyms) word(kind, name string, n int) string {
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%s\x00%d\x00%s", kind, n, strings.ToLower(strings.Join(strings.Fields(name), " ")))
	number := binary.BigEndian.Uint64(mac.Sum(nil))
	word := make([]byte, howMany)
	for i := range word {
		word[i] = letters[number%uint64(len(letters))]
		number /= uint64(len(letters))
	}
	return string(word)
}
