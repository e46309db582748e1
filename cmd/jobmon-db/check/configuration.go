package check

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/configs"
)

// configuration says where the values come from. Load has found nothing wrong with them.
func (c *checker) configuration(context.Context) Line {
	var files []string
	given := map[configs.Layer]int{}
	for _, v := range c.Config.Values() {
		given[v.Origin.Layer]++
		if v.Origin.Layer == configs.FromFile && !slices.Contains(files, v.Origin.Name) {
			files = append(files, v.Origin.Name)
		}
	}
	line := Line{State: OK, Found: "no value comes from a file"}
	if len(files) > 0 {
		line.Found = fmt.Sprintf("%s (%s)", strings.Join(files, ", "), count(given[configs.FromFile], "value"))
	}
	if n := given[configs.FromEnvironment]; n > 0 {
		line.Found += ", " + fmt.Sprintf("%d from the environment", n)
	}
	if n := given[configs.FromFlag]; n > 0 {
		line.Found += ", " + fmt.Sprintf("%d from flags", n)
	}

	dsn, kind := c.value("source.dsn").Origin, c.value("source.kind").Origin
	switch {
	case c.Config.Source.Kind == configs.KindRecording:
		line.State = Fail
		line.Found += "; source.kind " + configs.KindRecording + " cannot be used yet"
		line.Next = "set source.kind to " + configs.KindSQLServer + " or " + configs.KindSimulator
	case c.Config.Source.Kind == configs.KindSimulator && kind.Layer == configs.FromDefault:
		line.State = Warn
		line.Found += "; no source is named, so a simulated Deployment Server is watched"
		line.Next = "set source.server or source.dsn, or name the file that does with --config"
	case dsn.Layer == configs.FromFlag:
		line.State = Warn
		line.Found += "; others can read the flag with source.dsn in the list of processes"
		line.Next = "give source.dsn in the environment or in the file"
	case dsn.Layer == configs.FromFile && open(dsn.Name):
		line.State = Warn
		line.Found += "; everybody on this computer can read the file, and source.dsn in it"
		line.Next = "chmod o-r " + dsn.Name
	}
	return line
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
