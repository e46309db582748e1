package http

import (
	"context"
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

// Look is an open board: it returns the lines of the rows that changed since it was called last, and whether more are
// to be drawn again. It draws atOnce of them in one call.
func Look(web Web, atOnce int) func(ctx context.Context, all bool) (lines [][]byte, due bool, err error) {
	c, v := newComposer(NewStream(web, "", nil, zerolog.Nop())), &view{}
	c.atOnce = atOnce
	return func(ctx context.Context, all bool) (lines [][]byte, due bool, err error) {
		c.version++
		if c.moment, err = web.Now(ctx); err == nil {
			lines = c.draw(v, sight{page: pageBoard, lang: "en"}, all)
		}
		return lines, v.due, err
	}
}
