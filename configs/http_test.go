package configs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

func TestListenAddress(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "127.9.9.9:80": "127.9.9.9:80", "[::1]:8080": "[::1]:8080",
		"LocalHost:0": "127.0.0.1:0", " 127.0.0.1:080 ": "127.0.0.1:80",
		"localhost.example.com:80": "", "127.0.0.1": "", "8080": "", "127.0.0.1:65536": "", "127.0.0.1:http": "",
		"127.0.0.1:-1": "", "127.1:80": "",
		"[::1%lo]:80": "", "http://127.0.0.1:80": "", "ds01:8080": "",
	} {
		c, err := load(configs.LoadOptions{Env: []string{"JOBMON_HTTP_LISTEN=" + text}})
		if want == "" {
			if wrong := (*configs.Error)(nil); !errors.As(err, &wrong) ||
				!strings.Contains(err.Error(), "an IP address of this computer") {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil || c.HTTP.Listen != want || c.HTTP.Open() {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestAnOpenServerHasCertificateAndTokens(t *testing.T) {
	const cert, key = "JOBMON_HTTP_TLS_CERT=/x/cert.pem", "JOBMON_HTTP_TLS_KEY=/x/key.pem"
	tokens := "JOBMON_HTTP_TOKENS=" + configs.DigestOf(configs.NewToken()).String()
	for _, listen := range []string{":8443", "0.0.0.0:8443", "[::]:8443", "192.168.1.5:8443", "[fe80::1]:8443"} {
		for _, c := range []struct {
			env  []string
			want []string // in what is wrong
		}{
			{[]string{cert, key, tokens}, nil},
			{nil, []string{"without encryption", "new-token"}},
			{[]string{cert, key}, []string{"new-token"}},
			{[]string{tokens}, []string{"without encryption"}},
			{[]string{cert, tokens}, []string{"/x/cert.pem is a certificate without its key"}},
			{[]string{key, tokens}, []string{"is a key without its certificate"}},
		} {
			got, err := load(configs.LoadOptions{Env: append(c.env, "JOBMON_HTTP_LISTEN="+listen)})
			if c.want == nil {
				if err != nil || !got.HTTP.Open() || len(got.HTTP.Tokens) != 1 {
					t.Errorf("%s %q: %v", listen, c.env, err)
				}
				continue
			}
			wrong := (*configs.Error)(nil)
			if !errors.As(err, &wrong) || len(wrong.Problems) != len(c.want) {
				t.Errorf("%s %q: %v", listen, c.env, err)
				continue
			}
			for _, text := range c.want {
				if !strings.Contains(strings.ReplaceAll(err.Error(), "\"", ""), text) {
					t.Errorf("%s %q: %v", listen, c.env, err)
				}
			}
		}
	}
}

func TestATokenIsNotShown(t *testing.T) {
	token := configs.NewToken()
	_, err := load(configs.LoadOptions{Env: []string{"JOBMON_HTTP_TOKENS=" + token}})
	if err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("%v", err)
	}
	if again := configs.NewToken(); again == token || len(token) < len(configs.TokenPrefix)+26 {
		t.Errorf("%q, %q", token, again)
	}
}

func TestEntriesOfTokens(t *testing.T) {
	t.Parallel()
	digest, other := strings.Repeat("0a", 32), strings.Repeat("0b", 32)
	token := configs.NewToken()
	for text, want := range map[string]string{
		digest:                                 digest,
		"hall " + digest:                       "hall " + digest,
		"hall read " + digest:                  "hall " + digest,
		" hall-3  screen  " + digest:           "hall-3 screen " + digest,
		digest + ", é " + other:                digest + ", é " + other,
		"screen " + digest:                     "",
		"read " + digest:                       "",
		"hall write " + digest:                 "",
		"hall screen now " + digest:            "",
		"<b> " + digest:                        "",
		strings.Repeat("a", 41) + " " + digest: "",
		digest + "," + digest:                  "",
		"a " + digest + ", a " + other:         "",
		"hall " + token:                        "",
		"hall":                                 "",
		digest + ",":                           "",
	} {
		c, err := load(configs.LoadOptions{Env: []string{"JOBMON_HTTP_TOKENS=" + text}})
		if want == "" {
			if !errors.As(err, new(*configs.Error)) || strings.Contains(err.Error(), token) {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, one := range c.HTTP.Tokens {
			got = append(got, one.String())
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// An address that nothing serves would stand on every screen.
func TestPublicURLNeedsTheServer(t *testing.T) {
	t.Parallel()
	_, err := load(configs.LoadOptions{Env: []string{"JOBMON_HTTP_PUBLIC_URL=https://ds01"}})
	if !errors.As(err, new(*configs.Error)) || !strings.Contains(err.Error(), "http.listen") {
		t.Errorf("%v", err)
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://DS01.example.com/": "https://ds01.example.com", "http://10.0.0.5:8080": "http://10.0.0.5:8080",
		" https://[::1]:8443 ": "https://[::1]:8443",
		"ds01.example.com":     "", "ftp://ds01": "", "https://": "", "https:ds01": "", "https://ds01/board": "",
		"https://ds01?": "", "https://ds01/#x": "", "https://u:secretword@ds01": "", "https://ds01:99999": "",
		"https://:8443": "", "javascript:alert(1)": "", "https://a\"b": "",
	} {
		c, err := load(configs.LoadOptions{Env: []string{"JOBMON_HTTP_PUBLIC_URL=" + text, "JOBMON_HTTP_LISTEN=127.0.0.1:0"}})
		if want == "" {
			if !errors.As(err, new(*configs.Error)) || strings.Contains(err.Error(), "secretword") {
				t.Errorf("%q: %v", text, err)
			}
		} else if err != nil || c.HTTP.Public != want {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}
