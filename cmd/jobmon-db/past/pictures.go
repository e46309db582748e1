package past

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Place finds the moment that a text names, "" for the end of the log. It returns the last event of the moment's batch,
// and the time up to which the durations of what goes on are counted. Remarks about the moment go to warn.
func (p *Log) Place(at string, warn func(words.Phrase)) (seq uint64, now jobmon.Instant, err error) {
	if at == "" {
		return p.Last, p.Present(), nil
	}
	point, err := p.Parse(at)
	if err != nil {
		return 0, 0, err
	}
	if seq, err = p.SeqAt(point, warn); err != nil {
		return 0, 0, err
	}
	now, err = p.TimeOf(point)
	return seq, now, err
}

// Listed are the pictures that a list of all computers shows: a request for an id that the database does not know
// leaves a picture, and no deployment to list.
func Listed(list []jobmon.Progress) []jobmon.Progress {
	return slices.DeleteFunc(slices.Clone(list), func(p jobmon.Progress) bool { return p.Unknown })
}

// PictureOf finds a computer's picture among pictures in the order of their keys; nil for none.
func PictureOf(list []jobmon.Progress, key jobmon.ComputerKey) *jobmon.Progress {
	// by index: a picture is large
	i, found := sort.Find(len(list), func(i int) int { return key.Compare(list[i].Computer.Key()) })
	if !found {
		return nil
	}
	return &list[i]
}

// Namesakes lists the other records of a computer's name that have a picture.
func (p *Log) Namesakes(projection *projector.Projection, id jobmon.ComputerID) string {
	var text strings.Builder
	for _, one := range history.Pictures(projection) {
		if other := one.Computer.ID; other != id && names.SameName(one.Computer.Name, p.Names[id].Name) {
			fmt.Fprintf(&text, "id:%d has the same name and one; ", other)
		}
	}
	return text.String()
}

// Find resolves the computer that is asked for about a moment of the past. It is the record of that name that had a
// picture then, as drawn says.
func (p *Log) Find(computer string, drawn func(jobmon.ComputerID) bool) (jobmon.ComputerID, error) {
	id, err := p.Names.Find(computer)
	found, all := p.Names.All(computer)
	if all != nil {
		return id, err
	}
	found = slices.DeleteFunc(found, func(k *names.Known) bool { return !drawn(k.ID) })
	if len(found) == 1 {
		return found[0].ID, nil
	}
	return id, err
}

// LostAt is since when the source could not be read after that event; 0 where it was read.
func (p *Log) LostAt(seq uint64) (since jobmon.Instant) {
	for i := range p.Chronicle {
		switch e := &p.Chronicle[i]; {
		case e.Seq > seq:
			return since
		case e.Kind == jobmon.KindSourceLost:
			since = e.At
		case e.Kind == jobmon.KindSourceRestored || e.Kind == jobmon.KindDaemonStarted:
			since = 0
		}
	}
	return since
}
