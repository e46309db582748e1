package endpoint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Client asks the daemon of a data folder. Its methods may be called from any goroutine; each call is a connection of
// its own.
type Client struct {
	DataDir string

	// GreetingTimeout is how long the first connection waits for the greeting; each further one waits twice as long
	// as the one before. 0 is 300 ms.
	GreetingTimeout time.Duration
	// ConnectTimeout is how long is dialled, in all. 0 is 5 s.
	ConnectTimeout time.Duration
}

const redialPause = 10 * time.Millisecond

// Do sends one request and returns the answer, whatever its status; the caller closes its body. The path begins with
// "/" and may have a query. ctx bounds the whole exchange, the answer's body included.
//
// Errors wrap ErrNotRunning, at once (and ErrTaken where something has its place), ErrDenied, ErrImpostor,
// ErrProtocol or ErrSilent when no connection came about; then the request was not sent. After "the daemon did not
// answer" it may have been carried out or not.
func (c *Client) Do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://jobmon-db"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the daemon: %w", err)
	}
	conn, _, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	// The connection is there before, because a transport's own dialling outlives ctx and does not say why it failed.
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("the daemon did not answer %s %s: %w", method, path, err)
	}
	return response, nil
}

// connect dials until somebody greets.
func (c *Client) connect(ctx context.Context) (net.Conn, Greeting, error) {
	trying, cancel := context.WithTimeout(ctx, cmp.Or(c.ConnectTimeout, 5*time.Second))
	defer cancel()
	patience := cmp.Or(c.GreetingTimeout, 300*time.Millisecond)
	for {
		conn, err := dial(trying, c.DataDir)
		if err == nil {
			if err := believe(conn, c.DataDir); err != nil {
				_ = conn.Close()
				return nil, Greeting{}, c.explain(err)
			}
			var greeting Greeting
			if greeting, err = hear(trying, conn, patience); err == nil {
				return conn, greeting, nil
			}
			_ = conn.Close()
			patience *= 2
		} else if trying.Err() == nil && !passes(err) {
			return nil, Greeting{}, c.explain(err)
		}
		if errors.Is(err, ErrProtocol) {
			return nil, Greeting{}, c.explain(err)
		}
		select {
		case <-time.After(redialPause):
		case <-trying.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, Greeting{}, fmt.Errorf("dial the daemon: %w", context.Cause(ctx))
			}
			return nil, Greeting{}, c.explain(fmt.Errorf("%w; if it goes on so, restart it: %w", ErrSilent, err))
		}
	}
}

// explain says in words what came of dialling.
func (c *Client) explain(err error) error {
	address, locating := Address(c.DataDir)
	switch {
	case locating != nil:
		return locating
	case errors.Is(err, ErrTaken):
		return fmt.Errorf("%w, or none that can be asked: %w", ErrNotRunning, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w (nobody listens on %s)", ErrNotRunning, address)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (%w)", ErrDenied, err)
	}
	return fmt.Errorf("ask the daemon on %s: %w", address, err)
}

// hear waits for the greeting, and leaves the connection as it is right after it.
func hear(ctx context.Context, conn net.Conn, patience time.Duration) (Greeting, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("no greeting was heard"))
	defer cancel()
	hurry := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	line, err := readGreeting(conn)
	if !hurry() { // the deadline is set, or is being set
		return Greeting{}, context.Cause(ctx)
	}
	if err != nil {
		return Greeting{}, err
	}
	return parseGreeting(line)
}

// readGreeting reads a line. Nothing may follow it, because the client speaks next.
func readGreeting(conn net.Conn) (string, error) {
	var buffer [maxGreeting]byte
	for n := 0; ; {
		more, err := conn.Read(buffer[n:])
		n += more
		heard := buffer[:n]
		line, ended := bytes.CutSuffix(heard, []byte("\r\n"))
		begins := strings.HasPrefix(string(heard), protocolTag[:min(n, len(protocolTag))])
		switch {
		case ended || !begins || bytes.Contains(heard, []byte("\n")):
			return string(line), nil
		case n == len(buffer):
			return "", fmt.Errorf("%w: another program answers, with a line that has no end", ErrProtocol)
		case err != nil:
			return "", err
		}
	}
}
