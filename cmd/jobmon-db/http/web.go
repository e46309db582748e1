package http

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Web answers what pages ask, about the present and the past. Its methods are safe for concurrent use and end soon
// after ctx does. Frames in its answers are complete but for what a request decides: language, session, public address.
//
// site names a site of a fleet, or several as board.SitesIn joins them; "" is all of them, or the only one.
//
// Errors are *Outside, *Wrong, *Unknown, *NoSite, ErrBusy, what ctx says, and else that the log cannot be read.
type Web interface {
	// Now returns what the newest batch in the log shows.
	Now(ctx context.Context) (Moment, error)
	// At returns what was shown at a moment, in the words that --at takes.
	At(ctx context.Context, site, text string) (Moment, error)
	// Computer returns a computer's page at a moment ("" for the present), with one of its deployments (0 for the
	// latest). name is a number, or a name.
	Computer(ctx context.Context, site, name, at string, deployment int) (Computer, error)
	// Range returns the ends of a range in the words of --since and --until; 0 for what is not said.
	Range(ctx context.Context, site, since, until string) (from, to jobmon.Instant, err error)
	// Timeline counts events in so many buckets, of one computer or, without an id, of all.
	Timeline(ctx context.Context, from, to jobmon.Instant, buckets int, of jobmon.ComputerKey) (
		board.Timeline, error)
	// Reports returns the figures of a range, in the words of --since and --until.
	Reports(ctx context.Context, site, since, until string) (board.Reports, error)
	// Events returns events as lines of the one ndjson, those of a computer or, without an id, all.
	Events(ctx context.Context, after uint64, limit int, of jobmon.ComputerKey) ([]byte, error)
	// Deployments returns those that began in a range, of a computer or ("") of all: the records of "replay sessions".
	Deployments(ctx context.Context, site, since, until, computer string) ([]past.Session, error)
	// Stats returns the figures of a range by "job", "stage", "folder", "day" or (""), by job and by stage: the records
	// of "replay stats".
	Stats(ctx context.Context, site, by, since, until string) ([]past.Stat, error)
}

// ManySites is what the Web of a fleet has besides: an address of a computer names its site.
type ManySites interface{ ManySites() }

// Moment is what all computers show at a time.
type Moment struct {
	board.Frame
	Pictures []jobmon.Progress // in the order of their keys
	Trouble  error             // why the log cannot be read, of which the frame says only Unreadable; nil for none

	// Number numbers what a picture shows by the same count as the frame's Seq; nil where that is the picture's Seq.
	Number func(*jobmon.Progress) uint64
}

// knows returns the error for a site that a fleet does not have. A site itself knows none, and takes every name.
func (m *Moment) knows(site string) error {
	names := make([]string, len(m.Sites))
	for i := range m.Sites {
		names[i] = m.Sites[i].Name
	}
	for _, name := range board.SitesOf(site) {
		if m.Sites != nil && !slices.Contains(names, name) {
			return &NoSite{Name: name, Sites: names}
		}
	}
	return nil
}

// Computer is a computer's page. With Trouble, which is as that of a Moment, it lacks what only the log says.
type Computer struct {
	board.Computer
	Trouble error
}

// Outside is the error for a moment that the log does not cover.
type Outside struct {
	From, Until jobmon.Instant // what it covers
	Offset      jobmon.Offset  // at Until
}

func (o *Outside) Error() string { return "the log does not cover that moment" }

// Wrong is the error for a text that names no moment. Text is a sentence for the person who wrote it.
type Wrong struct {
	Text string
	Say  words.Phrase // the same for a page
}

func (w *Wrong) Error() string { return w.Text }

// Unknown is the error for a name that means no computer, or several.
type Unknown struct {
	Text    string       // a sentence
	Say     words.Phrase // the same for a page, which lists Closest below
	Closest []jobmon.Computer
}

func (u *Unknown) Error() string { return u.Text }

// NoSite is the error for a name that no site of a fleet has.
type NoSite struct {
	Name  string
	Sites []string // that there are
}

func (n *NoSite) Error() string {
	if len(n.Sites) == 0 {
		return fmt.Sprintf("there is no site %q; the hub follows none yet", n.Name)
	}
	return fmt.Sprintf("there is no site %q; the sites are %s", n.Name, strings.Join(n.Sites, ", "))
}

// say is the same for a page.
func (n *NoSite) say() words.Phrase {
	if len(n.Sites) == 0 {
		return words.Phrase{Key: "problem.nosite.none", Places: []any{"name", n.Name}}
	}
	return words.Phrase{
		Key: "problem.nosite.text", Places: []any{"name", n.Name, "list", strings.Join(n.Sites, ", ")},
	}
}

// Contradiction is the error for a question about the computer of a site that it does not ask for.
func Contradiction(site, computer string) error {
	return &Wrong{
		Text: fmt.Sprintf("the computer %s does not belong to the site %s: leave out one of the two", computer, site),
		Say:  words.Phrase{Key: "problem.site.other", Places: []any{"name", computer, "site", site}},
	}
}

// Unreadable is what readers see of a log that cannot be read. The error itself may name files of the server.
const Unreadable = "The log cannot be read, so that nothing of the past is shown; the daemon's messages say why."

// SaidUnreadable is Unreadable in the words of a page.
func SaidUnreadable() []words.Phrase {
	return []words.Phrase{{English: Unreadable, Key: "problem.unreadable.text"}}
}

// errNothing is the error for an address at which there is nothing.
var errNothing = errors.New("there is nothing at this address")

// ErrBusy is the error for a log that cannot answer at the moment, as while it is compacted.
var ErrBusy = errors.New("the log cannot be asked at the moment")
