package natstest

import (
	"context"
	"net"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Administrator changes streams, as a person does with the nats command.
type Administrator struct{ js jetstream.JetStream }

// Administrator connects with the hub's key, to the first of the servers that answers. It says when none does.
func (e *Examples) Administrator(t testing.TB, place Place, servers string) (*Administrator, error) {
	t.Helper()
	key, err := nats.NkeyOptionFromSeed(e.Seed("HUB"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := nats.Connect(servers, key, nats.RootCAs(e.CA()), nats.CustomInboxPrefix("_INBOX_hub.administrator"),
		nats.SetCustomDialer(dialer{t.Context(), place}))
	if err != nil {
		return nil, err
	}
	t.Cleanup(c.Close)
	js, err := jetstream.New(c) // each request has five seconds
	return &Administrator{js}, err
}

// dialer is how nats.go wants a Place.
type dialer struct {
	context.Context
	Place
}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(d, network, address)
}

// Shorten removes all but so many of a stream's messages.
func (a *Administrator) Shorten(ctx context.Context, stream string, keep uint64) error {
	s, err := a.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeKeep(keep))
}

// Delete removes a stream.
func (a *Administrator) Delete(ctx context.Context, stream string) error {
	return a.js.DeleteStream(ctx, stream)
}
