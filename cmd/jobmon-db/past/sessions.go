package past

import (
	"cmp"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Session is a deployment as programs get it; others script against the names.
type Session struct {
	Site         string             `json:"site,omitempty"` // in a fleet
	ComputerID   jobmon.ComputerID  `json:"computer_id"`
	Computer     string             `json:"computer"`
	Number       int                `json:"session"`
	IsDeployment bool               `json:"is_deployment"`
	State        string             `json:"state"`
	Result       string             `json:"result"`        // "" while it goes on
	Began        *string            `json:"began"`         // UTC
	WatchedSince *string            `json:"watched_since"` // UTC; not null: it had begun before, unseen
	Ended        *string            `json:"ended"`         // UTC; null while it goes on
	UTCOffset    string             `json:"utc_offset"`    // of the server's clock
	Duration     *float64           `json:"duration_s"`    // so far while it goes on
	NotHonest    deployments.Reason `json:"duration_doubt,omitempty"`
	Overtaken    bool               `json:"overtaken"` // it was open when the next one began
	// UTC; it is open and called abandoned: nothing has started since
	SilentSince *string `json:"silent_since,omitempty"`
	Still       string  `json:"still,omitempty"` // why it stands still: stage, agent or idle
	Stages      int     `json:"stages"`
	StagesDone  int     `json:"stages_done"`
	Jobs        int     `json:"jobs"`
	JobsDone    int     `json:"jobs_done"`
	Late        int     `json:"late"`
	Failed      int     `json:"failed"`   // jobs that failed and that no later attempt repaired
	Failures    int     `json:"failures"` // runs that failed, also those that were tried again
	Retries     int     `json:"retries"`
	Working     float64 `json:"working_s"` // with a job at work
	Waiting     float64 `json:"waiting_s"` // with none
	Unseen      float64 `json:"unseen_s"`  // nobody watched
	Gaps        []Gap   `json:"gaps,omitempty"`

	// What is printed of it.
	BeganAt, EndedAt jobmon.Instant `json:"-"`
	ResultIs         jobmon.Result  `json:"-"`
	Outcome          string         `json:"-"` // the result, with what it does not say
}

// Gap is a time of it in which nobody watched.
type Gap struct {
	From *string             `json:"from"` // UTC
	To   *string             `json:"to"`
	Kind deployments.GapKind `json:"kind"`
}

// NewSession makes it of a deployment.
func NewSession(d *deployments.Deployment) Session {
	s := &d.Session
	n := d.Tally()
	spent, _, _ := d.Spent()
	r := Session{
		Site:       d.Computer.Site,
		ComputerID: d.Computer.ID, Computer: jobmon.ComputerName(d.Computer.ID, d.Computer.Name), Number: s.Number,
		IsDeployment: d.Deployment,
		State:        s.State.String(), Result: string(s.Result), Began: Stamp(s.Began),
		WatchedSince: Stamp(s.WatchedSince),
		Ended:        Stamp(s.Ended),
		UTCOffset:    d.Offset.String(), Duration: seconds(d.Took, s.WatchedSince == 0), NotHonest: d.Why,
		Overtaken: d.Overtaken,
		Stages:    len(s.Stages), StagesDone: s.StagesDone, Jobs: s.Jobs, JobsDone: s.JobsDone,
		Late: n.Late, Failed: s.Failed, Failures: n.Failures, Retries: n.Retries,
		Working: spent.Working.Seconds(), Waiting: spent.Waiting.Seconds(), Unseen: spent.Unseen.Seconds(),
		BeganAt: s.Began, EndedAt: s.Ended, ResultIs: s.Result, Outcome: s.Outcome().String(),
	}
	if r.SilentSince = Stamp(s.SilentSince); s.Still != nil {
		r.Still = s.Still.Why
	}
	for _, g := range d.Gaps {
		r.Gaps = append(r.Gaps, Gap{Stamp(g.From), Stamp(g.To), g.Kind})
	}
	return r
}

// seconds is a duration as a number for programs; nil for none.
func seconds(d time.Duration, known bool) *float64 {
	if !known {
		return nil
	}
	return new(d.Seconds())
}

// Stamp is a moment for programs: "2026-11-22T13:05:00.000Z"; nil for none.
func Stamp(at jobmon.Instant) *string {
	if at == 0 {
		return nil
	}
	return new(at.String())
}

// Compare orders sessions by when they began.
func (r *Session) Compare(s *Session) int {
	return cmp.Or(cmp.Compare(r.BeganAt, s.BeganAt), cmp.Compare(r.Site, s.Site),
		cmp.Compare(r.ComputerID, s.ComputerID), cmp.Compare(r.Number, s.Number))
}
