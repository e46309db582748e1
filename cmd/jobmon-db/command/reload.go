package command

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// lookAtFile is how often the configuration file is looked at. It is read again once it has changed and was then the
// same twice: an editor may write it in pieces.
const lookAtFile = 3 * time.Second

// again is how the configuration is read again: as it was at the start, by the same flags and variables.
type again struct {
	load    func() (*configs.Config, error)
	hangups <-chan struct{} // each asks for it; nil where none does
}

// again is for a daemon in this process. In a terminal a hangup ends the program, as its user expects. Elsewhere the
// daemon reads its configuration again, as is the custom on Unix.
func (a *app) again(load func() (*configs.Config, error)) again {
	if a.hangups == nil || readsTerminal(a.stdin) {
		return again{load: load}
	}
	return again{load: load, hangups: a.hangups.take()}
}

// paceOf is what of a configuration a running daemon can change.
func paceOf(config *configs.Config, form jobmon.Form) ingest.Pace {
	settings := config.Settings()
	settings.Form = form
	if config.Source.Kind == configs.KindSimulator {
		settings = simulated(settings, config.Simulator.Speed)
	}
	return ingest.Pace{Settings: settings, Interval: config.Source.PollInterval, Reconcile: config.Source.Reconcile}
}

// reloader takes up the configuration again, all of it or nothing. What runs is always the file as it was at some
// moment.
type reloader struct {
	again
	file   string      // flags and variables name the same one every time; "" when there is none
	form   jobmon.Form // stays until the next start
	level  *logLevel
	logger zerolog.Logger
	change func(context.Context, ingest.Pace) error
	access *web.Access // to the HTTP server; nil for none
	// messages are sent to the configured targets; nil for none
	messages *messenger
	fleet    *carrier // publishes the log; nil for nowhere

	mu      sync.Mutex
	running *configs.Config
}

// reload reads the configuration and takes it up, unless something is wrong with it or needs a new start. What it found
// is answered, and logged unless it was only asked what would happen. Safe for concurrent use.
func (r *reloader) reload(ctx context.Context, request control.ReloadRequest) (got control.Reload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.load()
	if err == nil {
		err = sourceNamed(next)
	}
	var targets map[string]notify.Spec
	if err == nil {
		targets, err = specsOf(next, "")
	}
	if err != nil {
		got.Problems = problemsOf(err)
	} else {
		got.Changed, got.Restart = settingsOf(r.running.Changes(next))
	}
	if request.DryRun {
		return got
	}
	if got.Taken() && len(got.Changed) > 0 {
		if err := r.change(ctx, paceOf(next, r.form)); err != nil {
			got.Waits = err.Error()
		}
		r.level.set(next.Log.Level)
		if r.access != nil {
			r.access.Set(next.HTTP.Tokens)
		}
		r.running = next
	}
	if got.Taken() && r.messages != nil {
		r.messages.take(targets) // also the same ones: what stands in files of their own may have changed
	}
	r.tell(&got)
	return got
}

func problemsOf(err error) (list []string) {
	switch wrong := err.(type) {
	case *configs.Error:
		for _, p := range wrong.Problems {
			list = append(list, p.String())
		}
	case interface{ Unwrap() []error }:
		for _, err := range wrong.Unwrap() {
			list = append(list, problemsOf(err)...)
		}
	default:
		inner := new(configs.Error)
		if errors.As(err, &inner) {
			return problemsOf(inner)
		}
		list = append(list, err.Error())
	}
	return list
}

func settingsOf(changes []configs.Change) (live, restart []control.Setting) {
	for _, c := range changes {
		s := control.Setting{Key: c.Key, Old: c.Old, New: c.New}
		if c.Live {
			live = append(live, s)
		} else {
			restart = append(restart, s)
		}
	}
	return live, restart
}

func (r *reloader) tell(got *control.Reload) {
	for _, problem := range got.Problems {
		r.logger.Error().Str("problem", problem).Msg("the configuration cannot be used: nothing of it is taken up")
	}
	if len(got.Restart) > 0 {
		r.logger.Warn().Str("keys", strings.Join(keysOf(got.Restart),
			", ")).Msg("the configuration needs a new start: nothing of it is taken up before")
	}
	if !got.Taken() {
		return
	}
	for _, s := range got.Changed {
		// said in any case: somebody may have asked for fewer messages just now
		r.logger.WithLevel(zerolog.NoLevel).Str("key", s.Key).Str("old", s.Old).Str("new",
			s.New).Msg("the configuration has changed")
	}
	if got.Waits != "" {
		r.logger.Warn().Str("reason", got.Waits).Msg("the change of the configuration is recorded with the next read")
	}
}

func keysOf(list []control.Setting) (keys []string) {
	for _, s := range list {
		keys = append(keys, s.Key)
	}
	return keys
}

// run sends messages, and reads the configuration again when it has changed, until ctx ends.
func (r *reloader) run(ctx context.Context) error {
	var sending sync.WaitGroup
	sending.Go(func() { r.messages.Run(ctx) })
	r.watch(ctx)
	sending.Wait()
	return nil
}

// watch reloads when the file has changed, and at a hangup, until ctx ends.
func (r *reloader) watch(ctx context.Context) {
	ticker := time.NewTicker(lookAtFile)
	defer ticker.Stop()
	var was fileState // not what it is now: it may have changed since it was read
	for last := was; ; {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
			was = stateOfFile(r.file)
		case <-ticker.C:
			now := stateOfFile(r.file)
			if settled := now == last; !settled || now == was {
				last = now
				continue
			}
			if was = now; now == (fileState{}) {
				r.logger.Warn().Str("file", r.file).Msg("the configuration file is gone: what was read from it stays " +
					"in force")
				continue
			}
		}
		r.reload(ctx, control.ReloadRequest{})
	}
}

// fileState tells one state of a file from another; the zero value is that it cannot be seen.
type fileState struct {
	at   time.Time
	size int64
}

func stateOfFile(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{info.ModTime().UTC(), info.Size()}
}

// logLevel is the lowest importance of messages, which can change at any time.
type logLevel struct{ lowest atomic.Int32 }

func newLogLevel(word string) *logLevel {
	l := &logLevel{}
	l.set(word)
	return l
}

// set takes one of the words of log.level.
func (l *logLevel) set(word string) {
	if level, err := zerolog.ParseLevel(word); err == nil {
		l.lowest.Store(int32(level))
	}
}

// governs gives a logger like this one that obeys l instead of a level of its own.
func (l *logLevel) governs(logger zerolog.Logger) zerolog.Logger {
	return logger.Level(zerolog.TraceLevel).Hook(l)
}

// Run implements zerolog.Hook.
func (l *logLevel) Run(e *zerolog.Event, level zerolog.Level, _ string) {
	if int32(level) < l.lowest.Load() {
		e.Discard()
	}
}
