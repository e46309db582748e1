package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Keeper keeps caches in a log: the newest state, so that a start need not read everything, and checkpoints of the
// projection here and there, so that pictures of the past need not either. It is not safe for concurrent use.
type Keeper struct {
	Log interface {
		Log
		KeepCaches(caches ...jobmon.Cache) error
		DropCaches() error
	}

	// StateEvery is after how many events the newest state is kept again, CheckpointEvery how far checkpoints are apart
	// at least: where they are large they are farther apart, so that they take at most BytesPerEvent. Zero means the
	// defaults.
	StateEvery, CheckpointEvery, BytesPerEvent uint64

	state      uint64 // the event that the newest state was kept of
	checkpoint uint64 // and the newest checkpoint
	size       uint64 // of which this many bytes are
}

// The defaults of a Keeper's figures. A crash costs the next start the folding of so many events; a picture of the
// past is folded from the checkpoint before it.
const (
	stateEvery      = 1 << 16
	checkpointEvery = 1 << 15
	bytesPerEvent   = 6
)

// Load is Load that keeps the checkpoints which are missing on its way. When another version of the program has left
// checkpoints, which none reads any more, all caches are dropped and made anew. Caches that cannot be kept are
// reported by warn and nothing else: the state is right without.
func (k *Keeper) Load(warn func(error)) (*State, error) {
	if err := k.Look(); err != nil {
		warn(err)
	}
	failed := false
	return load(k.Log, func(s *State) {
		if failed || !k.checkpointDue(s.Seq) {
			return
		}
		if err := k.Keep(k.packCheckpoint(s.Seq, pack(s.Projection))); err != nil {
			failed = true
			warn(err)
		}
	})
}

// Look finds out what is kept, and removes what no program will use. Load does it too.
func (k *Keeper) Look() error {
	k.state, k.checkpoint, k.size = 0, 0, 0
	list, err := k.Log.Caches()
	if err != nil {
		return fmt.Errorf("look for caches in the log: %w", err)
	}
	foreign := func(c jobmon.Cache) bool {
		return strings.HasPrefix(c.Name, checkpoints) && c.Version != packedVersion
	}
	if slices.ContainsFunc(list, foreign) {
		if err := k.Log.DropCaches(); err != nil {
			return fmt.Errorf("drop the caches of another version: %w", err)
		}
		return nil
	}
	slices.SortFunc(list, bySeq)
	for _, c := range list {
		switch {
		case c.Name == projectionCache:
			k.state = c.Seq
		case strings.HasPrefix(c.Name, checkpoints):
			k.checkpoint = c.Seq
		}
	}
	if newest, ok := k.Log.Cache(checkpointName(k.checkpoint), packedVersion); ok {
		k.size = uint64(len(newest.Data))
	}
	return nil
}

func bySeq(a, b jobmon.Cache) int { return cmp.Compare(a.Seq, b.Seq) }

// Due says whether so much has happened that it is time to keep something.
func (k *Keeper) Due(s *State) bool {
	return s.Seq >= k.state+cmp.Or(k.StateEvery, stateEvery) || k.checkpointDue(s.Seq)
}

func (k *Keeper) checkpointDue(seq uint64) bool {
	return seq >= k.checkpoint+max(
		cmp.Or(k.CheckpointEvery, checkpointEvery),
		k.size/cmp.Or(k.BytesPerEvent, bytesPerEvent),
	)
}

// Pack packs what is due, and the newest state if newest says so in any case: what Keep is to keep. There may be
// nothing.
func (k *Keeper) Pack(s *State, newest bool) []jobmon.Cache {
	var caches []jobmon.Cache
	newest = newest && s.Seq > k.state || s.Seq >= k.state+cmp.Or(k.StateEvery, stateEvery)
	if !newest && !k.checkpointDue(s.Seq) || s.Seq == 0 {
		return nil
	}
	projection := pack(s.Projection)
	if k.checkpointDue(s.Seq) {
		caches = append(caches, k.packCheckpoint(s.Seq, projection))
	}
	if !newest {
		return caches
	}
	whole, err := s.Whole(k.Log)
	if err != nil {
		return caches // the log is damaged, which reading it reports
	}
	k.state = s.Seq
	return append(caches,
		jobmon.Cache{Name: mirrorCache, Version: mirrorVersion, Seq: s.Seq, Data: EncodeMirror(s.Mirror)},
		jobmon.Cache{Name: projectionCache, Version: packedVersion, Seq: s.Seq, Data: projection},
		jobmon.Cache{Name: factsCache, Version: factsVersion, Seq: s.Seq, Data: whole.encode()})
}

func (k *Keeper) packCheckpoint(seq uint64, projection []byte) jobmon.Cache {
	k.checkpoint, k.size = seq, uint64(len(projection))
	return jobmon.Cache{Name: checkpointName(seq), Version: packedVersion, Seq: seq, Data: projection}
}

// Keep keeps what was packed. A cache that is too large is done without.
func (k *Keeper) Keep(caches ...jobmon.Cache) error {
	caches = slices.DeleteFunc(caches, func(c jobmon.Cache) bool { return len(c.Data) > jobmon.MaxCache })
	if len(caches) == 0 {
		return nil
	}
	if err := k.Log.KeepCaches(caches...); err != nil {
		return fmt.Errorf("keep what the next start would take up: %w", err)
	}
	return nil
}
