package evtform

import (
	"strings"
	"time"
	"unicode"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// View is what a template is given: all that an .evt file says. Its fields are a promise to those who wrote templates: they
// keep their names and meanings, and others may be added. docs/evt-template.md lists them.
//
// Times are texts, "2026-11-22 14:05:00", by the DS server's wall clock, or in UTC where the name ends in UTC; "" is no
// time. Durations are whole seconds. Names are one line: what is not to be seen in them is a space.
type View struct {
	Kind        string // deployment, idle or stopped
	Seq         uint64
	Server      string
	Time        string
	TimeUTC     string
	UTCOffset   string // +01:00
	SourceLost  bool
	SourceSince string
	Stale       bool
	Agent       string // online, offline or unknown
	AgentSince  string
	Asked       string
	Settle      int64
	Quiet       int64

	Computer      Computer
	Session       Session
	Counts        Counts
	Percent       int
	ETA           string
	ETAUTC        string
	ETAIn         int64
	ETAAtLeast    bool
	Takes         int64 // planned: what it usually takes
	TakesAtLeast  bool
	NoMoreUpdates bool
	Why           Why
	Still         Still // Why "": it moves
	Current       Stage // Number 0: none
	Next          Stage // likewise
	Stages        []Stage
	Failures      []Failure // of all stages
	Later         []Later
	LeftOut       LeftOut
}

// Computer is the computer that the file is about.
type Computer struct {
	ID      int32
	Name    string
	OSName  string
	Group   string
	Ghost   bool
	Gone    bool
	Unknown bool
}

// Session is the deployment; State is "" without one, Number 0 also while it is planned.
type Session struct {
	Number       int
	State        string // planned, open, complete or abandoned
	Result       string
	Began        string
	BeganUTC     string
	Ended        string
	EndedUTC     string
	Elapsed      int64
	WatchedSince string
	SilentSince  string // not "": nothing has started since then for so long that it counts as abandoned
}

// Counts counts the whole deployment.
type Counts struct {
	Stages, StagesDone, Jobs, JobsDone, Failed, Cancelled, Late int
}

// Stage is one line of the screen's list.
type Stage struct {
	Number   int // in the list, from 1
	Name     string
	State    string // running, failed, waiting, cancelled, unknown or succeeded
	Late     bool
	Began    string
	BeganUTC string
	Ended    string
	EndedUTC string
	Elapsed  int64
	Inexact  bool
	Planned  string
	Expected int64
	Runs     int
	Overdue  bool
	Jobs     int
	JobsDone int
	Failed   int
	Attempt  int // from 1
	Failures []Failure
}

// Failure is a job that failed.
type Failure struct {
	Stage    string
	Job      string
	Code     int64
	Hex      string // "0x80070057", of a negative code
	Meaning  string // in English, where it is known
	Time     string
	TimeUTC  string
	Repaired bool
}

// Why says why nothing runs; Kind is "" when something does, or nobody knows.
type Why struct {
	Kind  string // agent offline, ghost, due, behind or server
	Job   string
	Since string
	Start string
}

// Still says why the deployment stands still.
type Still struct {
	Why   string // stage, agent or idle
	Name  string
	Since string
}

// Later is a job that counts in nothing.
type Later struct {
	Name  string
	State string // later, unscheduled, waiting or running
	Why   string // why it waits, as Why.Kind
	Stuck bool
	Start string
}

// LeftOut counts what is missing from the lists of a very long file.
type LeftOut struct {
	Finished, Unfinished, Failures, Later int
}

func viewOf(f *evt.File) *View {
	v := &View{
		Kind: string(f.Kind), Seq: f.Seq, Server: oneLine(f.Server), Time: local(f.AtLocal), TimeUTC: utc(f.At),
		SourceLost: f.Source == evt.SourceLost, SourceSince: local(f.SourceSinceLocal), Stale: f.Stale,
		Agent: f.Agent, AgentSince: local(f.AgentSinceLocal), Takes: f.TakesS, TakesAtLeast: f.TakesAtLeast, Asked: oneLine(f.Asked), Settle: f.SettleS, Quiet: f.QuietS,
		Computer: Computer{
			ID: f.Computer.ID, Name: oneLine(f.Computer.Name), OSName: oneLine(f.Computer.OSName), Group: oneLine(f.Computer.Group),
			Ghost: f.Computer.Ghost, Gone: f.Computer.Gone, Unknown: f.Computer.Unknown,
		},
		ETA: local(f.ETALocal), ETAUTC: utc(f.ETA), ETAIn: number(f.ETAS), ETAAtLeast: f.ETAAtLeast, NoMoreUpdates: f.NoMoreUpdates,
	}
	if f.Kind != evt.KindStopped {
		v.UTCOffset = jobmon.Offset(f.UTCOffsetS).String()
	}
	if s := f.Session; s != nil {
		v.Session = Session{
			Number: s.Number, State: s.State, Result: s.Result, Began: local(s.BeganLocal), BeganUTC: utc(s.Began),
			Ended: local(s.EndedLocal), EndedUTC: utc(s.Ended), Elapsed: number(s.ElapsedS), WatchedSince: local(s.WatchedSinceLocal),
			SilentSince: local(s.SilentSinceLocal),
		}
	}
	if c := f.Counts; c != nil {
		v.Counts = Counts(*c)
	}
	if f.Percent != nil {
		v.Percent = *f.Percent
	}
	if w := f.Why; w != nil {
		v.Why = Why{Kind: w.Kind, Job: oneLine(w.Job), Since: local(w.SinceLocal), Start: local(w.StartLocal)}
	}
	if w := f.Still; w != nil {
		v.Still = Still{Why: w.Why, Name: oneLine(w.Name), Since: local(w.SinceLocal)}
	}
	for i := range f.Stages {
		s := stageOf(i+1, &f.Stages[i])
		v.Stages, v.Failures = append(v.Stages, s), append(v.Failures, s.Failures...)
	}
	if f.Current != nil {
		v.Current = v.Stages[*f.Current]
	}
	if f.Next != nil {
		v.Next = v.Stages[*f.Next]
	}
	for _, l := range f.Later {
		v.Later = append(v.Later, Later{Name: oneLine(l.Name), State: l.State, Why: l.Why, Stuck: l.Stuck, Start: local(l.StartLocal)})
	}
	if f.LeftOut != nil {
		v.LeftOut = LeftOut(*f.LeftOut)
	}
	return v
}

func stageOf(n int, s *evt.Stage) Stage {
	stage := Stage{
		Number: n, Name: oneLine(s.Name), State: s.State, Late: s.Late,
		Began: local(s.BeganLocal), BeganUTC: utc(s.Began), Ended: local(s.EndedLocal), EndedUTC: utc(s.Ended), Elapsed: number(s.ElapsedS),
		Inexact: s.Inexact, Planned: local(s.PlannedLocal), Expected: s.ExpectedS, Runs: s.Runs, Overdue: s.Overdue,
		Jobs: s.Jobs, JobsDone: s.JobsDone, Failed: s.Failed, Attempt: max(1, s.Attempt),
	}
	for _, f := range s.Failures {
		stage.Failures = append(stage.Failures, Failure{
			Stage: stage.Name, Job: oneLine(f.Job), Code: int64(f.Code), Hex: f.Hex, Meaning: f.Meaning, Time: local(f.AtLocal), TimeUTC: utc(f.At), Repaired: f.Repaired,
		})
	}
	return stage
}

func number(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func local(t evt.Local) string { return timeText(int64(t)) }

func utc(t evt.UTC) string { return timeText(int64(t)) }

func timeText(milli int64) string {
	if milli == 0 {
		return ""
	}
	return time.UnixMilli(milli).UTC().Format(time.DateTime)
}

// oneLine keeps a name from ending a line, ringing a bell or turning the direction of the text around it.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u200c' || r == '\u200d' || unicode.IsGraphic(r) { // the two joiners shape the letters beside them
			return r
		}
		return ' '
	}, strings.ToValidUTF8(name, "\ufffd"))
}
