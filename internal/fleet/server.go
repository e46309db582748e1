package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Server is a NATS server inside this process.
type Server struct {
	options *server.Options
	after   time.Duration // a server that could not write is started anew
	log     *serverLog
	stop    context.CancelFunc
	healing sync.WaitGroup

	mu    sync.Mutex
	inner *server.Server
	done  chan struct{} // closed when inner has ended
}

// ServerOptions say how the server inside this process is reached, and by whom.
type ServerOptions struct {
	Listen    string            // host:port; "" for this process only
	StoreDir  string            // of its streams
	Cert, Key string            // its certificate and key; "" for no TLS
	Users     map[string]string // the public key of each site's credential
	HubKey    string            // the public key of the hub's
	Logger    zerolog.Logger

	healAfter time.Duration // see Server.heal; 0 for the default
}

// Bounds of the server.
const (
	startWithin = 10 * time.Second // until it answers
	serverName  = "jobmon-db-hub"
	memoryMost  = 64 << 20         // bytes of streams in memory, of which there are none
	storeMost   = 1 << 50          // bytes of all streams: each has a bound of its own
	healAfter   = 20 * time.Second // until a server that could not write is started anew
)

// StartServer starts a server that keeps what it acknowledges: each message is on the disk before. A site's credential
// reaches its own stream and nothing else.
func StartServer(o ServerOptions) (*Server, error) {
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		options: options, stop: stop, after: cmp.Or(o.healAfter, healAfter),
		log: &serverLog{logger: o.Logger, fatal: make(chan string, 1), hurt: make(chan struct{}, 1)},
	}
	if err := s.start(); err != nil {
		stop()
		return nil, fmt.Errorf("start the NATS server on %s: %w", o.where(), err)
	}
	s.healing.Go(func() { s.heal(ctx) })
	return s, nil
}

// start starts the server, and waits until it answers.
func (s *Server) start() error {
	inner, err := server.NewServer(s.options.Clone())
	if err != nil {
		return err
	}
	inner.SetLoggerV2(s.log, false, false, false)
	done, ready := make(chan struct{}), make(chan bool, 1)
	go func() {
		defer close(done)
		inner.Start()
		inner.WaitForShutdown()
	}()
	go func() { ready <- inner.ReadyForConnections(startWithin) && inner.JetStreamEnabled() }()
	why := ""
	select {
	case why = <-s.log.fatal:
	case answers := <-ready:
		if answers {
			s.mu.Lock()
			s.inner, s.done = inner, done
			s.mu.Unlock()
			if address, ok := inner.Addr().(*net.TCPAddr); ok {
				s.options.Port = address.Port // the next start has the same
			}
			return nil
		}
		why = fmt.Sprintf("it does not answer within %s", startWithin)
	}
	inner.Shutdown()
	<-done
	return errors.New(why)
}

// heal starts the server anew after it could not write, as on a full disk: a stream takes nothing any more then, also
// when there is room again.
func (s *Server) heal(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.log.hurt:
		}
		if patience.Sleep(ctx, s.after) != nil {
			return
		}
		s.log.logger.Warn().Msg("the NATS server is started anew, as it could not write: see that its disk has room")
		s.end()
		if err := s.start(); err != nil {
			s.log.logger.Error().Err(err).Msg("the NATS server cannot be started; trying again")
			s.log.hurts(plain.Text(err.Error()))
		}
	}
}

// Trouble says that the server could not write lately, "" where it could. Sites publish again within one more wait
// after each start, so that a disk that stays full does not seem to have room in between.
func (s *Server) Trouble() string {
	last := s.log.last.Load()
	if last == nil || time.Since(last.at) > 3*s.after {
		return ""
	}
	return fmt.Sprintf("the hub's NATS server cannot write, and is started anew until it can: see that the disk of %s "+
		"has room (%s)", s.options.StoreDir, last.why)
}

func (o *ServerOptions) where() string {
	if o.Listen == "" {
		return "no address"
	}
	return o.Listen
}

// options are those of the server.
func (o *ServerOptions) options() (*server.Options, error) {
	options := &server.Options{
		ServerName: serverName, NoSigs: true, JetStream: true, StoreDir: o.StoreDir, SyncAlways: true,
		JetStreamMaxMemory: memoryMost, JetStreamMaxStore: storeMost, DontListen: o.Listen == "",
	}
	if o.Listen != "" {
		host, port, err := net.SplitHostPort(o.Listen)
		if err == nil {
			options.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no address to listen on, which is host:port: %w", o.Listen, err)
		}
		options.Host = host
		if options.Port == 0 {
			options.Port = server.RANDOM_PORT
		}
	}
	if o.Cert != "" {
		config, err := server.GenTLSConfig(&server.TLSConfigOpts{
			CertFile: o.Cert, KeyFile: o.Key,
		})
		if err != nil {
			return nil, fmt.Errorf("the certificate %s and the key %s of the NATS server cannot be used: %w", o.Cert,
				o.Key, err)
		}
		options.TLS, options.TLSConfig = true, config
	}
	options.Nkeys = append(options.Nkeys, &server.NkeyUser{Nkey: o.HubKey})
	for site, key := range o.Users {
		publish, subscribe := SiteSubjects(site, "")
		options.Nkeys = append(options.Nkeys, &server.NkeyUser{Nkey: key, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: publish},
			Subscribe: &server.SubjectPermission{Allow: subscribe},
		}})
	}
	return options, nil
}

// Inside are the settings of a connection from inside this process, by the credential of that seed.
func (s *Server) Inside(seed string) Settings { return Settings{within: s, seed: seed} }

// InProcessConn implements nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inner.InProcessConn()
}

// Address is where the server listens, "" for nowhere.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if address := s.inner.Addr(); address != nil {
		return address.String()
	}
	return ""
}

// Close ends the server and waits for its end.
func (s *Server) Close() {
	s.stop()
	s.healing.Wait()
	s.end()
}

func (s *Server) end() {
	s.mu.Lock()
	inner, done := s.inner, s.done
	s.mu.Unlock()
	inner.Shutdown()
	<-done
}

// serverLog hands on what the server logs. Its texts hold names of others.
type serverLog struct {
	logger zerolog.Logger
	fatal  chan string   // why the server cannot start
	hurt   chan struct{} // holds one: a stream could not be written
	last   atomic.Pointer[injury]
}

// injury is why the server could not write, and when that was.
type injury struct {
	why string
	at  time.Time
}

func (l *serverLog) hurts(why string) {
	l.last.Store(&injury{why, time.Now()})
	patience.Wake(l.hurt)
}

func (l *serverLog) say(e *zerolog.Event, format string, v []any) string {
	text := plain.Text(fmt.Sprintf(format, v...))
	e.Str("part", "nats").Msg(text)
	return text
}

// Noticef implements server.Logger. Its start alone is thirty lines.
func (l *serverLog) Noticef(format string, v ...any) { l.say(l.logger.Debug(), format, v) }

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) { l.say(l.logger.Warn(), format, v) }

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) {
	text := l.say(l.logger.Error(), format, v)
	if strings.Contains(text, "Critical write error") || strings.Contains(text, "will be DISABLED") {
		l.hurts(text)
	}
}

// Fatalf implements server.Logger. The program goes on: StartServer ends the server.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := l.say(l.logger.Error(), format, v)
	select {
	case l.fatal <- text:
	default: // the first one says why
	}
}

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}
