package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// beatEvery is how often a site says how it fares.
const beatEvery = 5 * time.Second

// longestBeat is more than a beat needs.
const longestBeat = 16 << 10

// Beat is what a site says of itself every few seconds. Nothing keeps it.
type Beat struct {
	Site    string         `json:"site"`
	LogID   string         `json:"log_id"`
	Last    uint64         `json:"last"`       // newest event of its log
	Covered jobmon.Instant `json:"covered_ms"` // until when the log is complete, UTC
	AgeMS   int64          `json:"age_ms"`     // how long ago the source was last read, -1 for never
	Lost    bool           `json:"lost"`       // the source cannot be read
	Program string         `json:"program"`
	Notices bool           `json:"notices,omitempty"` // the hub sends this site's messages

	// Refused says why this daemon may not publish, "" while it may: another one publishes as this site. What else such
	// a beat says is of the wrong log.
	Refused string `json:"refused,omitempty"`
}

func (b *Beat) encode() []byte {
	text, err := json.Marshal(b)
	if err != nil {
		return nil // plain values
	}
	return text
}

// readBeat reads what came on the site's subject.
func readBeat(site string, data []byte) (b Beat, err error) {
	if len(data) > longestBeat {
		return b, fmt.Errorf("a beat of site %s has %d bytes", site, len(data))
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fmt.Errorf("read a beat of site %s: %w", site, err)
	}
	if b.Site != site {
		return b, errors.New("a beat names another site than its subject")
	}
	return b, nil
}
