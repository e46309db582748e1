package configs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
)

// Rule is an entry of notify: its keys are notify.<number>.on and so on. See notices.Rule.
type Rule struct {
	On        []notices.Topic
	Computers []string
	Groups    []string
	Folders   []string
	Hours     notices.Hours
	To        []string // names of targets that there are
}

// Target is an entry of targets: its keys are targets.<name>.kind and so on. Only what its kind takes is given. Of a
// text and its file one at most is given.
type Target struct {
	Kind   string   // one of TargetKinds
	Server string   // of mail: host or host:port
	User   string   // of mail, "" to log in nowhere
	From   string   // of mail
	To     []string // of mail

	URL, Secret, OldSecret, Token, Password                     Secret
	URLFile, SecretFile, OldSecretFile, TokenFile, PasswordFile string // absolute paths
}

// secret is where a target keeps a secret, and the path of the file that may hold it.
type secret struct {
	text *Secret
	file *string
}

// secrets are the target's secrets by key.
func (t *Target) secrets() map[string]secret {
	return map[string]secret{
		"url": {&t.URL, &t.URLFile}, "secret": {&t.Secret, &t.SecretFile},
		"old_secret": {&t.OldSecret, &t.OldSecretFile}, "token": {&t.Token, &t.TokenFile},
		"password": {&t.Password, &t.PasswordFile},
	}
}

// takes says which keys a kind of target takes, beside kind: those that it needs, and others. Each secret has a key
// for a file too.
type takes struct{ needs, more []string }

var kinds = map[string]takes{
	"webhook": {[]string{"url"}, []string{"secret", "old_secret", "token"}},
	"slack":   {[]string{"url"}, nil},
	"teams":   {[]string{"url"}, nil},
	"discord": {[]string{"url"}, nil},
	"ntfy":    {[]string{"url"}, []string{"token"}},
	"mail":    {[]string{"server", "from", "to"}, []string{"user", "password"}},
}

// TargetKinds lists the kinds of targets.
func TargetKinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Rules are those of notify, ready for use.
func (c *Config) Rules() notices.Rules {
	var list notices.Rules
	for i := range c.Notify {
		r := &c.Notify[i]
		rule := notices.Rule{On: r.On, Hours: r.Hours, To: r.To}
		for _, text := range r.Computers {
			if of, err := notices.NewComputers(text); err == nil { // Load has checked it
				rule.Computers = append(rule.Computers, of)
			}
		}
		rule.Groups, rule.Folders = folderPatterns(r.Groups), folderPatterns(r.Folders)
		list = append(list, rule)
	}
	return list
}

func folderPatterns(texts []string) (list []names.Pattern) {
	for _, text := range texts {
		list = append(list, names.NewFolderPattern(text))
	}
	return list
}

// Target is the target of that name with its secrets, also those that stand in files at this moment; Load reads none
// of these files. The error is an *Error with the place of the key, and repeats no secret.
func (c *Config) Target(name string) (*Target, error) {
	configured := c.Targets[name]
	if configured == nil {
		return nil, fmt.Errorf("no target %q%s", name, nearest.Hint(name, slices.Sorted(maps.Keys(c.Targets))))
	}
	t := *configured
	for _, form := range secretForms {
		secret := t.secrets()[form.field]
		if *secret.file == "" {
			continue
		}
		text, err := secretfile.Read(*secret.file)
		if err == nil {
			*secret.text, err = form.parse(text)
		}
		if err == errNotAllowed {
			err = errors.New("what stands in it is not allowed; allowed is " + form.allowed)
		}
		if err != nil {
			key := entryName(targetsKey, name, form.field+"_file")
			return nil, &Error{Problems: []Problem{{
				Origin: c.value(key).Origin, Key: key, Reason: err.Error(), err: err,
			}}}
		}
	}
	return &t, nil
}

// Idle lists the targets that no rule sends to.
func (c *Config) Idle() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.Targets)), func(name string) bool {
		return slices.ContainsFunc(c.Notify, func(r Rule) bool { return slices.Contains(r.To, name) })
	})
}

// completeNotify checks what must go together.
func (c *Config) completeNotify(origins map[string]Origin, bad map[string]bool) []Problem {
	k := checking{origins: origins, bad: bad}
	for i := range c.Notify {
		c.checkRule(&k, fmt.Sprintf("notify.%d.", i+1), &c.Notify[i])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		c.Targets[name].check(&k, "targets."+name+".")
	}
	return k.problems
}

// checking gathers problems of entries.
type checking struct {
	origins  map[string]Origin
	bad      map[string]bool
	problems []Problem
}

// wrong is a problem of a key, at its place or at that of the first key of its entry.
func (k *checking) wrong(entry, key, value, reason string) {
	if k.bad[entry+key] || k.bad[strings.TrimSuffix(entry, ".")] {
		return
	}
	origin := k.origins[entry+key]
	if origin == (Origin{}) {
		for name, at := range k.origins {
			if strings.HasPrefix(name, entry) && (origin == Origin{} ||
				cmp.Or(cmp.Compare(at.Line, origin.Line), cmp.Compare(at.Name, origin.Name)) < 0) {
				origin = at
			}
		}
	}
	origin = cmp.Or(origin, Origin{Layer: FromDefault})
	k.problems = append(k.problems, Problem{Origin: origin, Key: entry + key, Value: value, Reason: reason})
}

// gives reports whether the entry has the key, be it with a bad value.
func (k *checking) gives(key string) bool { return k.origins[key] != (Origin{}) }

func allOfDaemon(topics []notices.Topic) bool {
	return !slices.ContainsFunc(topics, func(t notices.Topic) bool { return !t.OfDaemon() })
}

func (c *Config) checkRule(k *checking, entry string, r *Rule) {
	if len(r.On) == 0 {
		k.wrong(entry, "on", "", "is missing: it says what the rule sends; allowed is "+topicsAllowed())
	}
	for _, narrowed := range []struct {
		field string
		to    []string
	}{{"computers", r.Computers}, {"groups", r.Groups}, {"folders", r.Folders}} {
		if len(narrowed.to) > 0 && len(r.On) > 0 && allOfDaemon(r.On) {
			k.wrong(entry, narrowed.field, "", "would keep the rule from sending anything: "+
				"none of its topics is about a computer; leave it out")
		}
	}
	if len(r.To) == 0 {
		k.wrong(entry, "to", "", "is missing: it names the targets that the rule sends to")
	}
	known := slices.Sorted(maps.Keys(c.Targets))
	for _, name := range r.To {
		if c.Targets[name] != nil || slices.ContainsFunc(slices.Collect(maps.Keys(k.bad)), func(key string) bool {
			return strings.HasPrefix(key, "targets."+name+".")
		}) {
			continue
		}
		reason := "is no target"
		if hint := nearest.Hint(name, known); hint != "" {
			reason += hint
		} else {
			reason += "; give it below targets, with its kind"
		}
		k.wrong(entry, "to", name, reason)
	}
}

func (t *Target) check(k *checking, entry string) {
	is, known := kinds[t.Kind]
	if !known {
		k.wrong(entry, "kind", "", "is missing; allowed is one of "+strings.Join(TargetKinds(), ", "))
		return
	}
	secrets := t.secrets()
	given := func(key string) bool {
		_, secret := secrets[key]
		return k.gives(entry+key) || secret && k.gives(entry+key+"_file")
	}
	for _, key := range is.needs {
		if !given(key) {
			k.wrong(entry, key, "", "is missing, and kind "+t.Kind+" needs it")
		}
	}
	for _, field := range targetFields() {
		key := strings.TrimSuffix(field, "_file")
		if field != "kind" && k.gives(entry+field) && !slices.Contains(slices.Concat(is.needs, is.more), key) {
			k.wrong(entry, field, "", fmt.Sprintf("does not go with kind %s, which takes %s", t.Kind,
				strings.Join(slices.Concat(is.needs, is.more), ", ")))
		}
		if field != key && k.gives(entry+field) && k.gives(entry+key) {
			k.wrong(entry, field, "", "is not allowed beside "+at(k.origins, entry+key)+"; give one of the two")
		}
	}
	for key, other := range map[string]string{"old_secret": "secret", "password": "user", "user": "password"} {
		if given(key) && !given(other) && slices.Contains(is.more, key) {
			k.wrong(entry, key, "", "has no effect without "+entry+other+"; give both, or neither")
		}
	}
}
