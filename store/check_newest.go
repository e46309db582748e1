package store

import (
	"context"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// Notes are sentences about what opening found and mended, to be told to a person.
func (l *Log) Notes() []string { return l.notes }

// takeUpNewest looks for the newest batch when one of bbolt's two meta pages is damaged: the other one may be that of the
// commit before, to which that batch is unknown, though it lies whole in the file. It is appended again then, as it is. It
// may also be the batch at whose commit the power went: whole on the disk, though nobody was told.
func (l *Log) takeUpNewest() error {
	file, err := os.Open(l.path)
	if err != nil {
		return ioError("opening the log", err)
	}
	defer file.Close()
	_, good, err := metaPages(file, l.path)
	if err != nil || good == 2 {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return ioError("looking at the log "+l.path, err)
	}
	s, err := scanFile(context.Background(), file, info.Size())
	if err != nil {
		return err
	}
	b := l.ends()
	var newest *found
	for i := range s.finds {
		f := &s.finds[i]
		follows := !f.sealed && f.begin == max(b.last+1, l.meta.First) && f.previous == b.crc
		if follows && (newest == nil || newest.until <= f.until) { // of two the later one took the other's place
			newest = f
		}
	}
	if newest == nil {
		l.notes = append(l.notes, fmt.Sprintf("one of the two pages that say where everything is in %s was damaged: nothing is missing as far as can be told", l.path))
		return nil
	}
	data := make([]byte, newest.size)
	if _, err := file.ReadAt(data, newest.offset); err != nil {
		return ioError("reading the log "+l.path, err)
	}
	f, bad := parseFrame(data)
	if bad != nil {
		return damage(l.path, newest.first, newest.last, bad)
	}
	l.frame = data
	var tail uint64
	err = l.commit(fmt.Sprintf("taking up events %d to %d again", f.first, f.last()), func(tx *bolt.Tx) (err error) {
		tail, err = l.put(tx, &b, &f)
		return err
	})
	if err != nil {
		return err
	}
	l.appended(&b, &f, tail)
	l.notes = append(l.notes, fmt.Sprintf("one of the two pages that say where everything is in %s was damaged, the events %d to %d were no longer reached: they were found and appended again",
		l.path, f.first, f.last()))
	return nil
}
