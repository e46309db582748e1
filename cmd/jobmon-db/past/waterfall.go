package past

import (
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

// Waterfall is one deployment in full as programs get it; others script against the names. Times are UTC.
type Waterfall struct {
	Session
	StageList []Stage `json:"stage_list"`
	JobList   []Job   `json:"job_list"`
	Parts     []Part  `json:"parts"` // the whole time, without a hole
}

// Stage is a stage of it.
type Stage struct {
	Name     string   `json:"name"`
	State    string   `json:"state"`
	Late     bool     `json:"late"`
	Began    *string  `json:"began"`
	Ended    *string  `json:"ended"`
	Duration *float64 `json:"duration_s"` // so far while it runs
	// all that is known where an end of it was not seen
	Most     *float64           `json:"duration_at_most_s,omitempty"`
	Doubt    deployments.Reason `json:"duration_doubt,omitempty"`
	Expected *float64           `json:"expected_s"` // typical duration, as it was known then
	Overdue  bool               `json:"overdue"`
	Before   float64            `json:"waited_before_s"`
	Working  float64            `json:"working_s"`
	Waiting  float64            `json:"waiting_s"` // waited_before_s included
	Unseen   float64            `json:"unseen_s"`
	Jobs     int                `json:"jobs"`
	Failed   int                `json:"failed"`
	Attempt  int                `json:"attempt"`
}

// Job is a run of it.
type Job struct {
	ScheduleID jobmon.ScheduleID  `json:"schedule_id"`
	JobID      jobmon.JobID       `json:"job_id"`
	Name       string             `json:"name"`
	Folder     string             `json:"folder"`
	Class      string             `json:"class"` // job, marker or build job
	Stage      int                `json:"stage"` // index in stage_list, -1 for what no screen shows
	State      string             `json:"state"`
	Code       *jobmon.Code       `json:"status_code"`
	Attempt    int                `json:"attempt"`
	Late       bool               `json:"late"`
	Scheduled  *string            `json:"first_seen"`
	Began      *string            `json:"began"`
	Ended      *string            `json:"ended"`
	Duration   *float64           `json:"duration_s"` // so far while it runs
	Most       *float64           `json:"duration_at_most_s,omitempty"`
	Doubt      deployments.Reason `json:"duration_doubt,omitempty"`
}

// Part is a piece of its time.
type Part struct {
	From  *string           `json:"from"`
	To    *string           `json:"to"`
	Doing deployments.Doing `json:"doing"`
	Stage int               `json:"stage"`
}

// NewWaterfall makes it of a deployment.
func NewWaterfall(d *deployments.Deployment) *Waterfall {
	r := &Waterfall{Session: NewSession(d), StageList: []Stage{}, JobList: []Job{},
		Parts: []Part{}}
	_, spent, _ := d.Spent()
	for i := range d.Stages {
		st := &d.Stages[i]
		r.StageList = append(r.StageList, Stage{
			Name: st.Name, State: st.State.String(), Late: st.Late, Began: Stamp(st.Began), Ended: Stamp(st.Ended),
			Duration: seconds(st.Took, st.Began != 0 && (st.Ended != 0 || st.State == jobmon.StateRunning)),
			Doubt:    st.Why, Most: seconds(st.Most, st.Most > 0),
			Expected: seconds(st.Expected, st.Expected > 0), Overdue: st.Overdue, Before: spent[i].Before.Seconds(),
			Working: spent[i].Working.Seconds(),
			Waiting: spent[i].Waiting.Seconds(), Unseen: spent[i].Unseen.Seconds(), Jobs: st.Jobs, Failed: st.Failed,
			Attempt: st.Attempt,
		})
	}
	class := [...]string{jobmon.RealJob: "job", jobmon.Marker: "marker", jobmon.BuildJob: "build job"}
	for i := range d.Jobs {
		j := &d.Jobs[i]
		one := Job{
			ScheduleID: j.Schedule, JobID: j.Job, Name: j.Name, Folder: j.Folder, Class: class[j.Class], Stage: j.Stage,
			State:   j.State.String(),
			Attempt: j.Attempt, Late: j.Late, Scheduled: Stamp(j.Arrived), Began: Stamp(j.Started),
			Ended:    Stamp(j.Ended),
			Duration: seconds(j.Took, j.Started != 0 && (j.Ended != 0 || j.State == jobmon.StateRunning)), Doubt: j.Why,
			Most: seconds(j.Most, j.Most > 0),
		}
		if j.State.Finished() {
			one.Code = &j.Code
		}
		r.JobList = append(r.JobList, one)
	}
	for _, p := range d.Parts() {
		r.Parts = append(r.Parts, Part{Stamp(p.From), Stamp(p.To), p.Doing, p.Stage})
	}
	return r
}
