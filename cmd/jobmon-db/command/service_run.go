package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

func (a *app) serviceRun() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "What Windows starts: the daemon as a service",
		Long: `Run the daemon for the service manager of Windows, which starts this command; in a console say jobmon-db run. Messages go
to jobmon-db.log in the data folder.`,
		Example: `  jobmon-db service run --config C:\ProgramData\jobmon-db\jobmon-db.yaml`,
		Args:    noArgs,
	}
	name := serviceName(c)
	configured := a.configured(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var why error
		// Only the service manager ends a service: a signal that a user logs off is none to obey.
		code, err := winservice.Run(*name, func(ctx context.Context, ready func()) int {
			if why = a.serve(ctx, c, configured, ready); why != nil {
				return exitCode(why)
			}
			return exitOK
		})
		if err == nil && why == nil && code != exitOK {
			why = errors.New("the daemon did not end in time; what it had committed is on disk")
		}
		return errors.Join(err, why)
	}
	return c
}

// serve is the daemon in a process that nobody sees. Whatever ends it is in its log.
func (a *app) serve(ctx context.Context, c *cobra.Command, configured func() (*configs.Config, error), ready func()) (err error) {
	// Windows starts services in its own folder; paths count from where the configuration lies.
	if file := c.Flags().Lookup("config").Value.String(); file != "" {
		if err := os.Chdir(filepath.Dir(file)); err != nil {
			return &usageError{fmt.Errorf("work in the folder of the configuration: %w", err)}
		}
	}
	config, wrong := configured()
	if wrong == nil {
		wrong = sourceNamed(config)
	}
	dataDir, level, format := "", "info", "json"
	if config != nil {
		dataDir, level, format = config.DataDir, config.Log.Level, config.Log.Format
	} else if known, err := configs.Load(configs.LoadOptions{Places: []string{}, Env: places(a.env), Flags: c.Flags()}); err == nil {
		dataDir = known.DataDir
	}
	logger, closeLog, err := openServiceLog(dataDir, level, format)
	if err != nil {
		return errors.Join(wrong, err)
	}
	defer closeLog()
	if wrong != nil {
		logger.Error().Err(wrong).Msg("the service cannot start: mend the configuration and start it again")
		return wrong
	}
	err = run(ctx, config, "jobmon-db service run", &serviceOverseer{ready: sync.OnceFunc(ready)}, logger)
	if err != nil {
		logger.Error().Err(err).Int("exit_code", exitCode(err)).Msg("the service ends")
	} else {
		logger.Info().Msg("the service has stopped")
	}
	return err
}

// openServiceLog opens the file for the messages of a service; a crash writes its stacks there too.
func openServiceLog(dataDir, level, format string) (logger zerolog.Logger, closeLog func() error, err error) {
	if err := os.MkdirAll(dataDir, 0o750); err != nil {
		return logger, nil, fmt.Errorf("make the folder of the log file: %w", err)
	}
	file, err := os.OpenFile(serviceLog(dataDir), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return logger, nil, fmt.Errorf("open the log file: %w", err)
	}
	if err := debug.SetCrashOutput(file, debug.CrashOptions{}); err != nil {
		return logger, nil, errors.Join(fmt.Errorf("prepare the log file for a crash: %w", err), file.Close())
	}
	if logger, err = newLogger(io.Writer(file), level, format); err != nil {
		return logger, nil, errors.Join(err, file.Close())
	}
	return logger, file.Close, nil
}

// serviceOverseer is the service manager of Windows: it asks for no sign of life.
type serviceOverseer struct{ ready func() }

func (o *serviceOverseer) Alive(time.Duration) {}
func (o *serviceOverseer) Cycled(string)       { o.ready() }
