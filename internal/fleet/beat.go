package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
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

	// Instance is of one run of a daemon: two daemons may publish as one site. "" in beats of older programs.
	Instance string `json:"instance,omitempty"`

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
	b.Refused = sentenceOf(b.Refused)
	return b, b.possible()
}

// longestSentence is how much is shown of a sentence of a site.
const longestSentence = 600

// sentenceOf is what a site says, as it can be shown.
func sentenceOf(text string) string {
	if len(text) > longestSentence {
		text = text[:longestSentence] + "..."
	}
	return plain.Text(text)
}

// What a beat can say: no clock is set so far ahead by mistake, and no source was read before there was one.
const (
	mostAhead = 24 * time.Hour
	oldest    = jobmon.Instant(631152000_000) // 1990
	mostAgeMS = int64(10 * 365 * 24 * time.Hour / time.Millisecond)
)

// possible refuses figures that cannot be: what is shown, and when, follows from them.
func (b *Beat) possible() error {
	switch {
	case b.Last > jobmon.MaxSeq:
		return fmt.Errorf("a beat of site %s says that its log ends with event %d", b.Site, b.Last)
	case b.Covered != 0 && b.Covered < oldest:
		return fmt.Errorf("a beat of site %s says that its log is complete until before 1990", b.Site)
	case b.AgeMS < -1 || b.AgeMS > mostAgeMS:
		return fmt.Errorf("a beat of site %s says that its source was read %d ms ago", b.Site, b.AgeMS)
	}
	return nil
}

// early refuses what is complete until a time too far ahead.
func (b *Beat) early(most time.Duration) error {
	if b.Covered > jobmon.InstantOf(time.Now().Add(most)) {
		return fmt.Errorf("a beat of site %s says that its log is complete until more than %s from now: set the clock "+
			"of its server right", b.Site, most)
	}
	return nil
}
