//go:build !windows

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// boardSite is a daemon that serves the board, in a process of its own.
type boardSite struct {
	*program
	owner   *testing.T // the daemon ends with it
	t       *testing.T // of what is tried now
	file    string     // the configuration
	text    string     // what stands in it
	address string     // without the slash at its end
}

// simulated is a source in fast motion, recorded one whose tables stand still.
func simulated(computers int) string {
	return fmt.Sprintf("source: {kind: simulator, poll_interval: 250ms}\n"+
		"simulator: {speed: 600, computers: %d}\n", computers)
}

func recorded(file string) string {
	return "source: {kind: recording, recording: '" + file + "', poll_interval: 250ms}\n"
}

// newBoardSite starts a daemon with that source and more settings of http, at a free port.
func newBoardSite(t *testing.T, source, web string) *boardSite {
	t.Helper()
	s := prepareBoardSite(t, source, web)
	s.run()
	return s
}

// prepareBoardSite is such a daemon that does not run yet. Its port stays the same.
func prepareBoardSite(t *testing.T, source, web string) *boardSite {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &boardSite{owner: t, t: t, file: filepath.Join(dir, "jobmon-db.yaml"), address: "http://" + listen}
	if strings.Contains(web, "tls:") {
		s.address = "https://" + listen
	}
	s.text = "site: DS01\ndata_dir: '" + filepath.Join(dir, "data") + "'\n" + source +
		"http:\n  listen: '" + listen + "'\n" + web
	s.write(s.text)
	return s
}

// write writes the configuration, whose last part are the settings of http.
func (s *boardSite) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.file+".new", []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		s.t.Fatal(err)
	}
}

// run starts the daemon, also once more, and waits until its board shows what it has read, if no token is needed.
func (s *boardSite) run() {
	s.t.Helper()
	s.program = start(s.owner, nil, "run", "--config", s.file)
	s.program.t = s.t
	s.until("the board and computers' files are given over HTTP")
	plain := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	s.wait("the board's first answer", func(string) bool {
		answer, err := plain.Get(s.address + "/")
		if err != nil {
			s.t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode != http.StatusServiceUnavailable
	})
	plain.CloseIdleConnections()
}

// kill ends the daemon as a crash does.
func (s *boardSite) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	s.end()
}

// ask runs a command with the daemon's configuration and returns what it prints.
func (s *boardSite) ask(args ...string) string {
	s.t.Helper()
	return printed(s.t, append(args, "--config", s.file)...)
}

// printed is what a command prints.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, said.String())
	}
	return string(out)
}

// owaspNames are names that do something where they are not shown as text.
var owaspNames = []string{
	`<script>console.error("run")</script>`, `"><img src=x onerror=console.error("run")>`,
	`' onmouseover='console.error("run")`, `javascript:console.error("run")`,
	`</title><svg onload=console.error("run")>`,
	`</textarea><script>console.error(1)</script>`, `<!--<script>`, `{{.}} {time} ${1}`, `]]><x>`, `&lt;b&gt;&amp;`,
	`<style>*{display:none}</style>`, `<base href=//evil.example>`, `%3Cscript%3E`, `" style="position:fixed`,
	`<iframe srcdoc="<script>parent.console.error(1)</script>">`,
	`<meta http-equiv=refresh content="0;url=//evil.example">`,
	`<form action=//evil.example><input autofocus onfocus=console.error(1)>`,
	"\u202egnp.exe\u2066\u200b", "\u2028</script>",
	`<math><mi//xlink:href="data:x,<script>console.error(1)</script>">`, `=HYPERLINK("http://evil.example")`,
	`<link rel=stylesheet href=//evil.example/x.css>`, `<a href="javascript:console.error(1)">x</a>`,
	strings.Repeat("Donaudampfschifffahrt", 12), strings.Repeat("W", 64),
}

// recording writes a recording of computers of which every seventh has failed, and the others run and wait.
// Their names and those of jobs come from the list, if there is one.
func recording(t *testing.T, computers int, list []string) (file string) {
	t.Helper()
	var lines []any
	add := func(kind string, value map[string]any) { lines = append(lines, map[string]any{kind: value}) }
	name := func(i int, usual string) string {
		if len(list) == 0 {
			return usual
		}
		return list[i%len(list)]
	}
	add("recording", map[string]any{"format": "jobmon-db recording", "v": 1, "at": "2026-05-01T10:00:00.000Z",
		"utc_offset": "+00:00", "program": "v1", "server": "SQL", "pseudonyms": false})
	stages := []string{"Configuring computer", "Install drivers", "Office 2024", "Security updates", "Final checks"}
	for i, stage := range stages {
		marker := fmt.Sprintf("%02d. (JM) ", i+1) + name(i, stage)
		add("job", map[string]any{"id": 2*i + 1, "name": marker, "folder": "Build"})
		add("job", map[string]any{"id": 2*i + 2, "name": name(i+7, "Job of "+stage), "folder": name(i+3, "Build")})
	}
	for i := range computers {
		add("computer", map[string]any{"id": 5000001 + i, "name": name(i, fmt.Sprintf("PC-%04d", i+1)),
			"os_name": name(i+1, fmt.Sprintf("PC-%04d", i+1)), "group": name(i%5, fmt.Sprintf("Room %d", 1+i%5))})
	}
	row := 700000
	for i := range computers {
		for j := range 2 * len(stages) {
			row++
			value := map[string]any{"id": row, "job": j + 1, "computer": 5000001 + i,
				"start": fmt.Sprintf("2026-05-01T09:%02d:%02d.000", 10+4*j, i%60), "status": 0}
			switch done := []int{4, 5, 7, 0, 9, 3, 8}[i%7]; { // of 10; whose jobs all ended before is not seen
			case i%7 == 6 && j == 4:
				value["status"] = 1603
			case j == done && i%7 != 3:
				value["status"] = -1
			case j >= done:
				value["status"] = nil
			}
			add("row", value)
		}
	}
	for i := range computers {
		add("agent", map[string]any{"computer": 5000001 + i, "state": []string{"online", "online", "offline"}[i%3]})
	}
	add("end", map[string]any{"lines": len(lines) + 1})
	var text bytes.Buffer
	for _, line := range lines {
		data, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(data, '\n'))
	}
	file = filepath.Join(t.TempDir(), "recording.ndjson")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// certificate writes a certificate for 127.0.0.1 that nobody trusts, and its key.
func certificate(t *testing.T) (settings string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "board"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("  tls: {cert: '%s', key: '%s'}\n",
		filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
}
