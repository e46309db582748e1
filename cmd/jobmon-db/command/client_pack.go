package command

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/client/pack"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// packOptions are the values that are not in the configuration.
type packOptions struct {
	out, express, evtShare, program, clientDir, clientProgram string
	language, title, support                                  string
	wait                                                      int
	dryRun                                                    bool
}

func (o *packOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.out, "out", "", "the folder to write to")
	f.StringVar(&o.express, "express", "",
		`the eXpress share, as computers reach it (default: \\ and the site, \eXpress)`)
	f.StringVar(&o.evtShare, "evt-share", "",
		"the folder of .evt files, as the DS server reaches it (default: evt.dir, which is right on the DS server "+
			"itself)")
	f.StringVar(&o.program, "program", "",
		"jobmon-db.exe, as the DS server reaches it (default: on Windows this program, else "+defaultProgram+")")
	f.StringVar(&o.clientDir, "client-dir", o.clientDir,
		"the monitor's folder on each computer; only administrators may be able to write there")
	f.StringVar(&o.clientProgram, "client-program", "",
		"jobmon-db.exe for the computers, put beside the monitor for client show; none: leave it out (default: on "+
			"Windows this program)")
	f.StringVar(&o.language, "language", o.language,
		"language of the screen: en, de, fr (default: that of its Windows)")
	f.StringVar(&o.title, "title", "", "the title at the top of the screen")
	f.StringVar(&o.support, "support", "", "whom to ask, at the bottom of the screen")
	f.IntVar(&o.wait, "wait", o.wait, "seconds that the batch form waits for the daemon, 1 to 600")
	f.BoolVar(&o.dryRun, "dry-run", false, "list the files that would be written, and write nothing")
}

// Default places.
const (
	defaultClientDir = `C:\Windows\JobMon`
	defaultProgram   = `C:\Program Files\jobmon-db\jobmon-db.exe`
	packFolder       = "jobmon-db" // of the pack on the eXpress share
	programName      = "jobmon-db.exe"
	noProgram        = "none"
)

func (a *app) clientPack() *cobra.Command {
	o := packOptions{clientDir: defaultClientDir, wait: 15}
	c := &cobra.Command{
		Use:   "pack --out DIR",
		Short: "Write the monitor's folder for the eXpress share, and the text of every DS task",
		Long: `Write into DIR

  JobMon   the folder of the monitor: DS copies it to each computer
  tasks    what to paste into which field of which task of which DS job, for this installation

The best DIR is a folder on the eXpress share itself. Run the command again after an update, or when a path
has changed: it replaces its own files and reports what it did. It keeps settings of the monitor that somebody
changed, and writes the present defaults beside them as *.new.

The configuration names the DS server, the folder of .evt files and the patterns for jobs; the flags say how
the DS server reaches them. docs/ds-jobs.md walks through making the jobs in the DS console.`,
		Example: `  jobmon-db client pack --out "\\DS01\eXpress\jobmon-db" --language de --support "Service desk, 1234"
  jobmon-db client pack --out "\\DS01\eXpress\jobmon-db" --dry-run
  jobmon-db client pack --out ./pack --site DS01 --evt-share "\\DS01\eXpress\temp\jobmon" --express "\\DS01\eXpress"`,
		Args: noArgs,
	}
	o.flags(c.Flags())
	configured := a.configured(c, "site", "data_dir", "evt.dir", "evt.takeover", "evt.template", "jobs.marker",
		"jobs.build")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.out == "" {
			return &usageError{errors.New(`name the folder to write to, such as --out "\\DS01\eXpress\jobmon-db"`)}
		}
		config, err := configured()
		if err != nil {
			return err
		}
		return a.pack(config, c.Flag("config").Value.String(), o)
	}
	return c
}

// pack makes the files, writes them, and reports what it did with each.
func (a *app) pack(config *configs.Config, configFile string, o packOptions) error {
	self := ""
	if runtime.GOOS == "windows" {
		self, _ = os.Executable()
	}
	in, program, err := o.installation(config, configFile, self)
	if err != nil {
		return err
	}
	texts, err := configs.Tasks()
	if err != nil {
		return err
	}
	files, err := pack.Make(in, monitor(), texts)
	if err != nil {
		return &usageError{fmt.Errorf("the tasks cannot be written for this installation:\n%w", err)}
	}
	if program != "" {
		file, err := clientProgram(program)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	done, err := pack.Write(o.out, files, o.dryRun)
	if failed := a.printPacked(done, o); failed != nil || err != nil {
		return errors.Join(err, failed)
	}
	a.warnOfPack(o, &in, config.Evt.Dir)
	return nil
}

// clientProgram is the program for the computers as a file of the pack.
func clientProgram(program string) (pack.File, error) {
	content, err := os.ReadFile(program)
	if err == nil && !bytes.HasPrefix(content, []byte("MZ")) {
		err = errors.New("it is no Windows program")
	}
	if err != nil {
		return pack.File{}, &usageError{fmt.Errorf("--client-program: %s: %w; name jobmon-db.exe for Windows, or none",
			program, err)}
	}
	return pack.File{Path: path.Join(pack.MonitorDir, programName), Content: content}, nil
}

// warnOfPack prints what an administrator should know before the pack is used.
func (a *app) warnOfPack(o packOptions, in *pack.Installation, evtDir string) {
	if !o.dryRun {
		if err := trust.Closed(filepath.Join(o.out, pack.MonitorDir), true); err != nil {
			fmt.Fprintf(a.stderr, "Warning: the computers run the files in %s as SYSTEM, and %v. DS needs to read "+
				"there.\n", pack.MonitorDir, err)
		}
	}
	if evtDir == in.EvtShare && !strings.HasPrefix(in.EvtShare, `\\`) {
		fmt.Fprintf(a.stderr, "The tasks name %s as it is: that is right when the DS server is this computer. Else "+
			"name it with --evt-share.\n", in.EvtShare)
	}
	if !in.ClientProgram {
		fmt.Fprintln(a.stderr, "client show is not in the pack: --client-program names jobmon-db.exe for Windows. "+
			"With PsExec it is not needed.")
	}
}

// printPacked lists the files with what was done.
func (a *app) printPacked(done []pack.Done, o packOptions) error {
	var rows [][]string
	kept := ""
	for _, d := range done {
		deed := string(d.Deed)
		if o.dryRun {
			deed = "would be " + deed
		}
		if d.Deed == pack.Kept {
			rows = append(rows, []string{deed, d.Path + ", as somebody changed it; the default is in " + d.Fresh})
			kept = d.Path
			continue
		}
		rows = append(rows, []string{deed, d.Path})
	}
	if err := printTable(a.stdout, []string{"", ""}, rows); err != nil {
		return err
	}
	switch {
	case o.dryRun:
		fmt.Fprintf(a.stdout, "Nothing was written into %s.\n", o.out)
	case kept == "":
		fmt.Fprintf(a.stdout, "Everything is in %s; begin with %s/READ-ME.txt there.\n", o.out, pack.TasksDir)
	}
	return nil
}

// hostName matches a server's name in the path of a share.
var hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

// installation completes the options with the configuration, and returns the program that goes into the pack, "" for
// none. self is this program if it is one for Windows.
func (o *packOptions) installation(config *configs.Config, configFile, self string) (in pack.Installation,
	program string, err error) {
	or := func(text, otherwise string) string {
		if text != "" {
			return strings.TrimRight(text, `\`)
		}
		return otherwise
	}
	express := or(o.express, `\\`+config.Site+`\eXpress`)
	if o.express == "" && !hostName.MatchString(config.Site) {
		return in, "", &usageError{fmt.Errorf("the site %q is not the name of a server: name the eXpress share with "+
			"--express", config.Site)}
	}
	evtShare := or(o.evtShare, config.Evt.Dir)
	if o.evtShare == "" && strings.HasPrefix(evtShare, "/") {
		return in, "", &usageError{fmt.Errorf(
			`evt.dir is %s here: give with --evt-share the path by which the DS server reaches it, such as `+
				`%s\temp\jobmon`, evtShare, express)}
	}
	share := express + `\` + packFolder
	if strings.HasPrefix(o.out, `\\`) {
		share = or(o.out, "")
	}
	program = or(o.clientProgram, self)
	if program == noProgram {
		program = ""
	}
	clientDir := or(o.clientDir, defaultClientDir)
	return pack.Installation{
		Site: config.Site, Express: express, EvtShare: evtShare, MonitorShare: share + `\` + pack.MonitorDir,
		ClientDir: clientDir,
		Program:   or(o.program, or(self, defaultProgram)), Config: configFile, PsExec: clientDir + `\psexec.exe`,
		ClientProgram: program != "", Takeover: config.Evt.Takeover, Templated: config.Evt.Template != "", Wait: o.wait,
		Language: o.language, Title: strings.TrimSpace(o.title), Support: strings.TrimSpace(o.support),
		MarkerPattern: config.Jobs.Marker, BuildPattern: config.Jobs.Build,
	}, program, nil
}
