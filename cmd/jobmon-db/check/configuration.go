package check

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// configuration says where the values come from. Load has found nothing wrong with them.
func (c *checker) configuration(context.Context) Line {
	files, given := c.files(), map[configs.Layer]int{}
	for _, v := range c.Config.Values() {
		given[v.Origin.Layer]++
	}
	line := Line{State: OK, Found: "no value comes from a file"}
	if len(files) > 0 {
		line.Found = fmt.Sprintf("%s (%s)", strings.Join(files, ", "), words.Count(given[configs.FromFile], "value"))
	}
	if n := given[configs.FromEnvironment]; n > 0 {
		line.Found += ", " + fmt.Sprintf("%d from the environment", n)
	}
	if n := given[configs.FromFlag]; n > 0 {
		line.Found += ", " + fmt.Sprintf("%d from flags", n)
	}

	switch {
	case c.Config.Source.Kind == "" && !c.Config.AtHub():
		line.State = Fail
		line.Found += "; no source is named, so there is nothing to watch"
		line.Next = "set source.server or source.dsn, or name the file that does with --config; jobmon-db setup asks " +
			"for it"
	default:
		if found, next := c.exposed(); found != nil {
			line.State = Warn
			line.Found += "; " + strings.Join(found, "; ")
			line.Next = strings.Join(next, ", and ")
		}
	}
	return line
}

// files are those that values come from.
func (c *checker) files() (files []string) {
	for _, v := range c.Config.Values() {
		if v.Origin.Layer == configs.FromFile && !slices.Contains(files, v.Origin.Name) {
			files = append(files, v.Origin.Name)
		}
	}
	return files
}

// exposed says where others can find the password of the database, and what to do about each place.
func (c *checker) exposed() (found, next []string) {
	for _, key := range []string{"source.dsn", "source.password"} {
		switch origin := c.value(key).Origin; {
		case origin.Layer == configs.FromFlag:
			found = append(found, "others can read the flag with "+key+" in the list of processes")
			next = append(next, "give the password in source.password_file or in the environment")
		case origin.Layer == configs.FromFile && open(origin.Name):
			found = append(found, "everybody on this computer can read the file, and "+key+" in it")
			next = append(next, "chmod o-r "+origin.Name)
		}
	}
	for _, secret := range []struct{ what, path string }{
		{"password", c.Config.Source.PasswordFile}, {"credential for NATS", c.Config.Fleet.Credentials},
		{"credential for NATS", c.Config.Hub.Credentials},
	} {
		if secret.path != "" && secretfile.Exposed(secret.path) {
			found = append(found, "others than its owner can read the "+secret.what+" in "+secret.path)
			next = append(next, "chmod go-r "+secret.path)
		}
	}
	return found, next
}

// value is a key's value as config show prints it.
func (c *checker) value(key string) configs.Value {
	for _, v := range c.Config.Values() {
		if v.Key == key {
			return v
		}
	}
	return configs.Value{Key: key, Origin: configs.Origin{Layer: configs.FromDefault}}
}

// open says that everybody may read the file. On Windows the mode does not tell.
func open(path string) bool {
	info, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0
}
