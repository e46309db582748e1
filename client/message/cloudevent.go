package message

import (
	"cmp"
	"net/url"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// What a CloudEvent of ours says about itself.
const (
	CloudEventMedia  = "application/cloudevents+json" // of the body, with charset=utf-8
	CloudEventType   = "io.github.jobmon-db."         // stands before a topic, or before "digest"
	CloudEventSchema = "https://github.com/jobmon-db/jobmon-db/docs/notice.schema.json"

	// maxEvent is the size that each consumer of CloudEvents should accept (CloudEvents 1.0.2, "Size Limits": 64 KiB).
	maxEvent = 64 << 10
	// maxText is how much of that the text for people may take, in bytes before JSON escapes some of them.
	maxText = 16 << 10
)

// event is a CloudEvent 1.0 in the structured mode of its JSON format.
type event struct {
	Version     string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Time        string `json:"time"`
	ContentType string `json:"datacontenttype"`
	Schema      string `json:"dataschema"`
	Data        *data  `json:"data"`
}

// data is what a CloudEvent carries; docs/notice.schema.json describes it.
type data struct {
	Title    string `json:"title"`
	Text     string `json:"text"`
	Language string `json:"language"`
	URL      string `json:"url,omitempty"`
	Site     string `json:"site"`
	Tone     string `json:"tone"`

	*one
	*several
}

// one is a single notice.
type one struct {
	brief
	Offset     int         `json:"utc_offset_s"`
	Deployment *deployment `json:"deployment,omitempty"`
	Folders    []string    `json:"folders,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	From       uint64      `json:"from,omitempty"`
	To         uint64      `json:"to,omitempty"`
}

// brief is what a notice says as one of many, too.
type brief struct {
	Topic    notices.Topic `json:"topic"`
	Healed   bool          `json:"healed"`
	Problem  string        `json:"problem"`
	Again    int           `json:"again"`
	Seq      uint64        `json:"seq"`
	At       string        `json:"at"`
	Since    string        `json:"since,omitempty"`
	Computer *computer     `json:"computer,omitempty"`
	Stage    string        `json:"stage,omitempty"`
	Job      string        `json:"job,omitempty"`
	Code     *jobmon.Code  `json:"code,omitempty"`
	Meaning  string        `json:"code_meaning,omitempty"`
}

// computer is a computer; as one of many it has an id and a name.
type computer struct {
	ID     int32  `json:"id"`
	Name   string `json:"name"`
	OSName string `json:"os_name,omitempty"`
	Group  string `json:"group,omitempty"`
	Agent  string `json:"agent,omitempty"`
}

type deployment struct {
	Number     int    `json:"number"`
	State      string `json:"state"`
	Result     string `json:"result,omitempty"`
	Began      string `json:"began,omitempty"`
	Ended      string `json:"ended,omitempty"`
	Stages     int    `json:"stages"`
	StagesDone int    `json:"stages_done"`
	Jobs       int    `json:"jobs"`
	JobsDone   int    `json:"jobs_done"`
	Failed     int    `json:"failed"`
	Percent    int    `json:"percent"`
	Now        string `json:"now,omitempty"`
	Next       string `json:"next,omitempty"`
	Waiting    string `json:"waiting,omitempty"`
	ETA        string `json:"eta,omitempty"`
}

// several is a digest.
type several struct {
	Digest  bool                  `json:"digest"`
	Counts  map[notices.Topic]int `json:"counts"`
	More    int                   `json:"more"`
	Notices []brief               `json:"notices"`
}

// CloudEvent is the message as a CloudEvent 1.0 in structured JSON, for programs. It is not larger than 64 KiB: of a
// digest it has as many notices as fit, and says how many more there are.
func (w *Writer) CloudEvent(m *notices.Message) ([]byte, error) {
	s, last := w.say(m), m.Notices[len(m.Notices)-1]
	e := event{
		Version: "1.0", ID: m.ID, Source: "/jobmon-db/" + url.PathEscape(name(cmp.Or(w.Site, "ds"))),
		Type: CloudEventType + string(last.Topic), Subject: last.Problem, Time: moment(last.Event.At),
		ContentType: "application/json", Schema: CloudEventSchema,
		Data: &data{
			Title: s.title, Text: inBytes(s.body(), maxText), Language: w.language(), URL: s.link, Site: name(w.Site),
			Tone: [...]string{good: "good", warn: "warning", bad: "bad"}[s.tone],
		},
	}
	if !m.Digest {
		e.Data.one = w.one(last)
		return encode(&e)
	}
	e.Type, e.Subject = CloudEventType+"digest", "digest"
	list := &several{Digest: true, Counts: m.Counts, More: m.More, Notices: []brief{}}
	e.Data.several = list
	for _, n := range m.Notices {
		list.Notices = append(list.Notices, w.brief(n))
	}
	for {
		body, err := encode(&e)
		if err != nil || len(body) <= maxEvent || len(list.Notices) == 0 {
			return body, err
		}
		keep := len(list.Notices) * 3 / 4
		list.More += len(list.Notices) - keep
		list.Notices = list.Notices[:keep]
	}
}

// longestName is how many characters of a name a CloudEvent has: as many as a column of the DS database.
const longestName = 255

// mostFolders is how many folders a CloudEvent names.
const mostFolders = 20

// name is a name as it is in the database, cut to what such a column holds.
func name(text string) string { return fit(text, longestName, asIs) }

// moment is in RFC 3339 with milliseconds, in UTC; "" for none.
func moment(at jobmon.Instant) string {
	if at == 0 {
		return ""
	}
	return at.String()
}

func (w *Writer) brief(n *notices.Notice) brief {
	b := brief{
		Topic: n.Topic, Healed: n.Healed, Problem: n.Problem, Again: n.Again, Seq: n.Event.Seq, At: moment(n.Event.At),
		Since: moment(n.Since), Stage: name(n.Stage), Job: name(n.Job),
	}
	if c := computerOf(n); c.ID != 0 {
		b.Computer = &computer{ID: int32(c.ID), Name: name(c.Name)}
	}
	if n.Topic == notices.Failed || n.Topic == notices.Repaired {
		b.Code, b.Meaning = &n.Code, n.Code.MeaningIn(w.language())
	}
	return b
}

func (w *Writer) one(n *notices.Notice) *one {
	o := &one{brief: w.brief(n), Offset: int(n.Offset), From: n.Event.From, To: n.Event.To}
	for _, folder := range n.Folders[:min(len(n.Folders), mostFolders)] {
		o.Folders = append(o.Folders, name(folder))
	}
	switch n.Topic {
	case notices.StandingStill:
		if !n.Healed {
			o.Reason = name(n.Event.Text)
		}
	case notices.SourceLost, notices.Damaged, notices.DiskFull:
		o.Reason = reason(n)
	}
	if c := computerOf(n); n.Picture != nil && o.Computer != nil {
		o.Computer.OSName, o.Computer.Group = name(c.OSName), name(c.Group)
		o.Computer.Agent = n.Picture.Agent.String()
		o.Deployment = deploymentOf(n.Picture.Session, n.Event.At)
	}
	return o
}

func deploymentOf(s *jobmon.SessionProgress, now jobmon.Instant) *deployment {
	if s == nil {
		return nil
	}
	eta, _, _ := s.Estimate(now)
	d := &deployment{
		Number: s.Number, State: s.State.String(), Result: string(s.Result), Began: moment(s.Began),
		Ended: moment(s.Ended), Stages: len(s.Stages), StagesDone: s.StagesDone, Jobs: s.Jobs, JobsDone: s.JobsDone,
		Failed: s.Failed, Percent: s.Percent, ETA: moment(eta),
	}
	if s.Current >= 0 && s.Current < len(s.Stages) {
		d.Now = name(s.Stages[s.Current].Name)
	}
	if s.Next >= 0 && s.Next < len(s.Stages) {
		d.Next = name(s.Stages[s.Next].Name)
	}
	if s.Why != nil {
		d.Waiting = string(s.Why.Kind)
	}
	return d
}
