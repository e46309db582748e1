package command

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/eventlog"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Event ids in the Windows event log, listed in docs/operations.md. Administrators' rules depend on them, so an id
// never changes its meaning.
const (
	entryStarted  = 100
	entryStopped  = 101
	entryLost     = 200
	entryRestored = 201
	entryRisk     = 202
	entryDamaged  = 300
	entryFailed   = 400
	entryTaken    = 401
	entryFree     = 402
)

// notable returns the entry for an event that an administrator should know.
func notable(e *jobmon.Event) (entry eventlog.Entry, ok bool) {
	text := term.Plain(e.Text)
	switch e.Kind {
	case jobmon.KindDaemonStarted:
		if e.Flags.Has(jobmon.Inexact) {
			text := fmt.Sprintf("Events are recorded again; for %s nothing was.", e.At.Sub(e.Until).Round(time.Second))
			return eventlog.Entry{ID: entryRestored, Text: text}, true
		}
		return eventlog.Entry{ID: entryStarted, Text: fmt.Sprintf("jobmon-db %s has begun to watch.", text)}, true
	case jobmon.KindDaemonStopped:
		return eventlog.Entry{ID: entryStopped, Text: "jobmon-db has stopped watching."}, true
	case jobmon.KindSourceLost:
		return eventlog.Entry{ID: entryLost, Severity: eventlog.Warning,
			Text: fmt.Sprintf("The DS database cannot be read: %s. The service retries; jobmon-db check says why.",
				text)}, true
	case jobmon.KindSourceRestored:
		return eventlog.Entry{ID: entryRestored, Text: "The DS database can be read again."}, true
	case jobmon.KindDamaged:
		return eventlog.Entry{ID: entryDamaged, Severity: eventlog.Error,
			Text: fmt.Sprintf("The log is damaged: the events %d to %d cannot be read: %s. jobmon-db verify shows "+
				"all damage; jobmon-db restore brings a backup back.", e.From, e.To, text)}, true
	}
	return entry, false
}

// announcer opens the event log, and returns a function that writes to it. Without an event log the daemon watches all
// the same.
func announcer(source string, logger zerolog.Logger) (write func(eventlog.Entry), closeLog func() error) {
	put, closeLog, err := eventlog.Open(source)
	if err != nil {
		logger.Warn().Err(err).Msg("nothing is written to the event log")
		return func(eventlog.Entry) {}, func() error { return nil }
	}
	return func(entry eventlog.Entry) {
		if err := put(entry); err != nil {
			logger.Warn().Err(err).Msg("nothing is written to the event log")
		}
	}, closeLog
}

// risky returns the entry for a risk of the connection's settings.
func risky(text string) eventlog.Entry {
	return eventlog.Entry{ID: entryRisk, Severity: eventlog.Warning,
		Text: "The connection to the DS database is weak: " + term.Plain(text)}
}

// failure returns the entry for the error that ends the service.
func failure(err error) eventlog.Entry {
	return eventlog.Entry{ID: entryFailed, Severity: eventlog.Error, Text: fmt.Sprintf("The service ends: %v", err)}
}

// placed is the entry for a place of the local endpoint that is taken: somebody may want to answer there. With nil it
// is the entry for its end.
func placed(err error) eventlog.Entry {
	if err == nil {
		return eventlog.Entry{ID: entryFree,
			Text: "Commands can ask the service again: the place of its local endpoint is free."}
	}
	return eventlog.Entry{ID: entryTaken, Severity: eventlog.Error,
		Text: fmt.Sprintf("Commands cannot ask the service, which watches all the same and tries again: %v", err)}
}
