package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RestoreOptions say how a log is restored.
type RestoreOptions struct {
	DryRun   bool     // change nothing, only say what would be
	Other    bool     // also take the place of a log with another id
	Progress Progress // may be nil
}

// Restoration is what a restore did, or would do.
type Restoration struct {
	Backup  Summary  `json:"backup"`
	Present *Summary `json:"present"`         // the log that was there, nil for none
	Broken  string   `json:"broken"`          // why that log cannot be opened; Present then holds its path and size
	Lost    uint64   `json:"lost"`            // events of Present that are behind the end of the backup
	Aside   string   `json:"aside,omitempty"` // where Present is afterwards
}

// Restore makes a copy of a backup the log of the data dir. The backup is read and proven first. The log that was there
// is moved aside, not removed, and what is appended next has higher sequence numbers than it had given. Of a backup whose
// pages are damaged everything is restored that is whole; Summary.Damaged says what is not.
//
// The caller sees to it that no daemon works on the folder; the log that is there is locked besides, so that nobody
// appends to it meanwhile. Whatever instant this is cut off at, the folder has the old log in use or the new one, whole:
//
//	log-NNNNNN.db.new  being written               cut off here: removed by the next writer
//	log-NNNNNN.db      complete                    cut off here: removed by the next writer, or stays unused
//	CURRENT            replaced                    from here on the backup is the log
//	log-OOOOOO.db      renamed to .aside           cut off before: the old log stays under its name, unused
//
// Errors: those of Open, ErrLocked among them; ErrInvalid when the backup is of another log than the one that is there
// and Other is not set; ErrNotOurs when nothing in the backup is of a log.
func Restore(ctx context.Context, dir, file string, o RestoreOptions) (r Restoration, err error) {
	backup, err := openSource(ctx, file, dir)
	if err != nil {
		return r, fmt.Errorf("open the backup: %w", err)
	}
	defer func() {
		r.Backup.Path, r.Backup.Damaged = file, append(r.Backup.Damaged, backup.lost...)
		err = errors.Join(err, backup.Close())
	}()
	present, err := r.lookAt(dir, o.DryRun)
	if err != nil {
		return r, err
	}
	if present != nil {
		defer func() { err = errors.Join(err, present.Close()) }()
	}
	r.compare(backup.Log)
	switch {
	case r.Present != nil && r.Broken == "" && r.Present.ID != backup.ID() && !o.Other:
		return r, sentence(ErrInvalid, file, "%s is the backup of another log (%s, site %s) than the one in %s (%s, site %s): nothing was changed; "+
			"restore it into another data_dir, or say that it may take this one's place", file, backup.ID(), backup.Site(), dir, r.Present.ID, r.Present.Site)
	case o.DryRun:
		r.Backup, err = backup.summary(ctx, o.Progress)
		return r, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return r, ioError("creating the data dir", err)
	}
	path, err := nextGeneration(dir)
	if err != nil {
		return r, err
	}
	if err := requireSpace(dir, r.Backup.Bytes); err != nil {
		return r, err
	}
	_ = os.Remove(path + tempSuffix) // of a restore that was cut off
	r.Backup, err = copyLog(ctx, backup, path+tempSuffix, o.Progress, func(m *meta) {
		m.Replaces = nil
		if present != nil && present.ID() == m.ID {
			m.Next = max(m.Next, present.Next())
		}
	})
	if err != nil {
		return r, err
	}
	if err := publish(path); err != nil {
		_ = os.Remove(path + tempSuffix)
		return r, err
	}
	if err := writeCurrent(dir, path); err != nil {
		if !isCurrent(dir, path) {
			_ = os.Remove(path)
		}
		return r, err
	}
	return r, r.moveAside(present)
}

// lookAt opens the log that is there, for writing unless this is a dry run, so that nobody else does. A log that cannot be opened is no obstacle:
// it is what backups are for.
func (r *Restoration) lookAt(dir string, dry bool) (*Log, error) {
	path, err := currentLog(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := withoutCurrent(dir, defaultLockWait); errors.Is(err, ErrNotOurs) || errors.Is(err, ErrLocked) {
			return nil, err
		}
		return nil, nil // logs that nothing names stay where they are
	}
	if errors.Is(err, ErrNotOurs) {
		return nil, err
	}
	var present *Log
	if err == nil {
		present, err = Open(dir, Options{ReadOnly: dry, asItIs: true})
	}
	switch {
	case err == nil:
		s := present.describe()
		r.Present = &s
	case errors.Is(err, ErrLocked), errors.Is(err, ErrNotOurs), errors.Is(err, fs.ErrPermission):
		return nil, err
	default:
		r.Broken = err.Error()
		r.Present = &Summary{Path: path}
		if info, err := os.Stat(path); err == nil {
			r.Present.Bytes = info.Size()
		}
	}
	return present, nil
}

// compare says what of the present log the backup does not have.
func (r *Restoration) compare(backup *Log) {
	r.Backup = backup.describe()
	if r.Present == nil || r.Broken != "" {
		return
	}
	r.Aside = r.Present.Path + asideSuffix
	switch {
	case r.Present.Last == 0:
	case r.Present.ID != backup.ID():
		r.Lost = r.Present.Last - r.Present.First + 1
	case r.Present.Last > r.Backup.Last:
		r.Lost = r.Present.Last - r.Backup.Last
	}
}

// moveAside closes the log that was there and gives it another name; Windows renames no open file.
func (r *Restoration) moveAside(present *Log) error {
	if r.Present == nil || r.Present.Path == "" {
		return nil
	}
	if present != nil {
		if err := present.Close(); err != nil {
			return err
		}
	}
	aside := r.Present.Path + asideSuffix
	if err := patiently(func() error { return os.Rename(r.Present.Path, aside) }); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return ioError("the backup is the log now, but the old one could not be moved aside", err)
	}
	r.Aside = aside
	return syncFolder(filepath.Dir(aside))
}
