package bench_test

import (
	"database/sql"
	"errors"
	"iter"

	_ "modernc.org/sqlite"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const columns = `seq, at, kind, flags, schedule, computer, job, start, status_set, status, name, place, text,
	seconds, count, step, until, from_seq, to_seq, sum`

// sqliteOf makes a SQLite database with a table of the same events, one row each.
func sqliteOf(path string, batches iter.Seq2[jobmon.Batch, error]) (*sql.DB, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	return db, errors.Join(err, fillSQLite(db, batches))
}

func fillSQLite(db *sql.DB, batches iter.Seq2[jobmon.Batch, error]) (err error) {
	if _, err := db.Exec(`CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER, kind INTEGER, flags INTEGER,
		schedule INTEGER, computer INTEGER, job INTEGER, start INTEGER, status_set INTEGER, status INTEGER,
		name TEXT, place TEXT, text TEXT, seconds INTEGER, count INTEGER, step INTEGER, until INTEGER,
		from_seq INTEGER, to_seq INTEGER, sum INTEGER)`); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Commit()) }()
	insert, err := tx.Prepare(`INSERT INTO events (` + columns + `) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for batch, err := range batches {
		if err != nil {
			return err
		}
		for i := range batch.Events {
			e := &batch.Events[i]
			if _, err := insert.Exec(int64(e.Seq), int64(e.At), int64(e.Kind), int64(e.Flags), int64(e.Schedule),
				int64(e.Computer),
				int64(e.Job), int64(e.Start), e.Status.Set, int64(e.Status.Code), e.Name, e.Place, e.Text,
				int64(e.Seconds), int64(e.Count),
				e.Step, int64(e.Until), int64(e.From), int64(e.To), int64(e.Sum)); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanSQLite reads all events in order.
func scanSQLite(db *sql.DB) (n int, err error) {
	rows, err := db.Query(`SELECT ` + columns + ` FROM events ORDER BY seq`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var e jobmon.Event
		var sum int64
		if err := rows.Scan(&e.Seq, &e.At, &e.Kind, &e.Flags, &e.Schedule, &e.Computer, &e.Job, &e.Start, &e.Status.Set,
			&e.Status.Code, &e.Name, &e.Place, &e.Text, &e.Seconds, &e.Count, &e.Step, &e.Until, &e.From, &e.To,
			&sum); err != nil {
			return n, err
		}
		e.Sum = uint64(sum)
		n++
	}
	return n, rows.Err()
}
