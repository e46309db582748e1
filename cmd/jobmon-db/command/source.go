package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/store"
)

// newSource makes the configured source; nil for the simulator, whose world lies in the data dir and has to wait for
// its lock.
func newSource(config *configs.Config, logger zerolog.Logger) (ingest.Source, error) {
	switch config.Source.Kind {
	case configs.KindSQLServer:
		s, err := newDatabase(config, logger)
		if err != nil {
			return nil, &usageError{err}
		}
		return s, nil
	case configs.KindSimulator:
		return nil, nil
	case configs.KindRecording:
		r, err := recording.Load(config.Source.Recording)
		if err != nil {
			return nil, &usageError{fmt.Errorf("source.recording: %w", err)}
		}
		return recording.NewSource(r), nil
	case "":
		return nil, sourceNamed(config)
	}
	return nil, &usageError{fmt.Errorf("source.kind %s is not known", config.Source.Kind)}
}

// sourceNamed refuses a configuration that names no source.
func sourceNamed(config *configs.Config) error {
	if config.Source.Kind != "" {
		return nil
	}
	file := cmp.Or(config.File, configs.FileName)
	if config.AtHub() {
		return &usageError{fmt.Errorf("%s is the configuration of a hub, which watches no Deployment Server: start it "+
			"with `jobmon-db hub`, or give source.server", file)}
	}
	return &usageError{fmt.Errorf("no source is named, so there is nothing to watch: `jobmon-db setup` asks for the "+
		"SQL Server, or give "+
		"source.server in %s; to try a made-up Deployment Server, say `jobmon-db demo` or give source.kind: "+
		"simulator", file)}
}

// newWorld begins the simulated Deployment Server, or goes on with it.
func newWorld(config *configs.Config, d control.Daemon, zone *time.Location,
	logger zerolog.Logger) (*simulator.Source, error) {
	now := time.Now()
	if zone != nil {
		now = now.In(zone)
	}
	logger.Info().Msg("watching a made-up Deployment Server, as source.kind says")
	return simulator.New(simulator.Options{
		Seed: config.Simulator.Seed, Speed: config.Simulator.Speed, Computers: config.Simulator.Computers,
		Start: now, Dir: config.DataDir, Hook: deliverer(d, config.Evt.Dir, clientsOf(config)),
	})
}

// unreal are the sources that are no Deployment Server at work: the file that their history leaves in the data folder,
// and what they are called.
var unreal = [...]struct{ file, kind, name string }{
	{simulator.StateFile, configs.KindSimulator, "a made-up Deployment Server"},
	{recording.PlaybackFile, configs.KindRecording, "a recording"},
}

const realServer = "a real Deployment Server"

func nameOf(kind string) string {
	for _, other := range unreal {
		if other.kind == kind {
			return other.name
		}
	}
	return realServer
}

// kindOf is the kind of source whose history a data folder holds.
func kindOf(dataDir string) string {
	kind := configs.KindSQLServer
	for _, other := range unreal {
		if _, err := os.Stat(filepath.Join(dataDir, other.file)); err == nil {
			kind = other.kind
		}
	}
	return kind
}

// sameKind keeps the histories of a real Deployment Server, a made-up one and a recording apart: a setting that is lost
// must not write stories into the log. begun says that the data dir holds a log with events.
func sameKind(dataDir, kind string, begun bool) error {
	was := kindOf(dataDir)
	if !begun || kind == was || kind == "" {
		return nil
	}
	next := map[string]string{
		configs.KindSQLServer: "name another data_dir for the server in source.server or source.dsn",
		configs.KindRecording: "name another data_dir for the one in source.recording",
		configs.KindSimulator: "name it in source.server or source.dsn, or another data_dir for a made-up one",
	}[kind]
	if kind == configs.KindSimulator && was == configs.KindRecording {
		next = "set source.kind and source.recording, or name another data_dir for a made-up Deployment Server"
	}
	holds := "the history of " + nameOf(was)
	if was == configs.KindSQLServer { // which leaves no file, and a restored log comes without those of the others
		holds = "a history that may be that of " + realServer
	}
	return &usageError{fmt.Errorf("%s holds %s: %s", dataDir, holds, next)}
}

// notRealFile is the name of the file in an evt folder that says that its files are those of no Deployment Server at
// work. The kind of their source is its first word.
const notRealFile = "NOT-REAL.txt"

// markFiles leaves that file where the source is not real.
func markFiles(evtDir, kind string) error {
	if nameOf(kind) == realServer {
		return nil
	}
	text := fmt.Sprintf("%s\r\nThe .evt files in this folder are those of %s. Do not copy them to a computer.\r\n"+
		"jobmon-db wrote this file; delete it together with them.\r\n", kind, nameOf(kind))
	err := inherit.MkdirAll(evtDir, 0o755)
	if err == nil {
		err = atomicfile.Write(filepath.Join(evtDir, notRealFile), []byte(text), 0o644)
	}
	if err != nil {
		return &usageError{fmt.Errorf("mark evt.dir as that of %s: %w; name a folder that can be written", nameOf(kind),
			err)}
	}
	return nil
}

// filesApart keeps made-up .evt files and real ones out of each other's folder: every Deployment Server has the same
// ids. A folder with files is that of a real one unless it is marked. The mark keeps no daemon from going on with a
// real history: others may write to the folder.
func filesApart(evtDir, dataDir, kind string) error {
	marked := ""
	if text, err := plainfile.Read(filepath.Join(evtDir, notRealFile)); err == nil {
		marked, _, _ = strings.Cut(strings.TrimSpace(string(text)), "\r\n")
	}
	isReal, own := nameOf(kind) == realServer, kindOf(dataDir) == kind
	switch {
	case kind == "" || marked == kind:
		return nil
	case marked == "" && (isReal || !servesComputers(evtDir) || own && evtDir == filepath.Join(dataDir, "evt")):
		return nil
	}
	going := begun(dataDir)
	if err := sameKind(dataDir, kind, going); err != nil || isReal && going { // says more than what is in the folder
		return err
	}
	if marked != "" {
		return &usageError{fmt.Errorf("%s holds the .evt files of %s: name another folder in evt.dir, or delete "+
			"these files and %s",
			evtDir, nameOf(marked), notRealFile)}
	}
	return &usageError{fmt.Errorf("%s holds files that may be those of a real Deployment Server, and those of %s "+
		"have the same names: "+
		"name another folder in evt.dir", evtDir, nameOf(kind))}
}

// servesComputers says that somebody writes .evt files into a folder, or will.
func servesComputers(evtDir string) bool {
	entries, err := os.ReadDir(evtDir)
	if err != nil {
		// A folder that cannot be seen may be anybody's. One below a file cannot be there.
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	for _, entry := range entries {
		if entry.Name() == daemon.RequestFolder || strings.EqualFold(filepath.Ext(entry.Name()), ".evt") {
			return true
		}
	}
	return false
}

// begun says that a data folder holds a log with events. Of a log that cannot be read now it says no: opening it says
// why.
func begun(dataDir string) bool {
	log, err := store.Open(dataDir, store.Options{ReadOnly: true, Damaged: func(*store.Error) {}})
	if err != nil {
		return false
	}
	defer log.Close()
	_, _, ok := log.Last()
	return ok
}

// apart says why this configuration's source may not go on in its folders; nil where it may.
func apart(config *configs.Config) error {
	if err := sameKind(config.DataDir, config.Source.Kind, begun(config.DataDir)); err != nil {
		return err
	}
	return filesApart(config.Evt.Dir, config.DataDir, config.Source.Kind)
}
