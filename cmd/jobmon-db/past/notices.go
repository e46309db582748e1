package past

import (
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Notices yields what the events behind that one are worth a message, in the order of the log, up to its end as it is
// known (Last). It begins at a checkpoint, so memory does not depend on how much there is. An error ends it. No lock is
// held while the caller's code runs.
func (p *Log) Notices(after uint64) iter.Seq2[*notices.Notice, error] {
	return history.Notices(p, p.Chronicle, after, p.Last)
}
