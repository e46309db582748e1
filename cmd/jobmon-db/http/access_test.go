package http_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

func TestTokens(t *testing.T) {
	handler := web.Handler(web.Routes{Files: files, Health: func() string { return "" }}, tokens("first", "second"))
	for _, c := range []struct {
		path, authorization string
		code                int
	}{
		{"/evt/5000001", "Bearer first", 200},
		{"/evt/5000001", "bearer second ", 200},
		{"/evt/5000001", "", 401},
		{"/evt/5000001", "Bearer", 401},
		{"/evt/5000001", "Bearer ", 401},
		{"/evt/5000001", "Bearer firs", 401},
		{"/evt/5000001", "Basic first", 401},
		{"/evt/5000001", "Bearer a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e", 401}, // the digest of the first
		{"/nothing", "", 401},
		{"/nothing", "Bearer first", 404},
		{"/healthz", "", 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", c.path, nil)
		r.Host = "ds01.example.com:8443"
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.code || (c.code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s with %q: %d %s", c.path, c.authorization, w.Code, w.Body)
		}
	}
}

func TestOneAddressCannotAskWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := web.Handler(web.Routes{Files: files}, tokens("x"))
		ask := func(from string) int {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/evt/5000001", nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w.Code
		}
		n := 0
		for ask("192.0.2.1:1000") == 401 {
			if n++; n > 2000 {
				t.Fatal("tokens can be guessed without end")
			}
		}
		if code := ask("192.0.2.1:2000"); code != 429 || n < 500 {
			t.Errorf("%d after %d requests", code, n)
		}
		if code := ask("192.0.2.2:1000"); code != 401 {
			t.Errorf("another address: %d", code)
		}
		time.Sleep(3 * time.Minute)
		if code := ask("192.0.2.1:1000"); code != 401 {
			t.Errorf("later: %d", code)
		}
	})
}

// pair writes a certificate and its key.
func pair(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestEncrypted(t *testing.T) {
	cert, key := pair(t, t.TempDir(), "ds01.example.com")
	plain, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := web.Encrypt(plain, cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, web.Handler(web.Routes{Files: files}, open()), zerolog.Nop()) }()
	address := l.Addr().String()
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "ds01.example.com"}}
	request, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+address+"/evt/5000001", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(t, response); response.StatusCode != 200 || !strings.Contains(got, "seq") {
		t.Errorf("%d %q", response.StatusCode, got)
	}
	response.Body.Close()
	transport.CloseIdleConnections()
	dialer := tls.Dialer{
		Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
	}
	if c, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
	var plainly net.Dialer
	if c, err := plainly.DialContext(t.Context(), "tcp", address); err == nil { // holds a connection and says nothing
		defer c.Close()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What an old SQL Server needs, the environment of the service may allow. Our own server keeps to its floor.
func TestOldTLSForSQLServerIsNotOurs(t *testing.T) {
	t.Setenv("GODEBUG", "tlssha1=1,tls3des=1,tlsrsakex=1,tls10server=1")
	cert, key := pair(t, t.TempDir(), "ds01.example.com")
	hello := &tls.ClientHelloInfo{
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		}, SupportedVersions: []uint16{tls.VersionTLS12},
		SupportedCurves: []tls.CurveID{
			tls.CurveP256,
		}, SupportedPoints: []uint8{0}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithSHA1},
	}
	if err := web.Signs(t, cert, key, hello); err == nil {
		t.Error("SHA-1 is signed with")
	}
	hello.SignatureSchemes = []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
	if err := web.Signs(t, cert, key, hello); err != nil {
		t.Error(err)
	}
	plain, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := web.Encrypt(plain, cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, web.Handler(web.Routes{Files: files}, open()), zerolog.Nop()) }()
	for suite, good := range map[uint16]bool{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: false, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: true,
	} {
		dialer := tls.Dialer{
			Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}},
		}
		c, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
		if (err == nil) != good {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
		if err == nil {
			c.Close()
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCertificatesThatCannotBeUsed(t *testing.T) {
	cert, key := pair(t, t.TempDir(), "a")
	other, _ := pair(t, t.TempDir(), "b")
	for name, files := range map[string][2]string{"no such file": {cert + "x", key}, "of another key": {other, key}, "the wrong way round": {key, cert}} {
		if _, err := web.Encrypt(nil, files[0], files[1], zerolog.Nop()); err == nil ||
			!strings.Contains(err.Error(), "http.tls.cert") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARenewedCertificateIsServed(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "old")
	served := web.CertificateAt(t, cert, key)
	now := time.Now()
	if got := served(now); got != "old" {
		t.Fatal(got)
	}
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := served(now.Add(2 * time.Minute)); got != "old" {
		t.Errorf("while it is written: %s", got)
	}
	pair(t, dir, "renewed")
	if got := served(now.Add(2*time.Minute + time.Second)); got != "old" {
		t.Errorf("looked again too soon: %s", got)
	}
	if got := served(now.Add(4 * time.Minute)); got != "renewed" {
		t.Errorf("afterwards: %s", got)
	}
}
