package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/hub"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/eventlog"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
	"github.com/jobmon-db/jobmon-db/store"
)

// serviceKeys are the settings that can be registered with the service; all others belong in its configuration file.
var serviceKeys = [...]string{"data_dir", "evt.dir"}

type installOptions struct {
	name, account, passwordFile string
	delayed, unattended         bool
	depends                     []string
}

func (o *installOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.account, "account", "",
		`account that the service runs under (default: NT SERVICE\ and the service's name)`)
	f.StringVar(&o.passwordFile, "password-file", "",
		"file with the password of that account; - reads it from standard input, or asks on a terminal")
	f.BoolVar(&o.delayed, "delayed", false, "start some minutes after Windows")
	f.StringSliceVar(&o.depends, "depends", nil,
		"services that must run before, for instance MSSQLSERVER on the same computer")
	f.BoolVar(&o.unattended, "if-configured", false,
		"leave an existing service as it is, and do nothing while no configuration names a source or a hub: for "+
			"installers")
}

func (a *app) serviceInstall() *cobra.Command {
	var o installOptions
	c := &cobra.Command{
		Use:   "install",
		Short: "Install the service, or bring it up to date, and give its account the rights it needs",
		Long: `Register this program as a service that starts with Windows and restarts when it fails, and give its
account the rights that it needs on its folders. The rights are shown, and nothing is asked. When a step
fails, everything is undone. Run again, the command updates the service.

Without --account the service runs under NT SERVICE\jobmon-db, an account that Windows keeps for it alone: it
has no password and no other rights, and other computers see it as this computer's own account. To reach a
share as somebody else, name an account of the domain. Its password comes from a file or standard input
(--password-file -); a managed service account, whose name ends with $, has none.

With the configuration of a hub (hub.nats, and no source) the service is the hub. Beside the daemon of a
Deployment Server it needs a name, a configuration file and a data folder of its own.

The service uses its configuration file and the flags given here; JOBMON_ variables of this console do not
reach it.`,
		Example: `  jobmon-db service install
  jobmon-db service install --config D:\jobmon\jobmon-db.yaml --delayed --depends MSSQLSERVER
  jobmon-db service install --name jobmon-db-hub --config D:\hub\hub.yaml
  jobmon-db service install --account EXAMPLE\jobmon --password-file - < password.txt
  jobmon-db service install --account EXAMPLE\jobmon$`,
		Args: noArgs,
	}
	name := serviceName(c)
	load := a.serviceConfig(c, serviceKeys[:]...)
	o.flags(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		o.name = *name
		return a.installConfigured(c, o, load)
	}
	return c
}

// installConfigured installs the service with the configuration that load returns. Unattended, it does nothing while
// the configuration is not complete.
func (a *app) installConfigured(c *cobra.Command, o installOptions,
	load func() (*configs.Config, string, error)) error {
	if o.unattended {
		if done, err := a.prepareFolder(o.name); done || err != nil {
			return err
		}
	}
	config, file, err := load()
	if err == nil {
		err = startable(config)
	}
	if err != nil && o.unattended {
		_, err = fmt.Fprintf(a.stdout, "The service is not installed yet: %v\n", err)
		return err
	}
	if err != nil {
		return err
	}
	return a.install(c.Context(), c, o, config, file)
}

// prepareFolder makes the folder of the configuration for an installer, before somebody else does. done reports that
// nothing is left to install.
func (a *app) prepareFolder(service string) (done bool, err error) {
	if _, err := winservice.Query(service); !errors.Is(err, winservice.ErrNotInstalled) {
		return true, err
	}
	folder := filepath.Dir(configs.StandardPlaces(a.env)[0])
	if err := errors.Join(trust.MakeFolder(folder), trust.Existing(folder)); err != nil {
		_, err = fmt.Fprintf(a.stdout, "The service is not installed: %v\n", err)
		return true, err
	}
	return false, nil
}

func (a *app) install(ctx context.Context, c *cobra.Command, o installOptions, config *configs.Config,
	file string) error {
	if err := errors.Join(a.sameService(o.name, config), usable(config)); err != nil {
		return err
	}
	password, err := a.accountPassword(ctx, o.passwordFile)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	start := winservice.Automatic
	if o.delayed {
		start = winservice.Delayed
	}
	result, err := winservice.Install(winservice.Options{
		Name: o.name, Display: displayName(o.name),
		Description: description(config),
		Program:     self, Arguments: o.arguments(c.Flags(), config, file), Start: start, Dependencies: o.depends,
		Account: o.account, Password: password, Grants: grants(config, self, file),
	})
	if err != nil {
		return err
	}
	if err := eventlog.Install(o.name); err != nil {
		result.Notes = append(result.Notes,
			fmt.Sprintf("Windows will put a remark in front of its entries in the event log: %v", err))
	}
	if variables := settingsIn(a.env); len(variables) > 0 {
		result.Notes = append(result.Notes,
			fmt.Sprintf("%s of this console does not reach the service: it belongs in %s",
				strings.Join(variables, ", "), file))
	}
	return a.showInstalled(o.name, result)
}

// arguments are those of the service's program. The service starts in another folder, so its paths are absolute.
func (o *installOptions) arguments(given *pflag.FlagSet, config *configs.Config, file string) []string {
	arguments := []string{"--config", file}
	if o.name != winservice.DefaultName {
		arguments = append(arguments, "--name", o.name)
	}
	for _, path := range []struct{ flag, absolute string }{{"data-dir", config.DataDir}, {"evt-dir", config.Evt.Dir}} {
		if given.Changed(path.flag) {
			arguments = append(arguments, "--"+path.flag, path.absolute)
		}
	}
	return arguments
}

// startable refuses a configuration that gives a service nothing to do.
func startable(config *configs.Config) error {
	if config.AtHub() {
		return nil
	}
	return sourceNamed(config)
}

// sameService refuses to make a hub of a daemon's service, and the reverse: one of them was given the other's name.
func (a *app) sameService(name string, config *configs.Config) error {
	status, err := winservice.Query(name)
	if err != nil {
		return nil // there is none; what else is wrong the installation reports
	}
	kinds := map[bool]string{true: "a hub", false: "the daemon of a Deployment Server"}
	registered := a.configOfService(status)
	was, is := registered.AtHub(), config.AtHub()
	if was == is || !was && registered.Source.Kind == "" { // its file is gone: it may be either
		return nil
	}
	return &usageError{fmt.Errorf("the service %s is %s, and this is the configuration of %s: give it a service "+
		"of its own, as in --name jobmon-db-hub, or uninstall that one first", name, kinds[was], kinds[is])}
}

// usable refuses a data folder that holds what is not of such a service.
func usable(config *configs.Config) error {
	if config.AtHub() {
		return hub.Usable(config.DataDir)
	}
	return store.Usable(config.DataDir)
}

func description(config *configs.Config) string {
	if config.AtHub() {
		return "Follows the Deployment Servers of a fleet and shows them on one board."
	}
	return "Watches the database of a Deployment Server and writes the files that its clients' screens show."
}

func displayName(name string) string {
	if name == winservice.DefaultName {
		return name
	}
	return fmt.Sprintf("%s (%s)", winservice.DefaultName, name)
}

// accountPassword reads the password of the account that the service runs under.
func (a *app) accountPassword(ctx context.Context, file string) (string, error) {
	switch file {
	case "":
		return "", nil
	case "-":
		return a.readSecret(ctx, secretNoun(secretKey))
	}
	f, err := os.Open(file)
	if err != nil {
		return "", &usageError{fmt.Errorf("--password-file: %w", err)}
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, 4*secretfile.Longest))
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	password, err := secretfile.Text(content)
	if err != nil {
		return "", &usageError{fmt.Errorf("--password-file %s: %w", file, err)}
	}
	return password, nil
}

// grants are the rights that the service needs, and those of the accounts in endpoint.allow, which request files that
// DS then copies.
func grants(config *configs.Config, program, file string) []winservice.Grant {
	const read, modify = winservice.Read, winservice.Modify
	list := []winservice.Grant{
		{Path: program, Right: read, Trusted: true},
		{Path: config.DataDir, Right: modify, Folder: true, Private: true},
		{Path: file, Right: read, Private: true},
	}
	folders := []string{config.Evt.Dir, config.Backup.Dir}
	s, f, h := &config.Source, &config.Fleet, &config.Hub
	files := []string{s.PasswordFile, s.TLS.CA, s.Recording, f.Credentials, f.CA, f.Cert, config.HTTP.Cert, f.Key,
		config.HTTP.Key}
	if config.AtHub() {
		folders = nil
		files = []string{h.Credentials, h.CA, h.Cert, config.HTTP.Cert, h.Key, config.HTTP.Key}
	}
	for _, path := range folders {
		if path != "" {
			list = append(list, winservice.Grant{Path: path, Right: modify, Folder: true})
		}
	}
	for _, path := range slices.Compact(files) { // the board may have the certificate of NATS
		if path != "" {
			list = append(list, winservice.Grant{Path: path, Right: read, Trusted: true})
		}
	}
	for _, account := range config.Endpoint.Allow {
		if config.Source.Password == "" && config.Source.DSN == "" { // others may not read a file with a secret
			list = append(list, winservice.Grant{Path: file, Right: read, For: account})
		}
		if config.AtHub() {
			continue
		}
		list = append(list, winservice.Grant{Path: config.Evt.Dir, Right: read, For: account},
			winservice.Grant{Path: filepath.Join(config.Evt.Dir, daemon.RequestFolder), Right: modify, Folder: true,
				For: account})
	}
	return list
}

func (a *app) showInstalled(name string, r *winservice.Result) error {
	done := "is installed"
	if r.Updated {
		done = "is up to date"
	}
	fmt.Fprintf(a.stdout, "The service %s %s and runs as %s. Its rights:\n\n", name, done, r.Account.Name)
	var rows [][]string
	for _, g := range r.Granted {
		others := ""
		if g.Private {
			others = "nobody else but SYSTEM and Administrators"
		}
		rows = append(rows, []string{"  " + string(g.Right), g.Path, g.Account.Name, others})
	}
	if err := printTable(a.stdout, []string{"", "", "", ""}, rows); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	for _, note := range r.Notes {
		fmt.Fprintf(a.stdout, "Note: %s.\n", note)
	}
	next := "jobmon-db service start"
	if r.Running {
		next = "jobmon-db service restart, as it still runs with its old registration"
	}
	if name != winservice.DefaultName {
		next = strings.Replace(next, "start", "start --name "+name, 1)
	}
	_, err := fmt.Fprintf(a.stdout, "Next: %s\n", next)
	return err
}

// serviceConfig gives a command --config and the flags of these keys. It returns a function that loads the service's
// configuration and returns the path of its file, too.
func (a *app) serviceConfig(c *cobra.Command, keys ...string) func() (*configs.Config, string, error) {
	var file string
	c.Flags().StringVar(&file, "config", "",
		"configuration file of the service (default: "+configs.FileName+" in the standard place)")
	configs.AddFlags(c.Flags(), keys...)
	return func() (*configs.Config, string, error) {
		path, err := filepath.Abs(cmp.Or(file, configs.StandardPlaces(a.env)[0]))
		if err != nil {
			return nil, "", &usageError{err}
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, "", &usageError{fmt.Errorf("%s is missing: make it with jobmon-db config init, and name the "+
				"source in it", path)}
		}
		config, err := configs.Load(configs.LoadOptions{File: path, Env: withoutSettings(a.env), Flags: c.Flags()})
		return config, path, err
	}
}

// settingsIn lists the environment variables that would be settings.
func settingsIn(env []string) []string {
	var names []string
	for _, v := range env {
		if name, value, _ := strings.Cut(strings.ToUpper(v), "="); value != "" && strings.HasPrefix(name, "JOBMON_") &&
			!strings.HasPrefix(name, "JOBMON_TEST_") {
			names = append(names, name)
		}
	}
	return names
}

// withoutSettings returns the environment without variables that are settings.
func withoutSettings(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(strings.ToUpper(v), "JOBMON_")
	})
}
