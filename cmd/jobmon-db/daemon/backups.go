package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/store"
)

// Backups says where and how often the daemon makes a backup of its log; the zero value is never.
type Backups struct {
	Dir   string
	Every time.Duration // 0 is never
	Keep  int           // how many are kept
}

// How soon a backup that failed is tried again at most, and how old a file is that a crash has left half written.
const (
	backupAgain  = 15 * time.Minute
	backupStale  = time.Hour
	backupLayout = "20060102T150405Z"
)

// backups makes backups by the clock. Their names tell the log and the time, so a restart goes on with the schedule,
// and several logs can share a folder.
type backups struct {
	Backups
	source store.Source
	id     string // of the log
	logger zerolog.Logger
}

// run makes backups until ctx ends. A failure is logged, and tried again.
func (b *backups) run(ctx context.Context) {
	failing := false
	for {
		wait := time.Until(b.due())
		if failing {
			wait = min(b.Every, backupAgain)
		}
		if patience.Sleep(ctx, wait) != nil {
			return
		}
		path, err := b.make(ctx, time.Now())
		if ctx.Err() != nil {
			return
		}
		if failing = err != nil; failing {
			b.logger.Error().Err(err).Str("dir", b.Dir).Msg("the backup of the log failed; trying again")
			continue
		}
		b.logger.Info().Str("file", path).Msg("the log is backed up")
	}
}

// due is when the next backup is to be made: at once when there is none.
func (b *backups) due() time.Time {
	made := b.made()
	if len(made) == 0 {
		return time.Now()
	}
	newest := made[len(made)-1]
	at, err := time.Parse(backupLayout, newest[len(newest)-len(backupLayout)-len(".db"):len(newest)-len(".db")])
	if err != nil || at.After(time.Now()) {
		return time.Now()
	}
	return at.Add(b.Every)
}

func (b *backups) prefix() string { return "jobmon-db-" + b.id[:8] + "-" }

// made lists the names of this log's backups, the oldest first.
func (b *backups) made() []string {
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		return nil // making one will tell
	}
	ours := regexp.MustCompile("^" + b.prefix() + `\d{8}T\d{6}Z\.db$`)
	var names []string
	for _, e := range entries {
		if ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// make makes one backup, and then removes the oldest ones beyond those that are kept.
func (b *backups) make(ctx context.Context, now time.Time) (string, error) {
	if err := trust.MakeFolder(b.Dir); err != nil {
		return "", fmt.Errorf("make the folder of the backups: %w", err)
	}
	b.sweep(now)
	path := filepath.Join(b.Dir, b.prefix()+now.UTC().Format(backupLayout)+".db")
	made, err := store.Backup(ctx, b.source, path, nil)
	if err != nil {
		return "", err
	}
	for _, gap := range made.Damaged {
		b.logger.Error().Uint64("from", gap.From).Uint64("to",
			gap.To).Msg("the log is damaged: these events cannot be read, in the backup neither")
	}
	names := b.made()
	var failed []error
	for len(names) > b.Keep {
		failed = append(failed, os.Remove(filepath.Join(b.Dir, names[0])))
		names = names[1:]
	}
	if err := errors.Join(failed...); err != nil {
		b.logger.Warn().Err(err).Msg("an old backup could not be removed")
	}
	return path, nil
}

// sweep removes what a crash has left half written.
func (b *backups) sweep(now time.Time) {
	paths, err := filepath.Glob(filepath.Join(b.Dir, b.prefix()+"*.db.*"+atomicfile.Suffix))
	if err != nil {
		return
	}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > backupStale {
			_ = os.Remove(path) // tried again with the next backup
		}
	}
}
