package projector

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

// CheckpointVersion distinguishes checkpoints with different meanings: a program uses only those of its own version. It
// combines Form and the projection number.
const CheckpointVersion = Form<<16 | Version

// Form is the format that Encode writes. A log whose old history was cut off begins with a projection in the form of
// its day, so Decode must keep reading every form that a released program wrote, whatever the projection number was.
const Form = 3

// Encode packs the state after the last batch: everything that present and later pictures depend on, without the list
// that Changed returns. The same state gives the same bytes.
func (p *Projection) Encode() []byte {
	c := newCheckpoint(packed.NewWriter(), p)
	c.code()
	return c.Bytes()
}

// Decode returns the projection that Encode packed in a program of the same Form. If the projection number is the same,
// too, folding the later batches gives the same result as folding the whole log. On an error, fold the log.
func Decode(data []byte) (*Projection, error) {
	p := New()
	c := newCheckpoint(packed.NewReader(data), p)
	c.code()
	if err := errors.Join(c.unusable, c.End()); err != nil {
		return nil, fmt.Errorf("decode a projection of %d bytes: %w", len(data), err)
	}
	return p, nil
}

// checkpoint walks a projection, and writes it or rebuilds it from bytes. It leaves out the numbers of batches, which
// only distinguish the current batch from earlier ones.
type checkpoint struct {
	*packed.Coder
	p        *Projection
	worlds   []*world
	places   map[circumstances]int // in worlds
	texts    map[*jobmon.Rules]string
	proved   jobmon.WallTime // by the computer before
	which    int             // the last session coded: see whichSession
	unusable error           // why the settings that were read cannot be used
}

// circumstances are a world whose settings are replaced by their text, so that equal ones can be found.
type circumstances struct {
	world
	settings string
}

func newCheckpoint(c *packed.Coder, p *Projection) *checkpoint {
	return &checkpoint{Coder: c, p: p, places: map[circumstances]int{}, texts: map[*jobmon.Rules]string{}}
}

func (c *checkpoint) code() {
	p := c.p
	c.Uint(&p.seq)
	packed.Int(c.Coder, &p.at)
	packed.Int(c.Coder, &p.writer)
	packed.Delta(c.Coder, &p.gapSeq, p.seq)
	packed.Int(c.Coder, &p.looks.Lost)
	packed.Delta(c.Coder, &p.looks.From, p.at)
	packed.Delta(c.Coder, &p.looks.To, p.at)
	c.codeWorlds()
	p.axis = p.world.axis(p.at)
	c.Flags(&p.contradicted, &p.inParts)
	codeList(c, &p.witnesses, func(w *witness) {
		packed.Int(c.Coder, &w.offset)
		packed.Delta(c.Coder, &w.at, p.axis)
		packed.Int(c.Coder, &w.computer)
		packed.Delta(c.Coder, &w.drop, p.seq)
		c.Flags(&w.certain)
	})
	if len(p.witnesses) > mostWitnesses {
		c.Fail()
		p.witnesses = nil
	}
	var lastJob jobmon.JobID
	codeMap(c, p.jobs, func(id *jobmon.JobID, name *string) {
		packed.Delta(c.Coder, id, lastJob)
		lastJob = *id
		c.Text(name)
	})
	codeMap(c, p.history, func(stage *string, runs *[]stageRun) {
		c.Text(stage)
		codeList(c, runs, func(run *stageRun) {
			packed.Int(c.Coder, &run.seconds)
			packed.Int(c.Coder, &run.jobs)
		})
	})
	c.codeComputers()
}

func (c *checkpoint) codeComputers() {
	p := c.p
	var last jobmon.ComputerID
	codeMap(c, p.computers, func(id *jobmon.ComputerID, at **computer) {
		packed.Delta(c.Coder, id, last)
		if last = *id; c.Reading() {
			*at = newComputer(*id)
		}
		k := *at
		if c.computer(k); !c.Reading() {
			return
		}
		p.follow(k)
		if p.inParts && slices.ContainsFunc(k.rows, func(r *row) bool { return r.baseline }) {
			k.baseline, p.unsettled = true, true
		}
	})
	for _, k := range p.active {
		if c.Reading() {
			k.lookAt = p.nextLook(k)
		}
	}
}

// codeWorlds codes the circumstances in which pictures were drawn, each once. The present ones come first.
func (c *checkpoint) codeWorlds() {
	if !c.Reading() {
		c.placeWorlds()
	}
	rules := map[string]*jobmon.Rules{}
	codeList(c, &c.worlds, func(at **world) {
		if c.Reading() {
			*at = &world{}
		}
		w := *at
		text := c.texts[w.rules]
		c.Text(&text)
		packed.Int(c.Coder, &w.offset)
		packed.Int(c.Coder, &w.sourceSince)
		packed.Int(c.Coder, &w.steps)
		packed.Int(c.Coder, &w.start)
		c.Flags(&w.sourceLost, &w.startKnown)
		if !c.Reading() {
			return
		}
		if rules[text] == nil && c.unusable == nil {
			rules[text], c.unusable = rulesOf(text)
		}
		if w.rules = rules[text]; w.rules != nil {
			w.zone = w.rules.StartLocation()
		}
	})
	switch {
	case !c.Reading():
	case c.unusable != nil || len(c.worlds) == 0:
		c.Fail() // without rules nothing can be drawn
	default:
		c.p.world = c.worlds[0]
	}
}

// placeWorlds lists the circumstances of all pictures and ended sessions, each once.
func (c *checkpoint) placeWorlds() {
	c.place(c.p.world)
	for _, k := range c.p.sortedComputers() {
		if w := k.picture.world; w != nil {
			c.place(w)
		}
		for _, s := range k.all() {
			if s != nil && s.closed != nil {
				c.place(s.closed)
			}
		}
	}
}

// rulesOf compiles recorded settings.
func rulesOf(text string) (*jobmon.Rules, error) {
	settings, err := jobmon.DecodeSettings(text)
	if err != nil {
		return nil, err
	}
	return jobmon.NewRules(settings)
}

// place returns the place of a world in the list of worlds, to which it adds a new one.
func (c *checkpoint) place(w *world) int {
	text, known := c.texts[w.rules]
	if !known {
		text = w.rules.Settings.Encode()
		c.texts[w.rules] = text
	}
	key := circumstances{*w, text}
	key.rules, key.zone = nil, nil
	at, known := c.places[key]
	if !known {
		at = len(c.worlds)
		c.places[key] = at
		c.worlds = append(c.worlds, w)
	}
	return at
}

// world codes a world by its place in the list.
func (c *checkpoint) world(w **world) {
	at := 0
	if !c.Reading() {
		at = c.place(*w)
	}
	if packed.Int(c.Coder, &at); !c.Reading() {
		return
	}
	if at < 0 || at >= len(c.worlds) {
		c.Fail()
		return
	}
	*w = c.worlds[at]
}

// text codes a text within a Record that mostly is the usual one.
func (c *checkpoint) text(s *string, usual string) {
	if other := *s != usual; c.Bit(&other) {
		c.Text(s)
	} else {
		*s = usual
	}
}

// codeJSON codes a value that is rare, or equal for many computers, as a text.
func codeJSON[T any](c *checkpoint, v *T) {
	var text []byte
	var err error
	if !c.Reading() {
		text, err = json.Marshal(v)
	}
	said := string(text)
	if c.Text(&said); c.Reading() {
		err = json.Unmarshal([]byte(said), v)
	}
	if err != nil {
		c.Fail()
	}
}

// codeMap codes the entries in ascending order of their keys.
func codeMap[K cmp.Ordered, V any](c *checkpoint, m map[K]V, code func(*K, *V)) {
	keys := slices.Sorted(maps.Keys(m))
	for i := range c.Count(len(keys), 2) {
		var key K
		var value V
		if !c.Reading() {
			key, value = keys[i], m[keys[i]]
		}
		if code(&key, &value); c.Reading() {
			m[key] = value
		}
	}
}

// codeList codes a list; an empty one is read as nil.
func codeList[T any](c *checkpoint, list *[]T, code func(*T)) {
	n := c.Count(len(*list), 1)
	if c.Reading() {
		*list = slices.Grow([]T(nil), n)[:n]
	}
	for i := range *list {
		code(&(*list)[i])
	}
}
