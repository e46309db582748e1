package daemon

import (
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/store"
)

// hear hands on the last batch, which is durable.
func (j *journal) hear(b *jobmon.Batch) {
	if j.heard == nil {
		return
	}
	j.heard(b, func() []*notices.Notice {
		return j.state.Projection.Notices(b, j.picture, func(id jobmon.JobID) string {
			return j.state.Mirror.Jobs[id].Folder
		})
	})
	j.shown = nil
}

// picture is the computer's picture after the last batch, nil for none. What was drawn for its file is not drawn again.
func (j *journal) picture(id jobmon.ComputerID) *jobmon.Progress {
	if picture := j.shown[id]; picture != nil {
		return picture
	}
	picture, _ := j.state.Projection.Progress(id)
	return picture
}

// hearFull hands on that the log cannot be written, and why, or with nil that it can be. It does so once each.
func (j *journal) hearFull(at jobmon.Instant, err error) {
	if (err != nil) == (j.full != 0) || errors.Is(err, store.ErrClosed) {
		return
	}
	n := &notices.Notice{
		Topic: notices.DiskFull, Healed: err == nil, Event: jobmon.Event{At: at}, Problem: "disk",
		Offset: j.state.Projection.Offset(), Since: at,
	}
	if err != nil {
		n.Event.Text, j.full = err.Error(), at
	} else {
		n.Since, j.full = j.full, 0
	}
	if j.heard != nil {
		j.heard(&jobmon.Batch{At: at}, func() []*notices.Notice { return []*notices.Notice{n} })
	}
}
