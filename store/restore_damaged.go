package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// source is an open backup. When bbolt must not open the file, everything in it that is whole was carried over into a
// log of its own, and that one is open.
type source struct {
	*Log
	lost    []Gap  // what could not be carried over
	unsure  bool   // events behind the end may be missing too
	scratch string // the folder of that log, "" for none
}

// openSource opens a backup. One that bbolt cannot open, or whose tree is damaged (deep says how), is carried over into
// a folder that lies in beside, or where temporary files do. Damage inside frames and blocks that a whole tree leads to
// is left as it is. Errors are those of OpenFile.
func openSource(ctx context.Context, file, beside, deep string) (_ *source, err error) {
	why := errors.New(deep)
	if deep == "" {
		log, err := OpenFile(file)
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNotOurs) {
			return &source{Log: log}, err
		}
		why = err
	}
	whole, err := OpenSalvage(ctx, file)
	if err != nil {
		return nil, errors.Join(why, err)
	}
	defer func() { err = errors.Join(err, whole.Close()) }()
	if _, err := os.Stat(beside); err != nil {
		beside = ""
	}
	s := &source{}
	if s.scratch, err = os.MkdirTemp(beside, "jobmon-db.restore-"); err != nil {
		return nil, ioError("making a folder for what is whole in "+file, err)
	}
	q, err := whole.carryOver(ctx, s.scratch, fmt.Sprintf("a damaged backup was restored: %v", why), jobmon.InstantOf(time.Now()))
	if err == nil {
		s.lost, s.unsure = q.Lost, q.Unsure
		s.Log, err = OpenFile(q.Path)
	}
	if errors.Is(err, ErrNotOurs) {
		err = why // nothing of a log is in it
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.scratch))
	}
	return s, nil
}

// Close closes the backup and removes what was carried over.
func (s *source) Close() error {
	err := s.Log.Close()
	if s.scratch != "" {
		err = errors.Join(err, os.RemoveAll(s.scratch))
	}
	return err
}
