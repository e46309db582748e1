package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// keyFile is the name of the file in the data dir that holds the key of the site's pseudonyms.
const keyFile = "jobmon-db.pseudonym-key"

// recordingFile says where check keeps what it read, and how.
type recordingFile struct {
	path       string // "" for nowhere
	pseudonyms bool
	key        string // the file with the key of the pseudonyms
	force      bool
}

func (f *recordingFile) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "record", "", "keep what was read in this file")
	flags.BoolVar(&f.pseudonyms, "pseudonyms", false,
		"with --record: replace the names of jobs, folders, computers and groups")
	flags.StringVar(&f.key, "pseudonym-key", "",
		"with --pseudonyms: file with the key, made when missing (default: "+keyFile+" in data_dir)")
	flags.BoolVar(&f.force, "force", false, "with --record: replace the file when there is one")
}

// complete refuses what does not go together, and a file that may not be written, before anything is read for it.
func (f *recordingFile) complete(dataDir string) error {
	switch {
	case f.path == "" && (f.pseudonyms || f.key != "" || f.force):
		return &usageError{errors.New("--pseudonyms, --pseudonym-key and --force are about the file of --record: " +
			"name it")}
	case f.path == "":
		return nil
	case f.key != "" && !f.pseudonyms:
		return &usageError{errors.New("--pseudonym-key is given without --pseudonyms")}
	case f.key == "" && f.pseudonyms:
		if err := trust.MakeFolder(dataDir); err != nil { // as the daemon would make it
			return &usageError{fmt.Errorf("make the data folder, for the key of the pseudonyms: %w; name a file for "+
				"it with --pseudonym-key", err)}
		}
		f.key = filepath.Join(dataDir, keyFile)
	}
	if err := recording.Free(f.path, f.force); err != nil {
		return &usageError{fmt.Errorf("--record: %w", err)}
	}
	return nil
}

// write keeps what was read, and says what it wrote.
func (f *recordingFile) write(read *check.Reading, settings jobmon.Settings) (string, error) {
	r := &recording.Recording{Program: programVersion(), Server: read.Server, Unknown: read.Unknown,
		Pseudonyms: read.Pseudonyms, Tables: read.Tables}
	names := "names are as they are: --pseudonyms replaces them"
	if r.Pseudonyms {
		names = "names are pseudonyms, as they were"
	}
	if f.pseudonyms {
		key, err := keyfile.Make(f.key)
		if err != nil {
			return "", fmt.Errorf("the key of the pseudonyms: %w; name another file for it with --pseudonym-key", err)
		}
		p, err := recording.NewPseudonyms(key, settings)
		if err != nil {
			return "", err
		}
		if err := r.Disguise(p); err != nil {
			return "", err
		}
		names = "names are pseudonyms, whose key stays in " + f.key
	}
	bytes, err := r.Write(f.path, f.force)
	if err != nil {
		return "", err
	}
	t := r.Tables
	return fmt.Sprintf("%s, %s: jobs %d, computers %d, rows %d, agents %d; %s. Look through the file before you send "+
		"it",
		f.path, size(uint64(bytes)), len(t.Jobs), len(t.Computers), len(t.Rows), len(t.Agents), names), nil
}

// recorded is the recording in place of a database.
func recorded(path string) (*check.StandIn, error) {
	r, err := recording.Load(path)
	if err != nil {
		return nil, err
	}
	is := path + ", " + r.String()
	if len(r.Unknown) > 0 {
		is += "; not readable then: " + strings.Join(r.Unknown, ", ")
	}
	return &check.StandIn{Source: recording.NewSource(r), Is: is, Agents: true,
		Of: check.Reading{Server: r.Server, Unknown: r.Unknown, Pseudonyms: r.Pseudonyms}}, nil
}

// madeUp is a Deployment Server like the simulator's, half an hour after its beginning.
func madeUp(config *configs.Config) *check.StandIn {
	const age = 30 * time.Minute
	now := time.Now()
	_, offset := now.Zone()
	ds := simulator.NewDS(jobmon.InstantOf(now.Add(-age)), jobmon.Offset(offset), config.Simulator.Seed)
	simulator.Play(ds, config.Simulator.Computers)
	ds.AdvanceTo(jobmon.InstantOf(now))
	const is = "a made-up Deployment Server, half an hour after its beginning"
	return &check.StandIn{Source: ds.Source(), Is: is, Of: check.Reading{Server: is}, Agents: true}
}
