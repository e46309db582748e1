package hta_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/jobmon-db/jobmon-db/client/evt"
)

// strange are values as JSON that a field may hold in a file that somebody made by hand: the largest, those beside a
// bound, and those of other kinds.
var strange = []string{
	"-1", "1000000", "2147483647", "9007199254740991", "1e308", `"9999-12-31T23:59:59"`,
	`"\u0000\u001b[2J\u202e\ud800"`, "[]",
	`{"length":9007199254740991}`,
}

// leaves are the paths to everything in a value, each kind of place once: of a list, its first item.
func leaves(value any, path []any) (found [][]any) {
	found = append(found, path[:len(path):len(path)])
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			found = append(found, leaves(below, append(path[:len(path):len(path)], name))...)
		}
	case []any:
		if len(value) > 0 {
			found = append(found, leaves(value[0], append(path[:len(path):len(path)], 0))...)
		}
	}
	return found
}

// with is a copy of the value in which that place holds a text of JSON.
func with(value any, path []any, text string) any {
	if len(path) == 0 {
		return json.RawMessage(text)
	}
	switch value := value.(type) {
	case map[string]any:
		changed := map[string]any{}
		for name, below := range value {
			changed[name] = below
		}
		changed[path[0].(string)] = with(value[path[0].(string)], path[1:], text)
		return changed
	case []any:
		changed := append([]any{}, value...)
		changed[0] = with(value[0], path[1:], text)
		return changed
	}
	return value
}

// full is a file that has every field, as a line.
func full(t *testing.T) map[string]any {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal([]byte(read(t, golden+"failed-late.evt")), &whole); err != nil {
		t.Fatal(err)
	}
	whole["left_out"] = map[string]any{"finished": 1, "unfinished": 1, "failures": 1, "later": 1}
	whole["later"] = []any{map[string]any{"name": "x", "state": "later", "stuck": true,
		"start_local": "2026-11-22T13:12:05"}}
	whole["why"] = map[string]any{"kind": "behind", "job": "x", "since_local": "2026-11-22T13:12:05",
		"start_local": "2026-11-22T13:12:05"}
	var linked map[string]any
	if err := json.Unmarshal([]byte(read(t, golden+"linked.evt")), &linked); err != nil {
		t.Fatal(err)
	}
	whole["link"] = linked["link"]
	whole["source_since_local"], whole["asked"] = "2026-11-22T13:12:05", "x"
	whole["stages"], whole["current"], whole["next"] = whole["stages"].([]any)[:2], 1, 1
	session, stage := whole["session"].(map[string]any), whole["stages"].([]any)[0].(map[string]any)
	session["ended_local"], session["watched_since_local"] = "2026-11-22T13:12:05", "2026-11-22T13:12:05"
	stage["attempt"], stage["overdue"], stage["inexact"] = 2, true, true
	stage["failures"] = []any{map[string]any{"job": "x", "code": 1603, "at_local": "2026-11-22T13:12:05",
		"repaired": true}}
	return whole
}

// line writes a file: its first fields stand at its beginning.
func line(t *testing.T, whole any) string {
	t.Helper()
	fields := map[string]json.RawMessage{}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		return string(text) + "\r\n"
	}
	first := ""
	for _, name := range []string{"format", "v", "seq"} {
		first += fmt.Sprintf(",%q:%s", name, fields[name])
		delete(fields, name)
	}
	if text, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	return "{" + first[1:] + "," + string(text[1:]) + "\r\n"
}

// Whatever a field holds, the file is refused or shown, in no time and with no more pieces than a screen has: the
// monitor runs as SYSTEM, and others may write the file. A number outside the schema's bounds is refused by both
// readers.
func TestEveryFieldMayHoldAnything(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/evt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t)
	e.run("var s = new Story(); s.file(null).pass(5);")
	timer := time.AfterFunc(2*time.Minute, func() { e.vm.Interrupt("it takes without end") })
	defer timer.Stop()
	base := full(t)
	paths := leaves(base, nil)
	if len(paths) < 80 {
		t.Fatalf("%d places", len(paths))
	}
	shown := 0
	for _, path := range paths[1:] {
		for _, value := range strange {
			changed := with(base, path, value)
			text := line(t, changed)
			read := e.gives("JobMon.readEvt(" + quote(text) + ").error || 'good'")
			f, decoding := evt.Decode([]byte(text))
			if decoding == nil {
				f.Picture()
			}
			if number := strings.Trim(value, "-.e0123456789") == ""; number && path[len(path)-1] != "utc_offset_s" {
				parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				if in := schema.Validate(parsed); in != nil && strings.Contains(in.Error(), "maximum") &&
					(read == `"good"` || decoding == nil) {
					t.Errorf("%v is %s, which the schema refuses: the monitor says %s, Go %v", path, value, read,
						decoding)
				}
			}
			if read != `"good"` {
				continue
			}
			shown++
			if pieces := e.run("s.file(" + quote(text) +
				").pass(1); var v = s.view(); v.segments.length + v.rows.length").ToInteger(); pieces > 5000 {
				t.Errorf("%v is %s: %d pieces", path, value, pieces)
			}
		}
	}
	if shown < 50 {
		t.Errorf("only %d were shown", shown)
	}
}

// of is the part of the schema about a place of a file.
func of(schema, part map[string]any, path []any) map[string]any {
	for {
		ref, ok := part["$ref"].(string)
		if !ok {
			break
		}
		part = schema["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if len(path) == 0 {
		return part
	}
	if name, ok := path[0].(string); ok {
		below, _ := part["properties"].(map[string]any)[name].(map[string]any)
		return of(schema, below, path[1:])
	}
	return of(schema, part["items"].(map[string]any), path[1:])
}

// The bounds of every number are the same in the schema, in Go and in the monitor: what lies on one is taken, what lies
// beyond is refused.
func TestBoundsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	decoder := json.NewDecoder(strings.NewReader(read(t, "../../docs/evt.schema.json")))
	decoder.UseNumber()
	var schema map[string]any
	if err := decoder.Decode(&schema); err != nil {
		t.Fatal(err)
	}
	e, base, tried := newEngine(t), full(t), 0
	for _, path := range leaves(base, nil) {
		part := of(schema, schema, path)
		if part["type"] != "integer" || path[len(path)-1] == "current" || path[len(path)-1] == "next" { // indexes
			continue
		}
		for _, edge := range []struct {
			name string
			step int64
		}{{"minimum", -1}, {"maximum", 1}} {
			text, ok := part[edge.name].(json.Number)
			if !ok {
				t.Errorf("%v has no %s", path, edge.name)
				continue
			}
			on, _ := new(big.Int).SetString(text.String(), 10)
			beyond := new(big.Int).Add(on, big.NewInt(edge.step))
			for value, want := range map[*big.Int]bool{on: true, beyond: false} {
				whole := line(t, with(base, path, value.String()))
				_, err := evt.Decode([]byte(whole))
				// 0 where the writer leaves it out
				if (err == nil) != want && !(value == beyond && on.Sign() > 0 && edge.step < 0) {
					t.Errorf("%v is %s: Go says %v", path, value, err)
				}
				seen := e.gives("JobMon.readEvt("+quote(whole)+").error || 'good'") == `"good"`
				// The monitor's numbers are no finer there.
				if exact := on.IsInt64() && new(big.Int).Abs(on).BitLen() < 54; exact && seen != want &&
					!(on.Sign() > 0 && edge.step < 0) && path[len(path)-1] != "utc_offset_s" || want && !seen {
					t.Errorf("%v is %s: the monitor takes it: %v", path, value, seen)
				}
				tried++
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d values were tried", tried)
	}
}

// An answer of the live feed counts when it comes from the host that was asked and says a length that a file can have.
func TestLiveAnswersAreBounded(t *testing.T) {
	t.Parallel()
	vm := goja.New()
	source := "var JobMon = {};"
	for _, name := range []string{"base", "system"} {
		text, err := os.ReadFile("src/" + name + ".js")
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}
	if _, err := vm.RunString(source + `
		JobMon.largest = 65536;
		var headers = "";
		function ask(url, length, done, stays) {
			var aborted = false, read = false;
			headers = "";
			var live = JobMon.makeLive(function () {
				return {
					SetTimeouts: function () {}, Open: function () {}, SetAutoLogonPolicy: function () {}, Send: function () {}, SetRequestHeader: function (name, value) { headers += name; },
					Abort: function () { aborted = true; }, WaitForResponse: function () { return done; }, Status: 200,
					Option: function (which) { return which === 1 ? url : which === 6 ? !stays : ""; },
					GetResponseHeader: function (name) { if (name !== "Content-Length" || length === null) { throw new Error("none"); } return length; },
					get ResponseText() { read = true; return "x"; }
				};
			});
			live.ask("https://DS01.example.com:8443/evt/1", "token", true, 0);
			var found = live.look(1);
			return [found === null ? "waits" : found.error || "good", read, aborted].join();
		}`); err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		`ask("https://ds01.example.com:8443/evt/1", "65536", true)`: "good,true,false",
		`ask("https://ds01.example.com/evt/2", "1", true)`:          "good,true,false",
		`ask("http://ds01.example.com:8443/evt/1", "1", true)`:      "live,false,false",
		`ask("https://evil.example.com/evt/1", "1", true)`:          "live,false,false",
		`ask("https://ds01.example.com.evil.net/evt/1", "1", true)`: "live,false,false",
		`ask("", "1", true)`: "live,false,false",
		`ask("https://ds01.example.com:8443/evt/1", "65537", true)`:   "live,false,false",
		`ask("https://ds01.example.com:8443/evt/1", null, true)`:      "live,false,false",
		`ask("https://ds01.example.com:8443/evt/1", "-1", true)`:      "live,false,false",
		`ask("https://ds01.example.com:8443/evt/1", "999999", false)`: "live,false,true",
		`ask("https://ds01.example.com:8443/evt/1", "100", false)`:    "waits,false,false",
		`ask("https://ds01.example.com:8443/evt/1", null, false)`:     "waits,false,false",
	} {
		got, err := vm.RunString(call)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", call, got, want)
		}
	}
	// The token is sent only where redirections are not followed.
	for stays, want := range map[string]string{"true": "Authorization", "false": ""} {
		got, err := vm.RunString(`ask("https://ds01.example.com:8443/evt/1", "1", true, ` + stays + `), headers`)
		if err != nil || got.String() != want {
			t.Errorf("stays %s: %v is sent (%v), want %q", stays, got, err, want)
		}
	}
}
