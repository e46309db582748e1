package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/eventlog"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

func (a *app) serviceUninstall() *cobra.Command {
	var purge bool
	c := &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the service and remove it; the history stays unless --purge is given",
		Long: `Stop the service, remove it, and take the rights of its account away. The data folder, the configuration
and the .evt files stay, and a later installation goes on with them.

--purge deletes the data folder with everything in it, and the .evt files of this program wherever evt.dir is.
Nothing brings the history back but a backup that lies elsewhere.`,
		Example: `  jobmon-db service uninstall
  jobmon-db service uninstall --purge`,
		Args: noArgs,
	}
	name := serviceName(c)
	c.Flags().BoolVar(&purge, "purge", false, "delete the history and the .evt files too")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(c.Context(), stopWithin)
		defer cancel()
		return a.uninstall(ctx, *name, purge)
	}
	return c
}

func (a *app) uninstall(ctx context.Context, name string, purging bool) error {
	status, err := winservice.Query(name)
	if err != nil {
		return err
	}
	config := a.configOfService(status)
	paths := []string{config.DataDir, config.Evt.Dir}
	if config.Backup.Dir != "" {
		paths = append(paths, config.Backup.Dir)
	}
	if len(status.Command) > 0 {
		paths = append(paths, status.Command[0])
	}
	if err := winservice.Remove(ctx, name, paths); err != nil {
		return err
	}
	if err := eventlog.Remove(name); err != nil {
		complain(a.stderr, "", fmt.Errorf("%w; nothing else depends on it", err))
	}
	if !purging {
		_, err = fmt.Fprintf(a.stdout, "The service %s is removed. The history stays in %s.\n", name, config.DataDir)
		return err
	}
	if err := purge(config); err != nil {
		return fmt.Errorf("the service %s is removed, but not all of its data: %w", name, err)
	}
	gone := "are " + config.DataDir + " and its .evt files"
	if config.AtHub() {
		gone = "is " + config.DataDir
	}
	_, err = fmt.Fprintf(a.stdout, "The service %s is removed, and so %s.\n", name, gone)
	return err
}

// purge deletes the data folder, if it holds a log of ours or nothing else, and our files in the evt folder.
func purge(config *configs.Config) error {
	if err := usable(config); err != nil {
		return err
	}
	entries, err := os.ReadDir(config.Evt.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find the .evt files: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		path := filepath.Join(config.Evt.Dir, entry.Name())
		if filepath.Ext(path) != ".evt" || !entry.Type().IsRegular() {
			continue
		}
		content, err := plainfile.Read(path)
		if err == nil && evt.Ours(content) {
			err = os.Remove(path)
		}
		errs = append(errs, err)
	}
	if err := os.Remove(filepath.Join(config.Evt.Dir, notRealFile)); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	// the folders go when nothing else is in them
	_ = os.Remove(filepath.Join(config.Evt.Dir, daemon.RequestFolder))
	_ = os.Remove(config.Evt.Dir)
	return errors.Join(append(errs, removeTree(config.DataDir))...)
}

// removeTree deletes a folder with all in it, one by one: the call behind os.RemoveAll is one that Wine refuses.
func removeTree(dir string) error {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, path := range slices.Backward(paths) { // what is in a folder goes before it
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}
