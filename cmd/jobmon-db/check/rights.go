package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

// access is how far others than the daemon's account and the administrators may go.
type access int

// Each holds those before it.
const (
	nobody access = iota
	readers
	writers
)

// guarded is a file or folder whose rights are looked at.
type guarded struct {
	what, path string
	most       access // what others may do there without it being worth a word
	danger     string // what more than that means
}

// rights says who may do what where, as the operating system has it. Secrets are the configuration's own line.
func (c *checker) rights(context.Context) Line {
	list := []guarded{
		{"data folder", c.Config.DataDir, nobody, "others can read the history, or change it"},
		{"evt folder", c.Config.Evt.Dir, readers, "others can change what the screens show"},
		{"request folder", c.Requests, writers, ""}, // whoever may write there may ask for files, which is what it is for
	}
	if path, err := endpoint.Address(c.Config.DataDir); err == nil && endpointIsFile {
		list = slices.Insert(list, 1, guarded{"socket", path, nobody, "others can ask the daemon, and administer it"})
	}
	line := Line{State: OK}
	var found, wrong, next []string
	for _, g := range list {
		holders, others, mend, err := rightsOf(g.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			found = append(found, fmt.Sprintf("%s: not to be seen: %v", g.what, root(err)))
			continue
		}
		found = append(found, g.what+" "+holders)
		if others > g.most {
			wrong = append(wrong, fmt.Sprintf("%s (%s)", g.danger, g.path))
			next = append(next, mend(g.most))
		}
	}
	if found == nil {
		return Line{State: Skip, Found: "the folders are not there yet"}
	}
	line.Found = strings.Join(found, ", ")
	if endpointRights != "" {
		line.Found += endpointRights
		if len(c.Config.Endpoint.Allow) > 0 {
			line.Found += " and " + strings.Join(c.Config.Endpoint.Allow, ", ")
		}
	}
	if wrong != nil {
		line.State = Warn
		line.Found += "; " + strings.Join(wrong, "; ")
		line.Next = strings.Join(next, ", and ")
	}
	return line
}
