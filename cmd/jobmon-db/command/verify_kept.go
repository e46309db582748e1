package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// keptCaches says which caches are not what follows from the log's events (law 2).
type keptCaches struct {
	Compared int      `json:"compared"`
	Wrong    []string `json:"wrong"`
	Skipped  string   `json:"skipped,omitempty"` // why none was compared
}

// compareCaches folds the log from its beginning and compares what the caches hold.
func compareCaches(report *store.Report) (k keptCaches, err error) {
	k.Wrong = []string{}
	if !report.Whole() {
		k.Skipped = "not compared, as the log is damaged"
		return k, nil
	}
	log, err := store.OpenFile(report.Path)
	if errors.Is(err, store.ErrLocked) {
		k.Skipped = "not compared, as the daemon has the log"
		return k, nil
	}
	if err != nil {
		return k, err
	}
	defer log.Close()
	compared, wrong, err := history.CompareCaches(log)
	if errors.Is(err, store.ErrLocked) { // a daemon has started
		k.Skipped = "not compared, as the daemon has the log"
		return k, nil
	}
	k.Compared, k.Wrong = compared, append(k.Wrong, wrong...)
	return k, err
}

func (k *keptCaches) print(out io.Writer) {
	switch {
	case k.Skipped != "":
		fmt.Fprintf(out, "Caches: %s.\n", k.Skipped)
	case len(k.Wrong) > 0:
		fmt.Fprintf(out, "Caches: %d compared with what follows from the log, different: %s.\n", k.Compared,
			term.Plain(strings.Join(k.Wrong, ", ")))
	default:
		fmt.Fprintf(out, "Caches: %d compared with what follows from the log, none different.\n", k.Compared)
	}
}
