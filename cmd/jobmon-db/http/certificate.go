package http

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// lookEvery is how often the files of a certificate are looked at: one that is renewed is served soon after.
const lookEvery = time.Minute

// suites are those of TLS 1.2 that are served, whatever the program was built or started with: what old SQL Servers
// need is allowed for them alone. TLS 1.3 has its own.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// signatures are what the key is used for. SHA-1 is not among them.
var signatures = []tls.SignatureScheme{
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
	tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512,
	tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.Ed25519,
}

// Encrypt speaks TLS 1.2 or newer on l, with the certificate in these PEM files. The files are read anew when they
// change; new ones that do not fit are reported, and the old certificate is served on.
func Encrypt(l net.Listener, certFile, keyFile string, log zerolog.Logger) (net.Listener, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   suites,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(time.Now()), nil },
	}), nil
}

type certificate struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	mark   [2]mark
	looked time.Time
}

// mark tells whether a file is the one that was read.
type mark struct {
	size    int64
	changed time.Time
}

// load reads both files. mu is held, or c is not shared yet.
func (c *certificate) load() error {
	marks := c.marks()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("the certificate in http.tls.cert (%s) and the key in http.tls.key (%s) cannot be used: %w: "+
			"give PEM files that belong together, without password, which the daemon's account may read",
			c.certFile, c.keyFile, err)
	}
	pair.SupportedSignatureAlgorithms = signatures
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		c.log.Warn().
			Time("expired", pair.Leaf.NotAfter).
			Msg("the certificate in http.tls.cert has expired: clients will refuse it")
	}
	c.pair, c.mark = &pair, marks
	return nil
}

func (c *certificate) marks() (marks [2]mark) {
	for i, path := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(path); err == nil {
			marks[i] = mark{info.Size(), info.ModTime()}
		}
	}
	return marks
}

// current is the certificate to serve.
func (c *certificate) current(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.looked) < lookEvery {
		return c.pair
	}
	c.looked = now
	marks := c.marks()
	if marks == c.mark {
		return c.pair
	}
	if err := c.load(); err != nil {
		c.log.Error().Err(err).Msg("the new certificate is not served")
		c.mark = marks // said once
	} else {
		c.log.Info().Time("expires", c.pair.Leaf.NotAfter).Msg("the new certificate is served")
	}
	return c.pair
}
