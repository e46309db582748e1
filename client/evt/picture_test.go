package evt_test

import (
	"bytes"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// back writes the picture that a file tells, and it is the same file.
func back(t *testing.T, p *jobmon.Progress) {
	t.Helper()
	first, err := evt.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	f, err := evt.Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if f.LeftOut != nil {
		return
	}
	second, err := evt.Encode(f.Picture())
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%v\n%s\n%s", err, first, second)
	}
}

func TestAFileTellsItsPicture(t *testing.T) {
	t.Parallel()
	for _, picture := range samples.Pictures() {
		back(t, picture.Progress)
	}
	content, err := evt.Stopped(jobmon.Form{}, 7, "x")
	if err != nil {
		t.Fatal(err)
	}
	f, err := evt.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Picture(); p.Computer.ID != 7 || p.Asked != "x" || p.Session != nil {
		t.Errorf("%+v", p)
	}
}

func TestUnknownWordsAreAbsent(t *testing.T) {
	t.Parallel()
	content, err := evt.Encode(samples.Pictures()[1].Progress)
	if err != nil {
		t.Fatal(err)
	}
	f, err := evt.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	f.Agent, f.Session.Result, f.Why, f.Stages[0].State, f.SettleS = "asleep", "splendid", &evt.Why{Kind: "rain"},
		"resting", 1<<60
	p := f.Picture()
	if p.Agent != jobmon.AgentUnknown || p.Session.Result != jobmon.ResultNone || p.Session.Why != nil ||
		p.Session.Stages[0].State != 0 || p.Settle != 0 {
		t.Errorf("%+v", p)
	}
}
