package hub

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// sending is the state of sending a site's messages. The hub sends them only as long as the site's daemon says so, as
// otherwise both would. It begins when the copy has got to where the log was at the daemon's word: messages are about
// the present.
type sending struct {
	sender Sender // nil while the hub does not send. The site's mu guards it
	stop   func() // ends the sender and waits for its end

	mu    sync.Mutex
	asked bool   // the site's daemon said that the hub is to send
	from  uint64 // when the copy has this event
	known bool   // the daemon has said either in this run
	woken chan struct{}
}

// poke takes the word of the site's daemon, about the log that the hub has.
func (s *sending) poke(b *fleet.Beat) {
	s.mu.Lock()
	if !s.known || s.asked != b.Notices {
		s.from = b.Last
	}
	s.known, s.asked = true, b.Notices
	woken := s.woken
	s.mu.Unlock()
	patience.Wake(woken)
}

// wanted says whether the hub is to send; from is the event that the copy must have before.
func (s *sending) wanted() (known, asked bool, from uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known, s.asked, s.from
}

// send has the hub send, or not, as the site's daemon says, until ctx ends.
func (s *Site) send(ctx context.Context) {
	if s.hub.options.Messages == nil {
		return
	}
	woken := make(chan struct{}, 1)
	s.sending.mu.Lock()
	s.sending.woken = woken
	s.sending.mu.Unlock()
	defer s.quiet()
	for {
		select {
		case <-woken:
		case <-ctx.Done():
			return
		}
		if known, asked, _ := s.sending.wanted(); known && !asked {
			s.forget()
		} else {
			s.speak(ctx)
		}
	}
}

// reset forgets the daemon's word: it was about another log.
func (s *sending) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.asked = false, false
}

// speakAgain is how long to wait where a batch came while a sender was made.
const speakAgain = 200 * time.Millisecond

// speak begins to send what comes from now on, and what the targets have not got yet. A sender asks the site where its
// log ends, so it is made without the lock, and made anew where the log went on meanwhile: no batch falls between.
func (s *Site) speak(ctx context.Context) {
	for {
		s.mu.Lock()
		end, due := s.due()
		s.mu.Unlock()
		if !due {
			return
		}
		sender := s.hub.options.Messages(s)
		if sender == nil || s.begin(ctx, sender, end) || patience.Sleep(ctx, speakAgain) != nil {
			return
		}
	}
}

// due says whether the hub is to begin to send and can: the copy ends with the event that it returns, not before the
// daemon's word, and can be read. The caller holds mu.
func (s *Site) due() (end uint64, due bool) {
	end, _ = s.End()
	_, asked, from := s.sending.wanted()
	return end, asked && s.sending.sender == nil && s.broken == nil && end > 0 && end >= from
}

// begin has the sender send, unless the log does not end with that event any more, not all of it is taken up yet, or
// the site's daemon has taken its word back.
func (s *Site) begin(ctx context.Context, sender Sender, end uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, due := s.due(); !due || now != end || s.state.Seq != end {
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { sender.Run(ctx) })
	s.sending.sender = sender
	s.sending.stop = func() {
		cancel()
		running.Wait()
	}
	s.logger.Info().Msg("the hub sends this site's messages")
	return true
}

// hush ends sending until the site's daemon speaks again: its word was about another log. The word goes first, as
// otherwise it would start the sender again.
func (s *Site) hush() {
	s.sending.reset()
	s.quiet()
}

// quiet ends sending; each target goes on where it is when the hub sends again.
func (s *Site) quiet() {
	s.mu.Lock()
	stop := s.sending.stop
	s.sending.sender, s.sending.stop = nil, nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// forget ends sending for the site's own daemon, which has its own account of what each target has got: the hub's is
// of no more use.
func (s *Site) forget() {
	s.quiet()
	folder := notify.Folder(s.dir)
	if _, err := os.Stat(folder); err != nil {
		return
	}
	if err := os.RemoveAll(folder); err != nil {
		s.logger.Error().Err(err).Msg("what the hub's targets have got cannot be forgotten: remove the folder " +
			"notify, or old messages are sent when the hub sends again")
		return
	}
	s.logger.Info().Msg("the site sends its messages itself")
}

// tell hands on the batch that was taken up last. The caller holds mu.
func (s *Site) tell(b *jobmon.Batch) {
	s.sending.sender.Heard(b, func() []*notices.Notice {
		return s.state.Projection.Notices(b, func(id jobmon.ComputerID) *jobmon.Progress {
			picture, _ := s.state.Projection.Progress(id)
			return picture
		}, func(id jobmon.JobID) string { return s.state.Mirror.Jobs[id].Folder })
	})
}

// Targets implements control.Daemon.
func (s *Site) Targets() []control.Target {
	s.mu.Lock()
	sender := s.sending.sender
	s.mu.Unlock()
	if sender == nil {
		return []control.Target{}
	}
	return sender.Targets()
}
