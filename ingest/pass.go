package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pass reads everything once, a page after another, to notice what quick reads cannot see: finished rows that changed
// or vanished, and names. It may take several cycles; the cycle that reads a page reports what it says.
type pass struct {
	from  jobmon.ScheduleID // where the next page begins
	names bool              // all pages are read: the names are next
}

func newPass() *pass { return &pass{from: math.MinInt32} }

// paged is what the pages of one cycle say.
type paged struct {
	rows    []jobmon.Row        // those that differ from the mirror
	missing []jobmon.ScheduleID // known, and not on their page: to be looked up
	gone    []jobmon.ScheduleID // known, and not on their page at two readings
	highest jobmon.ScheduleID   // of all rows of the pages
	count   int                 // of all rows of the pages
	names   *jobmon.Snapshot    // nil when they were not read
}

// mostLookedUp is how many rows are looked up because of pages in one cycle. When more are missing, the table was
// purged, and reading a page again costs the server less than a list of all its ids.
const mostLookedUp = 1000

var errNoProgress = errors.New("the source returned a page that ends before it begins: please report this")

// step reads the next page, or the names at the end, into what. done says that the pass has ended.
func (r *reader) step(ctx context.Context, what *paged) (done bool, err error) {
	p := r.pass
	if p.names {
		what.names, err = try(ctx, r, "read the names of jobs and computers", r.source.Names)
		return err == nil, err
	}
	rows, through, err := r.page(ctx, p.from)
	if err != nil {
		return false, err
	}
	absent := r.index.absent(rows, p.from, through)
	if len(what.missing)+len(absent) > mostLookedUp {
		again, until, err := r.page(ctx, p.from)
		if err != nil {
			return false, err
		}
		for _, id := range absent {
			switch {
			case contains(again, id):
			case id <= until:
				what.gone = append(what.gone, id)
			default:
				what.missing = append(what.missing, id)
			}
		}
		both := jobmon.Snapshot{Rows: append(rows, again...)}
		both.Normalize() // the later reading of a row counts
		rows = both.Rows
	} else {
		what.missing = append(what.missing, absent...)
	}
	for i := range rows {
		what.highest = max(what.highest, rows[i].ID)
	}
	what.count += len(rows)
	changed, _ := r.index.mirror.Compare(rows)
	what.rows = append(what.rows, changed...)
	p.names = through == math.MaxInt32
	p.from = through + 1 // not used after the last page
	return false, nil
}

func (r *reader) page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	type page struct {
		rows    []jobmon.Row
		through jobmon.ScheduleID
	}
	what := "read the rows"
	if from > math.MinInt32 { // further pages name where they begin
		what = fmt.Sprintf("read the rows from id %d on", from)
	}
	p, err := try(ctx, r, what, func(ctx context.Context) (p page, err error) {
		p.rows, p.through, err = r.source.Page(ctx, from)
		return p, err
	})
	if err == nil && p.through < from {
		err = errNoProgress
	}
	return p.rows, p.through, err
}
