package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Options say where to listen, for whom, and what to say of oneself.
type Options struct {
	DataDir  string   // must exist
	Allow    []string // Windows: further accounts that may connect, as names or SIDs
	Greeting Greeting
}

// Listen opens the endpoint of a data folder. What it accepts are connections on which the greeting is said before the
// first byte is read. Closing it removes what it made.
//
// The socket of a crashed daemon is taken away when nobody answers on it: the caller must hold the lock on the data
// folder by then. Where somebody or something is in the way the error says so and wraps ErrTaken. It may be called from
// any goroutine.
func Listen(o Options) (net.Listener, error) {
	line, err := o.Greeting.line()
	if err != nil {
		return nil, fmt.Errorf("open the local endpoint: %w", err)
	}
	l, err := listen(o)
	if err != nil {
		return nil, fmt.Errorf("open the local endpoint: %w", err)
	}
	return &listener{l, line}, nil
}

// Await listens like Listen, and tries again after each pause while that is refused. It returns nil when ctx ends
// first.
func Await(ctx context.Context, o Options, pause time.Duration) net.Listener {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if l, err := Listen(o); err == nil {
			return l
		}
	}
}

type listener struct {
	net.Listener
	line []byte
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil, err
	case err != nil:
		return nil, passing{err}
	}
	_, admin := conn.(administrative)
	return &greeter{conn, l.line, admin}, nil
}

// administrative is a connection of somebody who may administer the daemon.
type administrative struct{ net.Conn }

type administering struct{}

// Administering says that the one who made a request may administer the daemon, and not only ask it.
func Administering(ctx context.Context) bool { return ctx.Value(administering{}) != nil }

// Administer marks the context of a request of somebody who may administer the daemon.
func Administer(ctx context.Context) context.Context {
	return context.WithValue(ctx, administering{}, true)
}

// door marks the connections of a request's context.
func door(ctx context.Context, conn net.Conn) context.Context {
	if g, ok := conn.(*greeter); ok && g.admin {
		return Administer(ctx)
	}
	return ctx
}

// passing is an error after which http.Server accepts again, after a pause: one bad connection, or having too many
// files open, must not end the endpoint.
type passing struct{ error }

func (passing) Timeout() bool   { return false }
func (passing) Temporary() bool { return true }
func (p passing) Unwrap() error { return p.error }

// greeter says the greeting before it reads. That is done by the connection's own goroutine, so that no client can
// keep others from being accepted.
type greeter struct {
	net.Conn
	line  []byte // nil when it was said
	admin bool
}

// greetTime is how long a greeting may take; it fits into the buffer of a socket or pipe.
const greetTime = time.Second

func (g *greeter) Read(p []byte) (int, error) {
	if line := g.line; line != nil {
		g.line = nil
		if err := g.greet(line); err != nil {
			return 0, fmt.Errorf("greet: %w", err)
		}
	}
	return g.Conn.Read(p)
}

func (g *greeter) greet(line []byte) error {
	if err := g.SetWriteDeadline(time.Now().Add(greetTime)); err != nil {
		return err
	}
	if _, err := g.Write(line); err != nil {
		return err
	}
	return g.SetWriteDeadline(time.Time{})
}
