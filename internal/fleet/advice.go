package fleet

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/nats-io/nats.go"
)

// advised is an error with the next step, with which its text ends.
type advised struct {
	what, next string
	kind       error // nil for none
}

func (e *advised) Error() string { return e.what + ": " + e.next }
func (e *advised) Unwrap() error { return e.kind }

// Advice returns what happened and what to do next, which is "" where the error does not say it.
func Advice(err error) (what, next string) {
	var a *advised
	if what = err.Error(); !errors.As(err, &a) {
		return what, ""
	}
	return strings.TrimSuffix(what, ": "+a.next), a.next
}

// AdviceOfRefusal is Advice of what a daemon says that may not publish as the site.
func AdviceOfRefusal(text, site string) (what, next string) {
	next = onlyOne(site)
	if what, found := strings.CutSuffix(text, ". "+next); found {
		return what, next
	}
	return text, ""
}

// onlyOne is what to do about a stream that another log was published into.
func onlyOne(site string) string {
	return fmt.Sprintf("Only one daemon may publish as %[1]s: stop the other one or give it a name of its own "+
		"(fleet.site). When this log is the right one, \"jobmon-db fleet init --site %[1]s --anew\" empties the "+
		"stream, and this log is published from its beginning; the hub sets aside what it has", site)
}

// unconnected says why there is no connection, and what to do.
func (s *Settings) unconnected(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var op *net.OpError
	var dns *net.DNSError
	text := err.Error()
	if errors.As(err, &op) && op.Addr != nil {
		text = fmt.Sprintf("%s %s: %v", op.Op, op.Addr, op.Err) // without our own port, which is another one each time
	}
	advise := func(what, next string) error { return &advised{what, next, err} }
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
		errors.Is(err, nats.ErrAuthRevoked):
		return advise(fmt.Sprintf("the server refuses the credential %s (%v)", cmp.Or(s.Credentials,
			"(none is set)"), err),
			"it must be one of its users, as \"jobmon-db fleet init\" prints them")
	case errors.As(err, &unknown):
		return advise(fmt.Sprintf("no known authority signed the server's certificate (%v)", err),
			"name the authority's certificate in tls.ca")
	case errors.As(err, &name):
		return advise(fmt.Sprintf("the server's certificate is for another name than the one in its address (%v)", err),
			"use a name that the certificate holds, or make a certificate with this one")
	case errors.Is(err, io.EOF):
		return errors.New("the server ended the connection")
	case errors.Is(err, nats.ErrSecureConnRequired):
		return advise("the server wants TLS", "use tls:// in its address")
	case errors.Is(err, nats.ErrSecureConnWanted):
		return advise("the server has no TLS", "use nats:// in its address and leave out tls.ca, or give it a "+
			"certificate")
	case strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"):
		return advise(fmt.Sprintf("the server asks for a client certificate that it trusts (%v)", err),
			"set tls.cert and tls.key")
	case errors.As(err, &dns) && dns.IsNotFound:
		return advise(text, "correct the name in the address, or see why this machine's DNS does not know it")
	case strings.Contains(text, "refused"): // each system says it in words of its own
		return advise(text, "no NATS server listens there: start it (the hub, where hub.nats is embedded), or correct "+
			"the address")
	case errors.As(err, &op) && op.Timeout():
		return advise(text, "the machine is off, or a firewall drops what is sent there")
	}
	return errors.New(text)
}
