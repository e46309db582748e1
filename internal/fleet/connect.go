package fleet

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// Settings say how a NATS server is reached.
type Settings struct {
	Servers       []string // nats://host:port or tls://host:port
	Credentials   string   // a file: .creds, or the seed of an nkey; "" for none
	CA, Cert, Key string   // files for TLS; "" for none
	Domain        string   // of JetStream, "" for the server's own

	within nats.InProcessConnProvider // a server inside this process, nil for none
	seed   string                     // of an nkey, instead of Credentials
}

// How a connection is kept.
const (
	dialWithin  = 5 * time.Second
	pingEvery   = 5 * time.Second // two pings without an answer end a connection
	pingsUnheld = 2
	quietFor    = time.Second            // after the end of a connection, for what says more
	leastPause  = 250 * time.Millisecond // between attempts to connect
	mostPause   = 10 * time.Second
)

// Conn is a connection to NATS that is made again for ever. What happens to it goes to the logger, in words, once for
// each change.
type Conn struct {
	nc       *nats.Conn
	settings Settings
	inboxes  string // how their names begin
	logger   zerolog.Logger
	changed  chan struct{} // holds one: the connection came or went, or something was denied
	detach   func() bool   // from the context
	quietFor time.Duration // see ended

	mu     sync.Mutex
	epoch  int                                // how often the connection was made
	since  time.Time                          // when it was made last
	why    error                              // there is no connection; nil for unknown
	said   map[string]bool                    // reasons that were logged since it went
	denied map[string]bool                    // subjects that the server does not allow on this connection
	asking map[string]context.CancelCauseFunc // requests that wait, by subject
}

// Connect begins to connect and returns at once: the first connection may take days. name says to the server's
// administrator who this is. Inboxes begin with the prefix. It fails only where the settings or their files cannot be
// used. The connection ends with ctx, or with Close.
func Connect(ctx context.Context, s Settings, name, inboxes string, logger zerolog.Logger) (*Conn, error) {
	c := &Conn{
		settings: s, inboxes: inboxes, logger: logger, changed: make(chan struct{}, 1), denied: map[string]bool{},
		said:   map[string]bool{},
		asking: map[string]context.CancelCauseFunc{}, quietFor: quietFor,
	}
	options, err := s.options()
	if err != nil {
		return nil, err
	}
	options = append(options,
		nats.Name(name), nats.CustomInboxPrefix(inboxes), nats.Timeout(dialWithin),
		nats.FlusherTimeout(dialWithin), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsUnheld),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1), nats.CustomReconnectDelay(pause),
		nats.ConnectHandler(c.up), nats.ReconnectHandler(c.up),
		nats.DisconnectErrHandler(c.ended), nats.ReconnectErrHandler(c.down),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.failed(err) }),
	)
	c.nc, err = nats.Connect(strings.Join(s.Servers, ","), options...)
	if err != nil {
		return nil, fmt.Errorf("reach NATS at %s: %w", s.where(), err)
	}
	c.detach = context.AfterFunc(ctx, c.nc.Close)
	return c, nil
}

// Close ends the connection.
func (c *Conn) Close() {
	c.detach() // otherwise the context keeps this connection until its own end
	c.nc.Close()
}

// Connected says whether the connection is there now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// Await waits until the connection is there. Its error says why it is not.
func (c *Conn) Await(ctx context.Context) error {
	for !c.Connected() {
		if !sleep(ctx, leastPause, c.changed) {
			return fmt.Errorf("reach NATS at %s: %w", c.settings.where(), c.gone())
		}
	}
	return nil
}

// made is how often the connection was made: what was under way on an earlier one may be lost.
func (c *Conn) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// upSince is when the connection was made last: nothing could be heard before.
func (c *Conn) upSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since
}

// pause is how long to wait before all servers are tried once more.
func pause(attempts int) time.Duration {
	most := min(leastPause<<min(attempts, 16), mostPause)
	return most/2 + rand.N(most/2)
}

func (s *Settings) where() string {
	if s.within != nil {
		return "inside this process"
	}
	return strings.Join(s.Servers, ", ")
}

// options are those that the settings ask for.
func (s *Settings) options() (list []nats.Option, err error) {
	if s.within != nil {
		list = append(list, nats.InProcessServer(s.within))
	}
	identify, err := s.identify()
	if err != nil {
		return nil, err
	}
	if identify != nil {
		list = append(list, identify)
	}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("read the certificates of the authorities that vouch for the NATS server "+
				"(tls.ca): %w", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate: it must be a PEM file of the authority that signed the "+
				"NATS server's", s.CA)
		}
		list = append(list, nats.RootCAs(s.CA))
	}
	if s.Cert != "" {
		if _, err := tls.LoadX509KeyPair(s.Cert, s.Key); err != nil {
			return nil, fmt.Errorf("the certificate %s and the key %s cannot be used: %w", s.Cert, s.Key, err)
		}
		list = append(list, nats.ClientCert(s.Cert, s.Key))
	}
	return list, nil
}

func (c *Conn) up(nc *nats.Conn) {
	c.mu.Lock()
	c.epoch++
	c.since = time.Now()
	c.why = nil
	clear(c.said)
	clear(c.denied)
	c.mu.Unlock()
	server := nc.ConnectedUrlRedacted()
	if c.settings.within != nil {
		server = c.settings.where() // the client makes an address up
	}
	c.logger.Info().Str("server", server).Msg("connected to NATS")
	patience.Wake(c.changed)
}

// mostReasons is how many reasons are logged until the connection is there: several servers have several.
const mostReasons = 4

// ended records that the connection has ended. Why it cannot be made again says more, so that is what is logged, unless
// it is made at once or nothing comes of it for a while.
func (c *Conn) ended(nc *nats.Conn, err error) {
	c.mu.Lock()
	c.why = c.reason(err)
	made := c.epoch
	c.mu.Unlock()
	time.AfterFunc(c.quietFor, func() {
		c.mu.Lock()
		unsaid := c.epoch == made && len(c.said) == 0
		c.mu.Unlock()
		if unsaid && !nc.IsConnected() {
			c.down(nc, err)
		}
	})
	patience.Wake(c.changed)
}

func (c *Conn) reason(err error) error {
	if err == nil {
		return errors.New("the connection ended")
	}
	return c.settings.unconnected(err)
}

// down records why there is no connection, and logs each reason once.
func (c *Conn) down(nc *nats.Conn, err error) {
	why := c.reason(err)
	text := why.Error()
	c.mu.Lock()
	first := len(c.said) == 0
	news := !c.said[text] && len(c.said) < mostReasons && !errors.Is(err, nats.ErrNoServers)
	if news {
		c.said[text] = true
	}
	if news || err != nil {
		c.why = why
	}
	c.mu.Unlock()
	if news && !nc.IsClosed() {
		said := "NATS is away; trying again until it is there"
		if !first {
			said = "NATS is still away, for another reason too"
		}
		c.logger.Warn().Str("error", text).Str("servers", c.settings.where()).Msg(said)
	}
	patience.Wake(c.changed)
}

// away is why there is no connection, "" while there is one.
func (c *Conn) away() string {
	if c.nc.IsConnected() {
		return ""
	}
	return c.gone().Error()
}

// gone is why the connection was not there when it was looked for last.
func (c *Conn) gone() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cmp.Or(c.why, errSilent)
}

var errSilent = errors.New("NATS has not answered yet")

var forbidden = regexp.MustCompile(`Permissions Violation for (Publish|Subscription) to "([^"]*)"`)

// failed takes what the server reports at any time.
func (c *Conn) failed(err error) {
	denied := forbidden.FindStringSubmatch(err.Error())
	if denied == nil {
		c.logger.Warn().Err(err).Msg("the connection to NATS reports an error")
		return
	}
	subject := denied[2]
	c.mu.Lock()
	again := c.denied[subject]
	c.denied[subject] = true
	for asked, stop := range c.asking {
		if asked == subject || denied[1] == "Subscription" {
			stop(c.denial(subject))
		}
	}
	c.mu.Unlock()
	if !again {
		c.logger.Error().Str("subject", subject).Msg(c.denial(subject).Error())
	}
	patience.Wake(c.changed)
}

// denial says that the server does not allow a subject.
func (c *Conn) denial(subject string) error {
	next := "this key is not the hub's (look at hub.credentials), or its entry at the server is not the one that " +
		"\"jobmon-db fleet init --hub\" prints"
	if strings.HasPrefix(c.inboxes, sitePrefix) {
		next = "this key belongs to another site (look at fleet.site and fleet.credentials), or its entry at the " +
			"server is not the one that \"jobmon-db fleet init --site\" prints"
	}
	return &advised{fmt.Sprintf("%v the NATS subject %s", ErrDenied, subject), next, ErrDenied}
}

// ErrDenied is the kind of a subject that the server does not allow to this credential.
var ErrDenied = errors.New("the credential may not use")

// mayNot is the denial of the subject on this connection, nil for none.
func (c *Conn) mayNot(subject string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied[subject] {
		return c.denial(subject)
	}
	return nil
}
