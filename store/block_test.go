package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// sealing makes the frames of batches, as they are when they are to be sealed. Before each of those named in skips so
// many sequence numbers are skipped.
func sealing(t rapid.TB, first uint64, at []jobmon.Instant, batches [][]jobmon.Event,
	skips map[int]uint64) []tailFrame {
	t.Helper()
	var group []tailFrame
	f := frame{previous: 0xfeedf00d, first: first}
	for i, events := range batches {
		f.first, f.skipped, f.at = f.first+skips[i], skips[i], at[i]
		data, _, crc, err := appendFrame(nil, nil, &f, events)
		if err != nil {
			t.Fatal(err)
		}
		tail, ok := newTailFrame(seqKey(f.first), data)
		if !ok || tail.bad {
			t.Fatalf("frame %d cannot be sealed", i)
		}
		group = append(group, tail)
		f.first, f.previous = f.first+uint64(len(events)), crc
	}
	return group
}

func unpack(data []byte) (part, []jobmon.Event, []batchEnd, *frameError) {
	b, bad := parsePart(data)
	if bad == nil && !b.block {
		bad = broken(0, "it is a frame")
	}
	if bad != nil {
		return b, nil, nil, bad
	}
	var r blockReader
	events, bad := r.events(&b, &decoder{})
	return b, events, r.batches, bad
}

// busy are batches as they come, each at its time.
func busy(n int) (at []jobmon.Instant, batches [][]jobmon.Event) {
	batches = cycles(n)
	for i := range batches {
		at = append(at, noon+jobmon.Instant(5000*i+i%7))
	}
	return at, batches
}

func TestBlocksComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		var at []jobmon.Instant
		var batches [][]jobmon.Event
		skips := map[int]uint64{}
		for i := range rapid.IntRange(1, 6).Draw(t, "batches") {
			at = append(at,
				jobmon.Instant(rapid.OneOf(rapid.Int64Range(int64(noon), int64(noon)+10_000), anyInt64()).Draw(t,
					"at")))
			batches = append(batches, AnyEvents(t, 8))
			if rapid.IntRange(0, 4).Draw(t, "skips") == 0 {
				skips[i] = rapid.Uint64Range(1, 1_000_000).Draw(t, "skipped")
			}
		}
		first := rapid.OneOf(rapid.Uint64Range(1, 10_000_000), rapid.Uint64Range(1, jobmon.MaxSeq-10_000_000)).Draw(t,
			"first")
		group := sealing(t, first, at, batches, skips)
		data := packed(group)
		b, events, ends, bad := unpack(data)
		if bad != nil {
			t.Fatal(bad)
		}
		i := 0
		for k, end := range ends {
			want := numbered(group[k].first, at[k], batches[k])
			if end.at != at[k] || end.skipped != skips[k] || !slices.Equal(events[i:end.end], want) {
				t.Fatalf("batch %d\ngot  %+v\nwant %+v", k, events[i:end.end], want)
			}
			i = end.end
		}
		if i != len(events) || b.previous != 0xfeedf00d || b.crc != group[len(group)-1].crc {
			t.Fatalf("%d of %d events, head %+v", i, len(events), b.head)
		}
	})
}

func TestBusyBlocksAreSmallAndListTheirComputers(t *testing.T) {
	t.Parallel()
	at, batches := busy(800)
	group := sealing(t, 1, at, batches, nil)
	data := packed(group)
	b, events, _, bad := unpack(data)
	if bad != nil {
		t.Fatal(bad)
	}
	per := float64(len(data)) / float64(len(events))
	t.Logf("%d events, %.1f bytes each", len(events), per)
	if per > 8 {
		t.Errorf("%.1f bytes an event, at most 8 are meant", per)
	}
	for id := range jobmon.ComputerID(40) {
		id += 5_000_090
		is := slices.ContainsFunc(events, func(e jobmon.Event) bool { return e.Computer == id })
		if b.lists(id) != is {
			t.Errorf("computer %d is listed: %v, has events: %v", id, b.lists(id), is)
		}
	}
}

func TestBlockFormatIsFrozen(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "block-v2.hex")
	at, batches := busy(90)
	batches[3] = append(batches[3], day()...)
	group := sealing(t, 4711, at, batches, map[int]uint64{0: 11, 5: 1000})
	data := packed(group)
	text := ""
	for line := range slices.Chunk(data, 32) {
		text += hex.EncodeToString(line) + "\n"
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := hex.DecodeString(strings.Join(strings.Fields(string(golden)), ""))
	if err != nil {
		t.Fatal(err)
	}
	var want []jobmon.Event
	for i := range group {
		want = append(want, numbered(group[i].first, at[i], batches[i])...)
	}
	if _, got, _, bad := unpack(old); bad != nil || !slices.Equal(got, want) {
		t.Errorf("%s is no longer read as it was: %v", path, bad)
	}
	if !bytes.Equal(data, old) {
		t.Errorf("blocks are no longer written as in %s; written now:\n%s", path, text)
	}
}

// resealed gives a block the checksums that its bytes have.
func resealed(data []byte) []byte {
	c := cursor{data: data, at: fixedLen}
	head, body := c.uvarint(), c.uvarint()
	end := uint64(c.at) + head
	if c.bad || head > uint64(len(data)) || body > uint64(len(data)) || end > uint64(len(data)) {
		return data
	}
	binary.LittleEndian.PutUint32(data[8:], checksum(0, data[end:]))
	binary.LittleEndian.PutUint32(data[4:], checksum(0, data[:4], data[8:end]))
	return data
}

func smallBlock(t testing.TB) []byte {
	at, batches := busy(60)
	group := sealing(t, 10, append(at, noon), append(batches, day()), nil)
	return packed(group)
}

func TestEveryFlippedBitInABlockIsFound(t *testing.T) {
	t.Parallel()
	whole := smallBlock(t)
	for i := range len(whole) * 8 {
		data := bytes.Clone(whole)
		data[i/8] ^= 1 << (i % 8)
		if _, _, _, bad := unpack(data); bad == nil || bad.kind == ErrNewer || bad.offset < 0 ||
			bad.offset > len(data) {
			t.Fatalf("bit %d of byte %d: %v", i%8, i/8, bad)
		}
	}
	for n := range whole {
		if _, _, _, bad := unpack(whole[:n]); bad == nil || bad.kind != ErrTruncated {
			t.Fatalf("cut at %d of %d bytes: %v", n, len(whole), bad)
		}
	}
	if _, _, _, bad := unpack(append(bytes.Clone(whole), 0)); bad == nil || bad.kind != ErrCorrupt {
		t.Errorf("a byte too many: %v", bad)
	}
}

func TestABlockOfANewerWriter(t *testing.T) {
	t.Parallel()
	at, batches := busy(60)
	group := sealing(t, 10, at, batches, nil)
	whole := packed(group)
	b, want, _, bad := unpack(whole)
	if bad != nil {
		t.Fatal(bad)
	}
	newer := bytes.Clone(whole)
	newer[3]++
	if _, _, _, bad := unpack(resealed(newer)); bad == nil || bad.kind != ErrNewer {
		t.Errorf("a newer version: %v", bad)
	}

	// A column that is not known, and a form with a field that is not known, are stepped over.
	body := append(bytes.Clone(b.body), 99, 3, 'a', 'b', 'c')
	body = append(body, columnValues+20, 2, 1, 1)
	if _, got, _, bad := unpack(appendBlock(nil, &b.head, body)); bad != nil || !slices.Equal(got, want) {
		t.Errorf("with columns that are not known: %v", bad)
	}
	var r blockReader
	r.columns[columnForms] = []byte{1, 7, 200, 0x40, 1<<fieldComputer | 0x80, 0x80, 0x40, 'x', 'y'}
	if !r.formTable() || r.forms[0].kind != 200 || r.forms[0].flags != 0x40 || r.forms[0].fields>>20 != 1 ||
		!r.forms[0].has(fieldComputer) {
		t.Errorf("a form of a newer writer: %+v", r.forms)
	}

	// The head may have more fields.
	head := append(b.append(nil), "more"...)
	data := append([]byte(blockMagic), blockVersion, 0, 0, 0, 0, 0, 0, 0, 0)
	data = binary.AppendUvarint(data, uint64(len(head)))
	data = binary.AppendUvarint(data, uint64(len(b.body)))
	data = resealed(append(append(data, head...), b.body...))
	if _, got, _, bad := unpack(data); bad != nil || !slices.Equal(got, want) {
		t.Errorf("with a longer head: %v", bad)
	}
}

func TestWhatIsNotKnownIsSealedAsItIs(t *testing.T) {
	t.Parallel()
	at, batches := busy(60)
	group := sealing(t, 10, at, batches, nil)
	last := &group[len(group)-1]
	unknown := handmade(frameVersion, 1, []byte{200, 4, 0x40, 63<<2 | wireNumber, 0x81, 0x01})
	f, bad := parseFrame(unknown)
	if bad != nil {
		t.Fatal(bad)
	}
	f.first = last.last() + 1
	group = append(group, tailFrame{frame: f, key: f.first, data: unknown})
	sizes := []int{}
	err := pack(group, func(seq uint64, data []byte) error {
		if isBlock(data) {
			b, events, _, bad := unpack(data)
			if bad != nil || b.first != seq {
				t.Errorf("%+v at %d: %v", b.head, seq, bad)
			}
			sizes = append(sizes, len(events))
		} else if seq != f.first || !bytes.Equal(data, unknown) {
			t.Errorf("the frame at %d is not what it was", seq)
		} else {
			sizes = append(sizes, -1)
		}
		return nil
	})
	sum := 0
	for _, n := range sizes[:len(sizes)-1] {
		sum += n
	}
	if err != nil || sizes[len(sizes)-1] != -1 || sum != int(last.last()-9) || len(sizes) > 8 {
		t.Errorf("parts of %v events, %v", sizes, err)
	}
}

// FuzzBlock feeds the decoder with blocks whose checksums are right, so that it gets past them: it must not panic, must
// not read past the end, and what it makes of them must be told by the head.
func FuzzBlock(f *testing.F) {
	f.Add(smallBlock(f))
	at, batches := busy(30)
	group := sealing(f, 4711, at, batches, map[int]uint64{0: 11, 5: 1000})
	f.Add(packed(group))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > fixedLen {
			data = resealed(bytes.Clone(data))
		}
		b, events, batches, bad := unpack(data)
		if bad != nil {
			if bad.offset < 0 || bad.offset > len(data) {
				t.Fatalf("%v in %d bytes", bad, len(data))
			}
			return
		}
		b.lists(5_000_042)
		if len(events) != b.events || len(batches) != b.batches || events[0].Seq != b.first ||
			events[len(events)-1].Seq != b.last {
			t.Fatalf("%d events in %d batches, %d to %d; the head says "+
				"%+v", len(events), len(batches), events[0].Seq, events[len(events)-1].Seq, b.head)
		}
		for i := range events {
			if i > 0 && events[i].Seq <= events[i-1].Seq || events[i].Kind == 0 {
				t.Fatalf("event %d follows %d", events[i].Seq, events[i-1].Seq)
			}
		}
	})
}
