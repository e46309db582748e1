package mssql_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// This file holds the two ways of showing progress that reading it centrally replaces, to compare them: every client
// asks the database for its own rows, and a function in the database makes a text for a computer at each marker. Both
// look at the present deployment only, which began after a time that they are given.

const since = "2026-11-22T00:00:00" // between history and deploying

// ownProgress is the query of one client.
func ownProgress(computer int) string {
	return fmt.Sprintf(`SELECT s.schedule_id, e.name, s.status_code, s.start_time
FROM dbo.event_schedule s JOIN dbo.event e ON e.event_id = s.event_id
WHERE s.computer_id = %d AND s.start_time >= '%s'
ORDER BY s.start_time, s.schedule_id`, computer, since)
}

// progressFunction makes one text of a computer's markers: 0 waits, 1 runs, 2 has finished. STRING_AGG is of SQL Server
// 2017; what was used before it does the same work.
const progressFunction = `CREATE FUNCTION dbo.job_monitor (@computer int, @since datetime) RETURNS varchar(8000) AS
BEGIN
	DECLARE @text varchar(8000);
	SELECT @text = STRING_AGG(e.name + '=' +
		CASE WHEN s.status_code IS NULL THEN '0' WHEN s.status_code = -1 THEN '1' ELSE '2' END, ';')
		WITHIN GROUP (ORDER BY s.start_time, s.schedule_id)
	FROM dbo.event_schedule s JOIN dbo.event e ON e.event_id = s.event_id
	WHERE s.computer_id = @computer AND s.start_time >= @since AND e.name LIKE '%(JM)%';
	RETURN @text;
END`

// callFunction is what a marker sends.
func callFunction(computer int) string {
	return fmt.Sprintf("SELECT dbo.job_monitor(%d, '%s')", computer, since)
}

func askOwnProgress(t testing.TB, db *sql.DB, computer int) (lines []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), ownProgress(computer))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		var name string
		var status sql.NullInt64
		var start sql.NullTime
		if err := rows.Scan(&id, &name, &status, &start); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(id, name, jobmon.Status{
			Code: jobmon.Code(status.Int64), Set: status.Valid,
		}, jobmon.WallTimeOf(start.Time)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func askFunction(t testing.TB, db *sql.DB, computer int) (text string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), callFunction(computer)).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// The comparison is fair only when the others' answers are right.
func TestTheOthersAnswersAreRight(t *testing.T) {
	now := deploying(10_000, 5000002, 3)
	old := history(1000, 400) // of 5000001 to 5000010
	later := now
	// with lower ids: the order is that of the times
	later.first, later.start, later.done = 9000, "2026-11-22T14:00:00", 0
	db := onSQLServer(t, 0, old, now, later)
	db.Exec(progressFunction)
	client := mssqltest.Open(t, db.DSN())

	var lines, marks []string
	for _, k := range []block{now, later} {
		for n := jobsEach; n < 2*jobsEach; n++ { // the second computer's
			cells := k.cells(n)
			name, status, mark := jobName(cells[1].(int)), jobmon.StatusNull, "0"
			switch cells[3] {
			case -1:
				status, mark = jobmon.StatusRunning, "1"
			case 0:
				status, mark = jobmon.StatusOf(0), "2"
			}
			lines = append(lines, fmt.Sprint(cells[0], name, status, wall(k.start)))
			if strings.Contains(name, "(JM)") {
				marks = append(marks, name+"="+mark)
			}
		}
	}
	same(t, "rows", askOwnProgress(t, client, 5000003), lines)
	same(t, "text", askFunction(t, client, 5000003), strings.Join(marks, ";"))
	if n := len(marks); n != 2*markersEach || !slices.ContainsFunc(marks, func(m string) bool {
		return strings.HasSuffix(m, "=1")
	}) {
		t.Errorf("%d markers, or none that runs", n)
	}
}
