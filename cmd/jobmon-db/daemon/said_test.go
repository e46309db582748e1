package daemon_test

import (
	"bytes"
	"strings"
	"sync"
)

// messages is where the daemon of a story writes its messages.
type messages struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(p)
}

func (m *messages) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.String()
}

// saidOnce makes sure that the daemon said each of these things once.
func (s *site) saidOnce(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if n := strings.Count(s.said.String(), text); n != 1 {
			s.t.Errorf("said %d times: %q\n%s", n, text, s.said)
		}
	}
}
