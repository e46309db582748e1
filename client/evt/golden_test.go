package evt_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

var update = flag.Bool("update", false, "write the golden files anew")

// siteKey makes the links of the examples.
var siteKey = link.Key(bytes.Repeat([]byte{7}, 32))

// files gives every example as a file, by name.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	got := map[string][]byte{}
	add := func(name string, data []byte, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got[name] = data
	}
	for _, picture := range samples.Pictures() {
		data, err := evt.Encode(picture.Progress)
		add(picture.Name, data, err)
	}
	data, err := evt.Content(sample(t, "failed-late"), siteKey)
	add("linked", data, err)
	p := *samples.Pictures()[0].Progress
	p.Stale = true
	data, err = evt.Encode(&p)
	add("stale", data, err)
	p.Unknown, p.Stale = true, false
	data, err = evt.Encode(&p)
	add("unknown-computer", data, err)
	data, err = evt.Stopped(jobmon.Form{}, p.Computer.ID, `04. (JM) Büro & "Office" 100%`)
	add("stopped", data, err)
	return got
}

// The golden files are the format's promise: from the first release on, those of a version never change.
func TestGolden(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "v1", name+".evt")
			if *update {
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, want) {
				t.Errorf("got  %s\nwant %s", data, want)
			}
			valid(t, schema, want)
			if _, err := evt.Decode(want); err != nil {
				t.Error(err)
			}
		})
	}
}

// No golden file without an example that makes it.
func TestGoldenComplete(t *testing.T) {
	t.Parallel()
	made := files(t)
	found, err := filepath.Glob(filepath.Join("testdata", "v1", "*.evt"))
	if err != nil || len(found) != len(made) {
		t.Fatalf("%d golden files for %d examples (%v)", len(found), len(made), err)
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/evt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// valid checks what the format promises of every file.
func valid(t interface{ Fatalf(string, ...any) }, schema *jsonschema.Schema, data []byte) {
	if len(data) > evt.MaxBytes {
		t.Fatalf("%d bytes", len(data))
	}
	line, ok := bytes.CutSuffix(data, []byte("\r\n"))
	if !ok {
		t.Fatalf("no CRLF at the end of %.100q", data)
	}
	for i, c := range line {
		if c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			t.Fatalf("byte %#02x at %d", c, i)
		}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	if err := schema.Validate(value); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	if !evt.Ours(data) {
		t.Fatalf("not recognised as ours: %.100q", data)
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	t.Parallel()
	first, second := files(t), files(t)
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs from one call to the next", name)
		}
	}
}

func TestEncodeRefusesWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*jobmon.Progress{"nil": nil, "without time": {Seq: 1}} {
		if data, err := evt.Encode(p); err == nil {
			t.Errorf("%s: %s", name, data)
		}
	}
}
