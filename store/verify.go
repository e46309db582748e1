package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The parts of a log's file that can be damaged.
const (
	PartFile   = "file"        // its length
	PartMeta   = "meta page"   // one of the two pages that say where everything is
	PartFree   = "free list"   // the list of pages that the next commit may use
	PartTree   = "tree"        // a page that leads to frames and blocks
	PartRecord = "meta record" // which log it is, and where it begins
	PartFrame  = "frame"
	PartBlock  = "block"
	PartChain  = "chain" // what follows does not follow what comes before
	PartCache  = "cache" // made again by the next writer: nothing is lost
)

// Fault is one thing that is wrong with a log.
type Fault struct {
	Part   string
	Kind   error // ErrCorrupt, ErrTruncated or ErrNewer
	Offset int64 // byte of the file
	// Seq and Last are the events that cannot be read where they belong; both are 0 when there are none, Last alone
	// when it is not known how far the damage reaches.
	Seq, Last uint64
	Deadly    bool   // nobody may write to this file: it would become worse
	Text      string // what is wrong, one phrase
}

// Range is a run of events without a hole, other than numbers that were skipped.
type Range struct {
	First, Last     uint64
	FirstAt, LastAt jobmon.Instant // times of its first and last batch, UTC
}

// Recorded is what a log records of its own damage, in an event of the kind damaged.
type Recorded struct {
	Seq      uint64 // of that event
	From, To uint64
	Text     string
}

// Report is what Verify found.
type Report struct {
	Path string
	Size int64 // bytes of the file

	ID, Site string // "" when that cannot be read
	Format   int

	Batches, Events, Frames, Blocks, Caches int // that are good

	Gaps     []Gap      // numbers that were skipped
	Recorded []Recorded // damage that the log itself records
	Faults   []Fault    // what is wrong; none when the log is whole

	// Readable are the events that can be got out of the file, ascending: when pages of the tree are damaged also those
	// that it does not lead to any more.
	Readable []Range

	// Incomplete says that the file holds too much that looks like frames and is none: Readable may lack something.
	Incomplete bool
}

// Whole reports whether nothing is wrong.
func (r *Report) Whole() bool { return len(r.Faults) == 0 }

// Lost are the numbers between the readable events that neither are readable nor were skipped.
func (r *Report) Lost() []Gap {
	var lost []Gap
	for i := 1; i < len(r.Readable); i++ {
		lost = append(lost, Gap{r.Readable[i-1].Last + 1, r.Readable[i].First - 1})
	}
	return lost
}

// Summary is what a log file holds.
type Summary struct {
	Path            string         `json:"path"`
	ID              string         `json:"id"`
	Site            string         `json:"site"`
	First           uint64         `json:"first"` // the first and the last sequence number, 0 when there are no events
	Last            uint64         `json:"last"`
	FirstAt, LastAt jobmon.Instant `json:"-"`
	Events          uint64         `json:"events,omitempty"`  // how many can be read
	Bytes           int64          `json:"bytes"`             // size of the file
	Damaged         []Gap          `json:"damaged,omitempty"` // what cannot be read
}

// Current is the path of the log in use in a data dir. Errors: ErrNoLog, ErrNotOurs, ErrCorrupt.
func Current(dir string) (string, error) {
	path, err := currentLog(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errNoLog(dir)
	}
	return path, err
}

const (
	verifyTries = 8

	sureInPeace, sureWhileWritten = 2, verifyTries // looks that must find the same

	verifyPause = 50 * time.Millisecond
)

// Verify reads the log's file at path from beginning to end and reports what is wrong with it: the file and its pages,
// the meta record, every frame and block with its checksums, that they follow one another, that no sequence number is
// missing, that blocks hold what was appended, and the caches.
//
// It uses plain reads and takes no lock: it neither writes nor keeps anybody from writing, and no bytes make it
// crash, hang, or take more memory than a block of the greatest size and some bytes for each block. A log that is
// written to meanwhile can look damaged for a moment: what is reported was found by two looks one after the other, or
// by all while another process wrote; what is readable then may end with a batch that is just being committed.
// Errors: ErrNotOurs, ErrNewer, ErrLocked when it was never left in peace, the disk's, and the context's. Damage is
// not an error but in the report.
func Verify(ctx context.Context, path string) (*Report, error) {
	found := map[Fault]int{} // by so many looks without a break
	for try := range verifyTries {
		if try > 0 {
			select {
			case <-time.After(verifyPause):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		report, quiet, err := verifyOnce(ctx, path)
		if err != nil || report.Whole() {
			return report, err
		}
		enough := sureWhileWritten
		if quiet {
			enough = sureInPeace
		}
		now := map[Fault]int{}
		for _, f := range report.Faults {
			now[f] = found[f] + 1
		}
		found = now
		report.Faults = slices.DeleteFunc(report.Faults, func(f Fault) bool { return found[f] < enough })
		if !report.Whole() {
			return report, nil
		}
	}
	return nil, sentence(ErrLocked, path,
		"%s is written to so often that it cannot be verified: try again, or stop the "+
			"daemon first", path)
}

// verifyOnce is Verify without a second look; quiet says that nobody wrote meanwhile.
func verifyOnce(ctx context.Context, path string) (report *Report, quiet bool, err error) {
	before, _, _ := newestMeta(path) // what is wrong with it is found below
	f, err := openFileLog(ctx, path, nil)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	after, _, _ := newestMeta(path)
	return f.verified(), before == after, nil
}

// newestMeta is metaPages of the file at path.
func newestMeta(path string) (newest boltMeta, good int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return newest, 0, ioError("opening the log", err)
	}
	defer file.Close()
	return metaPages(file, path)
}

// verified is the report of what was examined.
func (f *fileLog) verified() *Report {
	r := f.report
	r.Path, r.Size, r.ID, r.Site, r.Format = f.path, f.size, f.meta.ID, f.meta.Site, f.meta.Format
	r.Faults, r.Incomplete = f.faults, f.incomplete
	r.Readable, r.Gaps = f.ranges()
	return &r
}

// losing describes the first fault that costs events, "" for none. Caches are made again, and only a writer needs the
// list of free pages.
func (r *Report) losing() string {
	for _, f := range r.Faults {
		if f.Part != PartCache && f.Part != PartFree {
			return f.Part + ": " + f.Text
		}
	}
	return ""
}

// summary describes what can be read.
func (r *Report) summary() Summary {
	s := Summary{Path: r.Path, ID: r.ID, Site: r.Site, Bytes: r.Size, Events: count(r.held())}
	if n := len(r.Readable); n > 0 {
		s.First, s.FirstAt = r.Readable[0].First, r.Readable[0].FirstAt
		s.Last, s.LastAt = r.Readable[n-1].Last, r.Readable[n-1].LastAt
	}
	for _, f := range r.Faults {
		if f.Seq > 0 {
			s.Damaged = append(s.Damaged, Gap{f.Seq, max(f.Seq, f.Last)})
		}
	}
	return s
}

// held are the numbers of the events that can be read, ascending.
func (r *Report) held() []Gap {
	all := make([]Gap, len(r.Readable))
	for i, of := range r.Readable {
		all[i] = Gap{of.First, of.Last}
	}
	return without(all, r.Gaps)
}

// without are the numbers of all that are not among those of some. Both are ascending and do not overlap.
func without(all, some []Gap) []Gap {
	var left []Gap
	for _, a := range all {
		for len(some) > 0 && some[0].To < a.From {
			some = some[1:]
		}
		for _, s := range some {
			if s.From > a.To || a.From > a.To {
				break
			}
			if s.From > a.From {
				left = append(left, Gap{a.From, s.From - 1})
			}
			a.From = max(a.From, s.To+1)
		}
		if a.From <= a.To {
			left = append(left, a)
		}
	}
	return left
}

func count(list []Gap) (n uint64) {
	for _, g := range list {
		n += g.To - g.From + 1
	}
	return n
}
