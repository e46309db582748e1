package jobmon

import "fmt"

// MaxSeq is the highest sequence number. JavaScript, and so the clients' screens, knows no higher number exactly.
const MaxSeq uint64 = 1<<53 - 1

// Kind is what an event records. The numbers are part of the log's format and never change their meaning.
type Kind uint8

// The kinds of events. See docs/event-log.md for the fields of each.
const (
	KindScheduled   Kind = 1 // a row was seen first
	KindRescheduled Kind = 2 // its start_time changed
	KindStarted     Kind = 3 // its status became -1, or it was found finished without (Inferred)
	KindFinished    Kind = 4 // its status became a code
	KindRequeued    Kind = 5 // its status became NULL again
	KindRemoved     Kind = 6 // the row is gone
	KindDue         Kind = 7 // a row scheduled for later has come within session.gap

	KindJob      Kind = 8 // a job was seen, renamed, moved to another folder, or is gone (Gone)
	KindComputer Kind = 9 // a computer was seen, renamed, moved to another group, became a ghost, or is gone (Gone)

	KindAgentOnline  Kind = 10 // the agent is connected
	KindAgentOffline Kind = 11 // the agent is not connected
	KindAgentUnknown Kind = 12 // the sessions table cannot be read

	KindRefreshed Kind = 13 // a DS script asked for the computer's file
	KindExpected  Kind = 14 // the typical duration used for a stage

	KindDaemonStarted  Kind = 15
	KindDaemonStopped  Kind = 16
	KindSourceLost     Kind = 17
	KindSourceRestored Kind = 18
	KindConfigured     Kind = 19 // the settings that shape the projection changed
	KindClock          Kind = 20 // the server's UTC offset changed, or its clock stepped
	KindDamaged        Kind = 21 // events between two sequence numbers were lost

	KindCut Kind = 22 // stands for history that was cut off: holds a piece of what followed from it

	KindStartClock  Kind = 23 // the clock that start_time follows is known, or no longer is
	KindOverdue     Kind = 24 // a deployment stands still
	KindMovingAgain Kind = 25 // it moves again
)

var kindNames = [...]string{
	KindScheduled: "scheduled", KindRescheduled: "rescheduled", KindStarted: "started", KindFinished: "finished",
	KindRequeued: "requeued", KindRemoved: "removed", KindDue: "due",
	KindJob: "job", KindComputer: "computer",
	KindAgentOnline: "agent-online", KindAgentOffline: "agent-offline", KindAgentUnknown: "agent-unknown",
	KindRefreshed: "refreshed", KindExpected: "expected",
	KindDaemonStarted: "daemon-started", KindDaemonStopped: "daemon-stopped",
	KindSourceLost: "source-lost", KindSourceRestored: "source-restored",
	KindConfigured: "configured", KindClock: "clock", KindDamaged: "damaged",
	KindCut:        "cut",
	KindStartClock: "start-clock", KindOverdue: "overdue", KindMovingAgain: "moving-again",
}

// String is the kind's name in output and in ndjson.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("unknown-%d", uint8(k))
}

// OfRow reports whether the event is about a row of event_schedule; such events carry the row as it is afterwards.
func (k Kind) OfRow() bool { return k >= KindScheduled && k <= KindDue }

// OfDaemon says that the event concerns every computer: the daemon, its source, settings, clock or log.
func (k Kind) OfDaemon() bool {
	return k >= KindDaemonStarted && k <= KindDamaged || k == KindStartClock
}

// Why a deployment stands still: the Text of an overdue event.
const (
	StillStage = "stage" // the stage that runs is beyond its bound, see IsOverdue
	StillAgent = "agent" // a job runs, and the agent has been away for longer than Settings.AgentAway
	StillIdle  = "idle"  // something is due, nothing runs, and nothing has happened for longer than Settings.Gap
)

// UnknownClock is the Text of a start-clock event that says that the clock is unknown.
const UnknownClock = "unknown"

// Flags qualify an event. The bits are part of the log's format.
type Flags uint8

// The flags.
const (
	Baseline Flags = 1 << iota // first read of all: the row is as it was found, nothing is known of its past
	Inferred                   // a start that no read saw: the row went from NULL to finished between two reads
	// the last good read was too old for this time to enter a duration; of refreshed: no fresh read was to be had; of
	// daemon-started: it ran, but recorded nothing
	Inexact
	Gone  // the job or computer is no longer in the database
	Ghost // the computer is in no group: not shown in the console
)

// Has reports whether all bits of f are set.
func (f Flags) Has(bits Flags) bool { return f&bits == bits }

// Event is one thing that happened. Seq and At are given by the log: a batch's events share At and have consecutive
// Seq. Which other fields carry meaning depends on Kind; the rest are zero. The names in JSON are those of the local
// endpoint (docs/endpoint.md).
type Event struct {
	Seq   uint64  `json:"seq"` // sequence number, from 1, consecutive, never reused
	At    Instant `json:"at"`  // UTC by the SQL Server's clock
	Kind  Kind    `json:"kind"`
	Flags Flags   `json:"flags,omitempty"`

	// The row as it is after the event (as it was, for removed).
	Schedule ScheduleID `json:"row,omitempty"`
	Computer ComputerID `json:"computer,omitempty"` // also of computer, agent-*, refreshed, expected
	Job      JobID      `json:"job,omitempty"`      // also of job
	Start    WallTime   `json:"start,omitempty"`
	Status   Status     `json:"status,omitzero"`

	// Name is the job's or computer's name (job, computer), the stage (expected), the job that a DS script said runs
	// now (refreshed), the stage or job that stands still (overdue), what a piece belongs to (cut).
	Name string `json:"name,omitempty"`
	// Place is the folder path of a job or the group of a computer.
	Place string `json:"place,omitempty"`
	// Text is the operating system's name (computer), the program's version (daemon-started), the reason in words
	// (source-lost, damaged), the settings as JSON (configured), a piece in base64 (cut), why a deployment stands still
	// (overdue), UnknownClock or nothing (start-clock).
	Text string `json:"text,omitempty"`

	// expected: typical duration; clock: the server's UTC offset; start-clock: that clock's
	Seconds int32 `json:"seconds,omitempty"`
	// expected: runs it was taken from; daemon-started: the projection number; cut: pieces of it that follow
	Count int32 `json:"count,omitempty"`
	// clock: milliseconds by which the clock jumped against our monotonic clock, 0 for none
	Step int64 `json:"step,omitempty"`
	// daemon-started: until when reads covered before it; overdue: since when it stands still
	Until Instant `json:"until,omitempty"`
	From  uint64  `json:"from,omitempty"` // damaged: first lost sequence number; cut: first that was cut off
	To    uint64  `json:"to,omitempty"`   // damaged: last lost sequence number; cut: last that was cut off
	// refreshed: the first 8 bytes of the SHA-256 of the file's bytes, big-endian
	Sum uint64 `json:"sum,omitempty"`
}

// Row returns the row of a row event.
func (e *Event) Row() Row {
	return Row{ID: e.Schedule, Job: e.Job, Computer: e.Computer, Start: e.Start, Status: e.Status}
}

// Batch is what one commit appended: events with consecutive sequence numbers and one time.
type Batch struct {
	At     Instant `json:"at"`
	Events []Event `json:"events"`
}

// First is the sequence number of the batch's first event; a batch is never empty.
func (b *Batch) First() uint64 { return b.Events[0].Seq }

// Last is the sequence number of the batch's last event.
func (b *Batch) Last() uint64 { return b.Events[len(b.Events)-1].Seq }
