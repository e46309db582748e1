package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Salvage is what can be got out of the file of a log whatever has become of it, without bbolt.
type Salvage struct {
	path  string
	file  io.ReaderAt
	close func() error
	size  int64
	scan  *scan
	chain []found

	begun   bool // the file begins as one of bbolt's, and its tree is damaged
	certain bool // nothing is missing behind the end: the tree is whole there
}

// OpenSalvage looks through the file at path for everything of a log that is whole: a long one takes as long as reading
// it. It takes no lock and changes nothing. Errors: ErrNewer (it holds what only a newer version can read), the disk's,
// and the context's. The caller closes it.
func OpenSalvage(ctx context.Context, path string) (*Salvage, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, ioError("opening the log", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(ioError("looking at the log "+path, err), file.Close())
	}
	s, err := salvageTree(ctx, file, info.Size(), path)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.close = file.Close
	return s, nil
}

// Close closes the file.
func (s *Salvage) Close() error { return s.close() }

// salvageTree is salvageFile after a look at what the tree leads to.
func salvageTree(ctx context.Context, file io.ReaderAt, size int64, path string) (*Salvage, error) {
	v := &verifier{ctx: ctx, file: file, report: &Report{Path: path, Size: size}}
	var err error
	if v.tree, err = walkTree(file, size, path); errors.Is(err, ErrNotOurs) {
		return salvageFile(ctx, file, size, path, nil)
	}
	if err == nil {
		err = v.record()
	}
	if err == nil && v.known {
		err = v.pieces()
	}
	if err != nil {
		return nil, err
	}
	s, err := salvageFile(ctx, file, size, path, v.seen)
	if err != nil {
		return nil, err
	}
	if v.known {
		s.scan.meta, s.scan.record = v.meta, true
	}
	s.begun = v.tree.good > 0 && len(v.tree.faults) > 0
	tail := v.tree.entries[bucketTail]
	s.certain = v.known && v.tree.good == 2 && !v.tree.lame && (len(tail) == 0 && len(s.chain) == 0 ||
		len(tail) > 0 && len(s.chain) > 0 && s.chain[len(s.chain)-1].offset == tail[len(tail)-1].offset)
	return s, nil
}

// salvageFile finds what is whole; live is what the tree leads to, as far as is known.
func salvageFile(ctx context.Context, file io.ReaderAt, size int64, path string, live []found) (*Salvage, error) {
	s, err := scanFile(ctx, file, size)
	if err != nil {
		return nil, err
	}
	if s.newer {
		return nil, sentence(ErrNewer, path, "%s holds events that a newer version of jobmon-db wrote: use that version", path)
	}
	finds := append(live[:len(live):len(live)], s.finds...)
	return &Salvage{path: path, file: file, size: size, scan: s, chain: chainOf(finds)}, nil
}

// Read yields the batches that can be read, in order, beginning with the one that contains sequence number from. Between
// two of them anything may be missing. The only errors are the disk's.
func (s *Salvage) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		err := s.batches(context.Background(), func(b *jobmon.Batch, _ uint64) bool {
			return b.Last() < from || yield(*b, nil)
		})
		if err != nil {
			yield(jobmon.Batch{}, err)
		}
	}
}

// batches tells all batches, each with the number at which it begins when numbers before it were skipped.
func (s *Salvage) batches(ctx context.Context, tell func(b *jobmon.Batch, begin uint64) bool) error {
	return s.pieces(ctx, func(r *reader, p *piece, begin uint64) error {
		for {
			err := r.piece(p, func(b jobmon.Batch, _ error) bool {
				ok := tell(&b, begin)
				begin = b.Last() + 1
				return ok
			})
			var e *Error
			if !errors.As(err, &e) {
				return err
			}
			if e.Last < r.from || e.Last >= p.until {
				return nil // nothing of it can be read, or no more
			}
			r.from, r.chained = e.Last+1, false
			begin = r.from
		}
	})
}

// pieces reads what makes the log piece by piece. The reader takes it as the first one.
func (s *Salvage) pieces(ctx context.Context, do func(r *reader, p *piece, begin uint64) error) error {
	r := newFileReader(s.path)
	r.proving, r.reuse, r.blocks.reuse = false, false, false
	var data []byte
	for i := range s.chain {
		f := &s.chain[i]
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if cap(data) < f.size {
			data = make([]byte, f.size)
		}
		data = data[:f.size]
		if _, err := s.file.ReadAt(data, f.offset); err != nil {
			return ioError("reading the log "+s.path, err)
		}
		r.page.data = data
		r.from, r.chained = f.first, false
		err := do(&r, &piece{key: f.first, until: f.last, sealed: f.sealed, end: f.size}, f.begin)
		if err == errEnough {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// frames tells the frames of the log, in order; what it does with their bytes must be done when it returns.
func (s *Salvage) frames(ctx context.Context, tell func(f *frame) error) error {
	return s.pieces(ctx, func(r *reader, p *piece, _ uint64) error {
		if !p.sealed {
			return tellFrame(r.page.bytes(p), tell)
		}
		b, bad := parseBlock(r.page.bytes(p))
		if bad != nil {
			return nil // it was whole a moment ago: what another process just did
		}
		if b.encoding == asFrames {
			parts, bad := r.page.inside(p, &b)
			for i := 0; bad == nil && i < len(parts); i++ {
				if err := tellFrame(r.page.bytes(&parts[i]), tell); err != nil {
					return err
				}
			}
			return nil
		}
		events, bad := r.blocks.events(&b, &r.decoder)
		if bad != nil {
			return nil
		}
		var failed error
		r.blocks.frames(&b, events, func(data []byte) bool {
			failed = tellFrame(data, tell)
			return failed == nil
		})
		return failed
	})
}

// tellFrame tells a frame if its events can be read.
func tellFrame(data []byte, tell func(f *frame) error) error {
	f, bad := parseFrame(data)
	if bad != nil {
		return nil
	}
	var d decoder
	if _, bad := d.events(nil, &f); bad != nil {
		return nil
	}
	return tell(&f)
}
