// Package pack makes the files that bring the screen to the computers of a Deployment Server: the folder of the monitor
// for the eXpress share, and the text of every DS task, filled in for one installation.
//
// The texts are templates (configs.Tasks). This package has their values, and the rules for writing a folder that
// administrators also change.
package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"text/template"
	"unicode"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Installation holds what differs between sites. Paths are absolute Windows paths in plain ASCII, without characters
// that cmd or DS would misread, because they become part of scripts and fields of tasks.
type Installation struct {
	Site          string // the DS server's name, for headings
	Express       string // the eXpress share
	EvtShare      string // the daemon's folder of .evt files, as the DS server reaches it
	MonitorShare  string // the folder of the monitor on the share
	ClientDir     string // the folder of the monitor on each computer
	Program       string // jobmon-db.exe on the DS server
	Config        string // its configuration file; "" if the program finds that by itself
	PsExec        string // psexec.exe on each computer
	ClientProgram bool   // jobmon-db.exe lies beside the monitor
	Takeover      bool   // scripts replace .evt files no matter who wrote them
	Templated     bool   // .evt files have the site's own form, so a script cannot see who wrote one
	Wait          int    // seconds that a script waits for an answer
	// The language of the screen in two letters; "" for that of its Windows. It goes into the monitor's settings, like
	// the title and the support contact.
	Language      string
	Title         string // one line; "" for the monitor's own
	Support       string // one line; whom to ask
	MarkerPattern string // the settings jobs.marker and jobs.build
	BuildPattern  string
}

// Monitor is the screen that is packed.
type Monitor struct {
	Files        fs.FS  // the files of its folder
	SettingsFile string // name of its settings file, which may be among Files with all settings commented out
	StopFile     string // name of the file that closes it
	StopSeconds  int    // how long closing takes at most
	Start        string // the file that mshta.exe opens
}

// File is one file of the pack.
type File struct {
	Path    string // below the folder, with slashes
	Content []byte
	Yours   bool // it belongs to the administrator after a change
}

// The folders of a pack.
const (
	MonitorDir = "JobMon"
	TasksDir   = "tasks"
)

// The two forms of each task.
var forms = []struct {
	name  string
	batch bool
}{{"program", false}, {"batch", true}}

// tasks are the jobs with texts, by their templates.
var tasks = []struct{ name, title string }{
	{"build-job", "The build job"}, {"marker", "A marker"}, {"closing-marker", "The closing marker"},
	{"close-monitor", "Closing the monitor"}, {"move-to-session", "Moving the monitor into a session"},
	{"kiosk", "The monitor on a kiosk"},
}

// values are the values of the templates.
type values struct {
	Installation
	Batch        bool
	Job          string
	Stopped      string // the line of JSON that a script writes when no daemon answers
	Arguments    string // of mshta.exe
	SettingsFile string
	StopFile     string
	StopSeconds  int
	StopPings    int
}

// idMark stands for the computer's id in the scripts.
const idMark = "%JM_ID%"

// Make returns all files of the pack, in the order of their paths within each folder. texts holds the templates. An
// error lists everything that is wrong with the installation, or names the template that is wrong.
func Make(in Installation, monitor Monitor, texts fs.FS) ([]File, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(texts, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the templates of the tasks: %w", err)
	}
	v, err := monitor.values(in)
	if err != nil {
		return nil, err
	}
	files, err := monitor.files(in)
	if err != nil {
		return nil, err
	}
	add := func(path, name string, v values) error {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, name, v); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
		files = append(files, File{Path: path, Content: windowsLines(text.Bytes())})
		return nil
	}
	err = errors.Join(add(path.Join(MonitorDir, "READ-ME.txt"), "monitor-read-me", v),
		add(path.Join(TasksDir, "READ-ME.txt"), "tasks-read-me", v))
	for _, job := range tasks {
		for _, form := range forms {
			v.Batch, v.Job = form.batch, job.title
			err = errors.Join(err, add(path.Join(TasksDir, job.name+"."+form.name+".txt"), job.name, v))
		}
	}
	return files, err
}

// values returns what the templates need to know of the installation and the monitor.
func (m *Monitor) values(in Installation) (values, error) {
	stopped, err := evt.Stopped(jobmon.Form{}, 0, "")
	if err != nil {
		return values{}, err
	}
	for _, text := range []*string{&in.Site, &in.MarkerPattern, &in.BuildPattern} {
		*text = strings.Map(plain, *text)
	}
	return values{
		Installation: in, SettingsFile: m.SettingsFile, StopFile: m.StopFile,
		StopSeconds: m.StopSeconds, StopPings: m.StopSeconds + 3,
		Stopped:   strings.Replace(strings.TrimSpace(string(stopped)), `"id":0`, `"id":`+idMark, 1),
		Arguments: fmt.Sprintf(`"%s\%s" "%s"`, in.ClientDir, m.Start, in.ClientDir),
	}, nil
}

// files returns the monitor's own files, with its settings filled in.
func (m *Monitor) files(in Installation) ([]File, error) {
	var files []File
	settings := ""
	err := fs.WalkDir(m.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(m.Files, name)
		if name == m.SettingsFile {
			settings = string(content)
			return err
		}
		if path.Ext(name) == ".txt" {
			content = windowsLines(content)
		}
		files = append(files, File{Path: path.Join(MonitorDir, name), Content: content})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the monitor's files: %w", err)
	}
	settings = fill(settings, [][2]string{{"language", in.Language}, {"title", in.Title}, {"support", in.Support}})
	return append(files, File{Path: path.Join(MonitorDir, m.SettingsFile), Content: windowsLines([]byte(settings)),
		Yours: true}), nil
}

// windowsLines ends lines with CRLF, as the Notepad of every Windows needs.
func windowsLines(text []byte) []byte {
	text = bytes.ReplaceAll(bytes.TrimRight(text, "\n"), []byte("\n"), []byte("\r\n"))
	return append(text, "\r\n"...)
}

// windowsPath matches paths without characters that cmd, DS or mshta would misread, and without letters that the code
// page of another computer garbles. A path has no backslash at its end: it would escape a quotation mark after it.
var windowsPath = regexp.MustCompile(
	`^(?:[A-Za-z]:|\\\\[A-Za-z0-9._-]+\\[A-Za-z0-9 ._$()#@~+=,{}-]+)(?:\\[A-Za-z0-9 ` +
		`._$()#@~+=,{}-]*[A-Za-z0-9_$()#@~+=,{}-])*$`)

var language = regexp.MustCompile("^[a-z]{2}$")

func (in *Installation) check() error {
	var wrong []error
	for _, p := range []struct{ what, path string }{
		{"the eXpress share", in.Express}, {"the folder of .evt files", in.EvtShare},
		{"the monitor's folder on the share", in.MonitorShare},
		{"the monitor's folder on each computer", in.ClientDir}, {"jobmon-db.exe on the DS server", in.Program},
		{"psexec.exe", in.PsExec},
	} {
		if !windowsPath.MatchString(p.path) {
			wrong = append(wrong, fmt.Errorf(
				`%s, %q: it must be like C:\folder or \\server\share, in plain letters and without " %% ! ^ < > | * `+
					`? or a backslash at its end`, p.what, p.path))
		}
	}
	if in.Config != "" && !windowsPath.MatchString(in.Config) {
		wrong = append(wrong, fmt.Errorf(
			"the configuration file, %q: it must be a full path on the DS server, in plain letters", in.Config))
	}
	for _, text := range []string{in.Title, in.Support} {
		if strings.ContainsFunc(text, unicode.IsControl) || len([]rune(text)) > 200 {
			wrong = append(wrong, fmt.Errorf(
				"%q: the title and the support contact are one line each, of at most 200 characters", text))
		}
	}
	if in.Language != "" && !language.MatchString(in.Language) {
		wrong = append(wrong, fmt.Errorf("the language %q: it must be two lower-case letters, such as en, de or fr",
			in.Language))
	}
	if in.Wait < 1 || in.Wait > 600 {
		wrong = append(wrong, fmt.Errorf("waiting for %d s: it can be 1 to 600", in.Wait))
	}
	return errors.Join(wrong...)
}

// plain keeps what people read legible in every code page.
func plain(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}
