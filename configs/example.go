package configs

import (
	"fmt"
	"runtime"
	"strings"
)

// Example is a configuration file for this system in which every key is explained and commented out with its
// default. Removing the # before a key gives a valid file.
func Example() []byte { return example(runtime.GOOS) }

func example(goos string) []byte {
	var b strings.Builder
	b.WriteString(`# Configuration of jobmon-db.
#
# Every key stands here with its default, commented out: remove the # before a key to change its value.
# A key can be given in the environment and on the command line too: source.poll_interval is JOBMON_SOURCE_POLL_INTERVAL
# and --source-poll-interval. The environment overrides this file; the command line overrides both.
# "jobmon-db config show" prints what is in force and where it comes from.
#
# Write paths, patterns and passwords in single quotes: double quotes change backslashes. A path that is not absolute
# begins at this file's folder; in the environment and on the command line it begins at the current folder.
`)
	section := ""
	for _, k := range Keys() {
		indent := enter(&b, &section, sectionOf(k.Name))
		value := k.Default
		switch {
		case k.Name == "data_dir":
			value = defaultDataDir(nil, goos)
		case k.Name == "evt.dir":
			value = defaultDataDir(nil, goos) + separator(goos) + "evt"
		case k.Type == "regexp":
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		case k.list:
			value = "[" + value + "]"
		}
		b.WriteString("\n")
		comment(&b, indent, k.Help)
		comment(&b, indent, "Allowed: "+k.Allowed+".")
		if k.DefaultIs != "" {
			comment(&b, indent, "Default: "+k.DefaultIs+".")
		}
		if k.Live {
			comment(&b, indent, "A running daemon takes a new value at once.")
		}
		last := k.Name[strings.LastIndexByte(k.Name, '.')+1:]
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(indent+"#"+last+": "+value, " "))
	}
	exampleEntries(&b)
	return []byte(b.String())
}

// exampleEntries explains rules and targets, by an example of each that is commented out as a whole.
func exampleEntries(b *strings.Builder) {
	fields := func(keys []Key) {
		for _, k := range keys {
			name := k.Name[strings.LastIndexByte(k.Name, '.')+1:]
			text := name + ": " + k.Help + " Allowed: " + k.Allowed + "."
			if k.DefaultIs != "" {
				text += " Default: " + k.DefaultIs + "."
			}
			comment(b, "", text)
		}
	}
	b.WriteString("\n")
	comment(b, "", "Messages: each rule of notify says what is sent, and to which targets. jobmon-db notify try shows "+
		"what rules would have sent over the history. A running daemon takes new rules and targets at once. The "+
		"environment gives the first rule's topics as "+ruleKeys(1)[0].Env()+". The keys of a rule:")
	fields(ruleKeys(1))
	b.WriteString(`#notify:
#  - on: [failed, standing-still, ended-early]
#    to: [helpdesk]
#  - on: [source-lost, damaged, disk-full]
#    hours: mon-fri 07:00-18:00
#    to: [helpdesk, admins]
`)
	b.WriteString("\n")
	example := targetKeys("helpdesk")
	comment(b, "", "Targets, by a name of your own. The environment gives the target helpdesk's address as "+
		entryKey("targets.helpdesk.url").Env()+". Secrets hide themselves wherever the configuration is shown. "+
		"The keys of a target:")
	fields(example)
	b.WriteString(`#targets:
#  helpdesk:
#    kind: teams
#    url_file: teams-url
#  admins:
#    kind: mail
#    server: mail.example.com
#    from: jobmon-db@example.com
#    to: [admins@example.com]
`)
}

func separator(goos string) string {
	if goos == "windows" {
		return `\`
	}
	return "/"
}

// enter writes the headings that lead from one section to the next and returns the indentation below them.
func enter(b *strings.Builder, from *string, to string) string {
	was, parts := strings.Split(*from, "."), strings.Split(to, ".")
	*from = to
	if to == "" {
		return ""
	}
	for depth, part := range parts {
		if depth < len(was) && strings.Join(was[:depth+1], ".") == strings.Join(parts[:depth+1], ".") {
			continue
		}
		fmt.Fprintf(b, "\n%s%s:\n", strings.Repeat("  ", depth), part)
	}
	return strings.Repeat("  ", len(parts))
}

// comment writes text as comment lines of at most about 110 characters.
func comment(b *strings.Builder, indent, text string) {
	const width = 110
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
