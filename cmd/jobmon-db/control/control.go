// Package control is what commands ask a running daemon, version 1: the routes, what goes over them, and both ends.
// How the bytes travel is internal/endpoint's business; the routes are documented in docs/endpoint.md.
package control

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Info is what the daemon says of itself. What its log says is read from the log.
type Info struct {
	Version string         `json:"version"` // of the program
	PID     int            `json:"pid"`
	LogID   string         `json:"log_id"`
	Site    string         `json:"site"`
	EvtDir  string         `json:"evt_dir"`
	Last    uint64         `json:"last"`       // newest sequence number
	Covered jobmon.Instant `json:"covered_ms"` // until when the log is complete, UTC
	AgeMS   int64          `json:"age_ms"`     // how long ago the source was last read, -1 for never in this run
	Source  Source         `json:"source"`
}

// Source is what reading the source has taken in this run.
type Source struct {
	Reads    uint64 `json:"reads"`     // that succeeded
	Failed   uint64 `json:"failed"`    // reads
	Retried  uint64 `json:"retried"`   // batches sent again because the server asked for it (deadlock, lock timeout)
	Batches  uint64 `json:"batches"`   // sent to the server
	Rows     uint64 `json:"rows"`      // of its answers
	Bytes    uint64 `json:"bytes"`     // read off the wire
	LatestMS int64  `json:"latest_ms"` // what the last good read took
	TotalMS  int64  `json:"total_ms"`  // what all good reads took
}

// RefreshRequest asks for a computer's file.
type RefreshRequest struct {
	Computer jobmon.ComputerID `json:"computer"`
	Job      string            `json:"job,omitempty"` // the job that a DS script says runs now
}

// RefreshAnswer says what lies on the share now.
type RefreshAnswer struct {
	Path   string         `json:"path"`
	Seq    uint64         `json:"seq"`
	At     jobmon.Instant `json:"at_ms"`
	Fresh  bool           `json:"fresh"`            // a read that began after the request succeeded
	Reason string         `json:"reason,omitempty"` // why not
	Error  string         `json:"error,omitempty"`  // why the file could not be written
}

// page is the first line of an answer that holds a page of the log as it is stored. The bytes of its parts follow,
// one after the other.
type page struct {
	Meta  []byte `json:"meta"`
	Last  uint64 `json:"last"`
	Parts []part `json:"parts"`
}

// part is a store.Part without its bytes.
type part struct {
	Seq    uint64 `json:"seq"`
	Until  uint64 `json:"until"`
	Since  uint64 `json:"since,omitempty"`
	Sealed bool   `json:"sealed,omitempty"`
	Size   int    `json:"size"`
}

// cachePage is the first line of an answer that holds a piece of a cache, whose bytes follow.
type cachePage struct {
	Seq  uint64 `json:"seq"`
	Size int    `json:"size"` // of all of it
}

// stored is an answer of bytes as they are stored, behind a line of JSON.
type stored struct {
	head  any
	bytes [][]byte
}

// Moment is a place in the log that was found by time.
type Moment struct {
	Seq   uint64         `json:"seq"` // as store.Moment
	At    jobmon.Instant `json:"at_ms"`
	Times int            `json:"times"`
	First uint64         `json:"first"`
	Found bool           `json:"found"` // false: all of the log is later
}

// kept says that the log has a cache.
type kept struct {
	Name    string `json:"name"`
	Version uint32 `json:"version"`
	Seq     uint64 `json:"seq"` // it follows from the events up to this one
}

// Compaction says how far the compaction of the log has come, or how the last one ended.
type Compaction struct {
	Running bool           `json:"running"`
	Done    uint64         `json:"done"`  // of Total, while it runs
	Total   uint64         `json:"total"` // may rise
	Before  int64          `json:"before_bytes,omitempty"`
	After   int64          `json:"after_bytes,omitempty"` // 0 as long as none has ended well
	Ended   jobmon.Instant `json:"ended_ms,omitempty"`    // by the daemon's clock, UTC
	Error   string         `json:"error,omitempty"`
	Removed *Removal       `json:"removed,omitempty"` // history that was cut off, or would be; nil for none
}

// Removal is history that is older than it is kept.
type Removal struct {
	From   uint64         `json:"from"`   // the first event
	To     uint64         `json:"to"`     // the last one
	Events uint64         `json:"events"` // how many there were; those that were cut off before are not counted
	Since  jobmon.Instant `json:"since_ms"`
	Until  jobmon.Instant `json:"until_ms"` // time of the last one
}

// CompactRequest asks for a compaction.
type CompactRequest struct {
	DryRun bool `json:"dry_run,omitempty"` // only say how large the log is, and what would be cut off
	// KeepMS is for how long history is kept this time; 0 as the daemon is configured, -1 for ever.
	KeepMS int64 `json:"keep_ms,omitempty"`
}

// ReloadRequest asks the daemon to read its configuration again.
type ReloadRequest struct {
	DryRun bool `json:"dry_run,omitempty"` // only say what would happen
}

// Reload is what came of reading the configuration again. All of it is taken up or nothing: Changed counts only when
// there are no Problems and nothing in Restart.
type Reload struct {
	Changed  []Setting `json:"changed,omitempty"`  // what the running daemon can take up
	Restart  []Setting `json:"restart,omitempty"`  // what it can only with a new start
	Problems []string  `json:"problems,omitempty"` // why the configuration cannot be used, a sentence each
	Waits    string    `json:"waits,omitempty"`    // why what changed is not on record yet, "" when it is
}

// Taken says whether the configuration is, or would be, in force.
func (r *Reload) Taken() bool { return len(r.Restart)+len(r.Problems) == 0 }

// Setting is a key with another value than before. Secrets are not in it.
type Setting struct {
	Key string `json:"key"`
	Old string `json:"old"`
	New string `json:"new"`
}

// Target is how it stands with a target of messages. The counts are of this run of the daemon.
type Target struct {
	Name    string         `json:"name"`
	Kind    string         `json:"kind"`
	Waiting int            `json:"waiting"`            // messages; a digest may make fewer of them
	AgeMS   int64          `json:"age_ms,omitempty"`   // how long ago what the oldest is about happened
	Sent    uint64         `json:"sent"`               // messages
	Failed  uint64         `json:"failed"`             // tries
	GivenUp uint64         `json:"given_up"`           // messages
	SentAt  jobmon.Instant `json:"sent_ms,omitempty"`  // when the last one arrived, by the daemon's clock; 0 for never
	Error   string         `json:"error,omitempty"`    // of the last try
	ErrorAt jobmon.Instant `json:"error_ms,omitempty"` // when that was, likewise
}

// FleetSite is how it stands with a site of a fleet: at the hub, or at the site itself.
type FleetSite struct {
	Site      string `json:"site"`
	LogID     string `json:"log_id"`
	Last      uint64 `json:"last"`              // newest event of the site, as it said last; 0 for unknown
	Published uint64 `json:"published"`         // newest event in its stream; 0 for unknown
	Has       uint64 `json:"has"`               // newest event that the hub has; 0 at a site
	DelayMS   int64  `json:"delay_ms"`          // how long the newest batch took to here, -1 for unknown
	AgeMS     int64  `json:"age_ms"`            // how long ago the source was last read, -1 for unknown
	Away      string `json:"away,omitempty"`    // what is away: "site", "nats", "source", "refused" or "events"
	Computers int    `json:"computers"`         // with a picture
	Aside     int    `json:"aside,omitempty"`   // earlier logs of the site that the hub set aside
	Trouble   string `json:"trouble,omitempty"` // a sentence: why nothing goes on, and what to do
	Refused   bool   `json:"refused,omitempty"` // the site may not publish: its stream holds another log
	Lost      uint64 `json:"lost,omitempty"`    // events that NATS lost in this run and that were published anew

	// Unbelieved counts messages and beats that the hub refused in this run: they are not what the site's log says.
	Unbelieved uint64 `json:"unbelieved,omitempty"`
}

// Lacks is how many events of the site the hub does not have yet.
func (s *FleetSite) Lacks() uint64 {
	if s.Refused {
		return 0 // it speaks of another log
	}
	return s.Last - min(s.Last, s.Has)
}

// problem is the body of every answer that is not 200.
type problem struct {
	Error string `json:"error"` // one sentence
}

// Routes.
const (
	routeInfo    = "/v1/info"
	routeMoment  = "/v1/moment"
	routeRefresh = "/v1/refresh"
	routeLog     = "/v1/log"
	routeCaches  = "/v1/caches"
	routeCache   = "/v1/cache"
	routeCompact = "/v1/compact"
	routeReload  = "/v1/reload"
	routeTargets = "/v1/targets"
	routeFleet   = "/v1/fleet"
)
