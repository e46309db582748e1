// Package notices says what in the log is worth a message, and to whom: topics, rules, and what one message is about.
//
// A rule is a pure function of an event and the picture after it. The daemon asks it at each commit, "notify try" over
// the history, and both get the same answer. projector finds the notices in a batch (Projection.Notices), Window joins
// those of one target into messages, client/message writes their text, and cmd/jobmon-db/notify sends them.
package notices

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Topic is what a message is about, as a rule's "on" names it.
type Topic string

// Topics.
const (
	Failed         Topic = "failed"          // a job of a deployment ended with a code that is no success
	Repaired       Topic = "repaired"        // a later attempt of such a job succeeded
	Ready          Topic = "ready"           // a deployment is complete, also with failures
	EndedEarly     Topic = "ended-early"     // it ended because its rows were cancelled, or was abandoned for good
	StandingStill  Topic = "standing-still"  // it stands still, or moves again
	SourceLost     Topic = "source-lost"     // the DS database cannot be read
	SourceRestored Topic = "source-restored" // it can be read again, and stays readable
	Damaged        Topic = "damaged"         // events of the log were lost
	DiskFull       Topic = "disk-full"       // the log cannot be written, or can be again; no event in the log says so

	// Test is what "notify test" sends. No rule can name it: it says only that messages arrive.
	Test Topic = "test"
)

// Topics lists all that a rule can name, in the order in which help and docs name them.
func Topics() []Topic {
	return []Topic{Failed, Repaired, Ready, EndedEarly, StandingStill, SourceLost, SourceRestored, Damaged, DiskFull}
}

// OfDaemon reports whether the topic concerns no computer: the daemon, its source or its log.
func (t Topic) OfDaemon() bool {
	return slices.Contains([]Topic{SourceLost, SourceRestored, Damaged, DiskFull}, t)
}

// Notice is one thing that a message may be about. It is not changed once it is made and may be shared by goroutines.
type Notice struct {
	Topic  Topic
	Healed bool          // the problem of that topic is over: repaired, moving again, restored, room on the disk
	Event  jobmon.Event  // what happened; its At is UTC by the SQL Server's clock
	Offset jobmon.Offset // the server's UTC offset then

	// Picture is the computer's picture after the event's batch, with the deployment that the notice is about, also
	// where the computer's next one has begun in that batch. It is nil for topics that concern no computer.
	Picture *jobmon.Progress
	Stage   string // of the job that failed or was repaired, or that stands still; "" for none
	Job     string // the name of that job, "" for none and when names are hidden
	Code    jobmon.Code
	// Folders are those of that job, or of all jobs of a deployment that has ended; for rules. Sorted, each once.
	Folders []string

	// Since is when the problem began: the first of the failures that were repaired, what stands still, the loss of the
	// source. It is the event's own time where the problem begins with it.
	Since jobmon.Instant
	// Problem is the same for all notices about one problem, and for no others in this log: a job's failures and their
	// repair within one deployment, a standstill and its end.
	Problem string
	Again   int // of failed and repaired: how many failures of that job this deployment had before
}

// Computer is the computer that the notice is about, 0 for none.
func (n *Notice) Computer() jobmon.ComputerID {
	if n.Picture == nil {
		return 0
	}
	return n.Picture.Computer.ID
}

// Message is what goes to one target: one notice, or a digest of several.
type Message struct {
	// ID is the same for each attempt to send this message to a target, and for no other message.
	ID string
	// Notices are at least one; of a digest the newest of each problem, in the order in which they came, up to a bound.
	// The last one of all is always there.
	Notices []*Notice
	Digest  bool
	Each    []int          // of a digest: how many notices it stands for about the problem of each of Notices
	More    int            // of a digest: how many notices it stands for beyond Notices
	Counts  map[Topic]int  // of a digest: all that it stands for
	Began   jobmon.Instant // of a digest: when the first of them happened
}
