package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// computer is one line of the list, for programs. Times are UTC.
type computer struct {
	ID         jobmon.ComputerID `json:"id"`
	Name       string            `json:"name,omitempty"`
	Group      string            `json:"group,omitempty"`
	Seq        uint64            `json:"seq"` // of the last event that concerns its picture
	AsOf       time.Time         `json:"as_of"`
	SourceLost bool              `json:"source_lost,omitempty"`
	Deployment *deployment       `json:"deployment"` // null: none was seen
}

type deployment struct {
	Number   int        `json:"number"`
	State    string     `json:"state"`
	Result   string     `json:"result,omitempty"`
	Began    time.Time  `json:"began"`
	Ended    *time.Time `json:"ended,omitempty"`
	Stage    string     `json:"stage,omitempty"` // that runs now
	Percent  int        `json:"percent"`
	Jobs     int        `json:"jobs"`
	JobsDone int        `json:"jobs_done"`
	Failed   int        `json:"failed"`
	Late     int        `json:"late"`
	Expected *time.Time `json:"expected_end,omitempty"`
	AtLeast  bool       `json:"expected_at_least,omitempty"` // it ends then or later
}

// list answers with a line for each computer that has a picture, by id.
func list(pictures func() []jobmon.Progress) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		computers := []computer{}
		for _, p := range pictures() {
			computers = append(computers, computer{
				ID: p.Computer.ID, Name: p.Computer.Name, Group: p.Computer.Group, Seq: p.Seq, AsOf: p.At.Time(),
				SourceLost: p.SourceLost, Deployment: deploymentOf(p.Session),
			})
		}
		text, err := json.Marshal(computers)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = w.Write(append(plain.Escape(text), '\n')) // whoever asked may have gone
		}
	}
}

func deploymentOf(s *jobmon.SessionProgress) *deployment {
	if s == nil {
		return nil
	}
	d := &deployment{
		Number: s.Number, State: s.State.String(), Result: string(s.Result), Began: s.Began.Time(), Ended: moment(s.Ended),
		Percent: s.Percent, Jobs: s.Jobs, JobsDone: s.JobsDone, Failed: s.Failed, Late: s.Late, Expected: moment(s.ETA), AtLeast: s.ETAAtLeast,
	}
	if s.Current >= 0 && s.Current < len(s.Stages) {
		d.Stage = s.Stages[s.Current].Name
	}
	return d
}

// moment is nil for an unknown time.
func moment(at jobmon.Instant) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}
