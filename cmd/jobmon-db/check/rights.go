package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// guarded is a file or folder whose owner and rights are checked.
type guarded struct {
	what, path string
	most       trust.Access // what others may do there without a warning
	danger     string       // what others can do with more rights
}

// look says who holds it. A key is its owner's alone: not even the group may read it.
func (g *guarded) look(dataDir string) (trust.Holding, error) {
	if name := filepath.Base(g.path); name == keyfile.Sessions || name == keyfile.Links {
		return trust.Alone(g.path, dataDir)
	}
	return trust.Look(g.path, dataDir)
}

// guarded lists the places of the daemon. Other files within the data folder are as safe as that folder.
func (c *checker) guarded() []guarded {
	list := []guarded{
		{"data folder", c.Config.DataDir, trust.Nobody, "others can read the history, or change it"},
		{"session key", filepath.Join(c.Config.DataDir, keyfile.Sessions), trust.Nobody,
			"others can read the key, and open the board as a browser that has logged in"},
		{"link key", filepath.Join(c.Config.DataDir, keyfile.Links), trust.Nobody,
			"others can read the key, and make links to the board"},
	}
	if path, err := endpoint.Address(c.Config.DataDir); err == nil && runtime.GOOS != "windows" {
		list = append(list, guarded{"socket", path, trust.Nobody, "others can ask the daemon, and administer it"})
	}
	list = append(list,
		guarded{"evt folder", c.Config.Evt.Dir, trust.Readers, "others can change what the screens show"},
		// its purpose is that others write requests there
		guarded{"request folder", c.Requests, trust.Writers, ""},
	)
	for _, file := range c.files() {
		list = append(list, guarded{"configuration", file, trust.Readers, "others can change the configuration"})
	}
	if self, err := os.Executable(); err == nil {
		list = append(list, guarded{"program", self, trust.Readers, "others can change what runs"})
	}
	for _, g := range []guarded{
		{"password file", c.Config.Source.PasswordFile, trust.Nobody, "others can read the password, or change it"},
		{"log file", c.Config.Log.File, trust.Readers, "others can change the messages"},
		{"backup folder", c.Config.Backup.Dir, trust.Nobody, "others can read the history, or change what is restored"},
		{"TLS key", c.Config.HTTP.Key, trust.Nobody, "others can read the key, and answer in the daemon's place"},
	} {
		if g.path != "" {
			list = append(list, g)
		}
	}
	return list
}

// rights reports the owners and the rights of all places, as the operating system has them.
func (c *checker) rights(context.Context) Line {
	line := Line{State: OK}
	var found, wrong, next []string
	for _, g := range c.guarded() {
		h, err := g.look(c.Config.DataDir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			found = append(found, fmt.Sprintf("%s: cannot be checked: %v", g.what, root(err)))
			continue
		}
		found = append(found, g.what+" "+h.Text)
		if h.Others > g.most {
			wrong = append(wrong, fmt.Sprintf("%s (%s)", g.danger, g.path))
		}
		if !h.Trusted {
			wrong = append(wrong, fmt.Sprintf("the %s belongs to %s, who can change it (%s)", g.what, h.Owner, g.path))
		}
		if h.Others > g.most || !h.Trusted {
			next = append(next, h.Mend(g.most))
		}
	}
	if c.Monitor != "" {
		found = append(found, "monitor's folder "+c.Monitor)
		if err := trust.Closed(c.Monitor, true); err != nil {
			wrong = append(wrong, "the computers run the files in the monitor's folder as SYSTEM, and "+err.Error())
			next = append(next, "let only administrators write to "+c.Monitor+", and DS read")
		}
	}
	line.Found = strings.Join(found, ", ") + c.pipe()
	if wrong != nil {
		line.State = Warn
		line.Found += "; " + strings.Join(wrong, "; ")
		line.Next = strings.Join(next, ", and ")
	}
	return line
}

// pipe describes who may use the daemon's pipe on Windows, which the daemon makes with exactly these rights.
func (c *checker) pipe() string {
	if runtime.GOOS != "windows" {
		return ""
	}
	text := "; pipe for SYSTEM, Administrators, the account of the daemon"
	if len(c.Config.Endpoint.Allow) > 0 {
		text += "; questions also from " + strings.Join(c.Config.Endpoint.Allow, ", ")
	}
	return text
}
