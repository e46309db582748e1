package fleet

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestEachFailureHasItsNextStep: what is in the way of a connection comes with advice of its own.
func TestEachFailureHasItsNextStep(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	gone.Close()
	_, refused := net.Dial("tcp", address)
	s := &Settings{Credentials: "ds01.nk"}
	for _, c := range []struct {
		err              error
		what, next, none string
	}{
		{refused, address, "no NATS server listens there", "DNS"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere", IsNotFound: true}},
			"nowhere", "DNS", "listens"},
		{&net.OpError{Op: "dial", Addr: &net.TCPAddr{Port: 4222}, Err: os.ErrDeadlineExceeded}, ":4222", "firewall", "DNS"},
	} {
		advised := fmt.Errorf("reach NATS: %w", s.unconnected(c.err))
		what, next := Advice(advised)
		if !strings.Contains(what, c.what) || !strings.Contains(next, c.next) || strings.Contains(next, c.none) ||
			what+": "+next != advised.Error() {
			t.Errorf("%v: %q, %q", c.err, what, next)
		}
	}
	c, err := Connect(t.Context(), Settings{Servers: []string{"nats://" + address}}, "test", HubInbox, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	next := ""
	for begun := time.Now(); next == "" && time.Since(begun) < time.Minute; { // the first attempt takes a moment
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, next = Advice(c.Await(ctx))
		stop()
	}
	if !strings.Contains(next, "no NATS server listens there") {
		t.Errorf("a connection that waits says %q", next)
	}
}

// TestAMistypedSite: the key of one site under the name of another is a denial that names both mistakes.
func TestAMistypedSite(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	c := connected(t, e.sites["DS01"], InboxOf("DS0l"))
	_, err := c.Probe(t.Context(), "DS0l")
	if err == nil {
		t.Fatal("it is allowed")
	}
	if _, next := Advice(err); !strings.Contains(next, "another site") || !strings.Contains(next, "fleet init --site") {
		t.Errorf("%v", err)
	}
}

// TestAdviceOfRefusal: what the daemon says of a refusal is split where its advice begins, and else left whole.
func TestAdviceOfRefusal(t *testing.T) {
	t.Parallel()
	text := "the stream JOBMON_A holds another log. " + onlyOne("A")
	if what, next := AdviceOfRefusal(text, "A"); what != "the stream JOBMON_A holds another log" || next != onlyOne("A") {
		t.Errorf("%q, %q", what, next)
	}
	const other = "another version says it so"
	if what, next := AdviceOfRefusal(other, "A"); what != other || next != "" {
		t.Errorf("%q, %q", what, next)
	}
}

// TestAKeyOfAnotherAccount: the way out is the right to read it.
func TestAKeyOfAnotherAccount(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("permissions do not bind root")
	}
	path := filepath.Join(t.TempDir(), "ds01.nk")
	if err := os.WriteFile(path, nil, 0o000); err != nil {
		t.Fatal(err)
	}
	_, err := PublicKey(path)
	if err == nil {
		t.Fatal("it is read")
	}
	if _, next := Advice(err); !strings.Contains(next, "right to read it") {
		t.Errorf("%v", err)
	}
}
