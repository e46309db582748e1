package ndjson_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

func header() ndjson.Header {
	return ndjson.Header{LogID: strings.Repeat("0a", 16), Site: "DS01", Program: "1.2.3"}
}

// linked gives batches places in a chain, as a log would.
func linked(batches []jobmon.Batch) (links []jobmon.Link) {
	before := jobmon.Link{Sum: 0x0a1b2c3d}
	for i, b := range batches {
		k := jobmon.Link{Batch: b, Previous: before.Sum, Sum: uint32(i+1) * 0x01020305}
		if i > 0 {
			k.After = before.Last()
		}
		links, before = append(links, k), k
	}
	return links
}

// What a log sends in messages of any size comes back as it was, with the checksums at the ends of each message; and
// the messages one behind the other are a text that import reads.
func TestMessages(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		batches := drawBatches(t)
		rest := linked(batches)
		var text []byte
		for len(rest) > 0 {
			n := rapid.IntRange(1, len(rest)).Draw(t, "links")
			some := slices.Clone(rest[:n])
			rest = rest[n:]
			if some[0].After > 0 && rapid.Bool().Draw(t, "seam") {
				some[0].Seam, some[0].Lost = true, rapid.Uint64Range(0, some[0].First()-some[0].After-1).Draw(t, "lost")
			}
			begin := len(text)
			text = ndjson.AppendMessage(text, header(), some)
			h, got, err := ndjson.ReadMessage(text[begin:])
			for i := range some { // between the ends they are not known
				if i > 0 {
					some[i].Previous = 0
				}
				if i < n-1 {
					some[i].Sum = 0
				}
			}
			want := header()
			want.Last = some[n-1].Last()
			want.Chain = &ndjson.Chain{
				After: some[0].After, Previous: some[0].Previous, Sum: some[n-1].Sum,
				Seam: some[0].Seam, Lost: some[0].Lost,
			}
			if err != nil || !reflect.DeepEqual(h, want) || !reflect.DeepEqual(got, some) {
				t.Fatalf("%v\n got %+v %+v\nwant %+v %+v", err, h, got, want, some)
			}
		}
		if got, _, err := read(text); err != nil || !reflect.DeepEqual(got, batches) {
			t.Fatalf("the messages as one text: %v\n got %+v\nwant %+v", err, got, batches)
		}
	})
}

func TestWrongMessages(t *testing.T) {
	t.Parallel()
	text := string(ndjson.AppendMessage(nil, header(), linked(story())[1:]))
	if _, links, err := ndjson.ReadMessage([]byte(text)); err != nil || len(links) != 5 || links[0].After != 6 {
		t.Fatalf("%+v, %v", links, err)
	}
	for n := range len(text) - 1 {
		if _, _, err := ndjson.ReadMessage([]byte(text[:n])); err == nil {
			t.Fatalf("cut after %d of %d bytes: no error", n, len(text))
		}
	}
	one := text[:strings.Index(text, "\n")+1]
	for name, change := range map[string][2]string{
		"no chain":           {text[strings.Index(text, `,"chain"`) : strings.Index(text, `}}}`)+1], ""},
		"no last_seq":        {`"last_seq":15,`, ``},
		"a lower last_seq":   {`"last_seq":15,`, `"last_seq":14,`},
		"a higher last_seq":  {`"last_seq":15,`, `"last_seq":16,`},
		"another after":      {`"chain":{"after":6,`, `"chain":{"after":5,`},
		"no sum":             {`"sum":"0`, `"sum":"`},
		"lost without seam":  {`"chain":{`, `"chain":{"lost":1,`},
		"more lost":          {`"chain":{`, `"chain":{"seam":true,"lost":3,`},
		"more lost than all": {`"chain":{`, `"chain":{"seam":true,"lost":18446744073709551615,`},
		"two heads":          {`{"seq":12,`, `{"export":{"format":"jobmon-db events","v":1},"seq":12,`},
		"an end":             {`{"seq":12,`, `{"end":{"events":3,"last_seq":11}}` + "\n" + `{"seq":12,`},
		"no events":          {text, one[strings.Index(one, `"export"`)-1:]},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if name == "no events" {
			changed = "{" + strings.Replace(changed[1:], `"after":6`, `"after":15`, 1)
		}
		if changed == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, _, err := ndjson.ReadMessage([]byte(changed)); err == nil {
			t.Errorf("%s: no error: %s", name, changed)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(ndjson.AppendMessage(nil, header(), linked(story())[1:]))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, links, err := ndjson.ReadMessage(text)
		if err != nil {
			return
		}
		again, got, err := ndjson.ReadMessage(ndjson.AppendMessage(nil, h, links))
		if err != nil || !reflect.DeepEqual(again, h) || !reflect.DeepEqual(got, links) {
			t.Errorf("read, written and read again: %v\n%+v %+v\n%+v %+v", err, h, links, again, got)
		}
	})
}

// What a message takes is what it holds: blank lines take nothing, and no time either.
func TestAMessageOfBlankLines(t *testing.T) {
	text := bytes.Repeat([]byte("\n"), 16<<20)
	least := uint64(math.MaxUint64)
	for range 3 { // others allocate too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := ndjson.ReadMessage(text); !errors.Is(err, ndjson.ErrTruncated) {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 4<<20 {
		t.Errorf("%d bytes for no event", least)
	}
}
