package configs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Entries are what there can be any number of: rules, by number, and targets, by name. Each entry has keys of its own,
// notify.1.on and targets.helpdesk.url, which are read, checked and shown as all others.

const (
	rulesKey, targetsKey = "notify", "targets"
	mostRules            = 1000
)

// ruleKeys are the keys of the rule of that number, from 1.
func ruleKeys(number int) []Key {
	in := func(c *Config) *Rule {
		if number > len(c.Notify) {
			return &Rule{}
		}
		return &c.Notify[number-1]
	}
	out := func(c *Config) *Rule {
		for len(c.Notify) < number {
			c.Notify = append(c.Notify, Rule{})
		}
		return &c.Notify[number-1]
	}
	list := func(field, allowed string, of func(*Rule) *[]string, check func(string) error) Key {
		return listOf(entryName(rulesKey, strconv.Itoa(number), field), allowed,
			func(c *Config) *[]string { return of(in(c)) }, func(c *Config) *[]string { return of(out(c)) }, check)
	}
	on := keyAt(entryName(rulesKey, strconv.Itoa(number), "on"), "list", nil,
		func(c *Config) *[]notices.Topic { return &in(c).On }, func(c *Config) *[]notices.Topic { return &out(c).On },
		parseTopics, func(list []notices.Topic) string { return listText(list) })
	on.list, on.Allowed = true, topicsAllowed()
	hours := keyAt(entryName(rulesKey, strconv.Itoa(number), "hours"), "text", notices.Hours{},
		func(c *Config) *notices.Hours { return &in(c).Hours }, func(c *Config) *notices.Hours { return &out(c).Hours },
		notices.ParseHours, notices.Hours.String)
	hours.Allowed = notices.HoursForms
	return explainedAs(rulesKey+".", []Key{
		on,
		list("computers", "names, patterns with * and ?, and ids as id:5000123, separated by commas",
			func(r *Rule) *[]string { return &r.Computers }, func(text string) error {
				_, err := notices.NewComputers(text)
				return err
			}),
		list("groups", "names or paths of groups, also with * and ?, separated by commas",
			func(r *Rule) *[]string { return &r.Groups }, nil),
		list("folders", "names or paths of job folders, also with * and ?, separated by commas",
			func(r *Rule) *[]string { return &r.Folders }, nil),
		hours,
		list("to", "names of targets, separated by commas", func(r *Rule) *[]string { return &r.To }, CheckTargetName),
	})
}

// targetKeys are the keys of the target of that name.
func targetKeys(name string) []Key {
	in := func(c *Config) *Target {
		if t := c.Targets[name]; t != nil {
			return t
		}
		return &Target{}
	}
	out := func(c *Config) *Target {
		if c.Targets == nil {
			c.Targets = map[string]*Target{}
		}
		if c.Targets[name] == nil {
			c.Targets[name] = &Target{}
		}
		return c.Targets[name]
	}
	text := func(field, allowed string, of func(*Target) *string, parse func(string) (string, error)) Key {
		k := keyAt(entryName(targetsKey, name, field), "text", "",
			func(c *Config) *string { return of(in(c)) }, func(c *Config) *string { return of(out(c)) }, parse, same)
		k.Allowed = allowed
		return k
	}
	kind := text("kind", "one of "+strings.Join(TargetKinds(), ", "), func(t *Target) *string { return &t.Kind },
		parseKind)
	kind.Type = strings.Join(TargetKinds(), "|")
	keys := []Key{kind}
	for _, form := range secretForms {
		field := form.field
		k := keyAt(entryName(targetsKey, name, field), "text", "",
			func(c *Config) *Secret { return in(c).secrets()[field].text },
			func(c *Config) *Secret { return out(c).secrets()[field].text }, form.parse, Secret.String)
		k.Secret, k.Allowed = true, form.allowed
		file := text(field+"_file", "the path of a file", func(t *Target) *string { return t.secrets()[field].file },
			parsePath)
		file.Type = "path"
		keys = append(keys, k, file)
	}
	to := listOf(entryName(targetsKey, name, "to"), "mail addresses separated by commas",
		func(c *Config) *[]string { return &in(c).To }, func(c *Config) *[]string { return &out(c).To }, checkAddress)
	return explainedAs(targetsKey+".", append(keys,
		text("server", "the host of a mail server, with its port unless that is 587: mail.example.com:25",
			func(t *Target) *string { return &t.Server }, parseWord),
		text("user", "a login at the mail server", func(t *Target) *string { return &t.User }, parseWord),
		text("from", "a mail address", func(t *Target) *string { return &t.From }, func(text string) (string, error) {
			return strings.TrimSpace(text), checkAddress(text)
		}), to))
}

func entryName(section, entry, field string) string { return section + "." + entry + "." + field }

// explainedAs gives keys of entries the help of their fields, and lets a running daemon take them.
func explainedAs(prefix string, keys []Key) []Key {
	for i := range keys {
		field := keys[i].Name[strings.LastIndexByte(keys[i].Name, '.')+1:]
		keys[i].Help, keys[i].DefaultIs, _ = strings.Cut(strings.TrimSpace(help()[prefix+field]), " Default: ")
		keys[i].Live = true
	}
	return keys
}

// listOf is a list of texts, each of which must pass check.
func listOf(name, allowed string, in, out func(*Config) *[]string, check func(string) error) Key {
	k := keyAt(name, "list", nil, in, out, func(text string) (list []string, err error) {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				return nil, errors.New("an entry is empty")
			}
			if check != nil {
				if err := check(part); err != nil {
					return nil, err
				}
			}
			list = append(list, part)
		}
		return list, nil
	}, func(list []string) string { return listText(list) })
	k.list, k.Allowed = true, allowed
	return k
}

func listText[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, part := range list {
		parts[i] = string(part)
	}
	return strings.Join(parts, ", ")
}

// entryKey is the key of an entry with that full name; nil for none.
func entryKey(full string) *Key {
	parts := strings.SplitN(full, ".", 3)
	if len(parts) < 3 {
		return nil
	}
	var keys []Key
	switch number, err := strconv.Atoi(parts[1]); {
	case parts[0] == targetsKey && CheckTargetName(parts[1]) == nil:
		keys = targetKeys(parts[1])
	case parts[0] == rulesKey && err == nil && number >= 1 && number <= mostRules && strconv.Itoa(number) == parts[1]:
		keys = ruleKeys(number)
	}
	for i := range keys {
		if keys[i].Name == full {
			return &keys[i]
		}
	}
	return nil
}

func fieldsOf(keys []Key) (fields []string) {
	for _, k := range keys {
		fields = append(fields, k.Name[strings.LastIndexByte(k.Name, '.')+1:])
	}
	return fields
}

func targetFields() []string { return fieldsOf(targetKeys("x")) }
func ruleFields() []string   { return fieldsOf(ruleKeys(1)) }

// entryOfVariable is the key of an entry that an environment variable gives, or nil and which it may mean.
func entryOfVariable(variable string) (k *Key, others []name) {
	section, rest, _ := strings.Cut(strings.TrimPrefix(variable, envPrefix), "_")
	fields := map[string][]string{"TARGETS": targetFields(), "NOTIFY": ruleFields()}[section]
	longest := 0
	for _, field := range fields {
		upper := "_" + strings.ToUpper(field)
		of, ends := strings.CutSuffix(rest, upper)
		full := strings.ToLower(section) + "." + strings.ReplaceAll(strings.ToLower(of), "_", "-") + "." + field
		if found := entryKey(full); ends && found != nil && len(field) > longest { // old_secret, not secret
			k, longest = found, len(field)
		}
		if at := strings.LastIndexByte(rest, '_'); at > 0 {
			others = append(others, name{envPrefix + section + "_" + rest[:at] + upper, nil})
		}
	}
	return k, others
}

// entriesOf are the keys of entries among those given, each once.
func entriesOf(layers [][]given) (keys []Key) {
	for _, layer := range layers {
		for _, g := range layer {
			if section, _, _ := strings.Cut(g.key.Name, "."); section == rulesKey || section == targetsKey {
				keys = append(keys, *g.key)
			}
		}
	}
	return keys
}

// entryKeys adds keys of entries to all others: rules by their numbers, then targets by their names.
func entryKeys(keys []Key, entries ...[]Key) []Key {
	fields := map[string][]string{rulesKey: ruleFields(), targetsKey: targetFields()}
	list := slices.Concat(entries...)
	slices.SortStableFunc(list, func(a, b Key) int {
		x, y := strings.SplitN(a.Name, ".", 3), strings.SplitN(b.Name, ".", 3)
		in := fields[x[0]]
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(len(x[1]), len(y[1]))*numbered(x[0]),
			cmp.Compare(x[1], y[1]), cmp.Compare(slices.Index(in, x[2]), slices.Index(in, y[2])))
	})
	return append(keys, slices.CompactFunc(list, func(a, b Key) bool { return a.Name == b.Name })...)
}

// numbered is 1 for a section whose entries have numbers, of which a longer one is larger, else 0.
func numbered(section string) int {
	if section == rulesKey {
		return 1
	}
	return 0
}

// key is the key of that name, nil for none.
func (w *walker) key(full string) *Key {
	if k := w.byName[full]; k != nil {
		return k
	}
	if k := entryKey(full); k != nil {
		w.byName[full] = k
		return k
	}
	return nil
}

// section reports whether there is such a section. A target becomes one when it is met.
func (w *walker) section(full string) bool {
	target, below := strings.CutPrefix(full, targetsKey+".")
	if below && CheckTargetName(target) == nil {
		w.knows(full, targetFields())
		return true
	}
	return full == targetsKey || w.sections[full]
}

// knows adds the keys of an entry to those that others may be mistyped from.
func (w *walker) knows(entry string, fields []string) {
	for _, field := range fields {
		full := entry + "." + field
		w.known = append(w.known, name{full, entryKey(full)})
	}
}

// rules goes through the list of rules.
func (w *walker) rules(value *yaml.Node) {
	if isNull(value) {
		return
	}
	if value.Kind != yaml.SequenceNode {
		w.wrong(value, rulesKey, "", "must be a list of rules, each of which begins with a hyphen: - on: [failed]")
		return
	}
	for i, item := range value.Content {
		entry := fmt.Sprintf("%s.%d", rulesKey, i+1)
		switch {
		case i >= mostRules:
			w.wrong(item, rulesKey, "", fmt.Sprintf("has more than %d rules", mostRules))
			return
		case item.Kind != yaml.MappingNode || len(item.Content) == 0:
			w.wrong(item, entry, "", "is no rule: on says what it sends, and to names its targets")
		default:
			w.knows(entry, ruleFields())
			w.mapping(entry, item)
		}
	}
}
