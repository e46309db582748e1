package http

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// computer is one line of the list, for programs. Times are UTC.
type computer struct {
	Site       string            `json:"site,omitempty"` // in a fleet
	ID         jobmon.ComputerID `json:"id"`
	Name       string            `json:"name,omitempty"`
	Group      string            `json:"group,omitempty"`
	Ghost      bool              `json:"ghost,omitempty"`     // the console does not show it
	Gone       bool              `json:"gone,omitempty"`      // its record was deleted
	Continues  jobmon.ComputerID `json:"continues,omitempty"` // the id under which the PC goes on
	Seq        uint64            `json:"seq"`                 // of the last event that concerns its picture
	AsOf       time.Time         `json:"as_of"`
	SourceLost bool              `json:"source_lost,omitempty"`
	Agent      string            `json:"agent"`
	AgentSince *time.Time        `json:"agent_since,omitempty"`
	Deployment *deployment       `json:"deployment"` // null: none was seen
	Beside     []pending         `json:"beside,omitempty"`
}

// pending is an unfinished row that is no part of the deployment.
type pending struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Why   string `json:"why,omitempty"` // why it waits
	Stuck bool   `json:"stuck,omitempty"`
}

type deployment struct {
	Number   int        `json:"number"`
	State    string     `json:"state"`
	Result   string     `json:"result,omitempty"`
	Began    *time.Time `json:"began,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	Stage    string     `json:"stage,omitempty"`   // that runs now
	Percent  *int       `json:"percent,omitempty"` // none while it is planned
	Jobs     int        `json:"jobs"`
	JobsDone int        `json:"jobs_done"`
	Failed   int        `json:"failed"`
	Late     int        `json:"late"`
	Expected *time.Time `json:"expected_end,omitempty"`
	AtLeast  bool       `json:"expected_at_least,omitempty"` // it ends then or later

	Why        string `json:"why,omitempty"`     // why nothing runs
	Takes      int64  `json:"takes_s,omitempty"` // planned: what it usually takes
	TakesLeast bool   `json:"takes_at_least,omitempty"`
	// nothing has started since then for so long that it counts as abandoned
	SilentSince *time.Time `json:"silent_since,omitempty"`
	Still       string     `json:"still,omitempty"` // why it stands still: stage, agent or idle
	StillSince  *time.Time `json:"still_since,omitempty"`
}

// list answers with a line for each computer that has a picture, by id.
func list(pictures func() []jobmon.Progress) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := json.Marshal(computersOf(pictures()))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = w.Write(append(plain.Escape(text), '\n')) // the client may have gone
		}
	}
}

func computersOf(pictures []jobmon.Progress) []computer {
	computers := []computer{}
	for i := range pictures {
		p := &pictures[i]
		computers = append(computers, computer{
			Site: p.Computer.Site, ID: p.Computer.ID, Name: p.Computer.Name, Group: p.Computer.Group,
			Seq: p.Seq, AsOf: p.At.Time(),
			Ghost: p.Computer.Ghost, Gone: p.Computer.Gone, Continues: p.Continues,
			SourceLost: p.SourceLost, Agent: p.Agent.String(), AgentSince: moment(p.AgentSince),
			Deployment: deploymentOf(p.Session), Beside: besideOf(p),
		})
	}
	return computers
}

func deploymentOf(s *jobmon.SessionProgress) *deployment {
	if s == nil {
		return nil
	}
	d := &deployment{
		Number: s.Number, State: s.State.String(), Result: string(s.Result),
		Began: moment(s.Began), Ended: moment(s.Ended), Expected: moment(s.ETA), AtLeast: s.ETAAtLeast,
		Jobs: s.Jobs, JobsDone: s.JobsDone, Failed: s.Failed, Late: s.Late,
	}
	d.Takes, d.TakesLeast, d.SilentSince = int64(s.Takes/time.Second), s.TakesAtLeast, moment(s.SilentSince)
	if s.State != jobmon.SessionPlanned {
		d.Percent = new(s.Percent)
	}
	if s.Why != nil {
		d.Why = string(s.Why.Kind)
	}
	if s.Still != nil {
		d.Still, d.StillSince = s.Still.Why, moment(s.Still.Since)
	}
	if s.Current >= 0 && s.Current < len(s.Stages) {
		d.Stage = s.Stages[s.Current].Name
	}
	return d
}

func besideOf(p *jobmon.Progress) []pending {
	var list []pending
	for _, row := range p.Beside() {
		one := pending{Name: row.Name, State: row.State.String(), Stuck: row.Stuck}
		if row.Why != nil {
			one.Why = string(row.Why.Kind)
		}
		list = append(list, one)
	}
	return list
}

// moment is nil for an unknown time.
func moment(at jobmon.Instant) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}
