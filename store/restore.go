package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// RestoreOptions choose how a log is restored.
type RestoreOptions struct {
	DryRun   bool     // change nothing, only report what would happen
	Other    bool     // also replace a log with another id, or restore a backup whose id cannot be read
	Damaged  bool     // restore what is whole of a damaged backup
	Progress Progress // may be nil

	// Before is called when everything is known and nothing is changed yet; an error ends the restore. It may be nil.
	Before func(*Restoration) error
}

// Restoration is what a restore did, or would do.
type Restoration struct {
	Backup  Summary  `json:"backup"`
	Present *Summary `json:"present"`          // the log that was there, nil for none
	Broken  string   `json:"broken"`           // why that log cannot be opened; Present holds what can be read of it
	Lost    uint64   `json:"lost"`             // readable events of Present that are not in the backup
	Aside   string   `json:"aside,omitempty"`  // where Present is afterwards
	Fault   string   `json:"fault,omitempty"`  // what is wrong with the backup: some of its events are missing
	Unsure  bool     `json:"unsure,omitempty"` // events behind the end of the backup may be missing too
}

// Restore makes a copy of a backup the log of the data dir. The backup is read and proven first. The log that was there
// is moved aside, not removed, and what is appended next has higher sequence numbers than that log had given.
//
// A backup that holds no events is refused. So is one that is damaged, unless Damaged is set: then everything that is
// whole is restored, and Summary.Damaged lists what is missing.
//
// The caller makes sure that no daemon works on the folder; the present log is locked besides, so that nobody
// appends to it meanwhile. Wherever this is cut off, the folder has the old log in use or the new one, whole:
//
//	log-NNNNNN.db.new  being written               cut off here: removed by the next writer
//	log-NNNNNN.db      complete                    cut off here: removed by the next writer, or stays unused
//	CURRENT            replaced                    from here on the backup is the log
//	log-OOOOOO.db      renamed to .aside           cut off before: the old log stays under its name, unused
//
// Errors: those of Open, ErrLocked among them; ErrBackup for a backup that is empty or damaged; ErrInvalid when the
// backup is of another log than the present one and Other is not set; ErrNotOurs when nothing in it is of a log.
func Restore(ctx context.Context, dir, file string, o RestoreOptions) (r Restoration, err error) {
	backup, err := openFileLog(ctx, file, nil)
	if err != nil {
		return r, fmt.Errorf("open the backup: %w", err)
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	report := backup.verified()
	if err := r.examine(report, o.Damaged); err != nil {
		return r, err
	}
	backup.join()
	r.Backup.ID, r.Unsure = report.ID, !backup.certain
	if r.Fault != "" {
		r.Backup.Damaged = backup.lost
	}
	present, err := r.lookAt(dir, o.DryRun)
	if err != nil {
		return r, err
	}
	if present != nil {
		defer func() { err = errors.Join(err, present.Close()) }()
	}
	if err := r.compare(ctx, report); err != nil {
		return r, err
	}
	if err := r.sameLog(dir, o.Other); err != nil {
		return r, err
	}
	if o.Before != nil {
		if err := o.Before(&r); err != nil {
			return r, err
		}
	}
	if o.DryRun {
		return r, nil
	}
	return r, r.replace(ctx, dir, backup, present, o.Progress)
}

// examine refuses a backup that is not worth its name.
func (r *Restoration) examine(report *Report, damaged bool) error {
	file := report.Path
	r.Fault = report.losing()
	r.Backup = report.summary()
	switch {
	case r.Backup.Events == 0 && r.Fault != "":
		return sentence(ErrBackup, file,
			"%s is damaged, %s, and none of its events can be read: nothing was changed; use "+
				"another backup", file, r.Fault)
	case r.Backup.Events == 0:
		return sentence(ErrBackup, file, "%s holds no events: nothing was changed; use another backup", file)
	case r.Fault != "" && !damaged:
		return sentence(ErrBackup, file, "%s is damaged, %s: %d events of it can be read, from %d to %d; nothing was "+
			"changed; "+
			"use another backup, or restore what can be read with --damaged",
			file, r.Fault, r.Backup.Events, r.Backup.First, r.Backup.Last)
	}
	return nil
}

// sameLog refuses to replace a log by the backup of another one.
func (r *Restoration) sameLog(dir string, other bool) error {
	switch {
	case other || r.Present == nil || r.Broken != "" || r.Present.ID == r.Backup.ID:
		return nil
	case r.Backup.ID == "":
		return sentence(ErrInvalid, r.Backup.Path, "%s is too damaged to name the log that it is of; the one in %s is "+
			"%s, site %q, with %d events that would be lost: nothing was changed; restore into another data_dir, "+
			"or add --other-log",
			r.Backup.Path, dir, r.Present.ID, r.Present.Site, r.Lost)
	}
	return sentence(ErrInvalid, r.Backup.Path, "%s is the backup of another log (%s, site %q) than the one in %s "+
		"(%s, site %q), whose %d events would be lost: nothing was changed; restore into another data_dir, or add "+
		"--other-log",
		r.Backup.Path, r.Backup.ID, r.Backup.Site, dir, r.Present.ID, r.Present.Site, r.Lost)
}

// replace makes a copy of the backup the log.
func (r *Restoration) replace(
	ctx context.Context, dir string, backup *fileLog, present *Log, progress Progress,
) error {
	if err := trust.MakeFolder(dir); err != nil {
		return ioError("creating the data dir", err)
	}
	if err := requireSpace(dir, r.Backup.Bytes); err != nil {
		return err
	}
	var source pages = backup
	if r.Fault == "" { // then its caches come along
		log, err := OpenFile(backup.path)
		if err != nil {
			return fmt.Errorf("open the backup: %w", err)
		}
		source = log
	} else {
		if err := backup.recordLoss("a damaged backup was restored: "+r.Fault,
			jobmon.InstantOf(time.Now())); err != nil {
			return err
		}
	}
	_, err := install(ctx, dir, source, progress, func(m *meta) {
		m.Replaces = nil
		if present != nil && (present.ID() == m.ID || r.Backup.ID == "") {
			m.Next = max(m.Next, present.Next())
		}
	})
	if err != nil || r.Present == nil || r.Present.Path == "" {
		return err
	}
	if present != nil { // Windows renames no open file
		if err := present.Close(); err != nil {
			return err
		}
	}
	r.Aside = r.Present.Path + asideSuffix
	return moveAside(r.Present.Path, r.Aside)
}

// lookAt opens the present log, for writing unless this is a dry run, so that nobody else does. A log that cannot be
// opened is no obstacle: backups are for that.
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
		present, err = Open(dir, Options{ReadOnly: dry})
	}
	r.Present = &Summary{Path: path}
	switch {
	case err == nil:
		r.Aside = path + asideSuffix
	case errors.Is(err, ErrLocked), errors.Is(err, ErrNotOurs), errors.Is(err, fs.ErrPermission):
		return nil, err
	default:
		r.Broken = err.Error()
	}
	if info, err := os.Stat(path); err == nil {
		r.Present.Bytes = info.Size()
	}
	return present, nil
}

// compare counts the present log's events, and those of them that the backup does not hold. The present log is read
// without bbolt: of a broken one, what can be read counts.
func (r *Restoration) compare(ctx context.Context, backup *Report) error {
	if r.Present == nil || r.Present.Path == "" {
		return nil
	}
	report, _, err := verifyOnce(ctx, r.Present.Path)
	if err != nil {
		return context.Cause(ctx) // nothing of it can be read
	}
	var kept []Gap
	if backup.ID != "" && (report.ID == "" || report.ID == backup.ID) {
		kept = backup.held()
	}
	*r.Present = report.summary()
	r.Present.Damaged = nil
	r.Lost = count(without(report.held(), kept))
	return nil
}
