package notify

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// stormed is what the storm of TestStorm comes to, with an end of the daemon after each of so many notices, 0 for none.
func stormed(t *testing.T, endEvery int) (list []*notices.Message) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ops := targetFunc(func(_ context.Context, m *notices.Message) error {
			if len(list)%7 == 3 && m.ID != list[len(list)-1].ID { // arrives, and nobody hears of it
				list = append(list, m)
				return errors.New("the connection broke")
			}
			list = append(list, m)
			return nil
		})
		w.startJoining(specs(Webhook, ops))
		for i := range 500 {
			w.happen(1)
			time.Sleep(120 * time.Millisecond)
			if endEvery > 0 && i%endEvery == endEvery-1 {
				w.stop()
				w.startJoining(specs(Webhook, ops))
			}
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		w.stop()
	})
	return list
}

// A storm of 500 failures in a minute is 20 messages and one digest with all the others, also where the daemon ends
// and begins again meanwhile.
func TestStorm(t *testing.T) {
	var want []string
	for _, endEvery := range []int{0, 50, 7} {
		list := stormed(t, endEvery)
		var got []string
		var digest *notices.Message
		for _, m := range list {
			if got = append(got, m.ID); m.Digest {
				digest = m
			}
		}
		got = slices.Compact(got)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) || len(got) != 21 || digest == nil {
			t.Fatalf("ends every %d: %d messages: %v\nnot %v", endEvery, len(got), got, want)
		}
		if all := len(digest.Notices) + digest.More; all != 480 || digest.Counts[notices.Failed] != 480 {
			t.Errorf("ends every %d: the digest is of %d, %v", endEvery, all, digest.Counts)
		}
	}
}

// That the disk is full is no event: it is sent from memory, to those who want it, and moves no place.
func TestMessagesOfNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var got []string
		ops := targetFunc(func(_ context.Context, m *notices.Message) error { got = append(got, m.ID); return nil })
		other := targetFunc(func(context.Context, *notices.Message) error { t.Error("nobody asked for it"); return nil })
		w.start(map[string]Spec{"ops": {Target: ops, Wants: all}, "other": {Target: other,
			Wants: func(n *notices.Notice) bool { return n.Topic == notices.Damaged }}})
		w.happen(1)
		synctest.Wait()
		for i := range 2 {
			n := &notices.Notice{Topic: notices.DiskFull, Healed: i == 1, Event: jobmon.Event{At: jobmon.Instant(i + 7)}}
			w.outbox.PutLoose(&notices.Message{ID: n.ID(w.log.ID()), Notices: []*notices.Notice{n}})
		}
		w.happen(1)
		synctest.Wait()
		w.stop()
		id := w.log.ID()[:16]
		want := []string{ids(1, 1)[0], "msg_" + id + "_7_disk-full", "msg_" + id + "_8_disk-full_healed", ids(2, 2)[0]}
		if !slices.Equal(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
		if p, ok, err := ReadPlace(w.dir, "ops"); !ok || err != nil || p.Seq != 2 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// The SDK of CloudEvents takes what a webhook gets, of one notice and of a digest.
func TestCloudEvents(t *testing.T) {
	t.Parallel()
	type got struct{ id, kind, source, title string }
	var last got
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		e, err := binding.ToEvent(r.Context(), cehttp.NewMessageFromHttpRequest(r))
		if err == nil {
			err = e.Validate()
		}
		if err != nil {
			t.Errorf("it is no CloudEvent: %v", err)
			return
		}
		var data struct{ Title string }
		if err := e.DataAs(&data); err != nil {
			t.Error(err)
		}
		last = got{e.ID(), e.Type(), e.Source(), data.Title}
	}))
	defer server.Close()
	hook, err := New(&Settings{Kind: Webhook, URL: server.URL, Secret: testSecret},
		&message.Writer{Language: "en", Site: "DS01"}, "jobmon-db/test")
	if err != nil {
		t.Fatal(err)
	}
	defer clientOf(hook).http.CloseIdleConnections()
	picture := &jobmon.Progress{Computer: jobmon.Computer{ID: 5000001, Name: "PC-0001"}}
	one := message1(picture)
	for _, m := range []*notices.Message{one, {
		ID: "msg_1_digest", Digest: true, Notices: []*notices.Notice{one.Notices[0], one.Notices[0]}, More: 478,
		Counts: map[notices.Topic]int{notices.Failed: 480},
	}} {
		if err := hook.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if last.id != m.ID || last.title == "" || !strings.Contains(last.source, "DS01") || last.kind == "" {
			t.Errorf("%+v", last)
		}
	}
}

func message1(picture *jobmon.Progress) *notices.Message {
	m := about("msg_1_failed")
	m.Notices[0].Picture, m.Notices[0].Stage, m.Notices[0].Code = picture, "Office", 1603
	return m
}
