package command

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/eventlog"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

func (a *app) serviceRun() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the daemon or the hub as a service; Windows starts this",
		Long: `Run the daemon for the service manager of Windows, which starts this command; in a console use
jobmon-db run. With the configuration of a hub it runs the hub; in a console that is jobmon-db hub. Messages
go to jobmon-db.log in the data folder.`,
		Example: `  jobmon-db service run --config C:\ProgramData\jobmon-db\jobmon-db.yaml`,
		Args:    noArgs,
	}
	name := serviceName(c)
	configured := a.configured(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var why error
		// Only the service manager ends a service: it ignores the signal that a user logs off.
		code, err := winservice.Run(*name, func(ctx context.Context, ready func()) int {
			if why = a.serve(ctx, c, *name, configured, ready); why != nil {
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

// serve runs the daemon in a process without a console. Its log says why it ends.
func (a *app) serve(ctx context.Context, c *cobra.Command, name string, configured func() (*configs.Config, error),
	ready func()) (err error) {
	config, wrong := configured()
	if wrong == nil {
		wrong = startable(config)
	}
	known := config
	if known == nil { // the error needs a log
		if known, err = configs.Load(configs.LoadOptions{Places: []string{}, Env: places(a.env),
			Flags: c.Flags()}); err != nil {
			return errors.Join(wrong, err)
		}
	}
	logger, closeLog, err := openMessages(serviceLog(known), &known.Log)
	if err != nil {
		return errors.Join(wrong, err)
	}
	defer closeLog()
	announce, closeEvents := announcer(name, logger)
	defer closeEvents()
	defer func() {
		if err != nil {
			announce(failure(err))
		}
	}()
	if wrong != nil {
		logger.Error().Err(wrong).Msg("the service cannot start: mend the configuration and start it again")
		return wrong
	}
	manager := eventLogOverseer(announce)
	begun := sync.OnceFunc(ready)
	manager.cycled = func(string) { begun() }
	const command = "jobmon-db service run"
	if config.AtHub() {
		err = hubWithin(ctx, config, command, manager, logger)
	} else {
		err = run(ctx, config, again{load: configured}, command, manager, logger)
	}
	if err != nil {
		logger.Error().Err(err).Int("exit_code", exitCode(err)).Msg("the service ends")
	} else {
		logger.Info().Msg("the service has stopped")
	}
	return err
}

// eventLogOverseer announces in the Windows event log what an administrator should know.
func eventLogOverseer(announce func(eventlog.Entry)) overseer {
	return overseer{
		heard: func(b *jobmon.Batch) {
			for i := range b.Events {
				if entry, ok := notable(&b.Events[i]); ok {
					announce(entry)
				}
			}
		},
		risk:  func(text string) { announce(risky(text)) },
		place: func(err error) { announce(placed(err)) },
	}
}
