package history

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Log is the part of the log that a start and a question about the past need. Whatever they take from a cache is what
// folding the log gives: without caches they take longer.
type Log interface {
	Scanner
	Cache(name string, version uint32) (jobmon.Cache, bool)
	Caches() ([]jobmon.Cache, error)
}

// Scanner yields a log's batches from the one on that holds sequence number from; they are good until the next one.
type Scanner interface {
	Scan(from uint64) iter.Seq2[jobmon.Batch, error]
}

// Names of the caches. The first three are the newest state and are always of one event; pictures of the past
// begin at a checkpoint, whose name ends with the sequence number of its last event.
const (
	mirrorCache     = "mirror"
	projectionCache = "projection"
	factsCache      = "facts"
	checkpoints     = "projection-"
)

// mirrorVersion and factsVersion rise when the same events come to mean another mirror or other facts, or are kept in
// another form: a cache of an older program lacks what only this one derives. TestFactsThatMeanMoreHaveAnotherVersion
// guards the second.
const (
	mirrorVersion = 2
	factsVersion  = 3
)

func checkpointName(seq uint64) string { return fmt.Sprintf("%s%016x", checkpoints, seq) }

// Load is the state at the log's end: what the caches hold, and the events behind them folded into it.
func Load(log Log) (*State, error) { return load(log, nil) }

// load calls after, if set, when a batch was folded.
func load(log Log, after func(*State)) (*State, error) {
	s := kept(log)
	for b, err := range log.Scan(s.Seq + 1) {
		if err != nil {
			return nil, fmt.Errorf("read the log after event %d: %w", s.Seq, err)
		}
		if err := s.Apply(&b); err != nil {
			return nil, err
		}
		if after != nil {
			after(s)
		}
	}
	return s, nil
}

// kept is the state that the caches hold, or that of an empty log.
func kept(log Log) *State {
	packed, ok := log.Cache(mirrorCache, mirrorVersion)
	if !ok {
		return New()
	}
	facts, ok := keptFacts(log)
	if !ok || facts.Seq != packed.Seq {
		return New()
	}
	projection, ok := keptProjection(log, projectionCache)
	if !ok || projection.Seq() != packed.Seq {
		return New()
	}
	mirror, err := DecodeMirror(packed.Data)
	if err != nil {
		return New()
	}
	return &State{Mirror: mirror, Projection: projection, Facts: *facts}
}

func keptFacts(log Log) (*Facts, bool) {
	cache, ok := log.Cache(factsCache, factsVersion)
	if !ok {
		return nil, false
	}
	facts, err := decodeFacts(cache.Data)
	return facts, err == nil && facts.Seq == cache.Seq
}

func keptProjection(log Log, name string) (*projector.Projection, bool) {
	cache, ok := log.Cache(name, packedVersion)
	if !ok {
		return nil, false
	}
	return unpack(&cache)
}

// LoadFacts is what the log says at its end beside tables and pictures.
func LoadFacts(log Log) (*Facts, error) {
	facts, ok := keptFacts(log)
	if !ok {
		facts = &New().Facts
	}
	return facts, facts.follow(log)
}

func (f *Facts) follow(log Scanner) error {
	for b, err := range log.Scan(f.Seq + 1) {
		if err != nil {
			return fmt.Errorf("read the log after event %d: %w", f.Seq, err)
		}
		if err := f.Apply(&b); err != nil {
			return err
		}
	}
	return nil
}

// Next is what the log says at its end by now. The facts themselves stay as they are, so that others may go on to read
// them.
func (f *Facts) Next(log Scanner) (*Facts, error) {
	next := *f
	next.Names, next.Chronicle = f.Names.Clone(), slices.Clip(f.Chronicle)
	return &next, next.follow(log)
}

// Project is the projection after the batch that holds sequence number seq, or after the last one before it.
func Project(log Log, seq uint64) (*projector.Projection, error) {
	return GoOn(Nearest(log, seq), log, seq)
}

// GoOn folds what is behind the projection, up to the batch that holds sequence number seq. The projection that it
// returns takes the place of the one that was given, also beside an error: that is after the last batch that was read.
func GoOn(p *projector.Projection, log Scanner, seq uint64) (*projector.Projection, error) {
	return goOn(p, log, seq, func(*projector.Projection, *jobmon.Batch) bool { return true })
}

// goOn is GoOn that calls after each batch that it folds, unless that stands for history that was cut off, until the
// call returns false.
func goOn(p *projector.Projection, log Scanner, seq uint64,
	after func(*projector.Projection, *jobmon.Batch) bool) (*projector.Projection, error) {
	for b, err := range log.Scan(p.Seq() + 1) {
		if err != nil {
			return p, fmt.Errorf("read the log after event %d: %w", p.Seq(), err)
		}
		if b.First() > seq {
			break
		}
		if !IsCut(&b) {
			if p.Apply(&b); !after(p, &b) {
				break
			}
			continue
		}
		w := wanted{projection: func(kept *projector.Projection) { p = kept }}
		if err := w.takeUp(&b); err != nil {
			return p, err
		}
	}
	p.Changed() // what changed on the way has not been reported to anybody
	return p, nil
}

// NearestSeq is the event of the newest projection that was kept, not behind seq; 0 for none.
func NearestSeq(log Log, seq uint64) (nearest uint64) {
	list, _ := log.Caches() // reading says what is wrong
	for _, c := range list {
		if isCheckpoint(&c) && c.Seq <= seq {
			nearest = max(nearest, c.Seq)
		}
	}
	return nearest
}

// Nearest is the newest projection not behind that event that was kept, or that of an empty log.
func Nearest(log Log, seq uint64) *projector.Projection {
	for c := range keptUntil(log, seq) {
		if p, ok := unpack(&c); ok {
			return p
		}
	}
	return projector.New()
}

// keptUntil goes through the projections that were kept, not behind that event, from the newest on.
func keptUntil(log Log, seq uint64) iter.Seq[jobmon.Cache] {
	return func(yield func(jobmon.Cache) bool) {
		list, err := log.Caches()
		if err != nil {
			return // reading says what is wrong
		}
		list = slices.DeleteFunc(list, func(c jobmon.Cache) bool { return !isCheckpoint(&c) || c.Seq > seq })
		slices.SortFunc(list, bySeq)
		for _, c := range slices.Backward(list) {
			if c, ok := log.Cache(c.Name, c.Version); ok && c.Seq <= seq && !yield(c) {
				return
			}
		}
	}
}

func isCheckpoint(c *jobmon.Cache) bool {
	return c.Version == packedVersion &&
		(c.Name == projectionCache || strings.HasPrefix(c.Name, checkpoints))
}

// Picture is the computer's picture with what is no part of it; ok is false when it has none and nothing waits on it.
func Picture(p *projector.Projection, id jobmon.ComputerID) (picture jobmon.Progress, ok bool) {
	drawn, ok := p.Progress(id)
	if !ok {
		if drawn, ok = p.Waits(id); !ok {
			return picture, false
		}
		return *drawn, true
	}
	picture = *drawn
	picture.Aside = p.Aside(id)
	return picture, true
}

// Pictures are the pictures of all computers that have one or on which something waits, by id, with what is no part
// of them.
func Pictures(p *projector.Projection) []jobmon.Progress {
	ids := p.Pictures()
	list := slices.Grow([]jobmon.Progress(nil), len(ids)) // nil for none
	for _, id := range ids {
		if picture, ok := p.Progress(id); ok {
			list = append(list, *picture)
		}
	}
	return AddAside(list, p)
}

// AddAside adds to the pictures, by id, the unfinished rows that are no part of them, and computers that have nothing
// else.
func AddAside(list []jobmon.Progress, p *projector.Projection) []jobmon.Progress {
	for _, id := range p.Beside() {
		i, found := slices.BinarySearchFunc(list, id, func(p jobmon.Progress, id jobmon.ComputerID) int {
			return cmp.Compare(p.Computer.ID, id)
		})
		if found {
			list[i].Aside = p.Aside(id)
		} else if waits, ok := p.Waits(id); ok {
			list = slices.Insert(list, i, *waits)
		}
	}
	return list
}
