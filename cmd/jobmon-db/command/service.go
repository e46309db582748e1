package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

// errNotRunning says that a service is there and does not run.
var errNotRunning = errors.New("the service does not run; jobmon-db service start starts it")

func (a *app) service() *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Install the program as a Windows service, and control it",
		Long: `Install the program as a service of Windows, and control it. With the configuration of a hub
(hub.nats, and no source) the service is that hub, else the daemon of a Deployment Server. Run these elevated
(as administrator); status is for everybody. docs/operations.md describes accounts and rights, and how to run
it under systemd instead.`,
		Example: `  jobmon-db service install
  jobmon-db service start
  jobmon-db service status
  jobmon-db service uninstall`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.serviceInstall(), a.serviceUninstall(), a.serviceStart(), a.serviceStop(), a.serviceRestart(),
		a.serviceStatus(), a.serviceRun())
	return c
}

// serviceName gives a command --name, which says which service is meant.
func serviceName(c *cobra.Command) *string {
	return c.Flags().String("name", winservice.DefaultName,
		"name of the service; a second Deployment Server, or a hub beside one, needs a name of its own")
}

// controlling makes a command that waits for the service manager.
func (a *app) controlling(use, short string, patience time.Duration,
	do func(ctx context.Context, name string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Example: "  jobmon-db service " + use, Args: noArgs}
	name := serviceName(c)
	c.Flags().DurationVar(&patience, "timeout", patience, "how long to wait for it")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if patience <= 0 {
			return &usageError{fmt.Errorf("--timeout %v: it must be longer than nothing", patience)}
		}
		ctx, cancel := context.WithTimeout(c.Context(), patience)
		defer cancel()
		return do(ctx, *name)
	}
	return c
}

const (
	startWithin = 2 * time.Minute // a large log is looked through before the first read
	stopWithin  = 30 * time.Second
)

func (a *app) serviceStart() *cobra.Command {
	return a.controlling("start", "Start the service, and wait until it does its work, or logs that its source is lost",
		startWithin, a.startService)
}

func (a *app) startService(ctx context.Context, name string) error {
	already, err := winservice.Start(ctx, name)
	var ended *winservice.EndedError
	switch {
	case errors.As(err, &ended) && ended.Code != 0:
		return fmt.Errorf("%w; the last lines of its log say why: %s", err, a.logOfService(name))
	case err != nil:
		return err
	case already:
		_, err = fmt.Fprintf(a.stdout, "The service %s runs already.\n", name)
	default:
		_, err = fmt.Fprintf(a.stdout, "The service %s runs.\n", name)
	}
	return err
}

func (a *app) serviceStop() *cobra.Command {
	return a.controlling("stop", "Stop the service, and wait until it has ended", stopWithin, a.stopService)
}

func (a *app) stopService(ctx context.Context, name string) error {
	already, err := winservice.Stop(ctx, name)
	if err != nil {
		return err
	}
	words := "is stopped"
	if already {
		words = "did not run"
	}
	_, err = fmt.Fprintf(a.stdout, "The service %s %s.\n", name, words)
	return err
}

func (a *app) serviceRestart() *cobra.Command {
	return a.controlling("restart", "Stop the service if it runs, and start it", startWithin,
		func(ctx context.Context, name string) error {
			if err := a.stopService(ctx, name); err != nil {
				return err
			}
			return a.startService(ctx, name)
		})
}

func (a *app) serviceStatus() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the service is registered and whether it runs",
		Long: `Show how the service is registered and whether it runs. The exit code is 0 when it runs, 12 when it does
not, 20 when there is none.`,
		Example: `  jobmon-db service status
  jobmon-db service status -o json`,
		Args: noArgs,
	}
	name := serviceName(c)
	outputFlag(c, &output, "table", "json")
	c.RunE = func(*cobra.Command, []string) error {
		status, err := winservice.Query(*name)
		if err != nil {
			return err
		}
		if err := a.showService(status, output); err != nil {
			return err
		}
		if status.State != winservice.Running {
			return errNotRunning
		}
		return nil
	}
	return c
}

func (a *app) showService(s *winservice.Status, output string) error {
	if output == "json" {
		return plain.WriteJSON(a.stdout, struct {
			Name         string   `json:"name"`
			State        string   `json:"state"`
			PID          uint32   `json:"pid,omitempty"`
			Start        string   `json:"start"`
			Account      string   `json:"account"`
			Command      []string `json:"command"`
			Dependencies []string `json:"dependencies,omitempty"`
			ExitCode     int      `json:"exit_code,omitempty"`
			Failure      string   `json:"failure,omitempty"`
			Log          string   `json:"log,omitempty"`
		}{
			s.Name, string(s.State), s.PID, string(s.Start), s.Account.Name, s.Command, s.Dependencies, s.Exit,
			s.Failure,
			a.logOfService(s.Name),
		})
	}
	state := string(s.State)
	switch {
	case s.PID != 0:
		state += fmt.Sprintf(", process %d", s.PID)
	case s.Exit != 0:
		state += fmt.Sprintf(", ended by itself with exit code %d", s.Exit)
	case s.Failure != "":
		state += ", " + s.Failure
	}
	rows := [][]string{
		{"Service", s.Name}, {"State", state}, {"Start", string(s.Start)}, {"Account", s.Account.Name},
		{"Runs", strings.Join(s.Command, " ")},
	}
	if len(s.Dependencies) > 0 {
		rows = append(rows, []string{"After", strings.Join(s.Dependencies, ", ")})
	}
	rows = append(rows, []string{"Log", a.logOfService(s.Name)})
	return printTable(a.stdout, []string{"", ""}, rows)
}

// logOfService is the file that the service writes its messages into.
func (a *app) logOfService(name string) string {
	status, err := winservice.Query(name)
	if err != nil {
		return ""
	}
	return serviceLog(a.configOfService(status))
}

// configOfService is the configuration of an installed service, as far as it can be read.
func (a *app) configOfService(status *winservice.Status) *configs.Config {
	c := a.serviceRun()
	if len(status.Command) >= 3 && c.ParseFlags(status.Command[3:]) == nil {
		o := configs.LoadOptions{File: c.Flags().Lookup("config").Value.String(), Env: withoutSettings(a.env),
			Flags: c.Flags()}
		if config, err := configs.Load(o); err == nil {
			return config
		}
		o.File, o.Places = "", []string{} // something in the file is wrong; what was registered is known all the same
		if config, err := configs.Load(o); err == nil {
			return config
		}
	}
	config, _ := configs.Load(configs.LoadOptions{Places: []string{}, Env: withoutSettings(a.env)})
	return cmp.Or(config, &configs.Config{})
}

// serviceLog is where a service writes its messages: nobody reads its standard error.
func serviceLog(config *configs.Config) string {
	if config.Log.File != "" || config.DataDir == "" {
		return config.Log.File
	}
	return filepath.Join(config.DataDir, "jobmon-db.log")
}
