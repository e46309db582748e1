package fleet

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Settings say how a NATS server is reached.
type Settings struct {
	Servers       []string // nats://host:port or tls://host:port
	Credentials   string   // a file: .creds, or the seed of an nkey; "" for none
	CA, Cert, Key string   // files for TLS; "" for none
	Domain        string   // of JetStream, "" for the server's own
}

// connect connects once; inboxes begin with the prefix.
func (s *Settings) connect(name, inboxes string) (*nats.Conn, error) {
	options := []nats.Option{nats.Name(name), nats.CustomInboxPrefix(inboxes)}
	c, err := nats.Connect(strings.Join(s.Servers, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("reach NATS at %s: %w", strings.Join(s.Servers, ", "), err)
	}
	return c, nil
}

// NewKey makes the key pair of a site: the seed is its secret, the public key is what the server knows.
func NewKey() (seed, public string, err error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	secret, err := pair.Seed()
	if err == nil {
		public, err = pair.PublicKey()
	}
	return string(secret), public, err
}
