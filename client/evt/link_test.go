package evt_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

const publicURL = "https://board.example.org"

// sample gives an example with the board's address.
func sample(t testing.TB, name string) *jobmon.Progress {
	t.Helper()
	for _, picture := range samples.Pictures() {
		if picture.Name == name {
			picture.Progress.PublicURL = publicURL
			return picture.Progress
		}
	}
	t.Fatalf("there is no example %q", name)
	return nil
}

// linkOf is the link in a picture's file.
func linkOf(t testing.TB, p *jobmon.Progress, key link.Key) *evt.Link {
	t.Helper()
	data, err := evt.Content(p, key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := evt.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return f.Link
}

func TestLinkLeadsToTheDeployment(t *testing.T) {
	t.Parallel()
	p := sample(t, "running")
	got := linkOf(t, p, siteKey)
	if want := siteKey.Address(publicURL, p.Computer.ID, p.Session.Number); got == nil || got.URL != want {
		t.Fatalf("%+v, want %s", got, want)
	}
	if len(got.QR) != 29 || !strings.HasPrefix(got.QR[0], "1111111") || !strings.HasSuffix(got.QR[0], "1111111") {
		t.Errorf("not the code of 29 modules that a screen has room for: %d, %q", len(got.QR), got.QR[0])
	}
	p.Session.Number++
	if next := linkOf(t, p, siteKey); next == nil || next.URL == got.URL {
		t.Errorf("the next deployment has %+v", next)
	}
}

func TestNoLink(t *testing.T) {
	t.Parallel()
	unaddressed := sample(t, "running")
	unaddressed.PublicURL = ""
	for name, c := range map[string]struct {
		p   *jobmon.Progress
		key link.Key
	}{
		"no key":     {sample(t, "running"), nil},
		"no address": {unaddressed, siteKey},
		"planned":    {sample(t, "planned"), siteKey}, // it has no number yet
		"idle":       {sample(t, "idle"), siteKey},
	} {
		got, err := evt.Content(c.p, c.key)
		want, other := evt.Encode(c.p)
		if err != nil || other != nil || !bytes.Equal(got, want) || bytes.Contains(got, []byte("link")) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

// What is cut from a file that would be too long is never the link.
func TestLinkOfALongFile(t *testing.T) {
	t.Parallel()
	data, err := evt.Content(sample(t, "many-stages"), siteKey)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, compile(t), data)
	if f, err := evt.Decode(data); err != nil || f.LeftOut == nil || f.Link == nil {
		t.Errorf("%v, %+v", err, f)
	}
}

// A picture is shown without its link where that is not what the format has.
func TestOddLinksAreLeftOut(t *testing.T) {
	t.Parallel()
	whole := string(golden(t, "linked"))
	at := strings.Index(whole, `"link":`)
	if at < 0 {
		t.Fatal("the golden file has no link")
	}
	square := func(n int, row string) string {
		rows, err := json.Marshal(strings.Fields(strings.Repeat(row+" ", n)))
		if err != nil {
			t.Fatal(err)
		}
		return `{"url":"HTTPS://X/Q/Y","qr":` + string(rows) + `}`
	}
	good := square(29, strings.Repeat("01", 14)+"1")
	for value, want := range map[string]bool{
		good: true, square(177, strings.Repeat("1", 177)): true,
		"null": false, "7": false, `"x"`: false, "[]": false, "{}": false, `{"url":7,"qr":{}}`: false,
		strings.Replace(good, "HTTPS://X/Q/Y", "", 1):                                      false,
		strings.Replace(good, `"0101`, `"0121`, 1):                                         false,
		strings.Replace(good, `"0101`, `"101`, 1):                                          false,
		strings.Replace(good, `["`, `[[],"`, 1):                                            false,
		square(28, strings.Repeat("1", 29)):                                                false,
		square(1, "1"):                                                                     false,
		square(178, strings.Repeat("1", 178)):                                              false,
		`{"url":"HTTPS://X/Q/Y","qr":[` + strings.Repeat("1,", 28) + `1]}`:                 false,
		`{"url":"HTTPS://X/Q/Y","qr":"` + strings.Repeat("1", 29*29) + `"}`:                false,
		`{"url":"HTTPS://X/Q/Y","qr":{"length":29,"0":"` + strings.Repeat("1", 29) + `"}}`: false,
	} {
		f, err := evt.Decode([]byte(whole[:at] + `"link":` + value + "}\r\n"))
		if err != nil || (f.Link != nil) != want {
			t.Errorf("%.60s: %v, link %v", value, err, f != nil && f.Link != nil)
		}
	}
}

func TestTemplatesHaveTheLink(t *testing.T) {
	t.Parallel()
	p := sample(t, "running")
	f := form("{{.Link.URL}}|{{len .Link.QR}}|{{range .Link.QR}}{{.}},{{end}}\n")
	if faults := evt.Check(f); len(faults) > 0 {
		t.Fatal(faults)
	}
	want := linkOf(t, p, siteKey)
	p.Form = &f
	for _, c := range []struct {
		key  link.Key
		text string
	}{{siteKey, want.URL + "|29|" + strings.Join(want.QR, ",") + ",\n"}, {nil, "|0|\n"}} {
		if got, err := evt.Content(p, c.key); err != nil || string(got) != c.text {
			t.Errorf("%v: %q, want %q", err, got, c.text)
		}
	}
}
