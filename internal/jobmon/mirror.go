package jobmon

import (
	"cmp"
	"slices"
)

// Row is one row of event_schedule.
type Row struct {
	Start    WallTime // start_time, server-local; NoStart when NULL
	ID       ScheduleID
	Job      JobID
	Computer ComputerID
	Status   Status
}

// Job is one row of event. A NULL name is "".
type Job struct {
	ID     JobID
	Name   string
	Folder string // path of folder names joined by "\", "" at the root or when folders cannot be read
}

// Computer is one row of computer. NULL names are "".
type Computer struct {
	ID     ComputerID
	Name   string // the name in the console; not unique
	OSName string // computer_name, the operating system's name
	Group  string // name of its group, "" when unknown
	Ghost  bool   // group_id NULL: no longer shown in the console, yet schedules can sit on it
	Gone   bool   // the record was deleted; never set in a Mirror or Snapshot, which hold what is there

	// Site is the name of the computer's site in the fleet, on copies that a hub shows. It is "" at the site itself, in
	// a Mirror and a Snapshot, and stands in no event and no file.
	Site string
}

// Key names the computer within a fleet.
func (c *Computer) Key() ComputerKey { return ComputerKey{c.Site, c.ID} }

// Agent is one computer's connection as a read saw it.
type Agent struct {
	Computer ComputerID
	State    AgentState
}

// Mirror is the last known content of the DS tables: the fold of the log's events and nothing else. Provenance
// (baseline, inferred, when first seen) is not part of it. It is not safe for concurrent use.
type Mirror struct {
	Rows      Rows
	Jobs      map[JobID]Job
	Computers map[ComputerID]Computer
	Agents    map[ComputerID]AgentState // only the computers that were asked about; absent is unknown
}

// NewMirror returns an empty mirror.
func NewMirror() *Mirror {
	return &Mirror{
		Jobs:      map[JobID]Job{},
		Computers: map[ComputerID]Computer{},
		Agents:    map[ComputerID]AgentState{},
	}
}

// Snapshot is what one read of the source saw. Times are the SQL Server's, taken in the same batch as the rows.
//
// Rows says nothing of rows that are absent from it: a row leaves the mirror only when its id is in Gone, which is
// filled after its absence was confirmed. Jobs and Computers say nothing of absent ones either, unless the matching
// flag says that they are complete: then those that are absent are gone.
type Snapshot struct {
	Now    Instant // GETUTCDATE()
	Offset Offset  // GETDATE() - GETUTCDATE(), rounded to a quarter of an hour

	Rows []Row        // ascending by ID, each id once (see Normalize)
	Gone []ScheduleID // confirmed to be gone; never ids that are in Rows
	Late []ScheduleID // ascending: rows that earlier reads left out; when they came to be so is not known

	Jobs         []Job
	AllJobs      bool
	Computers    []Computer
	AllComputers bool

	// Agents holds the computers that were asked about; the others keep what was known of them.
	Agents []Agent
}

// Normalize sorts what was read by id and keeps the last of several rows with one id, as a server without snapshot
// isolation may return a row twice when it moves during a scan.
func (s *Snapshot) Normalize() {
	s.Rows = sortedByID(s.Rows, func(r Row) ScheduleID { return r.ID })
	s.Jobs = sortedByID(s.Jobs, func(j Job) JobID { return j.ID })
	s.Computers = sortedByID(s.Computers, func(c Computer) ComputerID { return c.ID })
	s.Agents = sortedByID(s.Agents, func(a Agent) ComputerID { return a.Computer })
}

func sortedByID[T any, K cmp.Ordered](list []T, id func(T) K) []T {
	byID := func(a, b T) int { return cmp.Compare(id(a), id(b)) }
	strictly := true
	for i := 1; i < len(list) && strictly; i++ {
		strictly = id(list[i-1]) < id(list[i])
	}
	if strictly {
		return list
	}
	slices.SortStableFunc(list, byID)
	out := list[:0]
	for i, v := range list {
		if i+1 < len(list) && id(list[i+1]) == id(v) {
			continue
		}
		out = append(out, v)
	}
	return out
}

// Compare returns the rows that differ from the mirror, and how many of the rows the mirror has as unfinished. The
// rows are in any order, but it is fastest by ascending id.
func (m *Mirror) Compare(rows []Row) (changed []Row, unfinished int) {
	kept := m.Rows.Finder()
	for i := range rows {
		old, known := kept.Get(rows[i].ID)
		if known && !old.Status.Finished() {
			unfinished++
		}
		if !known || old != rows[i] {
			changed = append(changed, rows[i])
		}
	}
	return changed, unfinished
}

// Missing lists the rows of the mirror, ascending, that a full read (ascending) did not return. They may be gone, or
// may have been missed while they moved: look them up before removing them.
func (m *Mirror) Missing(read []Row) (missing []ScheduleID) {
	for r := range m.Rows.All() {
		for len(read) > 0 && read[0].ID < r.ID {
			read = read[1:]
		}
		if len(read) == 0 || read[0].ID != r.ID {
			missing = append(missing, r.ID)
		}
	}
	return missing
}
