package store

import (
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// FuzzFrame feeds the decoder with frames whose checksum is right, so that it gets past it: it must not panic, must
// not read past the end, and what it makes of them must survive being written and read again.
func FuzzFrame(f *testing.F) {
	f.Add(encode(f, 1, 10, noon, day()))
	f.Add(encode(f, 0, 1, 0, []jobmon.Event{{Kind: jobmon.KindStarted, Start: jobmon.NoStart}}))
	f.Add(handmade(frameVersion, 1, []byte{200, 8, 0, 63<<2 | wireRow, 1, 2, 3, 4, 0x85, 0x01}))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, bad := decode(data); bad != nil && len(data) > fixedLen {
			data = seal(slices.Clone(data))
		}
		frame, events, bad := decode(data)
		if bad != nil {
			if bad.offset < 0 || bad.offset > len(data) {
				t.Fatalf("%v in %d bytes", bad, len(data))
			}
			return
		}
		if len(events) != frame.count || len(events) > len(data)/minEventLen {
			t.Fatalf("%d events from %d bytes", len(events), len(data))
		}
		again, _, _, err := appendFrame(nil, nil, &frame, events)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, bad := decode(again); bad != nil || !slices.Equal(got, events) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", bad, got, events)
		}
	})
}
