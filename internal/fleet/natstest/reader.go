package natstest

import (
	"bytes"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ReadStream is what anybody can write who has a client of NATS and no code of this program: it reads a stream from its
// beginning and returns what its messages hold, one behind the other.
func (e *Examples) ReadStream(t testing.TB, server, stream string) []byte {
	t.Helper()
	key, err := nats.NkeyOptionFromSeed(e.Seed("HUB"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := nats.Connect(server, key, nats.RootCAs(e.CA()), nats.CustomInboxPrefix("_INBOX_hub"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	info, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := info.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for left := info.CachedInfo().State.Msgs; left > 0; left-- {
		m, err := consumer.Next()
		if err != nil {
			t.Fatal(err)
		}
		text.Write(m.Data())
	}
	return text.Bytes()
}
