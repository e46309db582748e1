package past

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// ProjectionAt is the projection of a moment, or the newest one, and up to when what lasts is reckoned.
func (p *Log) ProjectionAt(at string, messages io.Writer) (*projector.Projection, jobmon.Instant, error) {
	seq, now := p.Last, p.Present()
	if at != "" {
		point, err := p.Parse(at)
		if err != nil {
			return nil, 0, err
		}
		if seq, err = p.SeqAt(point, messages); err != nil {
			return nil, 0, err
		}
		if now, err = p.TimeOf(point); err != nil {
			return nil, 0, err
		}
	}
	projection, err := history.Project(p, seq)
	return projection, now, err
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

// Find resolves the computer that is asked for. Of a moment of the past, which at is not "" for, it is the record of
// that name that had a picture then.
func (p *Log) Find(projection *projector.Projection, computer, at string) (jobmon.ComputerID, error) {
	id, err := p.Names.Find(computer)
	if at == "" {
		return id, err
	}
	found, all := p.Names.All(computer)
	if all != nil {
		return id, err
	}
	found = slices.DeleteFunc(found, func(k *names.Known) bool {
		_, drawn := history.Picture(projection, k.ID)
		return !drawn
	})
	if len(found) == 1 {
		return found[0].ID, nil
	}
	return id, err
}
