package fleet

import (
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a NATS server inside this process.
type Server struct{ inner *server.Server }

// startWithin is how long the server may take until it answers.
const startWithin = 10 * time.Second

// startServer starts the server.
func startServer(o *server.Options) (*Server, error) {
	inner, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("start the NATS server: %w", err)
	}
	inner.Start()
	if !inner.ReadyForConnections(startWithin) {
		inner.Shutdown()
		return nil, fmt.Errorf("the NATS server does not answer within %s", startWithin)
	}
	return &Server{inner}, nil
}

// Close ends the server and waits for its end.
func (s *Server) Close() {
	s.inner.Shutdown()
	s.inner.WaitForShutdown()
}
