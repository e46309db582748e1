// Package fleet carries the logs of many sites to a hub, on NATS JetStream. It is the only package that knows NATS. A
// site's log is the truth; its stream is a copy that may be lost. docs/fleet.md has the whole of it.
package fleet

import (
	"fmt"
	"regexp"
)

// The beginnings of what a site's name completes.
const (
	streamPrefix = "JOBMON_"
	batchPrefix  = "jobmon.v1."
	gapPrefix    = "jobmon.gap.v1."
	beatPrefix   = "jobmon.beat.v1."
)

var siteName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

// CheckSite says what is wrong with a site's name in the fleet: it becomes part of subjects and folders.
func CheckSite(name string) error {
	if !siteName.MatchString(name) {
		return fmt.Errorf("%q cannot name a site in the fleet: take 1 to 32 of the letters A to Z, digits, - and _, "+
			"and begin with a letter or a digit", name)
	}
	return nil
}

// StreamOf is the name of a site's stream.
func StreamOf(site string) string { return streamPrefix + site }

// SubjectOf is where a site publishes its batches.
func SubjectOf(site string) string { return batchPrefix + site }

// GapSubjectOf is where a site is asked for batches that a hub lacks.
func GapSubjectOf(site string) string { return gapPrefix + site }

// BeatSubjectOf is where a site says how it fares.
func BeatSubjectOf(site string) string { return beatPrefix + site }
