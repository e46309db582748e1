package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func (f *Follower) info(ctx context.Context) (jetstream.StreamInfo, error) {
	info, err := f.hub.conn.info(ctx, f.Site)
	if isAPI(err, noStream) {
		return info, fmt.Errorf("there is no stream %s: make it with \"jobmon-db fleet init --site %s\"",
			StreamOf(f.Site), f.Site)
	}
	return info, err
}

// follow follows the stream from where the copy ends, until something must be looked at anew.
func (f *Follower) follow(ctx context.Context) error {
	info, err := f.info(ctx)
	if err != nil {
		f.withoutStream(ctx)
		return err
	}
	start, err := f.search(ctx, &info)
	if err != nil {
		return err
	}
	f.position, f.moved = start-1, time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := f.hub.consume(ctx, f.Site, start)
	if err != nil {
		return err
	}
	defer c.end()
	groups := make(chan *group)
	failed := make(chan error, 1)
	var reading sync.WaitGroup
	reading.Go(func() { failed <- c.run(ctx) })
	reading.Go(func() { f.decode(ctx, c.messages, groups) })
	defer reading.Wait()
	defer stop()
	return f.watch(ctx, info, groups, failed)
}

// watch appends what arrives, and looks at the stream once a minute.
func (f *Follower) watch(ctx context.Context, info jetstream.StreamInfo, groups <-chan *group,
	failed <-chan error) error {
	check := time.NewTicker(f.check)
	defer check.Stop()
	if f.position >= info.State.LastSeq {
		f.trouble(nil)
	}
	for {
		select {
		case g := <-groups:
			f.turn = true
			err := f.take(ctx, g)
			if f.turn { // ask may have given it back
				f.turn = false
				<-f.hub.turns
			}
			if err != nil {
				return err
			}
			f.trouble(nil)
		case <-check.C:
			if err := f.look(ctx, &info); err != nil {
				return err
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look finds what a consumer never reports: that the stream was shortened below its place, or begun anew below it.
func (f *Follower) look(ctx context.Context, before *jetstream.StreamInfo) error {
	info, err := f.info(ctx)
	if err != nil {
		return err
	}
	switch s := info.State; {
	case !info.Created.Equal(before.Created), s.LastSeq < f.position, s.FirstSeq > f.position+1:
		return errAgain
	case s.LastSeq > f.position && time.Since(f.moved) > stuckAfter:
		return errAgain
	}
	*before = info
	return f.askIdle(ctx, info.State.LastSeq)
}

// head reads which log a message is of, and up to which event it goes; ok is false where it does not say.
func head(text []byte) (log string, last uint64, ok bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	var l struct {
		Export *struct {
			LogID string `json:"log_id"`
			Last  uint64 `json:"last_seq"`
		} `json:"export"`
	}
	if json.Unmarshal(line, &l) != nil || l.Export == nil {
		return "", 0, false
	}
	return l.Export.LogID, l.Export.Last, true
}

// search finds the first message with something that the copy does not have, by halves. It is a hint: what arrives is
// looked at in any case.
func (f *Follower) search(ctx context.Context, info *jetstream.StreamInfo) (start uint64, err error) {
	end, _ := f.Copy.End()
	first, last := max(info.State.FirstSeq, 1), info.State.LastSeq
	if end == 0 || last < first {
		return first, nil
	}
	behind := func(seq uint64) bool { // the message is behind the copy's end, of another log, or not there
		var text []byte
		if text, start, err = f.text(ctx, seq, first); err != nil {
			return true
		}
		log, until, ok := head(text)
		ok = ok && log == f.Copy.ID()
		if ok && seq == info.State.LastSeq {
			f.holds(until)
		}
		return !ok || until > end
	}
	if !behind(last) {
		return last + 1, nil // as nearly always
	}
	for low, high := first, last; low < high && err == nil; {
		if half := low + (high-low)/2; behind(half) {
			last, high = half, half
		} else {
			low = half + 1
		}
	}
	if err == nil {
		_, start, err = f.text(ctx, last, first)
	}
	if err != nil {
		return 0, fmt.Errorf("look for the place in the stream %s: %w", StreamOf(f.Site), err)
	}
	return start, nil
}

// text is the message with that number, of a text in pieces its first one, and that one's number. It is empty where the
// message is not there.
func (f *Follower) text(ctx context.Context, seq, first uint64) (text []byte, begin uint64, err error) {
	m, ok, err := f.hub.conn.get(ctx, f.Site, seq)
	if err != nil || !ok {
		return nil, seq, err
	}
	if i, _, wrong := partOf(m.header); wrong == nil && i > 1 && seq-first >= uint64(i-1) {
		begin = seq - uint64(i-1)
		m, _, err = f.hub.conn.get(ctx, f.Site, begin)
		return m.data, begin, err
	}
	return m.data, seq, nil
}

// committedAt is when the site committed what a message holds; zero where it does not say.
func committedAt(h nats.Header) time.Time {
	var ms int64
	if _, err := fmt.Sscan(h.Get(headerCommitted), &ms); err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
