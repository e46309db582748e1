package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// CompareCaches folds the log from its beginning and compares the caches that this program would use with what
// follows from the events (law 2): how many there are, and the names of those that are something else. Errors are
// those of Scan and Caches.
func CompareCaches(log Log) (compared int, wrong []string, err error) {
	list, err := log.Caches()
	if err != nil {
		return 0, nil, fmt.Errorf("look for caches in the log: %w", err)
	}
	of := map[uint64][]jobmon.Cache{}
	for _, c := range list {
		used := isCheckpoint(&c) || c.Name == mirrorCache && c.Version == mirrorVersion ||
			c.Name == factsCache && c.Version == factsVersion
		if full, ok := log.Cache(c.Name, c.Version); ok && used {
			of[full.Seq] = append(of[full.Seq], full)
		}
	}
	s := New()
	for b, err := range log.Scan(0) {
		if err != nil {
			return compared, wrong, fmt.Errorf("read the log after event %d: %w", s.Seq, err)
		}
		if err := s.Apply(&b); err != nil {
			return compared, wrong, err
		}
		for _, c := range of[s.Seq] {
			if compared++; !s.agrees(&c) {
				wrong = append(wrong, c.Name)
			}
		}
		delete(of, s.Seq)
	}
	for _, left := range of {
		for _, c := range left { // of a number that no batch ends with
			compared, wrong = compared+1, append(wrong, c.Name)
		}
	}
	return compared, wrong, nil
}

// agrees reports whether the cache holds what the state gives.
func (s *State) agrees(c *jobmon.Cache) bool {
	data := c.Data
	if isCheckpoint(c) {
		var err error
		if data, err = inflate(data); err != nil {
			return false
		}
	}
	return bytes.Equal(data, s.packed(c.Name))
}

// packed is what the cache of that name holds of this state; a projection is not packed by Pack here.
func (s *State) packed(name string) []byte {
	switch name {
	case mirrorCache:
		return EncodeMirror(s.Mirror)
	case factsCache:
		return s.Facts.encode()
	}
	return s.Projection.Encode()
}

// foldOn folds what is behind the state, up to that event.
func (s *State) foldOn(ctx context.Context, log Scanner, last uint64, told func(done, total uint64)) error {
	for b, err := range log.Scan(s.Seq + 1) {
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return fmt.Errorf("read the log after event %d: %w", s.Seq, err)
		}
		if b.First() > last {
			break
		}
		if err := s.Apply(&b); err != nil {
			return err
		}
		if told != nil {
			told(s.Seq, last)
		}
	}
	return nil
}

// errNotTheSame says that a cut would change what later pictures show.
var errNotTheSame = errors.New(
	"without its old history the log leads to another state: nothing was changed; this is a mistake in the program",
)

// compare makes sure that two states are the same.
func (s *State) compare(other *State) error {
	for _, part := range []string{mirrorCache, factsCache, projectionCache} {
		if !bytes.Equal(s.packed(part), other.packed(part)) {
			return fmt.Errorf("%w (%s after event %d)", errNotTheSame, part, s.Seq)
		}
	}
	return nil
}
