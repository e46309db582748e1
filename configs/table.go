package configs

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Keys lists all keys, in the order of the example file. It is the one place that says what can be configured.
func Keys() []Key {
	d := jobmon.DefaultSettings()
	return slices.Concat([]Key{
		path("data_dir", "folder", func(c *Config) *string { return &c.DataDir }).
			byDefault(`%ProgramData%\jobmon-db on Windows, else /var/lib/jobmon-db`).
			helps("Folder of the log, in which all history is kept. It must be on a local disk."),
		freeText("site", 64, func(c *Config) *string { return &c.Site }).
			byDefault("this computer's name").
			helps("Name of this Deployment Server. It stands on every screen, because every server counts its computers from 5,000,001."),

		path("evt.dir", "folder", func(c *Config) *string { return &c.Evt.Dir }).
			byDefault("the folder evt in data_dir").
			helps("Folder of the <computer id>.evt files, from which DS copies them to the clients. " +
				"To let the copy tasks stay as they are, name the temp folder of the eXpress share."),
		yesNo("evt.takeover", false, func(c *Config) *bool { return &c.Evt.Takeover }).
			helps("Whether .evt files that this program did not write are replaced. Without it they are left alone and reported."),
		path("evt.template", "file", func(c *Config) *string { return &c.Evt.Template }).
			byDefault("none: files are as docs/evt-format.md says").
			helps("Template by which files are written instead, for sites with a monitor of their own: docs/evt-template.md. It is checked when the daemon starts, and kept in the log, so that the past is shown as it was."),
		oneOf("evt.encoding", jobmon.Encodings()[0], jobmon.Encodings(), func(c *Config) *string { return &c.Evt.Encoding }).
			helps("Encoding of what evt.template writes; utf-8-bom and utf-16le begin with a byte order mark. Characters that it lacks lose their accents, or become question marks."),
		oneOf("evt.newline", jobmon.NewlineCRLF, []string{jobmon.NewlineCRLF, jobmon.NewlineLF}, func(c *Config) *string { return &c.Evt.Newline }).
			helps("How lines end in what evt.template writes: as Windows has it, or as everybody else."),

		accounts("endpoint.allow", func(c *Config) *[]string { return &c.Endpoint.Allow }).
			byDefault("none").
			helps("Windows accounts that may ask the running daemon, beside SYSTEM, Administrators and its own: for instance the one that DS runs its scripts under. Elsewhere only the daemon's user may."),

		listenAddress("http.listen", func(c *Config) *string { return &c.HTTP.Listen }).
			byDefault("none: there is no server").
			helps("Address of a read-only HTTP server that gives each computer's file as it is now (/evt/<computer id>), for screens that poll it, and says how the daemon fares (/metrics). One that other computers reach needs http.tls.cert, http.tls.key and http.tokens. Port 0 means any free one, which is logged."),
		path("http.tls.cert", "file", func(c *Config) *string { return &c.HTTP.Cert }).
			byDefault("none: nothing is encrypted").
			helps("File in PEM form with the HTTP server's certificate and those between it and its authority. It is read anew when it changes."),
		path("http.tls.key", "file", func(c *Config) *string { return &c.HTTP.Key }).
			byDefault("none").
			helps("File in PEM form with the private key of http.tls.cert. Only the daemon's account should be able to read it."),
		digests("http.tokens", func(c *Config) *[]Digest { return &c.HTTP.Tokens }).
			byDefault("none: nobody is asked for one").
			helps("SHA-256 of the tokens by which others may ask the HTTP server; `jobmon-db config new-token` makes one and prints both."),

		path("backup.dir", "folder", func(c *Config) *string { return &c.Backup.Dir }).
			byDefault("none").
			helps("Folder for the backups that the daemon makes, best on another disk. Needed when backup.every is set."),
		durationOr("none", "backup.every", 0, time.Hour, 365*day, func(c *Config) *time.Duration { return &c.Backup.Every }).
			helps("How often the daemon makes a backup of the log."),
		whole("backup.keep", 7, 1, 1000, func(c *Config) *int { return &c.Backup.Keep }).
			helps("How many of these backups are kept; older ones are deleted. Other files in the folder are left alone."),

		keep("history.keep", func(c *Config) *time.Duration { return &c.History.Keep }).
			helps("For how long what happened is kept. The daemon cuts off older history from time to time, when its oldest event is older by an eighth of that. Pictures and estimates of later do not change by it."),

		oneOf("source.kind", "", []string{KindSQLServer, KindSimulator, KindRecording}, func(c *Config) *string { return &c.Source.Kind }).
			byDefault(KindSQLServer + " when source.dsn or source.server is given; else nothing is watched, and run ends with exit code 2").
			helps("What is watched: the DS database, a built-in imitation of one, or the recording of one."),
		dsn("source.dsn", func(c *Config) *DSN { return &c.Source.DSN }).
			byDefault("none").
			helps("Server, database and login in one, for source.kind sqlserver. The keys from source.server to source.tls.host_name say the same one by one; both at once are not allowed. " +
				"A login that can only read is enough. Others can see what is given as a flag; the environment or this file, readable for the service alone, are better places."),
		serverName("source.server", func(c *Config) *string { return &c.Source.Server }).
			byDefault("none").
			helps("The SQL Server of the DS database, for source.kind sqlserver. A named instance without a port is found with the help of SQL Server Browser; np: is a named pipe and lpc: the server on this computer, both on Windows only."),
		freeText("source.database", 128, func(c *Config) *string { return &c.Source.Database }).
			byDefault("eXpress when source.server is given").
			helps("The DS database on source.server."),
		freeText("source.user", 128, func(c *Config) *string { return &c.Source.User }).
			byDefault("the Windows account that the service runs under").
			helps("The login at source.server. One that can only read is enough."),
		password("source.password", func(c *Config) *Secret { return &c.Source.Password }).
			byDefault("none").
			helps("Password of source.user. Others can see what is given as a flag; the environment or source.password_file are better places."),
		path("source.password_file", "file", func(c *Config) *string { return &c.Source.PasswordFile }).
			byDefault("none").
			helps("File that holds the password of source.user, instead of source.password. `jobmon-db config set-secret source.password` writes it, on Windows protected; a text file with nothing but the password will do."),
		oneOf("source.tls.encrypt", "", []string{"strict", "true", "false", "disable"}, func(c *Config) *string { return &c.Source.TLS.Encrypt }).
			byDefault("true, and disable for a source.server with lpc:").
			helps("Encryption of the connection to source.server: all of it (true; strict as SQL Server 2022 has it), the login only and only where the server can (false), or nothing (disable: the password crosses the network readable)."),
		yesNo("source.tls.trust", false, func(c *Config) *bool { return &c.Source.TLS.Trust }).
			helps("Whether any certificate of source.server is good, also one that nobody signed."),
		path("source.tls.ca", "file", func(c *Config) *string { return &c.Source.TLS.CA }).
			byDefault("the authorities that this system trusts").
			helps("File in PEM form with the certificates of the authorities that may have signed the server's."),
		freeText("source.tls.host_name", 255, func(c *Config) *string { return &c.Source.TLS.HostName }).
			byDefault("the host of source.server").
			helps("The name that the certificate of source.server must have."),
		oneOf("source.tls.min", "1.2", []string{"1.0", "1.1", "1.2", "1.3"}, func(c *Config) *string { return &c.Source.TLS.Min }).
			helps("The lowest version of TLS to speak. Below 1.2 the encryption is weak; SQL Server 2005 to 2014 may know no better without updates."),
		path("source.recording", "file", func(c *Config) *string { return &c.Source.Recording }).
			byDefault("none").
			helps("The recording that is played back, for source.kind recording."),
		duration("source.poll_interval", d.PollInterval, 250*time.Millisecond, time.Hour, func(c *Config) *time.Duration { return &c.Source.PollInterval }).
			live().helps("How often the source is read: one read for all computers."),
		duration("source.reconcile", 5*time.Minute, 10*time.Second, day, func(c *Config) *time.Duration { return &c.Source.Reconcile }).
			live().helps("How often everything is read, to notice what the quick reads cannot see: finished rows that were changed or deleted, renamed jobs."),
		duration("source.timeout", 15*time.Second, time.Second, 10*time.Minute, func(c *Config) *time.Duration { return &c.Source.Timeout }).
			helps("How long one read may take before it counts as failed."),
		duration("source.lock_timeout", 2*time.Second, 100*time.Millisecond, time.Minute, func(c *Config) *time.Duration { return &c.Source.LockTimeout }).
			helps("How long a read waits for rows that DS has locked. It must be shorter than source.timeout."),
		zone("source.start_time_zone", func(c *Config) *string { return &c.Source.StartZone }).
			byDefault("none: it is found out from how jobs are scheduled and start").
			live().helps("Time zone in which DS writes start_time, the time at which a job is due. Give it where the SQL Server's " +
			"clock is in another zone than the DS consoles, for instance in UTC."),
		tableName("source.tables.event_schedule", "event_schedule", func(c *Config) *string { return &c.Source.Tables.EventSchedule }).
			helps("Table of the jobs scheduled on computers."),
		tableName("source.tables.event", "event", func(c *Config) *string { return &c.Source.Tables.Event }).
			helps("Table of the jobs."),
		tableName("source.tables.event_folder", "event_folder", func(c *Config) *string { return &c.Source.Tables.EventFolder }).
			helps("Table of the folders of jobs."),
		tableName("source.tables.computer", "computer", func(c *Config) *string { return &c.Source.Tables.Computer }).
			helps("Table of the computers."),
		tableName("source.tables.computer_group", "computer_group", func(c *Config) *string { return &c.Source.Tables.ComputerGroup }).
			helps("Table of the groups of computers."),
		tableName("source.tables.sessions", "sessions", func(c *Config) *string { return &c.Source.Tables.Sessions }).
			helps("Table of the agents that are connected. It may be missing; then nobody knows who is connected."),
	}, columnKeys(), []Key{
		whole("simulator.computers", 8, 1, 10_000, func(c *Config) *int { return &c.Simulator.Computers }).
			helps("How many computers the simulator has."),
		number("simulator.speed", 1, 0.1, 10_000, func(c *Config) *float64 { return &c.Simulator.Speed }).
			helps("How many times faster than in life things happen in the simulator."),
		seed("simulator.seed", 1, func(c *Config) *uint64 { return &c.Simulator.Seed }).
			helps("What the simulator's chance begins with. The same number gives the same story."),

		pattern("jobs.marker", d.Marker, func(c *Config) *string { return &c.Jobs.Marker }).
			live().helps("Jobs whose name matches are markers: each opens a stage, and its tasks only refresh and copy the file."),
		pattern("jobs.build", d.Build, func(c *Config) *string { return &c.Jobs.Build }).
			live().helps("Jobs whose name matches are build jobs: they deliver the monitor and start it, and belong to no stage. " +
			"No figure counts them. A screen lists one only if it waits outside a deployment; replay and waterfall list all."),
		codes("jobs.success", d.Success, func(c *Config) *[]jobmon.Code { return &c.Jobs.Success }).
			live().helps("Status codes that mean success. Where DS is told to take 3010 (restart required) for one, it belongs here too."),

		oneOf("stages.markers", d.Markers, []string{"auto", "tagged", "all"}, func(c *Config) *string { return &c.Stages.Markers }).
			live().helps("How stages are formed: tagged by markers only, all makes each job a stage, auto is tagged where a deployment has markers and all where it has none."),

		duration("session.gap", d.Gap, time.Minute, day, func(c *Config) *time.Duration { return &c.Session.Gap }).
			live().helps("For how long after its end a deployment goes on when another job starts. A job due later than that is listed but not counted."),
		duration("session.abandoned", d.Abandoned, time.Hour, 30*day, func(c *Config) *time.Duration { return &c.Session.Abandoned }).
			live().helps("After so long without a start a deployment is called abandoned. It stays open, and any start takes the word away."),
		duration("session.stuck", d.Stuck, time.Hour, 30*day, func(c *Config) *time.Duration { return &c.Session.Stuck }).
			live().helps("A job that has been due for so long without starting holds no deployment open."),
		duration("session.late", d.Late, time.Second, time.Hour, func(c *Config) *time.Duration { return &c.Session.Late }).
			live().helps("A job that is scheduled so long after the others of its deployment is shown as added late."),

		duration("agent.away", d.AgentAway, time.Minute, day, func(c *Config) *time.Duration { return &c.Agent.Away }).
			live().helps("When a job runs while the computer's agent has been away for longer, the deployment counts as " +
			"standing still."),

		yesNo("names.hide", d.HideNames, func(c *Config) *bool { return &c.Names.Hide }).
			live().helps("Whether screens leave out the names of jobs that failed."),

		duration("monitor.quiet", d.Quiet, time.Minute, 7*day, func(c *Config) *time.Duration { return &c.Monitor.Quiet }).
			live().helps("Where there is no history to go by, a screen says that there is no news after so long."),
		duration("monitor.settle", d.Settle, 0, 10*time.Minute, func(c *Config) *time.Duration { return &c.Monitor.Settle }).
			live().helps("How long a screen waits for a newer file before it says that the computer is ready."),

		oneOf("log.level", "info", []string{"trace", "debug", "info", "warn", "error"}, func(c *Config) *string { return &c.Log.Level }).
			live().helps("Messages of this importance and above are logged."),
		oneOf("log.format", "auto", []string{"auto", "console", "json"}, func(c *Config) *string { return &c.Log.Format }).
			helps("Form of the messages: console for people, json for programs, auto chooses console on a terminal."),
		path("log.file", "file", func(c *Config) *string { return &c.Log.File }).
			byDefault("standard error; for a Windows service jobmon-db.log in data_dir").
			helps("File for the messages. What the runtime says of a crash goes into one beside it that ends in .crash.log."),
		whole("log.max_size", 20, 1, 10_000, func(c *Config) *int { return &c.Log.MaxSize }).
			helps("How many MiB the file for messages may have before a new one is begun."),
		whole("log.keep", 5, 1, 1000, func(c *Config) *int { return &c.Log.Keep }).
			helps("How many old files for messages are kept, with their date in the name."),
	})
}

func (k Key) byDefault(words string) Key {
	k.DefaultIs = words
	return k
}

// live says that a running daemon takes a new value at once.
func (k Key) live() Key {
	k.Live = true
	return k
}

func (k Key) helps(sentences string) Key {
	k.Help = sentences
	return k
}
