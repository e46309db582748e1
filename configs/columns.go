package configs

// columnKeys are the keys that rename columns of the DS tables (docs/ds-database.md). They belong to the table of keys;
// the source that reads these columns is told the names in Tables.
func columnKeys() []Key {
	var keys []Key
	for _, t := range []struct {
		table   string
		columns [][2]string // a column and what it is
	}{
		{"event_schedule", [][2]string{
			{"schedule_id", "the identity of a row"},
			{"event_id", "the job of a row"},
			{"computer_id", "the computer of a row"},
			{"status_code", "whether a job waits, runs or has ended, and how"},
			{"start_time", "when a job is due"},
		}},
		{"event", [][2]string{
			{"event_id", "the identity of a job"},
			{"name", "the name of a job"},
			{"folder_id", "the folder of a job. It may be missing"},
		}},
		{"event_folder", [][2]string{
			{"folder_id", "the identity of a folder"},
			{"name", "the name of a folder"},
			{"parent_id", "the folder around a folder"},
		}},
		{"computer", [][2]string{
			{"computer_id", "the identity of a computer"},
			{"name", "the name of a computer in the console"},
			{"computer_name", "the name of a computer in its operating system. It may be missing"},
			{"group_id", "the group of a computer. It may be missing"},
		}},
		{"computer_group", [][2]string{
			{"group_id", "the identity of a group"},
			{"name", "the name of a group"},
		}},
		{"sessions", [][2]string{
			{"computer_id", "a computer whose agent is connected"},
		}},
	} {
		for _, c := range t.columns {
			keys = append(keys, columnName(t.table, c[0]).helps("Column of "+t.table+": "+c[1]+"."))
		}
	}
	return keys
}
