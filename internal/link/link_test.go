package link_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

var key = link.Key(bytes.Repeat([]byte{7}, 32))

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:" // of a QR code

func draw(t *rapid.T, of link.Key) (jobmon.ComputerID, int, string) {
	id := jobmon.ComputerID(rapid.Int32().Draw(t, "computer"))
	number := rapid.IntRange(1, math.MaxInt32).Draw(t, "deployment")
	return id, number, of.Code(id, number)
}

func TestVerifyAcceptsWhatCodeMade(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		id, number, code := draw(t, key)
		if strings.Trim(code, alphanumeric) != "" || len(code) > 40 {
			t.Fatalf("%q does not suit a QR code", code)
		}
		for _, c := range []string{code, strings.ToLower(code)} {
			if gotID, gotNumber, ok := key.Verify(c); !ok || gotID != id || gotNumber != number {
				t.Fatalf("%q is of computer %d, deployment %d (%v); want %d, %d", c, gotID, gotNumber, ok, id, number)
			}
		}
	})
}

func TestUsualCodeIsShort(t *testing.T) {
	t.Parallel()
	if code := key.Code(5000123, 12); len(code) != 24 {
		t.Errorf("%q has %d letters", code, len(code))
	}
}

// Every other text is refused: a letter changed, left out, added or put in, and the code of another key.
func TestVerifyRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	other := link.Key(bytes.Repeat([]byte{8}, 32))
	lawtest.Check(t, func(t *rapid.T) {
		_, _, code := draw(t, key)
		at := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]string{"", "A", "7", "\n", "\r", "=", " ", "1", "\u017f", "\u212a", "é", "%"}).
			Draw(t, "letter")
		for _, forged := range []string{code[:at] + letter + code[at+1:], code[:at] + letter + code[at:]} {
			if _, _, ok := key.Verify(forged); ok && forged != code {
				t.Fatalf("accepts %q beside %q", forged, code)
			}
		}
		if _, _, ok := other.Verify(code); ok {
			t.Fatalf("another key accepts %q", code)
		}
	})
}

func TestNoCodeWithoutKeyOrDeployment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key    link.Key
		number int
	}{{nil, 1}, {link.Key{}, 1}, {key, 0}, {key, -1}} {
		if code := c.key.Code(1, c.number); code != "" {
			t.Errorf("%d: %q", c.number, code)
		}
		if a := c.key.Address("https://board.example.org", 1, c.number); a != "" {
			t.Errorf("%d: %q", c.number, a)
		}
	}
	if _, _, ok := link.Key(nil).Verify(key.Code(1, 1)); ok {
		t.Error("no key accepts a code")
	}
	if _, _, ok := link.Key(nil).Verify(""); ok {
		t.Error("no key accepts the empty code")
	}
}

func TestAddressIsInCapitals(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"https://board.example.org:8443", "https://board.example.org:8443/"} {
		want := "HTTPS://BOARD.EXAMPLE.ORG:8443/Q/" + key.Code(5000123, 3)
		if got := key.Address(public, 5000123, 3); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := key.Address("", 5000123, 3); got != "" {
		t.Errorf("without an address of the site: %q", got)
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	noon := jobmon.InstantOf(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	day := noon.Add(24 * time.Hour)
	for name, c := range map[string]struct {
		ended, next, now jobmon.Instant
		want             bool
	}{
		"open, however long":          {0, 0, noon.Add(1000 * time.Hour), false},
		"ended a day ago":             {noon, 0, day, false},
		"ended longer ago":            {noon, 0, day.Add(time.Millisecond), true},
		"replaced a day ago":          {0, noon, day, false},
		"replaced longer ago":         {0, noon, day.Add(time.Millisecond), true},
		"ended long ago, just redone": {noon, day.Add(time.Hour), day.Add(time.Hour), true},
		"clock set back":              {noon, 0, noon.Add(-time.Hour), false},
	} {
		if got := link.Expired(c.ended, c.next, c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestKeyOfADataFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if k, err := link.ReadKey(dir, "log"); k != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	made, err := link.MakeKey(dir, "log")
	if err != nil {
		t.Fatal(err)
	}
	read, err := link.ReadKey(dir, "log")
	if err != nil || read.Code(1, 1) != made.Code(1, 1) || made.Code(1, 1) == key.Code(1, 1) {
		t.Errorf("the key is not kept (%v)", err)
	}
	other, err := link.MakeKey(dir, "another log")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := other.Verify(made.Code(1, 1)); ok || other.Code(1, 1) == made.Code(1, 1) {
		t.Error("another log accepts the log's code")
	}
	if err := os.WriteFile(filepath.Join(dir, "jobmon-db.link-key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := link.MakeKey(dir, "log"); k != nil || err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a damaged key: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(key.Code(5000123, 1))
	f.Add(strings.ToLower(key.Code(math.MinInt32, math.MaxInt32)))
	f.Add("")
	f.Add("%2F..\x00")
	f.Fuzz(func(t *testing.T, code string) {
		id, number, ok := key.Verify(code)
		if ok && !strings.EqualFold(key.Code(id, number), code) {
			t.Errorf("%q is accepted as computer %d, deployment %d", code, id, number)
		}
		if !ok && (id != 0 || number != 0) {
			t.Errorf("%q is refused, and yet says %d, %d", code, id, number)
		}
	})
}
