package natstest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Examples are the configurations that ship, with what an administrator changes in them: keys, certificates, paths and
// addresses. They are for the sites DS01 and DS02, and a hub.
type Examples struct {
	Dir string // of ca.pem and the seeds

	t       testing.TB
	from    string
	publics map[string]string
	changes []string
	written int
}

// NewExamples takes the examples from a folder. The servers are known by these hosts.
func NewExamples(t testing.TB, from string, hosts ...string) *Examples {
	t.Helper()
	e := &Examples{Dir: t.TempDir(), t: t, from: from, publics: map[string]string{}}
	Certificates(t, e.Dir, hosts...)
	for _, who := range []string{"DS01", "DS02", "HUB"} {
		public := e.Key(who)
		seed, err := os.ReadFile(e.Seed(who))
		if err != nil {
			t.Fatal(err)
		}
		e.changes = append(e.changes, "SU"+who, strings.TrimSpace(string(seed)), "U"+who, public)
	}
	return e
}

// Key is the public key of DS01, DS02 or HUB, or of somebody else, who gets one.
func (e *Examples) Key(who string) string {
	e.t.Helper()
	if e.publics[who] == "" {
		e.publics[who] = Key(e.t, e.Seed(who))
	}
	return e.publics[who]
}

// Seed is the file with the secret.
func (e *Examples) Seed(who string) string { return filepath.Join(e.Dir, who+".nk") }

// CA is the file with the certificate of the authority.
func (e *Examples) CA() string { return filepath.Join(e.Dir, "ca.pem") }

// Write writes an example with further changes, pairs of old and new, to a folder of its own. It returns the file and
// the folder of JetStream that it names.
func (e *Examples) Write(name string, changes ...string) (config, store string) {
	e.t.Helper()
	e.written++
	dir := filepath.Join(e.Dir, strconv.Itoa(e.written))
	store = filepath.Join(dir, "store")
	replace := strings.NewReplacer(append(append(append([]string{}, changes...), e.changes...),
		"/etc/nats/", e.Dir+"/", "/var/lib/nats", store)...)
	if err := os.Mkdir(dir, 0o700); err != nil {
		e.t.Fatal(err)
	}
	for _, file := range []string{name, "users.conf"} {
		text, err := os.ReadFile(filepath.Join(e.from, file))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), []byte(replace.Replace(string(text))), 0o600)
		}
		if err != nil {
			e.t.Fatal(err)
		}
	}
	return filepath.Join(dir, name), store
}

// FreePorts are addresses of this machine on which nobody listens now: a server of a cluster must know those of the
// others before it starts.
func FreePorts(t testing.TB, n int) []string {
	t.Helper()
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, l.Addr().String())
		defer func() { _ = l.Close() }()
	}
	return addresses
}
