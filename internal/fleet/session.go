package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// How much may be under way, and how long its acknowledgement may take.
const (
	mostUnderWay = 256
	mostBytes    = 8 << 20
	ackWithin    = 10 * time.Second
)

// session publishes from one look at the stream on, as long as that is as it was left.
type session struct {
	p *Publisher
	c *Conn
	r *responder

	at     place
	next   uint64 // event from which on the log is to be published
	inbox  string
	acks   chan *nats.Msg
	sent   uint64 // messages of this session
	flying []flight
	bytes  int // of those
	stored int // messages that were acknowledged
	passes int // over the log
	made   int // the connection, see Conn.made
}

// flight is a message under way.
type flight struct {
	number uint64 // of the session's messages
	seq    uint64 // that it gets in the stream
	last   uint64 // event with which its text ends; 0 for a piece that others follow
	sum    uint32 // checksum of its frame
	mark   uint32 // see markOf
	bytes  int
	at     time.Time
	since  int64 // when it was committed, ms since 1970; 0 for unknown
}

// run looks where the stream ends, and publishes what the log has behind it, until something is not as it should be.
// It returns errAgain where looking again helps, a *refusal, or what is in the way.
func (s *session) run(ctx context.Context) (err error) {
	s.made = s.c.made()
	if s.at, s.next, err = s.look(ctx); err != nil {
		return err
	}
	s.inbox, s.acks = s.c.nc.NewInbox(), make(chan *nats.Msg, mostUnderWay+1)
	sub, err := s.c.nc.ChanSubscribe(s.inbox+".*", s.acks)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	s.p.may()
	s.r.resume()
	check := time.NewTicker(s.p.check)
	defer check.Stop()
	for {
		if err := s.sendAll(ctx); err != nil {
			return err
		}
		if s.passes == 1 {
			s.p.well()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.p.wake:
		case <-s.c.changed:
			if s.c.made() != s.made || !s.c.Connected() {
				return errAgain
			}
		case m := <-s.acks: // none is awaited
			return fmt.Errorf("NATS acknowledges what was not published: %.100q", m.Data)
		case <-check.C:
			if err := s.unchanged(ctx); err != nil {
				return err
			}
		}
	}
}

// unchanged returns errAgain where the stream does not end as it was left.
func (s *session) unchanged(ctx context.Context) error {
	at, _, err := s.p.end(ctx, s.c)
	if err == nil && (at.seq != s.at.seq || at.mark != s.at.mark) {
		err = errAgain
	}
	return err
}

// look finds the stream's end and judges it. That the engine lost what it acknowledged is believed when two looks
// agree.
func (s *session) look(ctx context.Context) (at place, next uint64, err error) {
	if at, err = s.p.find(ctx, s.c); err != nil {
		return at, 0, err
	}
	if next, err = s.p.judge(&at); err == nil {
		err = s.p.patience(&at)
	}
	if err != nil {
		return at, 0, err
	}
	published := s.p.State().Published
	if at.empty && at.seq == s.p.storedSeq && at.keep > 0 && time.Since(s.p.storedAt) >= at.keep {
		return at, published + 1, nil // its messages grew old, and a hub had its time
	}
	if has := max(next, 1) - 1; has < published {
		sleep(ctx, s.p.wait(2), nil)
		again, err := s.p.find(ctx, s.c)
		if err == nil && again != at {
			err = errAgain
		}
		if err != nil {
			return at, 0, err
		}
		s.p.change(func(st *State) { st.Published, st.Lost = has, st.Lost+published-has })
		s.p.o.Logger.Warn().Uint64("from", has+1).Uint64("to", published).
			Msg("NATS lost events that it had acknowledged; they are published anew from the log")
		return at, next, nil
	}
	s.p.change(func(st *State) { st.Published = max(next, 1) - 1 })
	return at, next, nil
}

// sendAll publishes all that the log has, and waits until it is stored.
func (s *session) sendAll(ctx context.Context) error {
	since := s.p.committed.Swap(0)
	if s.passes++; s.passes == 1 {
		since = 0 // what was missed was committed at any time
	}
	if last, _, ok := s.p.o.Log.Last(); !ok || last < s.next {
		return nil
	}
	for parcel, err := range parcels(s.p.header(), s.p.o.Log.Links(s.next), s.at.limit) {
		if err != nil {
			return fmt.Errorf("read the log from event %d on: %w", s.next, err)
		}
		messages := parcel.messages(SubjectOf(s.p.o.Site))
		for i, m := range messages {
			f := flight{bytes: len(m.Data), mark: markOf(m.Data), since: since}
			if i == len(messages)-1 {
				f.last, f.sum = parcel.last, parcel.sum
			}
			if err := s.room(ctx, f.bytes); err != nil {
				return err
			}
			if err := s.send(m, f); err != nil {
				return err
			}
		}
		s.next = parcel.last + 1
	}
	for len(s.flying) > 0 {
		if err := s.land(ctx); err != nil {
			return err
		}
	}
	return nil
}

// room waits until a message of that size may be under way too.
func (s *session) room(ctx context.Context, size int) error {
	for len(s.flying) > 0 && (len(s.flying) >= mostUnderWay || s.bytes+size > mostBytes) {
		if err := s.land(ctx); err != nil {
			return err
		}
	}
	for len(s.acks) > 0 {
		if err := s.land(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// send publishes a message that is stored only where nothing else was since the stream was looked at.
func (s *session) send(m *nats.Msg, f flight) error {
	before := s.at.seq + uint64(len(s.flying))
	m.Header.Set(headerExpected, strconv.FormatUint(before, 10))
	if f.since != 0 {
		m.Header.Set(headerCommitted, strconv.FormatInt(f.since, 10))
	}
	s.sent++
	m.Reply = s.inbox + "." + strconv.FormatUint(s.sent, 10)
	if err := s.c.nc.PublishMsg(m); err != nil {
		if !s.c.Connected() {
			return errAgain
		}
		return fmt.Errorf("publish to %s: %w", m.Subject, err)
	}
	f.number, f.seq, f.at = s.sent, before+1, time.Now()
	s.flying, s.bytes = append(s.flying, f), s.bytes+f.bytes
	return nil
}

// land waits for the acknowledgement of the oldest message under way. They come in their order: each message is stored
// behind the one before it, or not at all.
func (s *session) land(ctx context.Context) error {
	f := &s.flying[0]
	late := time.NewTimer(time.Until(f.at.Add(ackWithin)))
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-s.acks:
			return s.acknowledged(m)
		case <-s.c.changed:
			if err := s.c.mayNot(SubjectOf(s.p.o.Site)); err != nil {
				return err
			}
			if s.c.made() != s.made || !s.c.Connected() {
				return errAgain
			}
		case <-late.C:
			if err := s.c.mayNot(s.inbox + ".*"); err != nil {
				return err
			}
			return fmt.Errorf("NATS has not acknowledged a message within %s: its servers may be electing a "+
				"leader, or their disk is full", ackWithin)
		}
	}
}

// acknowledged takes an answer to a message under way.
func (s *session) acknowledged(m *nats.Msg) error {
	f := s.flying[0]
	if m.Header.Get("Status") == "503" {
		return fmt.Errorf("no stream takes %s now: %s is missing, or the servers are electing a leader",
			SubjectOf(s.p.o.Site), StreamOf(s.p.o.Site))
	}
	seq, err := readAck(s.p.o.Site, m.Data)
	var answered *apiError
	switch number := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]; {
	case isAPI(err, wrongSequence, wrongPending):
		return errAgain
	case errors.As(err, &answered):
		return fmt.Errorf("NATS does not store the log: %w", err)
	case err != nil:
		return err
	case number != strconv.FormatUint(f.number, 10) || seq != f.seq:
		return errAgain // another message's answer was lost
	}
	s.flying, s.bytes, s.at.seq, s.at.mark = s.flying[1:], s.bytes-f.bytes, f.seq, f.mark
	if s.stored++; s.stored == mostUnderWay {
		s.p.well()
	}
	if f.last == 0 {
		return nil
	}
	s.at.empty, s.at.logID, s.at.last, s.at.sum = false, s.p.o.Log.ID(), f.last, f.sum
	s.p.storedAt, s.p.storedSeq = time.Now(), f.seq
	s.p.change(func(st *State) {
		if st.Published = f.last; f.since != 0 {
			st.Delay = time.Duration(time.Now().UnixMilli()-f.since) * time.Millisecond
		}
	})
	return nil
}
