package daemon_test

import "strings"

// saidOnce makes sure that the daemon said each of these things once. It is at rest, or stopped.
func (s *site) saidOnce(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if n := strings.Count(s.said.String(), text); n != 1 {
			s.t.Errorf("said %d times: %q\n%s", n, text, &s.said)
		}
	}
}
