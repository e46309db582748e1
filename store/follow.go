package store

import (
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Follow appends batches of another log to a copy of it, under their own numbers: all of them in one commit, or none.
// When it returns without error they are on the disk. A checksum of a link that is 0 is not known, and not compared:
// of links that came in one message only the first Previous and the last Sum are known.
//
// A link joins where it comes right behind the last event, by number and by checksum. One with a Seam joins by number
// alone, and the seam is recorded. A log without events begins with any link.
//
// Errors: ErrUnjoined (a link does not join, or its events do not give its checksum); all else is as with Append.
func (l *Log) Follow(links []jobmon.Link) error {
	l.appending.Lock()
	defer l.appending.Unlock()
	if err := l.writable(); err != nil || len(links) == 0 {
		return err
	}
	f, err := l.frames(links, false)
	if errors.Is(err, ErrUnjoined) && l.ends().last == 0 {
		if g, again := l.frames(links, true); again == nil {
			f, err = g, nil
		}
	}
	if err != nil {
		return err
	}
	var changed *description
	if f.changed {
		changed = &description{meta: f.meta}
		if changed.record, err = changed.encode(); err != nil {
			return err
		}
	}
	if cap(f.data) <= maxScratch {
		l.frame, l.body = f.data, f.body
	}
	what := fmt.Sprintf("appending events %d to %d", links[0].First(), f.end.last)
	return l.extend(&f.end, changed, what, f.put)
}

// frames makes frames of links that follow the log. A log can begin with any number, because those before it were
// skipped or, if bare, because it was built of a text that begins there: only the checksums say which.
func (l *Log) frames(links []jobmon.Link, bare bool) (f follower, err error) {
	f = follower{path: l.path, meta: l.meta().meta, end: l.ends(), bare: bare, data: l.frame[:0], body: l.body}
	f.frames = make([]tailFrame, 0, len(links))
	if f.end.tail > f.end.last {
		f.end.tail = 0 // only what a failed commit left is there
	}
	for i := range links {
		if err := f.add(&links[i]); err != nil {
			return f, err
		}
	}
	return f, nil
}

// follower makes frames of links.
type follower struct {
	path    string
	meta    meta
	bare    bool
	changed bool   // the meta record
	end     bounds // of the log with the frames
	frames  []tailFrame
	data    []byte // of the frames
	body    []byte // working space
}

// add makes the frame of a link behind those before it.
func (f *follower) add(k *jobmon.Link) error {
	if len(k.Events) == 0 {
		return sentence(ErrUnjoined, f.path, "a batch without events does not follow event %d of %s", f.end.last,
			f.path)
	}
	for i := range k.Events {
		if e := &k.Events[i]; e.Seq != k.First()+uint64(i) || e.At != k.At {
			return f.unjoined(k, "the batch is of several numbers or times")
		}
	}
	if f.end.last == 0 {
		return f.begin(k)
	}
	switch {
	case k.After != f.end.last:
		return f.unjoined(k, fmt.Sprintf("it comes behind event %d", k.After))
	case !k.Seam && k.Lost > 0:
		return f.unjoined(k, fmt.Sprintf("%d events before it are missing", k.Lost))
	case !k.Seam && k.Previous != 0 && k.Previous != f.end.crc:
		return f.unjoined(k, fmt.Sprintf("it follows the checksum %08x, and %08x is there", k.Previous, f.end.crc))
	}
	return f.join(k, k.After)
}

// begin makes the frame of a log's first link.
func (f *follower) begin(k *jobmon.Link) error {
	chain := f.meta.chain()
	f.end.crc, f.changed = chain, true
	switch begins := *k; {
	case k.After > 0 || k.Seam:
		f.meta.First, begins.Seam = k.After+1, k.Seam || k.Previous != chain
		return f.join(&begins, k.After)
	case k.Previous != 0 && k.Previous != chain:
		return f.unjoined(k, "it begins another log")
	case f.bare:
		f.meta.First = k.First()
	default:
		f.meta.begin(&k.Batch)
	}
	return f.join(k, f.meta.First-1)
}

// join makes the frame of a link that comes behind event after.
func (f *follower) join(k *jobmon.Link, after uint64) error {
	first := k.First()
	if after >= first || k.Lost >= first-after {
		return f.unjoined(k, fmt.Sprintf("%d events cannot be missing behind event %d", k.Lost, after))
	}
	head := frame{previous: f.end.crc, first: first, at: k.At, count: len(k.Events)}
	if head.skipped = first - after - k.Lost - 1; k.Seam {
		head.previous = k.Previous
	}
	begin := len(f.data)
	var err error
	if f.data, f.body, head.crc, err = appendFrame(f.data, f.body, &head, k.Events); err != nil {
		return err
	}
	if k.Sum != 0 && k.Sum != head.crc {
		return f.unjoined(k, fmt.Sprintf("its checksum is %08x, its events give %08x", k.Sum, head.crc))
	}
	if k.Seam {
		f.meta.Seams = append(slices.Clip(f.meta.Seams), seam{Seq: head.begin(), Lost: k.Lost})
		f.meta.Format, f.changed = format, true
	}
	data := f.data[begin:len(f.data):len(f.data)]
	f.frames = append(f.frames, tailFrame{frame: head, key: first, data: data, decoded: k.Events})
	f.end.add(&head)
	return nil
}

func (f *follower) unjoined(k *jobmon.Link, why string) error {
	return sentence(ErrUnjoined, f.path, "event %d is not appended to %s behind event %d: %s", k.First(), f.path,
		f.end.last, why)
}

// put stores the frames. What fits joins the tail; else the tail becomes a block, and so does what has enough of them.
func (f *follower) put(tx *bolt.Tx) error {
	if f.end.tail > 0 && f.end.last-f.end.tail >= sealEvents {
		if err := sealTail(tx, f.path); err != nil {
			return err
		}
		f.end.tail = 0
	}
	group := f.frames
	if f.end.tail == 0 {
		var err error
		if group, err = f.seal(tx); err != nil {
			return err
		}
		f.end.tail = group[0].first
	}
	bucket := tx.Bucket([]byte(bucketTail))
	bucket.FillPercent = fill
	for i := range group {
		if err := bucket.Put(seqKey(group[i].first), group[i].data); err != nil {
			return err
		}
	}
	return nil
}

// seal makes blocks of the frames, and returns those that are left for the tail: at least the last one.
func (f *follower) seal(tx *bolt.Tx) (left []tailFrame, err error) {
	begin, size := 0, 0
	for i := range f.frames {
		t := &f.frames[i]
		if i > begin && (t.last()-f.frames[begin].first >= sealEvents || size+len(t.data) > sealBytes) {
			if err := putBlocks(tx, f.frames[begin:i]); err != nil {
				return nil, err
			}
			begin, size = i, 0
		}
		size += len(t.data)
	}
	return f.frames[begin:], nil
}
