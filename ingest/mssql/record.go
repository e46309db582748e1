package mssql

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// longestName is how many characters are kept of a name or a folder path. The vendor's columns hold 128.
const longestName = 10_000

// record is one row of an answer. Its methods take one cell each; the first that finds something unusable marks the
// row as unfit.
type record struct {
	part  *part
	cells []any
	unfit string // what cannot be used, in words; the row is left out
	err   error  // a type that the column cannot have: the whole read is worthless
}

// fits reports whether all cells taken so far could be used.
func (r *record) fits() bool { return r.unfit == "" && r.err == nil }

// id takes a whole number that cannot be NULL.
func (r *record) id(i int) int32 {
	n, set := r.number(i)
	if !set && r.fits() {
		r.refuse(i, "is NULL")
	}
	return n
}

// status takes a code of whatever size, or NULL.
func (r *record) status(i int) jobmon.Status {
	switch v := r.cells[i].(type) {
	case nil:
		return jobmon.StatusNull
	case int64:
		return jobmon.StatusOf(jobmon.Code(v))
	}
	r.mismatch(i, number)
	return jobmon.StatusNull
}

// number takes a whole number or NULL.
func (r *record) number(i int) (n int32, set bool) {
	switch v := r.cells[i].(type) {
	case nil:
		return 0, false
	case int64:
		if v < math.MinInt32 || v > math.MaxInt32 {
			r.refuse(i, fmt.Sprintf("is %d, which does not fit into 32 bits", v))
			return 0, false
		}
		return int32(v), true
	}
	r.mismatch(i, number)
	return 0, false
}

// reference takes an id that points to another table, of whatever size: a job in an impossible folder is still a job.
// NULL is nowhere.
func (r *record) reference(i int) int64 {
	if id, ok := r.cells[i].(int64); ok {
		return id
	}
	return nowhere
}

// text takes a name; NULL is "".
func (r *record) text(i int) string {
	switch v := r.cells[i].(type) {
	case nil:
		return ""
	case string:
		return clean(v)
	}
	r.mismatch(i, text)
	return ""
}

// wall takes a reading of the server's clock; NULL is NoStart. The driver labels it UTC, which it is not.
func (r *record) wall(i int) jobmon.WallTime {
	switch v := r.cells[i].(type) {
	case nil:
		return jobmon.NoStart
	case time.Time:
		return jobmon.WallTimeOf(v.Round(time.Millisecond)) // datetime counts in 1/300 s
	}
	r.mismatch(i, moment)
	return jobmon.NoStart
}

func (r *record) refuse(i int, why string) {
	if r.fits() {
		r.unfit = fmt.Sprintf("%s.%s %s (%s %v)", r.part.table, r.part.columns[i], why, r.part.columns[0], r.cells[0])
	}
}

func (r *record) mismatch(i int, want kind) {
	if r.err == nil {
		r.err = fmt.Errorf("%s.%s came as %T instead of %s (%s %v): is this the table of a Deployment Server?",
			r.part.table, r.part.columns[i], r.cells[i], want, r.part.columns[0], r.cells[0])
	}
}

// leftOut counts the rows that could not be used.
type leftOut struct {
	count int
	first string
}

func (l *leftOut) add(unfit string) {
	if unfit == "" {
		return
	}
	if l.count++; l.count == 1 {
		l.first = unfit
	}
}

// clean makes a text valid UTF-8 and cuts it. Control characters stay: anyone who shows the text escapes them.
func clean(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	if len(s) <= longestName {
		return s
	}
	count := 0
	for at := range s {
		if count == longestName {
			return s[:at]
		}
		count++
	}
	return s
}
