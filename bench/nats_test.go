package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// natsStream is a JetStream of the same batches in a server within this process: one message per batch, in JSON.
type natsStream struct {
	server   *server.Server
	conn     *nats.Conn
	stream   jetstream.Stream
	messages int
	events   int
}

func natsOf(ctx context.Context, dir string, batches iter.Seq2[jobmon.Batch, error]) (*natsStream, error) {
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: dir, DontListen: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	s.Start()
	n := &natsStream{server: s}
	if !s.ReadyForConnections(10 * time.Second) {
		return n, errors.New("the NATS server does not start")
	}
	if n.conn, err = nats.Connect("", nats.InProcessServer(s)); err != nil {
		return n, err
	}
	js, err := jetstream.New(n.conn)
	if err != nil {
		return n, err
	}
	n.stream, err = js.CreateStream(ctx,
		jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{"events"}, Storage: jetstream.FileStorage})
	if err != nil {
		return n, err
	}
	for batch, err := range batches {
		if err != nil {
			return n, err
		}
		text, err := json.Marshal(batch)
		if err != nil {
			return n, err
		}
		if _, err := js.PublishAsync("events", text); err != nil {
			return n, err
		}
		n.messages, n.events = n.messages+1, n.events+len(batch.Events)
	}
	select {
	case <-js.PublishAsyncComplete():
		return n, nil
	case <-time.After(2 * time.Minute):
		return n, errors.New("the NATS server does not acknowledge what was published")
	}
}

// scan receives all messages in order; what is in them is not decoded.
func (n *natsStream) scan(ctx context.Context) error {
	consumer, err := n.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(5000))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for range n.messages {
		if _, err := messages.Next(); err != nil {
			return err
		}
	}
	return nil
}

func (n *natsStream) close() {
	if n.conn != nil {
		n.conn.Close()
	}
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
