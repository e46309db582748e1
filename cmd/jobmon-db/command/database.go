package command

import (
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
)

// newDatabase makes the source over the configured SQL Server; an error names the setting to correct.
func newDatabase(config *configs.Config, logger zerolog.Logger) (*mssql.Source, error) {
	password, err := config.Password()
	if err != nil {
		return nil, err
	}
	return newDatabaseWith(config, password, logger)
}

// newDatabaseWith is newDatabase with a password that is not configured yet.
func newDatabaseWith(config *configs.Config, password configs.Secret, logger zerolog.Logger) (*mssql.Source, error) {
	s := &config.Source
	return mssql.New(mssql.Options{
		DSN: s.DSN.Reveal(),
		Connect: mssql.Connect{
			Server: s.Server, Database: s.Database, User: s.User, Password: password.Reveal(),
			Encrypt: s.TLS.Encrypt, Trust: s.TLS.Trust, CA: s.TLS.CA, HostName: s.TLS.HostName, TLSMin: s.TLS.Min,
		},
		Tables: mssql.Tables(s.Tables), Timeout: s.Timeout, LockTimeout: s.LockTimeout, Log: logger,
	})
}
