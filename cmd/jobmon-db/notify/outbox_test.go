package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

var loopbackHook = Settings{Kind: Webhook, URL: "http://127.0.0.1:9/hook", Secret: testSecret}

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// ids are those of the failures of these events, one an event.
func ids(from, to int) (list []string) {
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprintf("msg_%d_failed_0", i))
	}
	return list
}

// A receiver that answers everything that receivers answer gets each message, once it says yes, in order.
func TestEachMessageArrives(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	}
	status := func(code int, header ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			if len(header) > 0 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(code)
		}
	}
	bad := []func(http.ResponseWriter, *http.Request){
		status(500), hang, status(429, "Retry-After", "120"), half, status(503, "Retry-After", "0"),
		status(302, "Location", "/x"),
		status(404), status(410), status(401), status(400), hang, status(502),
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := &receiver{answer: func(n int, w http.ResponseWriter, r *http.Request) {
			if n%2 == 0 && n/2 < len(bad) {
				bad[n/2](w, r)
			}
		}}
		w.start(specs(Webhook, reach(t, loopbackHook, r, nil)))
		defer w.stop()
		for range 30 {
			w.happen(1)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		got := r.list()
		if want := ids(1, 30); !slices.Equal(slices.Compact(got), want) {
			t.Errorf("got %v\n%s", got, w.said)
		}
		if s := w.outbox.Status()[0]; s.SentCount != 30 || s.FailedCount != uint64(len(bad)) || s.Waiting != 0 ||
			s.Oldest != 0 || s.Error != "" || s.GivenUp != 0 {
			t.Errorf("%+v", s)
		}
		// The pause that the receiver asked for was kept.
		if wait := r.at[5].Sub(r.at[4]); wait < 2*time.Minute || wait > 3*time.Minute {
			t.Errorf("after 429 it waited %v", wait)
		}
	})
}

// A receiver that is away for a day gets what is not older than a day, the rest is reported once; in between memory
// holds a bounded number of notices, and the log has the rest.
func TestAwayForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var back atomic.Bool
		r := &receiver{}
		w.start(specs(Webhook, reach(t, loopbackHook, r, func() bool { return !back.Load() })))
		defer w.stop()
		for range 30 * 60 { // one a minute, 30 hours
			w.happen(1)
			time.Sleep(time.Minute)
		}
		q := w.outbox.couriers["ops"].queue
		q.mu.Lock()
		if len(q.list) > queueLength || cap(q.list) > 2*queueLength {
			t.Errorf("%d notices in memory, room for %d", len(q.list), cap(q.list))
		}
		q.mu.Unlock()
		s := w.outbox.Status()[0]
		if s.Waiting+int(s.GivenUp) != 1800 || s.GivenUp < 350 || s.GivenUp > 360 || s.Oldest == 0 ||
			!strings.Contains(s.Error, "refused") {
			t.Errorf("after 30 hours: %+v", s)
		}
		back.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		got := r.list()
		if want := ids(int(s.GivenUp)+1, 1800); len(got) < 1440 || !slices.Equal(got, want[len(want)-len(got):]) {
			t.Errorf("%d arrived, from %s", len(got), got[0])
		}
		s = w.outbox.Status()[0]
		if s.SentCount+s.GivenUp != 1800 || s.Waiting != 0 {
			t.Errorf("at last: %+v", s)
		}
		w.stop()
		given := strings.Count(w.said.String(), "messages were given up")
		if given == 0 || given > 100 {
			t.Errorf("%d errors about %d messages\n%s", given, s.GivenUp, w.said)
		}
		if lines := strings.Count(w.said.String(), "does not arrive"); lines > 1 {
			t.Errorf("%d lines about one reason", lines)
		}
	})
}

// What no try will ever bring holds up the others for a quarter of an hour.
func TestPoison(t *testing.T) {
	for _, code := range []int{400, 413, 415, 422} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := &receiver{}
			r.answer = func(_ int, w http.ResponseWriter, request *http.Request) {
				if request.Header.Get("webhook-id") == ids(2, 2)[0] {
					w.WriteHeader(code)
				}
			}
			w.start(specs(Webhook, reach(t, loopbackHook, r, nil)))
			defer w.stop()
			for range 3 {
				w.happen(1)
			}
			time.Sleep(neverAfter - time.Minute)
			if got := r.list(); !slices.Equal(got, ids(1, 1)) {
				t.Errorf("%d: within a quarter of an hour: %v", code, got)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if got := r.list(); !slices.Equal(got, []string{ids(1, 1)[0], ids(3, 3)[0]}) {
				t.Errorf("%d: %v", code, got)
			}
			if s := w.outbox.Status()[0]; s.GivenUp != 1 || s.Waiting != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A start goes on where the last one ended, with what the log has got meanwhile; a target that is new, or whose place
// is in another log or behind its end, begins with the present.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name  string
		place *Place
		want  []string
	}{
		{"new", nil, ids(11, 12)},
		{"known", &Place{LogID: (&fakeLog{}).ID(), Seq: 4}, ids(5, 12)},
		{"at the end", &Place{LogID: (&fakeLog{}).ID(), Seq: 10}, ids(11, 12)},
		{"ahead", &Place{LogID: (&fakeLog{}).ID(), Seq: 4000}, ids(11, 12)},
		{"another log", &Place{LogID: "another", Seq: 4}, ids(11, 12)},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			for range 10 {
				w.log.happen(1)
			}
			if c.place != nil {
				if err := writePlace(w.dir, "ops", c.place); err != nil {
					t.Fatal(err)
				}
			}
			r := &receiver{}
			w.start(specs(Webhook, reach(t, loopbackHook, r, nil)))
			w.happen(1)
			time.Sleep(10 * time.Second)
			w.happen(1)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if p, _, err := ReadPlace(w.dir, "ops"); err != nil || p.Seq != 12 {
				t.Errorf("%s: 3 s after the last message a crash would find %+v, %v", c.name, p, err)
			}
			w.stop()
			if got := r.list(); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v", c.name, got)
			}
			if p, ok, err := ReadPlace(w.dir, "ops"); err != nil || !ok || p.Seq != 12 || p.LogID != w.log.ID() ||
				p.Sent == 0 {
				t.Errorf("%s: %+v, %v, %v", c.name, p, ok, err)
			}
		})
	}
}

// From the log to the queue and back there is neither a gap nor a double, whatever comes in one batch.
func TestFromTheLogToTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var want, got []string
		slow := targetFunc(func(_ context.Context, m *notices.Message) error {
			time.Sleep(10 * time.Millisecond)
			got = append(got, m.ID)
			return nil
		})
		w.start(specs(Webhook, slow))
		defer w.stop()
		for i := range 200 {
			failures := []int{1, 0, 3, 7, 100, 2}[i%6]
			if i == 77 {
				failures = 3 * queueLength // more than there is room for
			}
			seq, found := w.log.happen(failures)
			for _, n := range found {
				want = append(want, single{}.Add(n)[0].ID)
			}
			w.outbox.Put(seq, found)
			time.Sleep(time.Duration(i%5) * 70 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if !slices.Equal(got, want) {
			t.Errorf("%d messages of %d", len(got), len(want))
		}
		if w.log.reads == 0 {
			t.Error("the log was not needed: the test tests nothing")
		}
		if s := w.outbox.Status()[0]; s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}

type targetFunc func(context.Context, *notices.Message) error

func (f targetFunc) Send(ctx context.Context, m *notices.Message) error { return f(ctx, m) }
func (targetFunc) Probe(context.Context) (string, error)                { return "", nil }

// Another address is tried at once, whatever the pause was; a target that is taken out is forgotten.
func TestSetAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start(specs(Webhook, targetFunc(func(context.Context, *notices.Message) error { return errors.New("no") })))
		defer w.stop()
		w.happen(1)
		time.Sleep(2 * time.Hour)
		r := &receiver{}
		began := time.Now()
		if err := w.outbox.Set(specs(Webhook, reach(t, loopbackHook, r, nil))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := r.list(); !slices.Equal(got, ids(1, 1)) || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), got)
		}
		time.Sleep(time.Minute)
		if _, ok, err := ReadPlace(w.dir, "ops"); !ok || err != nil {
			t.Errorf("no place: %v", err)
		}
		if err := w.outbox.Set(nil); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := ReadPlace(w.dir, "ops"); ok || err != nil {
			t.Errorf("a place is left: %v", err)
		}
		w.happen(1)
		if err := w.outbox.Set(specs(Webhook, reach(t, loopbackHook, r, nil))); err != nil {
			t.Fatal(err)
		}
		w.happen(1)
		synctest.Wait()
		if got := r.list(); !slices.Equal(got, []string{ids(1, 1)[0], ids(3, 3)[0]}) {
			t.Errorf("back again: %v", got)
		}
	})
}

// The end waits for a receiver that hangs for a moment and no longer, and what it did not get comes with the next
// start.
func TestEndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := &receiver{answer: func(n int, _ http.ResponseWriter, r *http.Request) {
			if n == 1 {
				<-r.Context().Done()
			}
		}}
		target := reach(t, loopbackHook, r, nil)
		w.start(specs(Webhook, target))
		for range 3 {
			w.happen(1)
		}
		synctest.Wait()
		began := time.Now()
		w.stop()
		if took := time.Since(began); took > lastTry {
			t.Errorf("the end took %v", took)
		}
		w.start(specs(Webhook, target))
		time.Sleep(time.Minute)
		synctest.Wait()
		w.stop()
		got := slices.DeleteFunc(r.list(), func(id string) bool { return id == "" })
		if slices.Sort(got); !slices.Equal(slices.Compact(got), ids(1, 3)) {
			t.Errorf("%v", got)
		}
	})
}

// What waits is what a target has yet to get: nothing that a rule has left out since, and what a digest will hold.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var back atomic.Bool
		r := &receiver{}
		away := reach(t, loopbackHook, r, func() bool { return !back.Load() })
		w.startJoining(specs(Webhook, away))
		defer w.stop()
		waits := func(want int) {
			t.Helper()
			synctest.Wait()
			if s := w.outbox.Status()[0]; s.Waiting != want {
				t.Errorf("%d wait, not %d: %+v", s.Waiting, want, s)
			}
		}
		for range 2 * queueLength {
			w.happen(1)
		}
		waits(2 * queueLength)
		nothing := map[string]Spec{"ops": {
			Kind: Webhook, Target: away, Wants: func(*notices.Notice) bool { return false }}}
		if err := w.outbox.Set(nothing); err != nil {
			t.Fatal(err)
		}
		back.Store(true)
		time.Sleep(10 * time.Minute)
		waits(0)
		if err := w.outbox.Set(specs(Webhook, away)); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			w.happen(1)
		}
		waits(10)
		time.Sleep(10 * time.Minute)
		waits(0)
	})
}
