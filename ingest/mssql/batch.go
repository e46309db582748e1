package mssql

import (
	"database/sql"
	"strconv"
	"strings"
	"time"
)

const (
	// idsPerStatement is how many ids one IN lists: SQL Server's optimizer handles longer lists badly.
	idsPerStatement = 1000
	// idsPerBatch bounds the text of one lookup to about half a megabyte.
	idsPerBatch = 20 * idsPerStatement
	// rowsPerPage is how many rows a page has: some 150 kB, which any network carries quickly.
	rowsPerPage = 5000
)

// part is one SELECT of a batch and what is done with its rows. Statement and consumer are kept together so that
// the result sets of a batch cannot be taken for one another.
type part struct {
	sql     string
	table   string   // as shown in messages
	columns []string // one for each cell
	take    func(*record)
}

// header is what every batch begins with, after the comment that names it. The settings are part of the batch
// because a connection that is reset loses them. All of it exists since SQL Server 2005.
func header(lockTimeout time.Duration, level isolation) string {
	return "SET NOCOUNT ON;\n" +
		"SET DEADLOCK_PRIORITY LOW;\n" +
		"SET LOCK_TIMEOUT " + strconv.FormatInt(max(1, lockTimeout.Milliseconds()), 10) + ";\n" +
		"SET TRANSACTION ISOLATION LEVEL " + string(level) + ";\n"
}

// batch is the text sent to the server. It holds no parameters: the driver then sends it as a plain batch, and the
// text is the same every time, so that the server's plan cache holds one plan for it.
func batch(name, header string, parts []part) string {
	var b strings.Builder
	b.WriteString("/* jobmon-db " + name + " */\n")
	b.WriteString(header)
	for _, p := range parts {
		b.WriteString(p.sql)
		b.WriteString(";\n")
	}
	return b.String()
}

// The bounds of the answer to one batch. A DS has some ten thousand rows that have not finished, and pages bound the
// rest.
const (
	rowsPerAnswer  = 2_000_000
	bytesPerAnswer = 128 << 20
)

// drain hands all rows of the current result set to the part, and counts them. More than most are an error.
func (p *part) drain(rows *sql.Rows, most uint64, left *leftOut) (count uint64, err error) {
	r := record{part: p, cells: make([]any, len(p.columns))}
	into := make([]any, len(r.cells))
	for i := range r.cells {
		into[i] = &r.cells[i]
	}
	for rows.Next() {
		if count == most {
			return count, errTooMuch
		}
		if err := rows.Scan(into...); err != nil {
			return count, err
		}
		count++
		r.unfit = ""
		p.take(&r)
		if r.err != nil {
			return count, r.err
		}
		left.add(r.unfit)
	}
	return count, rows.Err()
}

// top makes a SELECT return that many rows at most.
func top(count int, sql string) string {
	return "SELECT TOP " + strconv.Itoa(count) + strings.TrimPrefix(sql, "SELECT")
}

// clocks reads both clocks of the server.
func clocks(take func(*record)) part {
	return part{
		sql: "SELECT GETUTCDATE(), GETDATE()", table: "the server", columns: []string{"UTC time", "local time"},
		take: take,
	}
}

// idList writes ids as the server reads them: "-3, 17".
func idList[ID ~int32](ids []ID) string {
	text := make([]byte, 0, 10*len(ids))
	for i, id := range ids {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(text, int64(id), 10)
	}
	return string(text)
}
