// Package board makes the pages for a browser: all computers, one computer, the wall, reports, and the one that a
// phone opens by its code. It is pure: pictures, events and figures go in, HTML and SVG come out. Every name is text,
// whatever it holds. All functions are safe for concurrent use.
package board

import (
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	texts "github.com/jobmon-db/jobmon-db/internal/words"
)

// Frame is what all pages share.
type Frame struct {
	Site   string         // the site's name, "" for none; the DS servers' names come from the pictures
	Lang   string         // "en", "de" or "fr"; any other is "en"
	Asked  string         // the language that ?lang= asks for, which links keep; "" where the browser's decides
	Now    jobmon.Instant // the moment shown, by the DS server's clock
	Offset jobmon.Offset  // that server's UTC offset then
	At     string         // what ?at= says; "" for the present
	Said   []texts.Phrase // remarks about At, such as that the clock showed it twice, or what the page lacks
	Seq    uint64         // the newest event shown
	First  uint64         // the first of those that were recorded together with it; 0 in the present

	ReadAge    time.Duration // how old the last good read is; -1: unknown
	SourceLost bool
	LostSince  jobmon.Instant

	From, Until jobmon.Instant // what the log covers; Until is the present
	Range       string         // what the slider shows: one of Ranges; "" for the page's own choice

	Sites []SiteState // of a fleet, by name; nil at a site

	CanLogOut bool
	PublicURL string // http.public_url, "" for none
	Support   string // whom to call, "" for nobody known

	mixed bool // the page shows times of several zones or clocks

	slow time.Duration // how far Now is behind the moment shown, for computers of a site whose clock is another one

	astray time.Duration // the same where it is so far that the page says it, else 0
}

// SiteState is how it stands with a site of a fleet.
type SiteState struct {
	Name      string // in the fleet
	Server    string // name of its DS server
	Offset    jobmon.Offset
	Age       time.Duration // of its data; -1: unknown
	Away      string        // what is away: "site", "nats", "source", "refused" or "events"; "" for nothing
	Behind    uint64        // events that the site has and the hub does not yet
	Computers int           // with a picture
	Trouble   string        // a sentence, "" for none

	// What is shown of it: its server's clock decides.
	Now      jobmon.Instant // the moment shown
	Known    jobmon.Instant // until when it is known what happened; 0 for never
	From     jobmon.Instant // where its log begins; 0 for nowhere
	Coverage string         // "before" or "after": the moment of the past lies there, outside its log
	Unread   bool           // its log cannot be read
	Said     []texts.Phrase // remarks about the moment
}

// The values of ?range=.
const (
	RangeDeployment = "deployment" // on a computer's page only
	RangeDay        = "24h"
	RangeWeek       = "7d"
	RangeMonth      = "30d"
	RangeAll        = "all"
)

// Board is the page of all computers.
type Board struct {
	Frame
	Query    Query
	Pictures []jobmon.Progress // all of them: the page filters, counts and sorts
	Timeline *Timeline         // nil: the script asks for it (X-Fragment: slider)
}

// Computer is one computer's page. A page without Picture says that no deployment was seen.
type Computer struct {
	Frame
	Key         jobmon.ComputerKey
	Picture     *jobmon.Progress
	Failed      map[Failed]uint64 // with which events the jobs of Picture failed, as far as that is known
	Deployments []Deployment      // newest first
	Shown       int               // the number of the deployment shown, 0 for the latest
	Chart       *waterfall.Chart
	Events      []replay.Facts // newest first
	MoreEvents  int            // earlier ones that Events leaves out
	Timeline    *Timeline
}

// Failed is a failure of a picture.
type Failed struct{ Stage, N int } // the stage, and which of its failures

// Deployment is a line of a computer's list.
type Deployment struct {
	Number       int
	Began, Ended jobmon.Instant // Ended is 0 while it goes on
	EndSeq       uint64         // the event that ended it
	Took         jobmon.Length
	Result       jobmon.Outcome
	Good, Bad    bool
}

// Phone is the page that a code on a computer's screen leads to: this computer and nothing else.
type Phone struct {
	Frame
	Picture *jobmon.Progress
	Until   jobmon.Instant // when the link ends, 0 while the deployment goes on
}

// Wall is the page for a large screen. It turns its pages every Seconds (0: 12).
type Wall struct {
	Board
	Seconds int
}

// Reports is the page of figures over a range. Its tables are also given as CSV.
type Reports struct {
	Frame
	Since, Until string // as they were asked for
	First, Last  jobmon.Instant
	Figures      []Figure
	Days         []Day
	Tables       []Table
}

// Figure is a number at the top: "Right the first time", "88.0 %". The page writes values in its reader's language.
type Figure struct {
	Name   string // of its title, "figure.<name>"
	Value  any
	Before any    // Value of the period before; nil for none
	Detail string // whose value it is, "" for nobody's
	At     jobmon.Instant
	Href   string // where Detail leads, "" for nowhere
	Trend  int    // 1: Value is better than Before, -1: worse
}

// Day is a column of the chart of results.
type Day struct {
	Noon                          jobmon.Instant
	First, Retries, Failed, Early int // right the first time, ready after retries, with failures, ended early
}

// The names of the tables: the page knows them, draws the first three's figures as bars, and titles them by the words
// "table.<name>". Columns are titled by "column.<name>".
const (
	TableStages  = "stages"
	TableFailing = "failing-jobs"
	TableSlowest = "slowest-jobs"
	TableDays    = "days"
	TableLeftOut = "left-out"
	TableSites   = "sites"
)

// Table is a table of figures, which the page and the CSV share.
type Table struct {
	Name    string
	Columns []string // names of columns, as the CSV has them: "median_s"
	Rows    [][]Cell
}

// Cell is a value of a table.
type Cell struct {
	Text  any       // the page writes it in its reader's language, the CSV in English
	Value string    // as the CSV has it; "" for Text
	Href  string    // where it leads, "" for nowhere
	Share float64   // 0 to 1 of the widest of its column: drawn as a bar where it is not 0
	Worst float64   // the mark of the worst value on that bar, 0 for none
	Trend int       // 1 better, -1 worse
	Line  []float64 // earlier values, drawn as a small line
}

// Timeline is the ground of the slider.
type Timeline struct {
	From, To  jobmon.Instant
	Step      time.Duration // of a bucket
	Buckets   []Bucket
	Failures  []Mark
	Unwatched []Span
	Stages    []Mark // where the stages of one computer begin; Job is the stage's name
}

// Bucket counts the events of one piece of a timeline.
type Bucket struct{ Started, Failed, Events int }

// Mark is a moment of a timeline that has a name.
type Mark struct {
	Seq      uint64
	At       jobmon.Instant
	Computer string
	Job      string
}

// Span is a piece of time.
type Span struct{ From, To jobmon.Instant }

// CSV is the value as the CSV has it.
func (c *Cell) CSV() string {
	if c.Value != "" || c.Text == nil {
		return c.Value
	}
	return (&pen{w: wordsOf(Languages()[0]), f: &Frame{}}).value(c.Text)
}

// Problem is a page that says what went wrong.
type Problem struct {
	Frame
	Status int
	Kind   string       // one of the Problem constants
	Text   string       // what no kind has words for, in English; "" for the kind's usual text
	Say    texts.Phrase // instead of the kind's usual text; the zero one for that
	Links  []Link       // with names, to computers that may be meant
	Ways   []Link       // with keys of words, to other pages
}

// The kinds of problems. The words of each are "problem.<kind>.title" and "problem.<kind>.text".
const (
	ProblemOutside    = "outside"    // the log does not cover the moment
	ProblemWrong      = "wrong"      // what was typed is no moment
	ProblemPeriod     = "period"     // what was typed is no period
	ProblemUnknown    = "unknown"    // no computer is meant
	ProblemSeveral    = "several"    // several computers are meant
	ProblemNoSite     = "nosite"     // no site of the fleet has the name
	ProblemDeployment = "deployment" // no such deployment of the computer
	ProblemNothing    = "nothing"    // no such page
	ProblemCode       = "code"       // a code that opens nothing; the page has no menu and no links
	ProblemStopping   = "stopping"   // the daemon stops
	ProblemBusy       = "busy"       // the log cannot be asked for a while
	ProblemUnreadable = "unreadable" // the log cannot be read
)

// Link is a link with its text.
type Link struct{ Text, Href string }

// Login asks for a token.
type Login struct {
	Frame
	Wrong bool   // the last token was not good
	Next  string // the address to go to afterwards, a path of this server
}
