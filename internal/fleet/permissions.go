package fleet

import (
	"fmt"
	"strings"
)

// SiteSubjects are the subjects that a site's credential needs, and no others. A site may empty its own stream, which
// is a copy of its log.
func SiteSubjects(site, domain string) (publish, subscribe []string) {
	s := Settings{Domain: domain}
	return []string{
			SubjectOf(site), BeatSubjectOf(site), GapInboxOf(site) + ".>",
			s.apiSubject("STREAM.INFO." + StreamOf(site)), s.apiSubject("STREAM.MSG.GET." + StreamOf(site)),
			s.apiSubject("STREAM.PURGE." + StreamOf(site)),
		}, []string{
			InboxOf(site) + ".>", GapSubjectOf(site),
		}
}

// HubSubjects are the subjects that a hub's credential needs.
func HubSubjects(domain string) (publish, subscribe []string) {
	s := Settings{Domain: domain}
	for _, verb := range []string{
		"INFO", "STREAM.NAMES", "STREAM.INFO.*", "STREAM.MSG.GET.*", "STREAM.CREATE.*", "STREAM.UPDATE.*",
		"STREAM.PURGE.*",
		"CONSUMER.CREATE.>", "CONSUMER.INFO.*.*", "CONSUMER.MSG.NEXT.*.*", "CONSUMER.DELETE.*.*",
	} {
		publish = append(publish, s.apiSubject(verb))
	}
	publish = append(publish, "$JS.ACK.>", gapPrefix+"*")
	return publish, []string{HubInbox + ".>", askPrefix + ">", beatPrefix + "*"}
}

// Permissions is an entry of a NATS server's users, as its configuration has it. key is the public key.
func Permissions(comment, key string, publish, subscribe []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{ # %s\n  nkey: %s\n  permissions: {\n", comment, key)
	list := func(name string, subjects []string) {
		fmt.Fprintf(&b, "    %s: [\n", name)
		for _, s := range subjects {
			fmt.Fprintf(&b, "      %q\n", s)
		}
		b.WriteString("    ]\n")
	}
	list("publish", publish)
	list("subscribe", subscribe)
	b.WriteString("  }\n}\n")
	return b.String()
}
