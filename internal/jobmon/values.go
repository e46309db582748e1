// Package jobmon holds the domain of the program: the values read from a Deployment Server (DS), the events recorded
// about them, the rules that turn one into the other, and the picture that a computer's screen shows.
//
// Everything here is a plain value or a pure function: no clock, no disk, no network, standard library only.
// What is known of the DS database, and how surely, is in docs/ds-database.md.
package jobmon

import (
	"math"
	"strconv"
	"time"
)

// ScheduleID is event_schedule.schedule_id: one job on one computer, once. It is the identity of a row; the name of
// the job never is. Negative values are kept as they come.
type ScheduleID int32

// JobID is event.event_id. Jobs are called events in the DS database; here an event is something that happened.
type JobID int32

// ComputerID is computer.computer_id; every DS counts from 5,000,001.
type ComputerID int32

// Instant is a moment in UTC, in milliseconds since 1970-01-01. The zero value means "no such moment".
type Instant int64

// InstantOf converts a time, cutting what is finer than a millisecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time is the moment as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add moves the moment by d.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub is the time that passed from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Millisecond }

// String is the moment in RFC 3339 with milliseconds, always in UTC.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.000Z") }

// Wall is the DS server's wall-clock time for this moment, given its UTC offset.
func (i Instant) Wall(offset Offset) WallTime { return WallTime(i) + WallTime(offset)*1000 }

// WallTime is a reading of the DS server's wall clock without zone, in milliseconds since 1970-01-01T00:00 on that
// clock. event_schedule.start_time is one. NoStart means NULL.
type WallTime int64

// NoStart is start_time NULL: assigned but not scheduled, or the row of a recurring job.
const NoStart WallTime = -1 << 63

// WallTimeOf takes the clock reading of t and forgets its zone.
func WallTimeOf(t time.Time) WallTime {
	_, offset := t.Zone()
	return WallTime(t.UnixMilli() + int64(offset)*1000)
}

// Instant is the moment at which a wall clock with that UTC offset shows w. NoStart gives no moment.
func (w WallTime) Instant(offset Offset) Instant {
	if w == NoStart {
		return 0
	}
	return Instant(w) - Instant(offset)*1000
}

// Time is the clock reading as a time, labelled UTC because it has no zone of its own.
func (w WallTime) Time() time.Time { return time.UnixMilli(int64(w)).UTC() }

// String is the clock reading to the second ("2026-11-22T14:05:00"), or "" for NoStart.
func (w WallTime) String() string {
	if w == NoStart {
		return ""
	}
	return w.Time().Format("2006-01-02T15:04:05")
}

// Offset is how far the DS server's wall clock is ahead of UTC, in seconds; between -14 h and +14 h.
type Offset int32

// String is the offset as in RFC 3339: "+01:00".
func (o Offset) String() string {
	return time.Unix(0, 0).In(o.Zone()).Format("-07:00")
}

// Zone is the offset as a time zone.
func (o Offset) Zone() *time.Location { return time.FixedZone("", int(o)) }

// Status is event_schedule.status_code. The zero value is NULL: not started.
type Status struct {
	Code Code `json:"code"`
	Set  bool `json:"set"`
}

// The codes that DS itself gives a meaning.
var (
	StatusNull    = Status{}
	StatusRunning = Status{Code: -1, Set: true}
)

// StatusOf is a status that is not NULL. The lowest of all 64-bit numbers has no place beside NULL in the log: it
// becomes the next one.
func StatusOf(code Code) Status { return Status{Code: max(code, math.MinInt64+1), Set: true} }

// Waiting says that the row has not started (NULL).
func (s Status) Waiting() bool { return !s.Set }

// Running says that the job runs now (-1).
func (s Status) Running() bool { return s.Set && s.Code == -1 }

// Finished says that the job ended. Codes below -1 have never been documented; they count as finished, and as failed.
func (s Status) Finished() bool { return s.Set && s.Code != -1 }

// String is the code as a number, or "NULL".
func (s Status) String() string {
	if !s.Set {
		return "NULL"
	}
	return strconv.FormatInt(int64(s.Code), 10)
}

// AgentState is what the sessions table shows about a computer's agent (AClient/DAgent).
type AgentState uint8

// Agent states; the zero value is "unknown", which is never an error: the table may be absent or stale.
const (
	AgentUnknown AgentState = iota
	AgentOnline
	AgentOffline
)

// String is the word used in files and output.
func (a AgentState) String() string {
	switch a {
	case AgentOnline:
		return "online"
	case AgentOffline:
		return "offline"
	}
	return "unknown"
}
