// Package fleet carries the logs of many sites to a hub, on NATS JetStream. It is the only package that knows NATS. A
// site's log is the truth; its stream is a copy that may be lost. docs/fleet.md has the whole of it.
package fleet

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// The beginnings of what a site's name completes.
const (
	streamPrefix = "JOBMON_"
	batchPrefix  = "jobmon.v1."
	gapPrefix    = "jobmon.gap.v1."
	beatPrefix   = "jobmon.beat.v1."
	sitePrefix   = "_INBOX_site."
	askPrefix    = "_INBOX_gap."
)

// HubInbox begins the inboxes of a hub.
const HubInbox = "_INBOX_hub"

// CheckSite returns what is wrong with a site's name in the fleet.
func CheckSite(name string) error { return jobmon.CheckSite(name) }

// StreamOf is the name of a site's stream.
func StreamOf(site string) string { return streamPrefix + site }

// SubjectOf is where a site publishes its batches.
func SubjectOf(site string) string { return batchPrefix + site }

// GapSubjectOf is where a site is asked for batches that a hub lacks.
func GapSubjectOf(site string) string { return gapPrefix + site }

// BeatSubjectOf is where a site says how it fares.
func BeatSubjectOf(site string) string { return beatPrefix + site }

// InboxOf begins the inboxes of a site.
func InboxOf(site string) string { return sitePrefix + site }

// GapInboxOf begins the inboxes to which a site sends the batches that a hub lacks. The hub asks for them over a
// connection of its own, so that no site may publish into the hub's other inboxes.
func GapInboxOf(site string) string { return askPrefix + site }
