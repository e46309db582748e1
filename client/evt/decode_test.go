package evt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
)

// golden reads a golden file.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "v1", name+".evt"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecodeTellsFaultsApart(t *testing.T) {
	t.Parallel()
	whole := string(golden(t, "failed-late"))
	change := func(old, new string) string {
		t.Helper()
		if !strings.Contains(whole, old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"nothing", "", evt.ErrEmpty},
		{"white space", " \r\n", evt.ErrEmpty},
		{"zero bytes after a power cut", strings.Repeat("\x00", 4096), evt.ErrEmpty},
		{"the old monitor's line", "Office|1|Plugins|0|", evt.ErrForeign},
		{"other JSON", `{"v":1,"seq":3}` + "\r\n", evt.ErrForeign},
		{"UTF-16", "\xff\xfe{\x00\"\x00", evt.ErrForeign},
		{"byte order mark", "\xef\xbb\xbf" + whole, evt.ErrForeign},
		{"cut in the first field", whole[:9], evt.ErrTruncated},
		{"cut in the version", whole[:len(`{"format":"jobmon-evt","v":1`)], evt.ErrTruncated},
		{"cut in the middle", whole[:1000], evt.ErrTruncated},
		{"cut before CRLF", whole[:len(whole)-2], evt.ErrTruncated},
		{"cut in CRLF", whole[:len(whole)-1], evt.ErrInvalid},
		{"newer", change(`"v":1`, `"v":2`), evt.ErrNewer},
		{"newer and otherwise different", `{"format":"jobmon-evt","v":12,"stages":"many"}`, evt.ErrNewer},
		{"newer than any number", change(`"v":1`, `"v":99999999999999999999999`), evt.ErrNewer},
		{"newer and longer", change(`"v":1`, `"v":2`) + strings.Repeat(" ", evt.MaxBytes), evt.ErrNewer},
		{"newer in a second field", change(`"seq":`, `"v":2,"seq":`), evt.ErrInvalid},
		{"version 0", change(`"v":1`, `"v":0`), evt.ErrInvalid},
		{"version in words", change(`"v":1`, `"v":"one"`), evt.ErrInvalid},
		{"too long", change(`"seq":`, `"x":"`+strings.Repeat("x", evt.MaxBytes)+`","seq":`), evt.ErrTooLarge},
		{"two lines", whole + whole, evt.ErrInvalid},
		{"a shorter file written over a longer one", change("\r\n", "\r\n") + `"}]}` + "\r\n", evt.ErrInvalid},
		{"not ASCII", change("Office", "B\u00fcro"), evt.ErrInvalid},
		{"zero bytes in the middle", change("Office", "\x00\x00\x00\x00\x00\x00"), evt.ErrInvalid},
		{"not JSON", change(`"kind":`, `"kind"`), evt.ErrInvalid},
		{"a word for a number", change(`"percent":42`, `"percent":"42"`), evt.ErrInvalid},
		{"two sequence numbers", change(`"kind":`, `"Seq":9,"kind":`), evt.ErrInvalid},
		{"sequence number elsewhere", change(`"seq":4712,"kind":"deployment"`, `"kind":"deployment","seq":4712`),
			evt.ErrInvalid},
		{"unknown kind", change(`"kind":"deployment"`, `"kind":"party"`), evt.ErrInvalid},
		{"no time", change(`"at":`, `"when":`), evt.ErrInvalid},
		{"time in another form", change(`"at":"2026-11-22T13:12:05.000Z"`, `"at":"2026-11-22 13:12"`), evt.ErrInvalid},
		{"time with a comma", change(`13:12:05.000Z`, `13:12:05,000Z`), evt.ErrInvalid},
		{"local time with fractions", change(`"at_local":"2026-11-22T14:12:05"`, `"at_local":"2026-11-22T14:12:05.5"`),
			evt.ErrInvalid},
		{"unknown source", change(`"source":"ok"`, `"source":"?"`), evt.ErrInvalid},
		{"no session", change(`"session":`, `"meeting":`), evt.ErrInvalid},
		{"no stages", change(`"stages":[`, `"steps":[`), evt.ErrInvalid},
		{"session without state", change(`"state":"open"`, `"mood":"open"`), evt.ErrInvalid},
		{"no percent", change(`"percent":`, `"permille":`), evt.ErrInvalid},
		{"stage without state", change(`"state":"succeeded"`, `"mood":"succeeded"`), evt.ErrInvalid},
		{"current beyond the stages", change(`"current":3`, `"current":8`), evt.ErrInvalid},
		{"next before them", change(`"next":4`, `"next":-1`), evt.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := evt.Decode([]byte(c.data))
			if !errors.Is(err, c.want) {
				t.Errorf("got %+v, %v; want %v", f, err, c.want)
			}
		})
	}
}

// What a later writer of the same version may add must not trouble this reader.
func TestDecodeIgnoresUnknownFields(t *testing.T) {
	t.Parallel()
	old := golden(t, "failed-late")
	want, err := evt.Decode(old)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(old), `"name":`, `"weight":{"kg":[1,2.5,null]},"name":`)
	text = strings.Replace(text, `"kind":`, `"mood":"fine","kind":`, 1)
	got, err := evt.Decode([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What was read is what was written: writing it again gives the same bytes.
func TestDecodeLosesNothing(t *testing.T) {
	t.Parallel()
	for _, picture := range samples.Pictures() {
		data := golden(t, picture.Name)
		f, err := evt.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal(again, &got), json.Unmarshal(data, &want)); err != nil ||
			!reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %s\nwant %s", picture.Name, err, again, data)
		}
	}
}

func TestOursAndSeq(t *testing.T) {
	t.Parallel()
	whole := string(golden(t, "running"))
	for _, c := range []struct {
		name, data string
		ours       bool
		seq        uint64
		known      bool
	}{
		{"whole", whole, true, 4711, true},
		{"stopped", string(golden(t, "stopped")), true, 0, true},
		{"cut behind the number", whole[:60], true, 4711, true},
		{"cut in the number", whole[:len(`{"format":"jobmon-evt","v":1,"seq":47`)], true, 0, false},
		{"newer", `{"format":"jobmon-evt","v":31,"seq":12,"all":"new"}`, true, 12, true},
		{"no number", `{"format":"jobmon-evt","v":1,"seq":,"x":1}`, true, 0, false},
		{"another second field", `{"format":"jobmon-evt","v":1,"sequence":7}`, true, 0, false},
		{"empty", "", true, 0, false},
		{"zero bytes", "\x00\x00\x00", true, 0, false},
		{"the old monitor's line", "Office|1|Plugins|0|", false, 0, false},
		{"our name elsewhere", `{"v":1,"seq":4,"format":"jobmon-evt"}`, false, 0, false},
		{"behind a byte order mark", "\ufeff" + whole, false, 0, false},
	} {
		seq, known := evt.Seq([]byte(c.data))
		if ours := evt.Ours([]byte(c.data)); ours != c.ours || known != c.known || known && seq != c.seq {
			t.Errorf("%s: ours %t, sequence number %d, %t", c.name, ours, seq, known)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"idle", "failed-late", "strange-names", "stopped", "due-later"} {
		f.Add(golden(f, name))
	}
	faults := []error{evt.ErrEmpty, evt.ErrTruncated, evt.ErrForeign, evt.ErrTooLarge, evt.ErrNewer, evt.ErrInvalid}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := evt.Decode(data)
		seq, known := evt.Seq(data)
		if err != nil {
			matches := 0
			for _, fault := range faults {
				if errors.Is(err, fault) {
					matches++
				}
			}
			if matches != 1 || file != nil {
				t.Fatalf("%v matches %d faults; file %v", err, matches, file)
			}
			return
		}
		if !evt.Ours(data) || !bytes.HasSuffix(data, []byte("\r\n")) {
			t.Fatal("accepted what is not ours")
		}
		if !known || file.Seq != seq {
			t.Fatalf("Seq says %d, %t; Decode %d", seq, known, file.Seq)
		}
		for _, index := range []*int{file.Current, file.Next} {
			if index != nil {
				_ = file.Stages[*index]
			}
		}
	})
}
