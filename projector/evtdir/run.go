package evtdir

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

// folder is where the folder itself stands.
type folder struct {
	entered bool      // it could be reached at the last attempt
	created bool      // it has been reached: from now on it is waited for, and not created again
	since   time.Time // since when it is away
	err     error     // why
	probeAt time.Time // when it is tried again
	retry   *backoff.ExponentialBackOff
}

// Run writes until ctx ends; call it once. Files that are not written then stay as they are: call Flush before.
//
// The folder is created when it is missing at first. Later a missing folder is waited for: it was moved, or
// its share is away, and a new one in its place would only hide that.
func (d *Dir) Run(ctx context.Context) {
	defer d.stop()
	check := time.NewTicker(d.checkEvery)
	defer check.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	reported := 0
	for ctx.Err() == nil {
		next, idle := d.step(time.Now())
		if !idle {
			continue
		}
		pause.Reset(next)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-pause.C:
		case <-check.C:
			d.check()
			reported = d.reportFailing(reported)
		}
	}
}

// step does one thing that is due. When nothing is, it says how long that lasts unless woken.
func (d *Dir) step(now time.Time) (next time.Duration, idle bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.folder.entered {
		if len(d.urgent) == 0 && now.Before(d.folder.probeAt) {
			return d.folder.probeAt.Sub(now), true
		}
		d.enter()
		return 0, false
	}
	next = longestRetry
	if f := d.take(); f != nil {
		d.handle(f)
		return 0, false
	}
	for f := range d.failing {
		if wait := f.retry.at.Sub(now); wait > 0 {
			next = min(next, wait)
		} else {
			d.enqueue(f)
			next = 0
		}
	}
	return next, next > 0
}

// take is the file to look at next, or nil.
func (d *Dir) take() *file {
	for _, list := range []*[]*file{&d.urgent, &d.queue} {
		for len(*list) > 0 {
			f := (*list)[0]
			(*list)[0] = nil
			*list = (*list)[1:]
			if f.hurried || f.queued {
				f.hurried, f.queued = false, false
				return f
			}
		}
	}
	return nil
}

// handle brings one file up to date. d.mu is held, but not while the disk or the share is at work.
func (d *Dir) handle(f *file) {
	if d.dropForgotten(f) {
		return
	}
	content, version, dirty, left, waiters := f.content, f.version, f.dirty, f.left, f.waiters
	f.waiters = nil

	d.mu.Unlock()
	found, left, err := d.bring(f.id, content, dirty, left)
	var away error
	if err != nil {
		away = d.reach()
	}
	d.mu.Lock()

	f.left = left
	if found == written {
		d.written++
	}
	if err != nil {
		d.failedAt(f, waiters, err, away)
		return
	}
	var refused error
	if found == foreign {
		if !f.foreign {
			d.log.Warn().Str("file", d.Path(f.id)).
				Msg("left alone: this file was not written by this program; remove it, or set evt.takeover to have " +
					"such files replaced")
		}
		refused = fmt.Errorf("write %s: %w", d.Path(f.id), ErrForeign)
	}
	answer(waiters, refused)
	f.foreign = found == foreign
	f.retry = nil
	delete(d.failing, f)
	if f.version == version {
		d.setDirty(f, false)
	}
	d.dropForgotten(f)
}

// failedAt records that the file could not be written; away says why the folder cannot be reached, if that is the
// cause.
func (d *Dir) failedAt(f *file, waiters []chan<- error, err, away error) {
	d.failed++
	d.setDirty(f, true)
	if away != nil {
		answer(waiters, away)
		d.leave(away)
		return
	}
	d.delay(f, err)
	if atomicfile.Busy(err) {
		f.waiters = append(waiters, f.waiters...)
	} else {
		answer(waiters, err)
	}
}

// dropForgotten drops a forgotten file that is as it should be, and reports whether it did. A foreign one is kept, so
// that it is not reported again when it is published again.
func (d *Dir) dropForgotten(f *file) bool {
	if !f.forgotten || f.dirty || f.foreign || len(f.waiters) > 0 {
		return false
	}
	f.hurried, f.queued = false, false
	delete(d.files, f.id)
	d.dropped[f.id] = f.content.Seq
	return true
}

func answer(waiters []chan<- error, err error) {
	for _, w := range waiters {
		w <- err
	}
}

// delay puts the file off after a failure, each time for longer.
func (d *Dir) delay(f *file, err error) {
	if f.retry == nil {
		f.retry = &retry{wait: growing(firstFileRetry)}
		d.failing[f] = struct{}{}
	}
	f.retry.err = err
	f.retry.attempts++
	f.retry.at = time.Now().Add(f.retry.wait.NextBackOff())
}

// enter tries to reach the folder; then everything in it is looked at. d.mu is held, but not while the disk or the
// share is at work.
func (d *Dir) enter() {
	created := d.folder.created
	d.mu.Unlock()
	var err error
	if !created {
		err = inherit.MkdirAll(d.path, 0o755)
	}
	if err == nil {
		err = d.reach()
	}
	if err == nil {
		switch swept, err := atomicfile.Sweep(d.path); {
		case err != nil:
			d.log.Warn().Err(err).Str("folder", d.path).Msg("the evt folder was not tidied up")
		case swept > 0:
			d.log.Info().Int("files", swept).Str("folder", d.path).
				Msg("removed temporary files of a run that was interrupted")
		}
	}
	d.mu.Lock()
	if err != nil {
		d.leave(err)
		return
	}
	if !d.folder.since.IsZero() {
		away := time.Since(d.folder.since).Round(time.Second)
		d.log.Info().Str("folder", d.path).Stringer("away", away).Int("pending", d.pending).
			Msg("the evt folder is back")
	}
	d.folder = folder{entered: true, created: true, retry: growing(firstFolderRetry)}
	for _, f := range d.files {
		d.enqueue(f)
	}
}

// leave records that the folder cannot be reached, and answers the callers that wait for it.
func (d *Dir) leave(err error) {
	now := time.Now()
	if d.folder.since.IsZero() {
		d.folder.since = now
		d.log.Warn().Err(err).Str("folder", d.path).Msg("the evt folder cannot be reached; files wait until it is back")
	}
	d.folder.entered = false
	d.folder.err = err
	d.folder.probeAt = now.Add(d.folder.retry.NextBackOff())
	d.urgent, d.queue = nil, nil
	for _, f := range d.files {
		f.hurried, f.queued = false, false
		answer(f.waiters, err)
		f.waiters = nil
	}
}

// reach says why the folder cannot be used, or nil.
func (d *Dir) reach() error {
	info, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("reach the evt folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("reach the evt folder: %s is not a folder", d.path)
	}
	return nil
}

// check has every file compared with what was written, unless it is failing and has its own time.
func (d *Dir) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.folder.entered {
		return
	}
	d.mu.Unlock()
	err := d.reach()
	d.mu.Lock()
	if err != nil {
		d.leave(err)
		return
	}
	for _, f := range d.files {
		if f.retry == nil {
			d.enqueue(f)
		}
	}
}

// reportFailing logs how many files keep failing when that number has changed since the last report: one line,
// because where one file fails thousands may.
func (d *Dir) reportFailing(last int) int {
	const aReaderAlone = 5 // attempts, about two seconds: so long a reader may well have a file open
	d.mu.Lock()
	defer d.mu.Unlock()
	failing, example := 0, (*file)(nil)
	for f := range d.failing {
		if f.retry.attempts > aReaderAlone {
			failing++
			example = f
		}
	}
	switch {
	case failing == last:
	case failing == 0:
		d.log.Info().Str("folder", d.path).Msg("all evt files can be written again")
	default:
		d.log.Warn().Int("files", failing).Str("file", d.Path(example.id)).Err(example.retry.err).
			Msg("evt files cannot be written; the old ones stay, and it is tried again")
	}
	return failing
}

// stop answers all waiting callers that nothing will be written.
func (d *Dir) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.endFlushes()
	for _, f := range d.files {
		answer(f.waiters, fmt.Errorf("write %s: %w", d.Path(f.id), ErrStopped))
		f.waiters = nil
	}
}
