package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const planted = "Planted; Secret-1 äß€ "

// mirrored is a protection for tests: the bytes backwards.
type mirrored struct{ broken error }

func (mirrored) name() string { return "mirror" }

func (m mirrored) protect(secret []byte) ([]byte, error) {
	b := slices.Clone(secret)
	slices.Reverse(b)
	return b, m.broken
}

func (m mirrored) unprotect(protected []byte) ([]byte, error) { return m.protect(protected) }

func TestProtectedContent(t *testing.T) {
	content, err := encode(planted, mirrored{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(content), "jobmon-db secret v1 mirror\n") ||
		strings.Contains(string(content), "Planted") {
		t.Errorf("the content is %q", content)
	}
	if got, err := decode(content, mirrored{}); got != planted || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	windowsLines := []byte(strings.ReplaceAll(string(content), "\n", "\r\n"))
	if got, err := decode(windowsLines, mirrored{}); got != planted || err != nil {
		t.Errorf("with the line ends of Windows: %q, %v", got, err)
	}
	if _, err := encode(planted, mirrored{errors.New("no key")}); err == nil ||
		!strings.Contains(err.Error(), "no key") {
		t.Errorf("a protection that fails: %v", err)
	}
}

func TestProtectedContentThatCannotBeUsed(t *testing.T) {
	content, err := encode(planted, mirrored{})
	if err != nil {
		t.Fatal(err)
	}
	dpapiFile := []byte("jobmon-db secret v1 dpapi\nUGxhbnRlZA==\n")
	for name, c := range map[string]struct {
		content []byte
		by      protector
		words   string
	}{
		"of Windows, elsewhere": {dpapiFile, nil, "dpapi, by Windows"},
		"of another protection": {dpapiFile, mirrored{}, "dpapi"},
		"of a later version": {[]byte("jobmon-db secret v2 mirror\nUGxhbnRlZA==\n"), mirrored{},
			"newer version"},
		"no base64":                 {[]byte("jobmon-db secret v1 mirror\nPlanted!\n"), mirrored{}, "damaged"},
		"cut":                       {content[:len(content)-2], mirrored{}, "damaged"},
		"nothing below":             {[]byte("jobmon-db secret v1 mirror\n"), mirrored{}, "empty"},
		"no end of the line":        {[]byte("jobmon-db secret v1"), mirrored{}, "something unknown"},
		"a head out of its mind":    {[]byte("jobmon-db secret v1 \x1b[31mPlanted\n"), mirrored{}, "something unknown"},
		"of another computer":       {content, mirrored{errors.New("key not valid")}, "another computer"},
		"larger than files can get": {append(content, make([]byte, largest)...), mirrored{}, "larger"},
	} {
		got, err := decode(c.content, c.by)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %q, %v", name, got, err)
		} else if strings.Contains(err.Error(), "Planted") || strings.Contains(err.Error(), "UGxh") ||
			strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: the content is repeated: %q", name, err)
		}
	}
}

func TestPlainFiles(t *testing.T) {
	for content, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", " se cret \n": " se cret ",
		"\ufeffsecret\r\n": "secret", "\xff\xfes\x00\xe4\x00\r\x00\n\x00": "sä", "pass%word{}'\"": "pass%word{}'\"",
	} {
		if got, err := decode([]byte(content), nil); got != want || err != nil {
			t.Errorf("%q: %q, %v", content, got, err)
		}
		if got, err := decode([]byte(content), mirrored{}); got != want || err != nil {
			t.Errorf("%q where secrets are protected: %q, %v", content, got, err)
		}
	}
	for content, words := range map[string]string{
		"": "empty", "\n": "empty", "\ufeff": "empty", "Planted\n\n": "more than one line",
		"Planted\nPlanted": "more than one line",
		"Planted\x00":      "control", "Planted\xff": "UTF-8", strings.Repeat("Planted", 200): "longer",
	} {
		if got, err := decode([]byte(content), nil); err == nil || !strings.Contains(err.Error(), words) ||
			strings.Contains(err.Error(), "Planted") {
			t.Errorf("%q: %q, %v", content, got, err)
		}
	}
}

func TestWriteAndRead(t *testing.T) {
	if runtime.GOOS == "windows" && os.Getenv("JOBMON_TEST_ELEVATED") == "" {
		t.Skip("writes a file that only Administrators can remove: set JOBMON_TEST_ELEVATED=1 where the test runs " +
			"elevated")
	}
	path := filepath.Join(t.TempDir(), "password")
	for _, secret := range []string{planted, "another"} { // the second replaces the first
		if err := Write(path, secret, ""); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); got != secret || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if Exposed(path) {
			t.Error("others can read it")
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "two\nlines", strings.Repeat("x", Longest+1)} {
		if err := Write(path, bad, ""); err == nil {
			t.Errorf("%.20q was written", bad)
		}
	}
	if err := Write(path, "new", "nobody-has-this-name"); err == nil ||
		!strings.Contains(err.Error(), "nobody-has-this-name") {
		t.Errorf("an account that is not there: %v", err)
	}
	if after, err := os.ReadFile(path); string(after) != string(before) || err != nil {
		t.Errorf("what failed changed the file: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 1 || err != nil {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := Write(filepath.Join(path, "below"), "new", ""); err == nil || strings.Contains(err.Error(), "new") {
		t.Errorf("in a folder that is none: %v", err)
	}
}

func TestReadSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), "there is no file "+path) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
	if err := os.WriteFile(path, []byte("Planted\nPlanted\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) ||
		strings.Contains(err.Error(), "Planted") {
		t.Errorf("two lines: %v", err)
	}
	err := unreadable(path, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "--account") {
		t.Errorf("no right: %v", err)
	}
}

func TestDescriptor(t *testing.T) {
	if got := descriptor(""); got != "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)" {
		t.Errorf("nobody else: %s", got)
	}
	if got := descriptor("S-1-5-80-1"); got != "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-80-1)" {
		t.Errorf("an account: %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	content, err := encode(planted, mirrored{})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{content, []byte("secret\r\n"), []byte("\xff\xfes\x00"), []byte(magic),
		[]byte(magic + "v1 mirror\n====")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		secret, err := decode(content, mirrored{})
		if err != nil {
			return
		}
		if Check(secret) != nil {
			t.Errorf("%q gave a secret that is none", content)
		}
		again, err := encode(secret, mirrored{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decode(again, mirrored{}); got != secret || err != nil {
			t.Errorf("%q became %q, %v", secret, got, err)
		}
	})
}
