package http

import (
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
)

type bucketJSON struct {
	Started int `json:"started"`
	Failed  int `json:"failed"`
	Events  int `json:"events"`
}

type markJSON struct {
	Seq      uint64    `json:"seq,omitempty"`
	At       time.Time `json:"at"`
	Computer string    `json:"computer"`
	Job      string    `json:"job,omitempty"`
	Stage    string    `json:"stage,omitempty"`
}

type spanJSON struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type timelineJSON struct {
	From      time.Time    `json:"from"`
	To        time.Time    `json:"to"`
	Step      float64      `json:"step_s"`
	Buckets   []bucketJSON `json:"buckets"`
	Failures  []markJSON   `json:"failures"`
	Unwatched []spanJSON   `json:"unwatched"`
	Stages    []markJSON   `json:"stages"`
}

// timelineOf is a timeline for programs.
func timelineOf(t *board.Timeline) *timelineJSON {
	shown := &timelineJSON{
		From: t.From.Time(), To: t.To.Time(), Step: t.Step.Seconds(),
		Buckets: []bucketJSON{}, Failures: []markJSON{}, Unwatched: []spanJSON{}, Stages: []markJSON{},
	}
	for _, b := range t.Buckets {
		shown.Buckets = append(shown.Buckets, bucketJSON(b))
	}
	for _, m := range t.Failures {
		shown.Failures = append(shown.Failures, markJSON{Seq: m.Seq, At: m.At.Time(), Computer: m.Computer, Job: m.Job})
	}
	for _, m := range t.Stages {
		shown.Stages = append(shown.Stages, markJSON{At: m.At.Time(), Computer: m.Computer, Stage: m.Job})
	}
	for _, s := range t.Unwatched {
		shown.Unwatched = append(shown.Unwatched, spanJSON{s.From.Time(), s.To.Time()})
	}
	return shown
}
