package jobmon

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Settings are the settings that shape the projection. They are recorded in the log (configured) so that a picture
// of the past is drawn with the settings of its time. Durations are in nanoseconds in the JSON, as Go writes them.
type Settings struct {
	Site      string `json:"site"`       // name of this DS server, shown on every screen
	Marker    string `json:"marker"`     // regular expression: the tag that makes a job a marker
	Build     string `json:"build"`      // regular expression: the build job's name
	Success   []Code `json:"success"`    // status codes that mean success
	Markers   string `json:"markers"`    // auto, tagged or all: see docs/architecture.md
	HideNames bool   `json:"hide_names"` // screens show no job names in failures
	// after a complete session: how long a new job still re-opens it
	Gap       time.Duration `json:"gap"`
	Abandoned time.Duration `json:"abandoned"` // nothing started for so long: the session is abandoned
	Stuck     time.Duration `json:"stuck"`     // a waiting row so long past due holds nothing open
	Late      time.Duration `json:"late"`      // a row that arrives so long after the others is late
	Quiet     time.Duration `json:"quiet"`     // without history: how long no news is normal
	// how long a screen waits for a newer file before it says "ready"
	Settle       time.Duration `json:"settle"`
	PollInterval time.Duration `json:"poll_interval"` // how often the source is read
	// a job that runs while the agent is away for longer stands still
	AgentAway time.Duration `json:"agent_away"`
	// IANA zone or "+01:00": the clock of start_time; "" means it is found out
	StartZone string `json:"start_zone,omitempty"`
	Form      Form   `json:"form,omitzero"` // how files are written
	// PublicURL is the address under which phones reach the board, scheme://host[:port]; "" means that screens show
	// none
	PublicURL string `json:"public_url,omitempty"`
}

// DefaultSettings are the settings of a fresh installation; Site is empty.
func DefaultSettings() Settings {
	return Settings{
		Marker:       `(?i)\(JM\)`,
		Build:        `(?i)\bbuild job monitor\b`,
		Success:      []Code{0},
		Markers:      "auto",
		Gap:          30 * time.Minute,
		Abandoned:    12 * time.Hour,
		Stuck:        12 * time.Hour,
		Late:         time.Minute,
		Quiet:        time.Hour,
		Settle:       20 * time.Second,
		PollInterval: 5 * time.Second,
		AgentAway:    15 * time.Minute,
	}
}

// Encode is the form in which settings stand in the log.
func (s Settings) Encode() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, numbers and booleans cannot fail to encode
	}
	return string(text)
}

// DecodeSettings reads what Encode wrote; fields it does not know are ignored, absent ones keep their defaults.
func DecodeSettings(text string) (Settings, error) {
	s := DefaultSettings()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return DefaultSettings(), fmt.Errorf("settings recorded in the log: %w", err)
	}
	return s, nil
}

// Rules are settings made ready for use: what is a marker, what is the build job, what is success. They are
// immutable and safe for concurrent use.
type Rules struct {
	Settings
	marker, build *regexp.Regexp
	zone          *time.Location
}

// NewRules compiles the settings' patterns; an error names the setting and what is wrong with it.
func NewRules(s Settings) (*Rules, error) {
	marker, err := regexp.Compile(s.Marker)
	if err != nil {
		return nil, fmt.Errorf("pattern for markers %q: %w", s.Marker, err)
	}
	build, err := regexp.Compile(s.Build)
	if err != nil {
		return nil, fmt.Errorf("pattern for build jobs %q: %w", s.Build, err)
	}
	zone, err := ParseZone(s.StartZone)
	if err != nil {
		return nil, err
	}
	return &Rules{Settings: s, marker: marker, build: build, zone: zone}, nil
}

// StartLocation is the zone that start_time is in, nil when it is not configured. It must not be changed.
func (r *Rules) StartLocation() *time.Location { return r.zone }

// ParseZone reads the zone of start_time: an IANA name such as Europe/Berlin, or an offset such as +01:00. It returns
// nil for "".
func ParseZone(text string) (*time.Location, error) {
	if text == "" {
		return nil, nil
	}
	if t, err := time.Parse("-07:00", text); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(text, offset), nil
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "Local" {
		return nil, fmt.Errorf(
			"time zone %q is not known: use a name such as Europe/Berlin, or an offset such as +01:00", text,
		)
	}
	return zone, nil
}

// JobClass is what a job is to the screen.
type JobClass uint8

// The classes of jobs.
const (
	RealJob  JobClass = iota // does the work; counted
	Marker                   // names the stage of the jobs behind it; its own tasks only refresh and copy the file
	BuildJob                 // delivers the monitor and starts it; never shown
)

// Class returns what the job of that name is. A build job that also carries the marker's tag is a build job.
func (r *Rules) Class(name string) JobClass {
	switch {
	case r.Build != "" && r.build.MatchString(name):
		return BuildJob
	case r.Settings.Marker != "" && r.marker.MatchString(name):
		return Marker
	}
	return RealJob
}

// Succeeded reports whether a finished status means success.
func (r *Rules) Succeeded(s Status) bool {
	return s.Finished() && slices.ContainsFunc(r.Success, func(c Code) bool { return c.signed() == s.Code.signed() })
}
