package store

import (
	"encoding/binary"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// carryBytes is how many bytes of frames are written in one commit.
const carryBytes = 8 << 20

// carrier writes frames that were salvaged into a new log. What a frame says of its events stays byte for byte; where
// something is missing before it, it says anew what it follows, and that numbers were skipped.
type carrier struct {
	db   *bolt.DB
	path string
	meta meta
	next uint64 // sequence number that comes next
	crc  uint32 // of the frame before
	last jobmon.Instant

	waiting []carried
	size    int
	bounds  bounds
}

type carried struct {
	frame
	data []byte
}

func newCarrier(path string, m meta) (*carrier, error) {
	if err := writeEmptyLog(path, m, defaultLockWait); err != nil {
		return nil, err
	}
	db, err := openBolt(path, boltOptions(false, defaultLockWait))
	if err != nil {
		return nil, err
	}
	return &carrier{db: db, path: path, meta: m, next: m.First, crc: m.Chain, bounds: bounds{crc: m.Chain}}, nil
}

// add takes the next frame; its bytes are copied.
func (w *carrier) add(f *frame) error {
	if f.begin() < w.next {
		return nil // cannot be: what is salvaged does not overlap
	}
	g := frame{previous: w.crc, first: f.first, skipped: f.first - w.next, count: f.count, at: f.at}
	data, err := reframe(&g, f.events)
	if err != nil {
		return err
	}
	w.waiting = append(w.waiting, carried{g, data})
	w.size += len(data)
	w.next, w.crc, w.last = g.last()+1, g.crc, g.at
	if w.size < carryBytes {
		return nil
	}
	return w.flush()
}

// reframe makes the frame of these encoded events, and sets its checksum.
func reframe(f *frame, events []byte) ([]byte, error) {
	body := binary.AppendUvarint(nil, f.first)
	body = binary.AppendUvarint(body, uint64(f.count))
	body = binary.AppendUvarint(body, zigzag(int64(f.at)))
	version := byte(frameVersion)
	if f.skipped > 0 {
		version = gapVersion
		body = binary.AppendUvarint(body, f.skipped)
	}
	data := append([]byte(magic), version)
	data = binary.LittleEndian.AppendUint32(data, f.previous)
	data = append(data, 0, 0, 0, 0)
	data = binary.AppendUvarint(data, uint64(len(body)+len(events)))
	data = append(append(data, body...), events...)
	if len(data) > MaxFrame {
		return nil, sentence(ErrTooLarge, "", "the batch of %d to %d has no room to say that numbers before it are lost", f.first, f.last())
	}
	f.crc = checksum(0, data[:8], data[fixedLen:])
	binary.LittleEndian.PutUint32(data[8:], f.crc)
	return data, nil
}

// flush commits the frames that wait, and seals them as appending one after the other would.
func (w *carrier) flush() error {
	if len(w.waiting) == 0 {
		return nil
	}
	err := w.db.Update(func(tx *bolt.Tx) error {
		l := Log{path: w.path, meta: w.meta}
		for i := range w.waiting {
			f := &w.waiting[i]
			l.frame = f.data
			tail, err := l.put(tx, &w.bounds, &f.frame)
			if err != nil {
				return err
			}
			w.bounds = bounds{first: w.meta.First, last: f.last(), lastAt: f.at, crc: f.crc, tail: tail}
		}
		return nil
	})
	w.waiting, w.size = w.waiting[:0], 0
	if err != nil {
		return ioError("writing "+w.path, err)
	}
	return nil
}

// record appends what the log says of its loss, and lets go of the numbers that may have been given behind its end.
func (w *carrier) record(q *Quarantined, why string, now jobmon.Instant) error {
	var events []jobmon.Event
	for _, g := range q.Lost {
		events = append(events, jobmon.Event{Kind: jobmon.KindDamaged, From: g.From, To: g.To, Text: "could not be carried over from a damaged log"})
	}
	f := frame{previous: w.crc, first: w.next, at: w.last}
	if w.last == 0 {
		f.at = now
	}
	if q.Unsure {
		f.skipped = min(unsureEnd, jobmon.MaxSeq-min(jobmon.MaxSeq, w.next+uint64(len(events))))
		f.first += f.skipped
	}
	moved := jobmon.Event{Kind: jobmon.KindDamaged, Text: strings.ToValidUTF8(why[:min(len(why), 1000)], "")}
	if f.skipped > 0 {
		moved.From, moved.To = w.next, f.first-1
	}
	events = append(events, moved)
	data, _, crc, err := appendFrame(nil, nil, &f, events)
	if err != nil {
		return err
	}
	f.count, f.crc = len(events), crc
	w.waiting = append(w.waiting, carried{f, data})
	return w.flush()
}

func (w *carrier) close() error {
	if err := w.db.Close(); err != nil {
		return ioError("closing "+w.path, err)
	}
	return nil
}
