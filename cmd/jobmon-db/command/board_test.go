package command

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser keeps cookies in one header and follows no redirection.
type browser struct {
	t      *testing.T
	root   string
	client http.Client
	cookie string
}

func newBrowser(t *testing.T, root string, trusted *x509.CertPool) *browser {
	b := &browser{t: t, root: root}
	b.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// does is one request; form is sent by POST where there is one. The server may have yet to begin: code is 0 then.
func (b *browser) does(path string, form url.Values) (code int, location, text string) {
	b.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.root)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	answer, err := b.client.Do(r)
	if err != nil {
		return 0, "", err.Error()
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Location"), string(content)
}

// certified writes a certificate for an address with its key, and returns who trusts it.
func certified(t *testing.T, dir, address string) (cert, key string, trusted *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ds01"}, IPAddresses: []net.IP{net.ParseIP(host)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, trusted = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	trusted.AppendCertsFromPEM(text)
	for path, content := range map[string][]byte{
		cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, trusted
}

// made is a token as config new-token makes it, with the entry that it prints.
func made(t *testing.T, args ...string) (token, entry string) {
	t.Helper()
	got := jobmondb(t, append([]string{"config", "new-token"}, args...)...)
	for line := range strings.Lines(got.stdout) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch value = strings.TrimSpace(value); name {
		case "token":
			token = value
		case "entry":
			entry = value
		}
	}
	if token == "" || entry == "" {
		t.Fatalf("%+v", got)
	}
	return token, entry
}

// A browser logs in once. Its session outlives a restart of the daemon, and ends when its token is removed while the
// daemon runs.
func TestTheBoardAsksForATokenOnce(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	cert, key, trusted := certified(t, dir, address)
	file := filepath.Join(dir, "jobmon-db.yaml")
	token, entry := made(t, "--name", "helpdesk")
	screen, screenEntry := made(t, "--name", "monitors", "--scope", "screen")
	write := func(entries ...string) {
		t.Helper()
		text := fmt.Sprintf("site: DS01\ndata_dir: '%s'\nsource: {kind: simulator, poll_interval: 250ms}\n"+
			"simulator: {computers: 2, speed: 60}\nhttp:\n  listen: '%s'\n  tls: {cert: '%s', key: '%s'}\n  tokens:\n    - %s\n",
			filepath.Join(dir, "data"), address, cert, key, strings.Join(entries, "\n    - "))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(entry, screenEntry)
	daemon := start(t, nil, "run", "--config", file)
	b := newBrowser(t, "https://"+address, trusted)
	said := ""
	eventually(t, func() string { return "the board asks for a token: " + said }, func() bool {
		code, location, text := b.does("/c/5000001", nil)
		said = text
		return code == 303 && location == "/login?next=%2Fc%2F5000001"
	})
	if code, _, _ := b.does("/login", url.Values{"token": {screen}}); code != 403 || b.cookie != "" {
		t.Errorf("logged in with a token for monitors: %d", code)
	}
	code, location, _ := b.does("/login", url.Values{"token": {token}, "next": {"/c/5000001"}})
	if code != 303 || location != "/c/5000001" || b.cookie == "" {
		t.Fatalf("log in: %d to %s", code, location)
	}
	eventually(t, func() string { return "the computer's page is shown" }, func() bool {
		code, _, text := b.does(location, nil)
		return code == 200 && strings.Contains(text, "PC-0001")
	})

	daemon.stop()
	if said = daemon.stderr.String(); !strings.Contains(said, "https://"+address+"/") ||
		!strings.Contains(said, "helpdesk") || strings.Contains(said, token) || strings.Contains(said, b.cookie) {
		t.Errorf("said: %s", said)
	}
	daemon = start(t, nil, "run", "--config", file)
	eventually(t, func() string { return "the session goes on after a restart" }, func() bool {
		code, _, _ := b.does("/", nil)
		if code == 303 {
			t.Fatal("the session has ended")
		}
		return code == 200
	})
	write(screenEntry)
	if got := jobmondb(t, "config", "reload", "--config="+file); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	if code, location, _ := b.does("/", nil); code != 303 || location != "/login?next=%2F" {
		t.Errorf("the token was removed: %d to %q", code, location)
	}
	daemon.stop()
}

// A newcomer opens the address that the demo prints first, and the board moves.
func TestTheDemosBoardMoves(t *testing.T) {
	t.Parallel()
	demo := exec.Command(os.Args[0], "demo", "--speed=600", "--computers=3", "--for=10m", "--data-dir="+t.TempDir())
	demo.Env = append(os.Environ(), asProgram+"=1")
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Process.Kill(); _ = demo.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	address := strings.TrimSpace(strings.TrimPrefix(line, "The board, in a browser:"))
	if err != nil || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("%q %v", line, err)
	}
	go io.Copy(io.Discard, out)
	b := newBrowser(t, strings.TrimSuffix(address, "/"), nil)
	eventually(t, func() string { return "the board shows computers" }, func() bool {
		code, _, text := b.does("/", nil)
		return code == 200 && strings.Contains(text, "PC-0001")
	})
	r, err := http.NewRequestWithContext(t.Context(), "GET", address+"api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.client.Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	for from := bufio.NewReader(answer.Body); ; {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream has ended: %v", err)
		}
		if strings.HasPrefix(line, "event: rows") {
			break
		}
	}
	if got := jobmondb(t, "demo", "--for=1ms", "--no-http", "--data-dir="+t.TempDir()); got.code != exitOK ||
		strings.Contains(got.stdout, "http://") {
		t.Errorf("--no-http: %+v", got)
	}
}
