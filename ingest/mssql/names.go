package mssql

import (
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// names collects jobs and computers and where they belong.
type names struct {
	schema        schema
	jobs          []jobmon.Job
	jobFolder     []int64 // one for each of jobs
	computers     []jobmon.Computer
	computerGroup []int64 // one for each of computers
	folders       folders
	groups        map[int64]string
}

// nowhere stands for a folder or group that is NULL.
const nowhere int64 = -1 << 63

func newNames(s schema) *names {
	return &names{schema: s, folders: folders{}, groups: map[int64]string{}}
}

// parts are the statements that read all names.
func (n *names) parts() []part {
	parts := []part{n.jobPart(""), n.computerPart("")}
	parts = append(parts, n.folderParts()...)
	return append(parts, n.groupParts()...)
}

// lookupParts are the statements that read the names of some, and all folders or groups, which are few.
func (n *names) lookupParts(ids ingest.IDs) []part {
	parts := among(n.schema.tables[event].columns["event_id"], ids.Jobs, n.jobPart)
	if len(ids.Jobs) > 0 {
		parts = append(parts, n.folderParts()...)
	}
	parts = append(parts, among(n.schema.tables[computer].columns["computer_id"], ids.Computers, n.computerPart)...)
	if len(ids.Computers) > 0 {
		parts = append(parts, n.groupParts()...)
	}
	return parts
}

func (n *names) jobPart(where string) part {
	p := n.schema.tables[event].selects(func(c *record) {
		job := jobmon.Job{ID: jobmon.JobID(c.id(0)), Name: c.text(1)}
		if c.fits() {
			n.jobs = append(n.jobs, job)
			n.jobFolder = append(n.jobFolder, c.reference(2))
		}
	}, "event_id", "name", "folder_id")
	p.sql += where
	return p
}

func (n *names) computerPart(where string) part {
	grouped := n.schema.tables[computer].has("group_id")
	p := n.schema.tables[computer].selects(func(c *record) {
		pc := jobmon.Computer{ID: jobmon.ComputerID(c.id(0)), Name: c.text(1), OSName: c.text(2)}
		group := c.reference(3)
		pc.Ghost = group == nowhere && grouped
		if c.fits() {
			n.computers = append(n.computers, pc)
			n.computerGroup = append(n.computerGroup, group)
		}
	}, "computer_id", "name", "computer_name", "group_id")
	p.sql += where
	return p
}

// folderParts is the statement for the folders, none where they cannot be read.
func (n *names) folderParts() []part {
	if !n.schema.has(eventFolder) || !n.schema.tables[event].has("folder_id") {
		return nil
	}
	return []part{n.schema.tables[eventFolder].selects(func(c *record) {
		id, f := c.id(0), folder{name: c.text(1), parent: c.reference(2)}
		if c.fits() {
			n.folders[int64(id)] = f
		}
	}, "folder_id", "name", "parent_id")}
}

// groupParts is the statement for the groups, none where they cannot be read.
func (n *names) groupParts() []part {
	if !n.schema.has(computerGroup) || !n.schema.tables[computer].has("group_id") {
		return nil
	}
	return []part{n.schema.tables[computerGroup].selects(func(c *record) {
		id, name := c.id(0), c.text(1)
		if c.fits() {
			n.groups[int64(id)] = name
		}
	}, "group_id", "name")}
}

// into adds the names to a snapshot.
func (n *names) into(s *jobmon.Snapshot) {
	for i := range n.jobs {
		n.jobs[i].Folder = n.folders.path(n.jobFolder[i])
	}
	for i := range n.computers {
		n.computers[i].Group = n.groups[n.computerGroup[i]]
	}
	s.Jobs, s.Computers = append(s.Jobs, n.jobs...), append(s.Computers, n.computers...)
}
