package history

import (
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Beginning says where a log's history begins; the zero value is that of an empty log.
type Beginning struct {
	At    jobmon.Instant // time of the first batch
	First uint64         // the first event that can be asked about; where history was cut off, the last one of the cut
	Begun uint64         // last event of the first batch
	Cut   bool           // there was more before
}

// Begins looks at the first batch of a log. Errors are those of Read.
func Begins(log Reader) (Beginning, error) {
	for b, err := range log.Read(0) {
		if err != nil {
			return Beginning{}, fmt.Errorf("read the log: %w", err)
		}
		begins := Beginning{At: b.At, First: b.First(), Begun: b.Last()}
		if IsCut(&b) {
			begins.First, begins.Cut = b.Last(), true
		}
		return begins, nil
	}
	return Beginning{}, nil
}
