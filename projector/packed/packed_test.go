package packed_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// all is one of everything.
type all struct {
	u       uint64
	i       int32
	wide    int64
	near    uint64
	kind    uint8
	text    string
	a, b, d bool
	list    []string

	yes, no     bool
	usual, odd  int64
	here, never *int32
}

func code(c *packed.Coder, v *all) {
	c.Uint(&v.u)
	packed.Int(c, &v.i)
	packed.Delta(c, &v.wide, 1<<40)
	packed.Delta(c, &v.near, v.u)
	packed.Enum(c, &v.kind, 8)
	c.Text(&v.text)
	c.Flags(&v.a, &v.b, &v.d)
	n := c.Count(len(v.list), 1)
	if c.Reading() {
		v.list = make([]string, n)
	}
	for i := range n {
		c.Text(&v.list[i])
	}
	c.Record(func() {
		c.Bit(&v.yes)
		packed.Mostly(c, &v.usual, 7, 0)
		c.Record(func() { c.Bit(&v.no) })
		packed.Mostly(c, &v.odd, 7, v.wide)
		packed.Maybe(c, &v.here, func(n *int32) { packed.Int(c, n) })
		packed.Maybe(c, &v.never, func(n *int32) { packed.Int(c, n) })
	})
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, math.MinInt64, math.MaxInt64}))
	lawtest.Check(t, func(t *rapid.T) {
		v := all{
			u: uint64(number.Draw(t, "u")), i: rapid.Int32().Draw(t, "i"), wide: number.Draw(t, "wide"),
			near: uint64(number.Draw(t, "near")),
			kind: rapid.Uint8Range(0, 8).Draw(t, "kind"), text: rapid.String().Draw(t, "text"),
			a: rapid.Bool().Draw(t, "a"), b: rapid.Bool().Draw(t, "b"), d: rapid.Bool().Draw(t, "d"),
			yes: true, usual: 7, odd: number.Draw(t, "odd"), here: new(int32),
			list: rapid.SliceOf(rapid.SampledFrom([]string{"", "x", "Office"})).Draw(t, "list"),
		}
		*v.here = rapid.Int32().Draw(t, "here")
		w := packed.NewWriter()
		code(w, &v)
		var got all
		r := packed.NewReader(w.Bytes())
		if code(r, &got); r.End() != nil {
			t.Fatal(r.End())
		}
		again := packed.NewWriter()
		if code(again, &got); string(again.Bytes()) != string(w.Bytes()) || got.u != v.u || got.i != v.i ||
			got.wide != v.wide ||
			got.near != v.near || got.text != v.text || got.b != v.b || len(got.list) != len(v.list) ||
			!got.yes || got.no || got.usual != 7 || got.odd != v.odd || *got.here != *v.here || got.never != nil {
			t.Fatalf("%+v became %+v", v, got)
		}
		for cut := range w.Bytes() {
			r := packed.NewReader(w.Bytes()[:cut])
			if code(r, &got); !errors.Is(r.End(), packed.ErrMalformed) {
				t.Fatalf("%d of %d bytes are read without error", cut, len(w.Bytes()))
			}
		}
	})
}

func TestNumbersThatDoNotFit(t *testing.T) {
	w := packed.NewWriter()
	wide := int64(math.MaxInt32) + 1
	packed.Int(w, &wide)
	r := packed.NewReader(w.Bytes())
	var narrow int32
	if packed.Int(r, &narrow); narrow != 0 || r.End() == nil {
		t.Errorf("%d was read as %d", wide, narrow)
	}
}

func FuzzReader(f *testing.F) {
	w := packed.NewWriter()
	code(w, &all{u: 7, text: "Office", list: []string{"Office", "x"}})
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := packed.NewReader(data)
		var v all
		if code(r, &v); r.End() == nil && (v.kind > 8 || len(v.list) > len(data)) {
			t.Errorf("%+v of %x", v, data)
		}
	})
}
