// Package evt is the .evt file format: the one line of JSON that DS delivers to a computer and that its screen shows.
//
// The format is specified in docs/evt-format.md and docs/evt.schema.json. Everything here is a pure function of its
// arguments, so the same picture gives the same bytes for ever, and is safe for concurrent use.
package evt

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Version is the format version written here, and the newest one read.
const Version = 1

// The limits of a file and of what stands in it.
const (
	MaxBytes = 64 << 10 // length of a whole file, CRLF included
	MaxName  = 200      // length of any name in Unicode characters; longer ones end in an ellipsis
)

// Kind is what a file is about.
type Kind string

// The kinds of files.
const (
	KindDeployment Kind = "deployment" // the computer's newest deployment, running or ended
	KindIdle       Kind = "idle"       // no deployment of the computer is known
	KindStopped    Kind = "stopped"    // nobody answered a refresh request: nothing is known of the present
)

// The words of File.Source.
const (
	SourceOK   = "ok"
	SourceLost = "lost"
)

// File is what an .evt file says. A field that is unknown or does not apply is absent from the file and zero or nil
// here; a boolean is in the file only when it is true. Fields whose name ends in Local are readings of the DS
// server's wall clock at the UTC offset that UTCOffsetS gives; durations are whole seconds, cut, as of At.
type File struct {
	Format string `json:"format"` // always "jobmon-evt"
	V      int    `json:"v"`      // format version, from 1
	Seq    uint64 `json:"seq"`    // of the last event that concerns the picture; 0 when stopped
	Kind   Kind   `json:"kind"`

	// All of these are absent when Kind is KindStopped.
	At               UTC    `json:"at"`                          // when that event happened, by the server's clock
	AtLocal          Local  `json:"at_local"`                    // the same on the DS server's wall clock
	UTCOffsetS       int    `json:"utc_offset_s"`                // seconds ahead of UTC, within MaxOffset
	Source           string `json:"source"`                      // SourceOK, or SourceLost: it cannot be read
	SourceSince      UTC    `json:"source_since,omitzero"`       // since when it is lost
	SourceSinceLocal Local  `json:"source_since_local,omitzero"` // the same, server-local
	Stale            bool   `json:"stale,omitempty"`             // asked for, and no fresh read could be made
	Server           string `json:"server,omitempty"`            // name of the DS server, whose ids these are
	Agent            string `json:"agent"`                       // online, offline or unknown
	AgentSince       UTC    `json:"agent_since,omitzero"`        // since when
	AgentSinceLocal  Local  `json:"agent_since_local,omitzero"`  // the same, server-local
	AgentAtLeast     bool   `json:"agent_at_least,omitempty"`    // it was so at the first look: AgentSince or earlier
	SettleS          int64  `json:"settle_s"`                    // how long to wait before "ready" is believed
	QuietS           int64  `json:"quiet_s"`                     // how long no news is normal without an estimate

	Computer Computer `json:"computer"`
	Asked    string   `json:"asked,omitempty"` // the job that a refresh request named, while the request holds

	// All of these are absent unless Kind is KindDeployment.
	Session       *Session `json:"session,omitempty"`
	Counts        *Counts  `json:"counts,omitempty"`
	Percent       *int     `json:"percent,omitempty"`         // falls when jobs arrive; absent while planned
	ETA           UTC      `json:"eta,omitzero"`              // expected end; absent when unknown, used up or ended
	ETALocal      Local    `json:"eta_local,omitzero"`        // the same, server-local
	ETAS          *int64   `json:"eta_s,omitempty"`           // seconds from At to ETA, never negative
	ETAAtLeast    bool     `json:"eta_at_least,omitempty"`    // it may end later: a duration is unknown or exceeded
	ETAHolds      UTC      `json:"eta_holds,omitzero"`        // until when ETA holds, or since when it is used up
	ETAHoldsLocal Local    `json:"eta_holds_local,omitzero"`  // the same, server-local
	ETAHoldsS     *int64   `json:"eta_holds_s,omitempty"`     // seconds from At to ETAHolds, 0 when it is used up
	ToComeS       int64    `json:"to_come_s,omitempty"`       // sum of ExpectedS of the stages that have not begun
	Current       *int     `json:"current,omitempty"`         // index in Stages of the stage that runs now
	Next          *int     `json:"next,omitempty"`            // index in Stages of the stage that comes next
	Why           *Why     `json:"why,omitempty"`             // why nothing runs although something is left
	TakesS        int64    `json:"takes_s,omitempty"`         // planned: sum of ExpectedS of all stages
	TakesAtLeast  bool     `json:"takes_at_least,omitempty"`  // planned: some stage's duration is unknown
	Still         *Still   `json:"still,omitempty"`           // why the deployment stands still
	NoMoreUpdates bool     `json:"no_more_updates,omitempty"` // no marker waits: no newer file will be delivered
	Stages        []Stage  `json:"stages,omitzero"`           // in the order of the screen

	Later   []Pending `json:"later,omitempty"`    // rows that count in nothing, by start time
	LeftOut *LeftOut  `json:"left_out,omitempty"` // what had to go to keep the file within MaxBytes
	Link    *Link     `json:"link,omitempty"`     // this deployment on the board
}

// Link leads to the page of the deployment. It is a capability: it opens that page without a token.
type Link struct {
	URL string   `json:"url"`
	QR  []string `json:"qr"` // the URL as a QR code: a text for each row, "1" for a dark module and "0" for a light one
}

// Computer is the computer that the file is about.
type Computer struct {
	ID      int32  `json:"id"`                // computer.computer_id
	Name    string `json:"name,omitempty"`    // name in the console; not unique
	OSName  string `json:"os_name,omitempty"` // name in its operating system
	Group   string `json:"group,omitempty"`   // name of its group in the console
	Ghost   bool   `json:"ghost,omitempty"`   // in no group: no longer shown in the console
	Gone    bool   `json:"gone,omitempty"`    // the record was deleted in DS: nothing more will run under this id
	Unknown bool   `json:"unknown,omitempty"` // the DS database has no such computer
}

// Session is the deployment that the file is about.
type Session struct {
	Number            int    `json:"number"`                       // from 1 for each computer; 0 while planned
	State             string `json:"state"`                        // planned, open, complete or abandoned
	Result            string `json:"result,omitempty"`             // a jobmon.Result; absent while it goes on
	Began             UTC    `json:"began,omitzero"`               // when its first row started
	BeganLocal        Local  `json:"began_local,omitzero"`         // the same, server-local
	Ended             UTC    `json:"ended,omitzero"`               // absent while open
	EndedLocal        Local  `json:"ended_local,omitzero"`         // the same, server-local
	ElapsedS          *int64 `json:"elapsed_s,omitempty"`          // seconds from Began to Ended, or to At while open
	WatchedSince      UTC    `json:"watched_since,omitzero"`       // it began before the log did: no ElapsedS
	WatchedSinceLocal Local  `json:"watched_since_local,omitzero"` // the same, server-local
	SilentSince       UTC    `json:"silent_since,omitzero"`        // since when nothing has started: abandoned
	SilentSinceLocal  Local  `json:"silent_since_local,omitzero"`  // the same, server-local
}

// Still says why an open deployment stands still.
type Still struct {
	Why        string `json:"why"`                  // stage, agent or idle
	Name       string `json:"name,omitempty"`       // the stage or job
	Since      UTC    `json:"since,omitzero"`       // since when
	SinceLocal Local  `json:"since_local,omitzero"` // the same, server-local
}

// Counts counts the whole deployment, also what LeftOut left out. Jobs are real jobs: neither markers nor build jobs.
type Counts struct {
	Stages     int `json:"stages"`
	StagesDone int `json:"stages_done"` // stages in which nothing is left to run
	Jobs       int `json:"jobs"`        // known ones, without Cancelled
	JobsDone   int `json:"jobs_done"`   // those that finished, whatever their code
	Failed     int `json:"failed"`      // failed and not repaired by a later attempt
	Cancelled  int `json:"cancelled"`   // removed before they finished
	Late       int `json:"late"`        // added after the deployment had begun
}

// Stage is one line of the screen's list.
type Stage struct {
	Name         string    `json:"name"`
	State        string    `json:"state"`                  // running, failed, waiting, cancelled, unknown or succeeded
	Late         bool      `json:"late,omitempty"`         // added after the deployment had begun
	Began        UTC       `json:"began,omitzero"`         // absent: not begun, or begun unseen
	BeganLocal   Local     `json:"began_local,omitzero"`   // the same, server-local
	Ended        UTC       `json:"ended,omitzero"`         // absent: not ended, or ended unseen
	EndedLocal   Local     `json:"ended_local,omitzero"`   // the same, server-local
	ElapsedS     *int64    `json:"elapsed_s,omitempty"`    // seconds from Began to Ended, or to At while it goes on
	Inexact      bool      `json:"inexact,omitempty"`      // Began or Ended was not seen closely
	AtMostS      int64     `json:"at_most_s,omitempty"`    // it took no longer than this; rounded up
	PlannedLocal Local     `json:"planned_local,omitzero"` // start_time of its first row
	ExpectedS    int64     `json:"expected_s,omitempty"`   // typical duration in seconds
	Runs         int       `json:"runs,omitempty"`         // number of runs that ExpectedS was taken from
	Overdue      bool      `json:"overdue,omitempty"`      // runs much longer than ExpectedS; never a failure
	Jobs         int       `json:"jobs"`                   // its real jobs, without cancelled ones
	JobsDone     int       `json:"jobs_done"`              // those that finished
	Failed       int       `json:"failed"`                 // those that failed and were not repaired
	Attempt      int       `json:"attempt,omitempty"`      // highest attempt of its jobs, from 2; absent at the first
	Failures     []Failure `json:"failures,omitempty"`     // also what was repaired, oldest first
}

// Failure is a job that ended with a code that is no success.
type Failure struct {
	Job      string      `json:"job,omitempty"`     // absent when the site hides job names
	Code     jobmon.Code `json:"code"`              // event_schedule.status_code as DS gave it
	Hex      string      `json:"hex,omitempty"`     // the same as "0x80070057", of a negative code
	Meaning  string      `json:"meaning,omitempty"` // what Windows and its installer mean by it, where that is known
	At       UTC         `json:"at,omitzero"`
	AtLocal  Local       `json:"at_local,omitzero"`
	Repaired bool        `json:"repaired,omitempty"` // a later attempt succeeded
}

// Why says why nothing runs. Which fields are there depends on Kind, a jobmon.WaitingKind.
type Why struct {
	Kind       string `json:"kind"`
	Job        string `json:"job,omitempty"`        // behind: the job that runs
	Since      UTC    `json:"since,omitzero"`       // behind: since when it runs; agent offline: since when
	SinceLocal Local  `json:"since_local,omitzero"` // the same, server-local
	AtLeast    bool   `json:"at_least,omitempty"`   // agent offline: it was so at the first look, Since or earlier
	StartLocal Local  `json:"start_local,omitzero"` // due: the planned time
}

// Pending is a job that is listed but counts in nothing.
type Pending struct {
	Name       string `json:"name"`
	State      string `json:"state"`                // later, unscheduled, waiting or running
	Why        string `json:"why,omitempty"`        // why it waits: a jobmon.WaitingKind
	Stuck      bool   `json:"stuck,omitempty"`      // long past due
	StartLocal Local  `json:"start_local,omitzero"` // when it is planned
}

// LeftOut counts what is missing from the lists of a file that would have been too long.
type LeftOut struct {
	Finished   int `json:"finished,omitempty"`   // stages that ended, oldest first
	Unfinished int `json:"unfinished,omitempty"` // stages that did not end, furthest in the future first
	Failures   int `json:"failures,omitempty"`   // failures that no listed stage names
	Later      int `json:"later,omitempty"`      // entries of Later, from its end
}
