package mssql

import (
	"context"
	"net"
)

// Farewell is how long a call may last beyond its timeout.
const Farewell = farewell

// Bound sets the bounds of one answer.
func (s *Source) Bound(rows, bytes uint64) { s.bounds = bounds{rows, bytes} }

// Dial sets what makes its connections.
func (s *Source) Dial(dial func() net.Conn) {
	s.wire.dial = func(context.Context, string, string) (net.Conn, error) { return dial(), nil }
}
