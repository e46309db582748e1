package mssql_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates for servers of tests.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	file        string // its certificate as PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := ecKey(t)
	template := certificateFor("Test Authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der := signed(t, template, template, key.Public(), key)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate: certificate, key: key, file: pemFile(t, der)}
}

func certificateFor(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

// issue makes a certificate for these host names and addresses, changed as the test likes.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate), names ...string) tls.Certificate {
	t.Helper()
	template := certificateFor("db01")
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	if change != nil {
		change(template)
	}
	key := ecKey(t)
	return tls.Certificate{
		Certificate: [][]byte{signed(t, template, a.certificate, key.Public(), a.key)}, PrivateKey: key,
	}
}

// selfMade is a certificate as an old SQL Server makes for itself: a short RSA key, SHA-1, no name of the host.
func selfMade(t *testing.T, bits int) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := certificateFor("SSL_Self_Signed_Fallback")
	return tls.Certificate{Certificate: [][]byte{signed(t, template, template, key.Public(), key)}, PrivateKey: key}
}

// negative gives a certificate a serial number below zero, which x509 does not write. Its signature is no longer good.
func negative(t *testing.T, c tls.Certificate) tls.Certificate {
	t.Helper()
	serial := certificateFor("").SerialNumber.Bytes()
	changed := bytes.Clone(serial)
	changed[0] |= 0x80
	der := bytes.Replace(c.Certificate[0], serial, changed, 1)
	if bytes.Equal(der, c.Certificate[0]) {
		t.Fatal("the serial number was not found")
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.PrivateKey}
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, template, parent *x509.Certificate, key any, by crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemFile(t *testing.T, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
