package daemon

import (
	"errors"
	"time"

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

// roomLasts is how long the log must be writable before that is a message: a disk at its end is full again at once.
const roomLasts = 10 * time.Minute

// fullness is that the log cannot be written. A restart forgets it.
type fullness struct {
	since jobmon.Instant // since when; 0 while the log can be written
	room  jobmon.Instant // when it could be written again; 0 while it cannot
	began time.Time      // that moment by our clock
}

// wrote records that the log was written.
func (f *fullness) wrote(at jobmon.Instant) {
	if f.since != 0 && f.room == 0 {
		f.room, f.began = at, time.Now()
	}
}

// refused hands on once that the log cannot be written, and why.
func (j *journal) refused(at jobmon.Instant, err error) {
	if errors.Is(err, store.ErrClosed) {
		return
	}
	j.full.room = 0
	if j.full.since == 0 {
		j.full.since = at
		j.hearDisk(&notices.Notice{Event: jobmon.Event{At: at, Text: err.Error()}, Since: at})
	}
}

// hearRoom hands on that the log can be written again, once that has lasted.
func (j *journal) hearRoom() {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := &j.full
	if f.room == 0 || time.Since(f.began) < roomLasts {
		return
	}
	since, room := f.since, f.room
	*f = fullness{}
	j.hearDisk(&notices.Notice{Healed: true, Event: jobmon.Event{At: room}, Since: since})
}

func (j *journal) hearDisk(n *notices.Notice) {
	n.Topic, n.Problem, n.Offset = notices.DiskFull, "disk", j.state.Projection.Offset()
	if j.heard != nil {
		j.heard(&jobmon.Batch{At: n.Event.At}, func() []*notices.Notice { return []*notices.Notice{n} })
	}
}
