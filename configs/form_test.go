package configs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestForm(t *testing.T) {
	dir := t.TempDir()
	if form, err := mustLoad(t, configs.LoadOptions{}).Form(); err != nil || form != (jobmon.Form{}) {
		t.Errorf("%+v, %v", form, err)
	}
	for name, c := range map[string]struct{ content, text, wrong string }{
		"plain":          {"a {{.Seq}}\n", "a {{.Seq}}\n", ""},
		"from Notepad":   {"\xef\xbb\xbfa\r\nb\r\n", "a\nb\n", ""},
		"UTF-16":         {"\xff\xfea\x00", "a", ""},
		"a code page":    {"a\nB\xfcro", "", "line 2 has characters that are not UTF-8"},
		"empty":          {"", "", "is empty"},
		"blank":          {"\xef\xbb\xbf \r\n", "", "is empty"},
		"something else": {strings.Repeat("x", 2<<20), "", "larger than"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		config := mustLoad(t, configs.LoadOptions{
			Env: []string{"JOBMON_EVT_TEMPLATE=" + path, "JOBMON_EVT_ENCODING=CP850", "JOBMON_EVT_NEWLINE=lf"}})
		form, err := config.Form()
		if c.wrong == "" {
			if want := (jobmon.Form{Template: c.text, Encoding: "cp850", Newline: "lf"}); err != nil || form != want {
				t.Errorf("%s: %+v, %v", name, form, err)
			}
			continue
		}
		if wrong := (*configs.Error)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.wrong) ||
			!strings.Contains(err.Error(), "JOBMON_EVT_TEMPLATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := mustLoad(t, configs.LoadOptions{
		Env: []string{"JOBMON_EVT_TEMPLATE=" + filepath.Join(dir, "none")}}).Form()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, env := range []string{"JOBMON_EVT_ENCODING=cp850", "JOBMON_EVT_NEWLINE=lf"} {
		if p := problems(t, configs.LoadOptions{Env: []string{env}}); len(p) != 1 ||
			!strings.Contains(p[0].String(), "goes with evt.template") {
			t.Errorf("%v", p)
		}
	}
}
