package store

import (
	"context"
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Notes are sentences about what opening found and mended, to be logged.
func (l *Log) Notes() []string { return l.notes }

// takeUpNewest looks for the newest batch when one of bbolt's two meta pages is damaged: the other one may be that of
// the commit before, to which that batch is unknown, though it lies whole in the file. It is appended again
// then. It may also be the batch at whose commit the power went: whole on the disk, though it was never
// acknowledged.
func (l *Log) takeUpNewest() error {
	if _, good, err := newestMeta(l.path); err != nil || good == 2 {
		return err
	}
	f, err := openFileLog(context.Background(), l.path, nil)
	if err != nil {
		return err
	}
	defer f.Close()
	damaged := "one of the two pages that say where everything is in " + l.path + " was damaged"
	b := l.ends()
	newest := found{}
	if n := len(f.parts); n > 0 {
		newest = f.parts[n-1]
	}
	if !newest.frame || newest.live || newest.begin() != b.next(&l.meta().meta) || newest.previous != b.crc {
		l.notes = append(l.notes, damaged+": nothing is missing as far as can be seen")
		return nil
	}
	data, err := f.value(newest.offset, int64(newest.size), MaxFrame)
	if err != nil {
		return err
	}
	fr, bad := parseFrame(data)
	var events []jobmon.Event
	if bad == nil {
		events, bad = new(decoder).events(nil, &fr)
	}
	if bad != nil {
		return damage(l.path, newest.first, newest.last, bad)
	}
	l.skipTo = fr.first
	if _, err := l.Append(fr.at, events); err != nil {
		return err
	}
	l.notes = append(l.notes, fmt.Sprintf("%s, the events %d to %d were no longer reached: they were found and "+
		"appended again",
		damaged, newest.first, newest.last))
	return nil
}
