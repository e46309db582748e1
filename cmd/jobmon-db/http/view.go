package http

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// view is what readers of the board or the wall have, in the order of their keys.
type view struct {
	rows []row
	due  bool               // rows are still to be drawn again
	from jobmon.ComputerKey // the first of these
}

// row is a computer's row or tile. Its HTML is not kept: a fleet has many rows, of which few are sent again.
type row struct {
	key     jobmon.ComputerKey
	seq     uint64 // of its picture
	number  uint64 // by the count that pages know
	sum     uint64 // of the HTML
	gone    bool   // there is no such computer any more
	version uint64
	changed time.Time // zero: not since the view was begun
}

// redrawnAtOnce is how many rows are drawn again in one update. The rest waits for the next ones, so that what changes
// waits for few of them.
const redrawnAtOnce = 2000

// due receives at once while somebody reads and rows are still to be drawn again.
func (c *composer) due() <-chan struct{} {
	if c.stream.count() == 0 {
		return nil
	}
	for _, v := range c.views {
		if v.due {
			now := make(chan struct{})
			close(now)
			return now
		}
	}
	return nil
}

// again reports whether a row is to be drawn again now; left counts the rows that may still be drawn.
func (v *view) again(key jobmon.ComputerKey, left *int) bool {
	if !v.due || *left < 0 || key.Compare(v.from) < 0 {
		return false
	}
	if *left--; *left < 0 {
		v.from = key
		return false
	}
	return true
}

// draw draws the rows whose pictures changed, and some of those that are to be drawn again, which all begins. It
// returns the lines of those that are not what they were.
func (c *composer) draw(v *view, s sight, all bool) (lines [][]byte) {
	if all && !v.due {
		v.due, v.from = true, jobmon.ComputerKey{}
	}
	made, known, at, left := c.maker(s), len(v.rows), 0, c.atOnce
	for i := range c.moment.Pictures { // in the order of the rows
		p := &c.moment.Pictures[i]
		key := p.Computer.Key()
		for ; at < known && v.rows[at].key.Compare(key) < 0; at++ {
			lines = c.remove(&v.rows[at], lines)
		}
		r := &row{key: key, gone: true}
		here := at < known && v.rows[at].key == key
		if here {
			r = &v.rows[at]
			at++
		}
		if again := v.again(key, &left); !r.gone && r.seq == p.Seq && !again {
			continue
		}
		html := made(p)
		if html == nil {
			continue
		}
		r.seq, r.number = p.Seq, p.Seq
		if number := c.moment.Number; number != nil {
			r.number = number(p)
		}
		if sum := maphash.Bytes(c.seed, html); r.gone || sum != r.sum {
			r.sum, r.gone, r.version, r.changed = sum, false, c.version, time.Now()
			lines = append(lines, lineOf(key, html))
		}
		if !here {
			v.rows = append(v.rows, *r)
		}
	}
	for ; at < known; at++ {
		lines = c.remove(&v.rows[at], lines)
	}
	v.due = v.due && left < 0
	if len(v.rows) > known {
		slices.SortFunc(v.rows, func(a, b row) int { return a.key.Compare(b.key) })
	}
	return lines
}

// remove adds the line of a row whose computer is not there any more, once.
func (c *composer) remove(r *row, lines [][]byte) [][]byte {
	if r.gone {
		return lines
	}
	r.gone, r.version, r.changed = true, c.version, time.Now()
	return append(lines, lineOf(r.key, nil))
}

// maker makes the rows or tiles of a sight, nil for one that cannot be made.
func (c *composer) maker(s sight) func(*jobmon.Progress) []byte {
	frame := s.frame(c.moment.Frame, c.stream.public)
	made := board.Row
	if s.page == pageWall {
		made = board.Tile
	}
	return func(p *jobmon.Progress) []byte {
		html, err := made(p, &frame)
		if err != nil {
			c.stream.log.Error().Err(err).Stringer("computer", p.Computer.Key()).
				Msg("a row of the board could not be made")
		}
		return html
	}
}

// lineOf is a row's part of a message; no HTML says that the computer is gone.
func lineOf(key jobmon.ComputerKey, html []byte) []byte {
	var id any = key.ID
	if key.Site != "" {
		id = key.String()
	}
	return asJSON(struct {
		ID   any    `json:"id"`
		HTML string `json:"html"`
	}{id, string(html)})
}
