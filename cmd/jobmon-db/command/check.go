package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

func (a *app) check() *cobra.Command {
	var output string
	var file recordingFile
	c := &cobra.Command{
		Use:   "check",
		Short: "Check everything that the daemon uses, and say how to mend what is wrong",
		Long: `Check everything that the daemon uses: configuration, database, login, tables and their contents,
markers, clocks, folders, NATS, targets of messages, rights, log, daemon; with a hub's configuration what the
hub uses. Each check is a line: ok, warn (it works, and somebody should know), fail, or skip.

Nothing is changed: the database is only queried, a test file in each folder is deleted at once, and a target
gets an empty request and no message. The results about rights hold for the account that runs this: run it as
the account of the service. No check waits longer than source.timeout. The exit code is 0 unless a check failed.

With --record the rows, jobs and computers that were read are kept in a file, with the agents of computers
that have work to do. Somebody else can play it back with source.kind recording. It holds no password, login
or server name. With --pseudonyms names are replaced, always in the same way; the secret key for that stays
here.`,
		Example: `  jobmon-db check --config jobmon-db.yaml
  jobmon-db check -o json
  jobmon-db check --monitor "\\DS01\eXpress\jobmon-db\JobMon"
  jobmon-db check --config jobmon-db.yaml --record site.ndjson --pseudonyms
  jobmon-db check --source-kind recording --source-recording site.ndjson`,
		Args: noArgs,
	}
	configured := a.configured(c)
	outputFlag(c, &output, "table", "json")
	file.flags(c.Flags())
	monitor := c.Flags().String("monitor", "",
		"also check who may change this folder: the monitor's, on the share or on a computer")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		if err := file.complete(config.DataDir); err != nil {
			return err
		}
		return a.runCheck(c.Context(), config, output, *monitor, file)
	}
	return c
}

// runCheck runs the checks, prints them and returns an error that names those that failed.
func (a *app) runCheck(ctx context.Context, config *configs.Config, output, monitor string, file recordingFile) error {
	options := checkOptions(config, file)
	options.Monitor = monitor
	stop := a.notice("Waiting for answers; each check ends after %v.", config.Source.Timeout)
	lines := check.Run(ctx, options)
	stop()
	var out bytes.Buffer
	err := check.Print(&out, lines, a.termOptions())
	if output == "json" {
		out.Reset()
		err = check.PrintJSON(&out, lines)
	}
	if err != nil {
		return err
	}
	if _, err := a.stdout.Write(out.Bytes()); err != nil {
		return err
	}
	return check.Failed(lines)
}

// checkOptions are what the checks need: where everything is, and what to keep in the file.
func checkOptions(config *configs.Config, file recordingFile) check.Options {
	options := check.Options{
		Config:     config,
		Running:    func(ctx context.Context) (string, bool, error) { return running(ctx, config.DataDir) },
		Differs:    func(ctx context.Context) (string, string) { return differing(ctx, config.DataDir) },
		StartClock: func(ctx context.Context) (jobmon.Offset, bool) { return startClock(ctx, config.DataDir) },
		Apart:      func() error { return apart(config) },
		DataLock:   filepath.Join(config.DataDir, daemon.DataLock),
		Requests:   filepath.Join(config.Evt.Dir, daemon.RequestFolder),
	}
	for _, name := range slices.Sorted(maps.Keys(config.Targets)) {
		target, _, err := targetOf(config, name, "")
		options.Targets = append(options.Targets, check.Target{
			Name: name, Kind: config.Targets[name].Kind, Target: target, Unusable: err,
			Idle: slices.Contains(config.Idle(), name),
		})
	}
	if len(config.Fleet.NATS) > 0 {
		options.Fleet = func(ctx context.Context) check.Line { return checkSite(ctx, config) }
	}
	if len(config.Hub.NATS) > 0 {
		options.Hub = func(ctx context.Context) check.Line { return checkHub(ctx, &config.Hub) }
	}
	recording := file.path != ""
	if recording {
		options.Record = func(read *check.Reading) (string, error) { return file.write(read, config.Settings()) }
	}
	switch config.Source.Kind {
	case configs.KindSQLServer:
		source, err := newDatabase(config, zerolog.Nop())
		if options.Unusable = err; err == nil {
			options.Source = check.Database{Source: source, Agents: recording}
		}
	case configs.KindRecording:
		options.StandIn, options.Unusable = recorded(config.Source.Recording)
	case configs.KindSimulator:
		if recording {
			options.StandIn = madeUp(config)
		}
	}
	return options
}

// startClock returns the UTC offset of start_time's clock, if the log in the data dir knows it.
func startClock(ctx context.Context, dataDir string) (offset jobmon.Offset, known bool) {
	p, err := openPast(ctx, question{dataDir: dataDir})
	if err != nil {
		return 0, false // another check says what is wrong with the log
	}
	defer p.close()
	return replay.NewChronicle(p.Chronicle).StartClock(p.Last)
}

// running asks the daemon of the data dir for a description of itself.
func running(ctx context.Context, dataDir string) (description string, running bool, err error) {
	client := &control.Client{Transport: &endpoint.Client{DataDir: dataDir}, Context: ctx}
	info, err := client.Info(ctx)
	switch {
	case errors.Is(err, endpoint.ErrNotRunning) && !errors.Is(err, endpoint.ErrTaken):
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	if sites, err := client.Fleet(ctx); err == nil && info.Site == "" && len(sites) > 0 {
		return fmt.Sprintf("version %s, process %d, follows %s", info.Version, info.PID,
			words.Count(len(sites), "site")), true, nil
	}
	read := "has not read the source yet"
	if info.AgeMS >= 0 {
		s := info.Source
		read = fmt.Sprintf("last read the source %s ago in %d ms; of %d reads %d failed; %d rows",
			jobmon.Span(time.Duration(info.AgeMS)*time.Millisecond), s.LatestMS, s.Reads+s.Failed, s.Failed, s.Rows)
		if s.Batches > 0 {
			read += fmt.Sprintf(" and %s in %d batches, %d of them sent again", size(s.Bytes), s.Batches, s.Retried)
		}
	}
	return fmt.Sprintf("version %s, process %d, %d events in its log, %s", info.Version, info.PID, info.Last,
		read), true, nil
}

// size is a number of bytes for people.
func size(bytes uint64) string {
	switch {
	case bytes >= 10<<20:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes >= 10<<10:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
