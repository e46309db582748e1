package http

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// CertificateAt says whose certificate is served at a time.
func CertificateAt(t *testing.T, certFile, keyFile string) func(time.Time) string {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: zerolog.Nop()}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	return func(at time.Time) string { return c.current(at).Leaf.Subject.CommonName }
}

// Signs says why the certificate does not serve such a client.
func Signs(t *testing.T, certFile, keyFile string, hello *tls.ClientHelloInfo) error {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: zerolog.Nop()}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	return hello.SupportsCertificate(c.pair)
}
