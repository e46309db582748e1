package configs

import "cmp"

// defaultDatabase is the name that DS gives its database by default.
const defaultDatabase = "eXpress"

// completeSource fills in what depends on other keys of the source, and says which of them contradict one another.
func (c *Config) completeSource(origins map[string]Origin, bad map[string]bool) (problems []Problem) {
	s := &c.Source
	if s.Kind == "" && (s.DSN != "" || s.Server != "") {
		s.Kind = KindSQLServer
	}
	for _, w := range append(s.besideDSN(origins), s.contradictions(origins, bad)...) {
		if w.is {
			origin := cmp.Or(origins[w.key], origins[w.with], Origin{Layer: FromDefault})
			problems = append(problems, Problem{Origin: origin, Key: w.key, Value: w.value, Reason: w.reason})
		}
	}
	if s.DSN == "" && s.Server != "" {
		s.Database = cmp.Or(s.Database, defaultDatabase)
	}
	return problems
}

// contradiction is a key that does not go with others.
type contradiction struct {
	is         bool
	key, value string
	reason     string
	with       string // the key whose place counts where this one was not given
}

// besideDSN are the keys that a data source name has no room for.
func (s *Source) besideDSN(origins map[string]Origin) []contradiction {
	if s.DSN == "" {
		return nil
	}
	at := at(origins, "source.dsn")
	if s.Server != "" {
		return []contradiction{{true, "source.server", s.Server,
			"is not allowed beside " + at + ", which names a server too; give one of the two", ""}}
	}
	inside := "goes with source.server; beside " + at + " say it in there"
	return []contradiction{
		{s.Database != "", "source.database", "", inside, ""},
		{s.User != "", "source.user", "", inside, ""},
		{s.TLS.Encrypt != "", "source.tls.encrypt", "", inside, ""},
		{s.TLS.Trust, "source.tls.trust", "", inside, ""},
		{s.TLS.HostName != "", "source.tls.host_name", "", inside, ""},
	}
}

func (s *Source) contradictions(origins map[string]Origin, bad map[string]bool) []contradiction {
	password, given := "source.password", s.Password != "" || s.PasswordFile != ""
	if s.PasswordFile != "" {
		password = "source.password_file"
	}
	return []contradiction{
		{s.Password != "" && s.PasswordFile != "", password, "",
			"is not allowed beside " + at(origins, "source.password") + "; give one of the two", ""},
		{given && s.User == "" && s.DSN == "" && !bad["source.user"], password, "",
			"is given without source.user, whose password it is; give both, or neither to log in with the service's " +
				"Windows account", ""},
		{s.TLS.Trust && s.TLS.CA != "", "source.tls.ca", s.TLS.CA,
			"has no effect beside " + at(origins, "source.tls.trust") + ", by which any certificate is good; " +
				"give one of the two", ""},
		{s.Kind == KindSQLServer && s.DSN == "" && s.Server == "" && !bad["source.server"], "source.server", "",
			"is missing, and source.kind sqlserver needs it, or source.dsn; give the server in the file as " +
				"source.server, " +
				"or all in one in the environment as " + envPrefix + "SOURCE_DSN, for example " +
				"sqlserver://user:password@server/instance?database=eXpress&encrypt=true", "source.kind"},
		{s.Kind == KindRecording && s.Recording == "" && !bad["source.recording"], "source.recording", "",
			"is missing, and source.kind recording needs it: the path of the file", "source.kind"},
		{s.LockTimeout >= s.Timeout && !bad["source.lock_timeout"] && !bad["source.timeout"], "source.lock_timeout",
			durationText(s.LockTimeout),
			"is not allowed; it must be shorter than source.timeout, which is " + durationText(s.Timeout),
			"source.timeout"},
	}
}

// at is a key and where it was given.
func at(origins map[string]Origin, key string) string {
	return key + " (" + origins[key].String() + ")"
}
