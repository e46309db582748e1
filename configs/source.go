package configs

import (
	"cmp"
)

// defaultDatabase is what DS calls its database unless it is told otherwise.
const defaultDatabase = "eXpress"

// completeSource fills in what depends on other keys of the source, and says which of them contradict one another.
func (c *Config) completeSource(origins map[string]Origin, bad map[string]bool) []Problem {
	s := &c.Source
	var problems []Problem
	wrong := func(key, value, reason string) {
		problems = append(problems, Problem{Origin: cmp.Or(origins[key], Origin{Layer: FromDefault}), Key: key, Value: value, Reason: reason})
	}
	at := func(key string) string { return key + " (" + origins[key].String() + ")" }

	if s.Kind == "" && (s.DSN != "" || s.Server != "") {
		s.Kind = KindSQLServer
	}
	switch {
	case s.DSN != "" && s.Server != "":
		wrong("source.server", s.Server, "is not allowed beside "+at("source.dsn")+", which names a server too; give one of the two")
	case s.DSN != "":
		for _, k := range []struct {
			key   string
			given bool
		}{
			{"source.database", s.Database != ""}, {"source.user", s.User != ""}, {"source.tls.encrypt", s.TLS.Encrypt != ""},
			{"source.tls.trust", s.TLS.Trust}, {"source.tls.host_name", s.TLS.HostName != ""},
		} {
			if k.given {
				wrong(k.key, "", "goes with source.server; beside "+at("source.dsn")+" say it in there")
			}
		}
	case s.Server != "":
		s.Database = cmp.Or(s.Database, defaultDatabase)
	}

	password := "source.password"
	if s.PasswordFile != "" {
		password = "source.password_file"
	}
	if s.Password != "" && s.PasswordFile != "" {
		wrong(password, "", "is not allowed beside "+at("source.password")+"; give one of the two")
	}
	if (s.Password != "" || s.PasswordFile != "") && s.User == "" && s.DSN == "" && !bad["source.user"] {
		wrong(password, "", "is given without source.user, whose password it is; give both, or neither to log in with the service's Windows account")
	}
	if s.TLS.Trust && s.TLS.CA != "" {
		wrong("source.tls.ca", s.TLS.CA, "has no effect beside "+at("source.tls.trust")+", by which any certificate is good; give one of the two")
	}

	if s.Kind == KindSQLServer && s.DSN == "" && s.Server == "" && !bad["source.server"] {
		problems = append(problems, Problem{
			Origin: origins["source.kind"], Key: "source.server",
			Reason: "is missing, and source.kind sqlserver needs it, or source.dsn; give the server in the file as source.server, " +
				"or all in one in the environment as " + envPrefix + "SOURCE_DSN, for example sqlserver://user:password@server/instance?database=eXpress&encrypt=true",
		})
	}
	if s.Kind == KindRecording && s.Recording == "" && !bad["source.recording"] {
		problems = append(problems, Problem{
			Origin: origins["source.kind"], Key: "source.recording",
			Reason: "is missing, and source.kind recording needs it: the path of the file",
		})
	}
	if s.LockTimeout >= s.Timeout && !bad["source.lock_timeout"] && !bad["source.timeout"] {
		problems = append(problems, Problem{
			Origin: cmp.Or(origins["source.lock_timeout"], origins["source.timeout"]), Key: "source.lock_timeout", Value: durationText(s.LockTimeout),
			Reason: "is not allowed; it must be shorter than source.timeout, which is " + durationText(s.Timeout),
		})
	}
	return problems
}
