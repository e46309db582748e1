package mssql

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// browserPatience is how long SQL Server Browser may take. It answers from memory, or not at all.
const browserPatience = 3 * time.Second

// browserConn is a question to SQL Server Browser, which knows the ports of named instances. It keeps the answer, which
// the driver does not pass on, for error messages.
type browserConn struct {
	net.Conn
	err error // why there was no way to ask

	mu     sync.Mutex
	answer []byte
}

// SetDeadline limits the driver's patience with the Browser.
func (b *browserConn) SetDeadline(t time.Time) error {
	if soon := time.Now().Add(browserPatience); t.IsZero() || t.After(soon) {
		t = soon
	}
	return b.Conn.SetDeadline(t)
}

// Read keeps a copy of the answer.
func (b *browserConn) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = append(b.answer, p[:n]...)
	return n, err
}

// instances returns the names in the Browser's answer, whether there was an answer, and why it could not be asked.
func (w *wire) instances() (names []string, answered bool, err error) {
	w.mu.Lock()
	asked := w.browser
	w.mu.Unlock()
	if asked == nil {
		return nil, false, nil
	}
	asked.mu.Lock()
	defer asked.mu.Unlock()
	for _, found := range instanceName.FindAllStringSubmatch(string(asked.answer), -1) {
		names = append(names, found[1])
	}
	return names, len(asked.answer) > 0, asked.err
}

var instanceName = regexp.MustCompile(`InstanceName;([^;]*);`)

// noInstance reports whether the driver did not learn where a named instance listens. It has no type for this error.
func noInstance(err error) bool {
	return strings.Contains(err.Error(), "instance matching") ||
		strings.Contains(err.Error(), "port returned from Sql Server Browser")
}

// instanceError says why a named instance was not found.
func (s *Source) instanceError(said string) *Error {
	names, answered, unasked := s.wire.instances()
	host, instance, server := s.config.Host, s.config.Instance, s.options.setting("source.server", "the server")
	e := &Error{Kind: ErrUnreachable, Said: said}
	switch {
	case unasked != nil:
		e.What = address(s.config)
		e.Next = "check the host in " + server + " and the network"
		e.Said = wordsOf(unasked)
	case !answered:
		e.What = "SQL Server Browser on " + host + " (UDP 1434) does not name the port of the instance " + instance
		e.Next = "start the service SQL Server Browser there and let UDP 1434 through the firewall, or give the " +
			"port in " + server +
			", as " + host + ",port"
	case slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, instance) }):
		e.What = "the instance " + instance + " on " + host + " does not listen on " + protocol(s.config)
		e.Next = "enable it in SQL Server Configuration Manager and restart the instance"
	default:
		e.What = "there is no instance " + instance + " on " + host
		e.Next = "check its name in " + server + "; running there: " + strings.Join(names, ", ")
	}
	return e
}
