package jobmon

import (
	"cmp"
	"fmt"
	"time"
)

// Progress is one computer's picture: what its screen shows. It is a function of the log's events alone; "now" is
// At, the time of the last event that concerns this picture.
type Progress struct {
	Seq    uint64  // sequence number of the last event that concerns this picture
	At     Instant // its time
	Offset Offset  // the DS server's UTC offset then

	SourceLost  bool    // the DS database could not be read
	SourceSince Instant // since when it is lost; 0 when it is not

	Site     string // name of the DS server
	Computer Computer
	Agent    AgentState
	// AgentSince is since when the agent is connected or away, 0 when unknown. AgentAtLeast: it was so at our first
	// look.
	AgentSince   Instant
	AgentAtLeast bool

	// Continues is of the present and stands in no file: the PC goes on under that id, 0 for none.
	Continues ComputerID

	Unknown bool // the DS database has no such computer, yet its file was asked for
	Stale   bool // a script asked, and no fresh read could be made: the picture may be older than its time

	Session *SessionProgress // nil: no deployment seen yet
	Asked   string           // the job that a refresh request named, while the request holds

	Later []Pending // unfinished rows that are no part of the deployment shown; by start time
	// Aside is Later as it is by now, where Later is as of the picture: an errand changes no screen. Only people who
	// ask get it.
	Aside []Pending

	Settle time.Duration // how long a screen waits for a newer file before it says "ready"
	Quiet  time.Duration // how long no news is normal where no duration is expected

	Form *Form `json:"-"` // how its file is written, by the settings in force when it was drawn; nil: as the zero Form
	// PublicURL is the board's address by the same settings, "" for none: a file leads there, see internal/link
	PublicURL string `json:"-"`
}

// Beside lists what is unfinished and no part of the deployment shown, as of now where that is known.
func (p *Progress) Beside() []Pending {
	if p.Aside != nil {
		return p.Aside
	}
	return p.Later
}

// SessionState says where a deployment stands.
type SessionState uint8

// Session states.
const (
	SessionOpen      SessionState = iota + 1
	SessionComplete               // no row is waiting or running
	SessionAbandoned              // rows are waiting, and nothing started for 14 days
	SessionPlanned                // rows wait and are due, and none has started: no number yet
)

// String is the word used in files and output.
func (s SessionState) String() string {
	switch s {
	case SessionOpen:
		return "open"
	case SessionComplete:
		return "complete"
	case SessionAbandoned:
		return "abandoned"
	case SessionPlanned:
		return "planned"
	}
	return "none"
}

// Result is how a deployment ended.
type Result string

// Results; "" while it goes on, and where nothing but the build job or one marker has run.
const (
	ResultNone         Result = ""
	ResultReady        Result = "ready"
	ResultWithFailures Result = "ready with failures"
	ResultAfterRetries Result = "ready after retries"
	ResultEndedEarly   Result = "ended early" // rows were cancelled
	ResultAbandoned    Result = "abandoned"
)

// Outcome is how a deployment stands or ended.
type Outcome struct {
	Word   string // a result, or a phase where there is none yet
	Failed int    // jobs of which Word does not speak
}

// String is the outcome in English: "ended early, 2 failed".
func (o Outcome) String() string {
	if o.Failed > 0 {
		return fmt.Sprintf("%s, %d failed", o.Word, o.Failed)
	}
	return o.Word
}

// Outcomes lists the words of outcomes.
func Outcomes() []string {
	return []string{
		string(ResultReady), string(ResultWithFailures), string(ResultAfterRetries), string(ResultEndedEarly),
		string(ResultAbandoned), "open", phaseAbandoned, phaseStill, "complete", "planned", "none",
	}
}

// Outcome is how the deployment stands or ended: a result that does not speak of failures does not hide them.
func (s *SessionProgress) Outcome() Outcome {
	switch s.Result {
	case ResultNone:
		return Outcome{Word: s.Phase()}
	case ResultEndedEarly, ResultAbandoned:
		return Outcome{Word: string(s.Result), Failed: s.Failed}
	}
	return Outcome{Word: string(s.Result)}
}

// The phases of an open deployment that are more than a state.
const (
	phaseAbandoned = "open, abandoned"
	phaseStill     = "open, stands still"
)

// Phase is the state in the words of people: of an open deployment also that it is abandoned, or stands still.
func (s *SessionProgress) Phase() string {
	switch {
	case s.State == SessionOpen && s.SilentSince != 0:
		return phaseAbandoned
	case s.State == SessionOpen && s.Still != nil:
		return phaseStill
	}
	return s.State.String()
}

// Unended says that the deployment is open or planned.
func (s *SessionProgress) Unended() bool { return s.State == SessionOpen || s.State == SessionPlanned }

// SessionProgress is one deployment of one computer.
type SessionProgress struct {
	Number       int // counts the computer's sessions in this log, from 1; 0 while it is planned
	State        SessionState
	Result       Result
	Began        Instant
	Ended        Instant // 0 while open
	WatchedSince Instant // not 0: it had begun before the log did, at a moment unknown

	Stages  []Stage
	Current int // index of the stage that runs now, -1 for none
	Next    int // index of the stage whose job runs next, beside Current; -1 for none

	// Jobs counts the real jobs known (without cancelled ones), JobsDone those that finished; StagesDone counts the
	// stages in which nothing is left to run.
	StagesDone, Jobs, JobsDone, Failed, Cancelled, Late int

	Percent int     // 100*JobsDone/Jobs; 0 when there is none; may fall when jobs arrive
	ETA     Instant // expected end, 0 when unknown, used up or ended; see Estimate
	// it lasts at least until ETA: some remaining stage has no expected duration, or runs longer than usual
	ETAAtLeast bool
	// until when ETA holds unless something happens: then the estimate is used up; 0 without one
	ETAHolds Instant
	ToCome   time.Duration // sum of the typical durations of the stages that have not begun

	Why *Waiting // why nothing runs, nil when something does or nothing is left

	Takes        time.Duration // planned: the sum of the typical durations; 0 when none is known
	TakesAtLeast bool          // planned: some stage has no typical duration
	// not 0: nothing has started since then for so long that people call it abandoned; it is still open
	SilentSince Instant
	Still       *Standing // the deployment stands still, nil when it moves

	LastMarker bool // no marker is waiting: the screen gets no further updates
}

// Standing says why a deployment stands still, as an overdue event recorded it.
type Standing struct {
	Why   string  // StillStage, StillAgent or StillIdle
	Name  string  // the stage or job
	Since Instant // when that began
}

// Stage is one line of the screen's list.
type Stage struct {
	Name    string
	State   RowState      // running, failed, waiting, cancelled, unknown or succeeded
	Late    bool          // added after the deployment had begun
	Began   Instant       // 0: not begun, or began unseen
	Ended   Instant       // 0: not ended, or ended unseen
	Inexact bool          // Began or Ended is not exact
	Most    time.Duration // not 0: of how long it took is only known that it was not longer
	Start   WallTime      // start_time of its first row: when it is planned

	Expected time.Duration // typical duration, 0 when unknown
	Runs     int           // number of runs that Expected was taken from
	Overdue  bool          // running for longer than twice Expected, and than Expected + 10 min, at the picture's time

	// its real jobs, those finished, those that failed and that no later attempt has repaired
	Jobs, JobsDone, Failed int
	Attempt                int       // highest attempt of its jobs: 1, or more after retries
	Failures               []Failure // all that failed in it, also what a later attempt replaced
}

// Estimate returns when the deployment is expected to end, as it is known at that time: never a moment in the past, and
// none that moves with the clock. UsedUp is not 0 when there was an estimate that holds no more, and since when it does
// not.
func (s *SessionProgress) Estimate(now Instant) (eta Instant, atLeast bool, usedUp Instant) {
	holds := cmp.Or(s.ETAHolds, s.ETA)
	switch {
	case s.State != SessionOpen || holds == 0:
		return 0, false, 0
	case s.ETA == 0 || now >= holds:
		return 0, false, holds
	}
	atLeast = s.ETAAtLeast
	if s.Current >= 0 && s.Current < len(s.Stages) {
		atLeast = atLeast || s.Stages[s.Current].beyond(now)
	}
	return s.ETA, atLeast, 0
}

// beyond reports whether the stage has lasted longer than it usually does.
func (s *Stage) beyond(now Instant) bool {
	return s.Began != 0 && s.Expected > 0 && now.Sub(s.Began) > s.Expected
}

// Patience is how long an estimate outlasts a time in which nothing is heard of progress that was expected.
const Patience = 10 * time.Minute

// OverdueAfter is when something is overdue that is expected to take so long.
func OverdueAfter(expected time.Duration) time.Duration { return max(2*expected, expected+Patience) }

// IsOverdue reports whether what has run for that time is overdue; never where nothing is expected.
func IsOverdue(elapsed, expected time.Duration) bool {
	return expected > 0 && elapsed > OverdueAfter(expected)
}

// Failure is a job that ended with a code that is no success.
type Failure struct {
	Job      string // "" when names are hidden
	Code     Code
	At       Instant
	Repaired bool // a later attempt succeeded
}

// Pending is a row that is listed but counts in nothing.
type Pending struct {
	Name  string
	State RowState // later, unscheduled, waiting or running
	Stuck bool     // it has waited too long to be expected to run
	Start WallTime
	Why   *Waiting // why it waits, nil for other states and for stuck rows
}

// WaitingKind says why a row is waiting.
type WaitingKind string

// Reasons for waiting. Rows that are not scheduled, or stuck, hold nothing up: they are listed (Progress.Later).
const (
	WaitAgentOffline WaitingKind = "agent offline"
	WaitGhost        WaitingKind = "ghost"  // the row sits on a computer that the console no longer shows
	WaitDue          WaitingKind = "due"    // its time has not come
	WaitBehind       WaitingKind = "behind" // another job runs
	WaitServer       WaitingKind = "server" // due, the agent not known to be away: DS has not begun it
)

// Waiting says why a row is waiting.
type Waiting struct {
	Kind    WaitingKind
	Start   WallTime // due: the planned time; server: its start_time
	Job     string   // behind: the job that runs
	Since   Instant  // behind: since when it runs; agent offline: since when
	AtLeast bool     // agent offline: it was so at our first look, and since then at least
}
