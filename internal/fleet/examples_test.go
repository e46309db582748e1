package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

const examples = "../../configs/nats"

// TestASingleServer: the example for one server carries two sites to a hub, and lets neither be the other.
func TestASingleServer(t *testing.T) {
	t.Parallel()
	e := natstest.NewExamples(t, examples, "127.0.0.1")
	config, store := e.Write("single.conf", "0.0.0.0:4222", "127.0.0.1:-1")
	s := natstest.Run(t, nil, config, store)
	carries(t, e, "tls://"+s.Address(), "tls://"+s.Address(), "", 1)
}

// TestAClusterOfThree: the same of the example for three servers.
func TestAClusterOfThree(t *testing.T) {
	t.Parallel()
	e := natstest.NewExamples(t, examples, "127.0.0.1")
	routes := natstest.FreePorts(t, 3)
	var servers []*natstest.Server
	for i, route := range routes {
		config, store := e.Write("cluster.conf", "server_name: nats-1", fmt.Sprintf("server_name: nats-%d", i+1),
			"0.0.0.0:4222", "127.0.0.1:-1", "0.0.0.0:6222", route,
			"nats-1:6222", routes[0], "nats-2:6222", routes[1], "nats-3:6222", routes[2])
		s := natstest.New(t, nil, config, store)
		s.Start()
		servers = append(servers, s)
	}
	for _, s := range servers {
		s.Ready()
	}
	carries(t, e, "tls://"+servers[0].Address(), "tls://"+servers[2].Address(), "", 3)
}

// TestALeafNode: the same of the examples for a site behind a firewall.
func TestALeafNode(t *testing.T) {
	t.Parallel()
	e := natstest.NewExamples(t, examples, "127.0.0.1")
	leaves := natstest.FreePorts(t, 1)[0]
	config, store := e.Write("hub.conf", "0.0.0.0:4222", "127.0.0.1:-1", "0.0.0.0:7422", leaves)
	hub := natstest.Run(t, nil, config, store)
	config, store = e.Write("leaf.conf", "127.0.0.1:4222", "127.0.0.1:-1", "hub.example.com:7422", leaves)
	leaf := natstest.Run(t, nil, config, store)
	carries(t, e, "nats://"+leaf.Address(), "tls://"+hub.Address(), "hub", 1)

	config, store = e.Write("leaf.conf", "127.0.0.1:4222", "127.0.0.1:-1", "hub.example.com:7422", leaves,
		"leaf-ds01", "loose", "publish: [", `publish: [ ">"`)
	loose := join(t, e, "DS01", "nats://"+natstest.Run(t, nil, config, store).Address(), "_INBOX_site.DS01")
	asked(t, loose, "jobmon.v1.DS01", "text", `"seq":2`) // it is joined
	for _, subject := range []string{"jobmon.v1.DS02", "$JS.hub.API.STREAM.PURGE.JOBMON_DS02"} {
		if answer, err := loose.Request(subject, nil, 5*time.Second); !errors.Is(err, nats.ErrNoResponders) {
			t.Errorf("through a leaf that lets all through, %s says %v, %v", subject, answer, err)
		}
	}
}

// TestTheExamplesAllowWhatIsPrinted: the entries for users are those that "fleet init" prints.
func TestTheExamplesAllowWhatIsPrinted(t *testing.T) {
	t.Parallel()
	for file, domains := range map[string]map[string]string{
		"users.conf": {"DS01": "", "DS02": "", "HUB": ""},
		"hub.conf":   {"DS01": "hub", "HUB": ""},
		"leaf.conf":  {"DS01": "hub"},
	} {
		text, err := os.ReadFile(filepath.Join(examples, file))
		if err != nil {
			t.Fatal(err)
		}
		for user, domain := range domains {
			publish, subscribe := fleet.HubSubjects(domain)
			comment := "the hub, which also makes the streams"
			if user != "HUB" {
				publish, subscribe = fleet.SiteSubjects(user, domain)
				comment = "the site " + user
			}
			entry := strings.Join(strings.Fields(fleet.Permissions(comment, "U"+user, publish, subscribe)), " ")
			if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), entry) {
				t.Errorf("%s does not have the entry\n%s", file, entry)
			}
		}
	}
}

// carries has the hub make the streams, DS01 publish what it knows and answer what is missing, and DS01 try what only
// DS02 may do.
func carries(t *testing.T, e *natstest.Examples, site, centre, domain string, replicas int) {
	t.Helper()
	hub := join(t, e, "HUB", centre, "_INBOX_hub")
	js, err := jetstream.New(hub)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"DS01", "DS02"} {
		config := jetstream.StreamConfig{Name: "JOBMON_" + name, Subjects: []string{"jobmon.v1." + name},
			Replicas: replicas}
		var err error
		for range 6 { // a cluster that changes its leader does not answer
			if _, err = js.CreateOrUpdateStream(t.Context(), config); !errors.Is(err, context.DeadlineExceeded) {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ds01 := join(t, e, "DS01", site, "_INBOX_site.DS01")
	api := "$JS.API."
	if domain != "" {
		api = "$JS." + domain + ".API."
	}
	asked(t, ds01, "jobmon.v1.DS01", "text", `"seq":1`)
	asked(t, ds01, api+"STREAM.INFO.JOBMON_DS01", "", `"messages":1`)
	asked(t, ds01, api+"STREAM.MSG.GET.JOBMON_DS01", `{"last_by_subj":"jobmon.v1.DS01"}`, `"seq":1`)
	follows(t, js)
	pages(t, ds01, join(t, e, "HUB", centre, "_INBOX_gap.DS01"))
	for _, subject := range []string{
		"jobmon.v1.DS02", "jobmon.beat.v1.DS02", "_INBOX_gap.DS02.x", "_INBOX_hub.x", "_INBOX_site.DS02.x",
		api + "STREAM.INFO.JOBMON_DS02", api + "STREAM.MSG.GET.JOBMON_DS02", api + "STREAM.PURGE.JOBMON_DS02",
		api + "STREAM.DELETE.JOBMON_DS01", api + "CONSUMER.CREATE.JOBMON_DS02.x",
	} {
		refused(t, ds01, subject)
	}
	info, err := js.Stream(t.Context(), "JOBMON_DS02")
	if err != nil || info.CachedInfo().State.Msgs != 0 {
		t.Errorf("the stream of DS02 has %+v, %v; want nothing", info, err)
	}
}

// join connects as DS01, DS02 or HUB does.
func join(t *testing.T, e *natstest.Examples, who, server, inboxes string) *nats.Conn {
	t.Helper()
	key, err := nats.NkeyOptionFromSeed(e.Seed(who))
	if err != nil {
		t.Fatal(err)
	}
	options := []nats.Option{key, nats.CustomInboxPrefix(inboxes),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})} // LastError has it
	if strings.HasPrefix(server, "tls:") {
		options = append(options, nats.RootCAs(e.CA()))
	}
	c, err := nats.Connect(server, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// asked expects words in the answer. A leaf node needs a moment until it knows what the centre listens to.
func asked(t *testing.T, c *nats.Conn, subject, text, want string) {
	t.Helper()
	var answer *nats.Msg
	var err error
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		answer, err = c.RequestWithContext(ctx, subject, []byte(text))
		if !errors.Is(err, nats.ErrNoResponders) {
			break
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	if !strings.Contains(string(answer.Data), want) {
		t.Fatalf("%s: %s; want %s", subject, answer.Data, want)
	}
}

// follows reads the stream of DS01 as the hub does.
func follows(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	c, err := js.CreateOrUpdateConsumer(t.Context(), "JOBMON_DS01", jetstream.ConsumerConfig{Durable: "hub",
		AckPolicy: jetstream.AckAllPolicy})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Next()
	if err != nil || string(m.Data()) != "text" {
		t.Fatalf("the hub reads %v, %v", m, err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Error(err)
	}
}

// pages has the hub ask DS01 for what is missing, and DS01 answer with several messages.
func pages(t *testing.T, site, hub *nats.Conn) {
	t.Helper()
	s, err := site.Subscribe("jobmon.gap.v1.DS01", func(m *nats.Msg) {
		for _, page := range []string{"1", "2", ""} {
			_ = m.Respond([]byte(page))
		}
	})
	if err == nil {
		err = site.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Unsubscribe() }()
	asked(t, hub, "jobmon.gap.v1.DS01", "", "1")
	inbox := hub.NewRespInbox()
	answers, err := hub.SubscribeSync(inbox)
	if err == nil {
		err = hub.PublishRequest("jobmon.gap.v1.DS01", inbox, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 3 {
		m, err := answers.NextMsg(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(m.Data))
	}
	if !slices.Equal(got, []string{"1", "2", ""}) {
		t.Errorf("the pages are %q", got)
	}
}

// refused expects that the server refuses to take a message for the subject.
func refused(t *testing.T, c *nats.Conn, subject string) {
	t.Helper()
	if err := c.Publish(subject, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := c.LastError(); err == nil || !strings.Contains(err.Error(), `Publish to "`+subject+`"`) {
		t.Errorf("publishing to %s: %v; want a refusal", subject, err)
	}
}
