package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/store"
)

// sitesFolder is the folder in a hub's data folder that holds the data folders of its sites, by their names.
const sitesFolder = "sites"

// sitesHelp says in the help of a command whose times are meant where several sites are asked.
const sitesHelp = `

On a hub's data folder all sites are asked, or those that --site names. Of several sites a computer is
SITE/NAME or SITE/id:N. Times are shown by each site's own server; one that is typed without a zone is read
by the clock of this machine, and where one site is asked by that of its server.`

// computerHelp is the same for a command that is about one computer and no time.
const computerHelp = ` On a hub's data folder it is SITE/NAME or
SITE/id:N, or a name that one of the sites has; --site narrows to sites.`

// atHub begins the help of flags that name sites of a hub; configuration keys have flags of the same name.
const atHub = "at a hub:"

// siteFlag gives a command the flag that names sites at a hub.
func siteFlag(c *cobra.Command, patterns *[]string) {
	c.Flags().StringSliceVar(patterns, "site", nil,
		atHub+" only these sites, by name, also with * and ?; may be repeated")
}

// oneSiteFlag gives a command that works on one log the flag that names a site at a hub. What it returns is that site's
// data folder; atHub says that it is one.
func oneSiteFlag(c *cobra.Command) func(dataDir string) (dir string, atHub bool, err error) {
	var site string
	c.Flags().StringVar(&site, "site", "", atHub+" the site whose log is meant")
	return func(dataDir string) (dir string, atHub bool, err error) {
		q := question{dataDir: dataDir}
		switch {
		case site != "":
			q.sites = []string{site}
		case c.Flags().Changed("site"):
			return "", false, errNoSite
		}
		q, err = q.one()
		return q.dataDir, q.site != "", err
	}
}

// one is the question about the one log that is meant.
func (q question) one() (question, error) {
	list, err := q.split()
	if err == nil && len(list) > 1 {
		err = &usageError{fmt.Errorf("%s are meant, and one log is needed: say which with --site (%s)",
			words.Count(len(list), "site"), strings.Join(siteNames(list), ", "))}
	}
	if err != nil {
		return question{}, err
	}
	return list[0], nil
}

// hubSites lists the sites of a hub's data folder; hub is false for any other folder, also for one that cannot be read:
// its daemon can perhaps be asked, and else opening the log says what is wrong.
func hubSites(dataDir string) (list []string, hub bool) {
	entries, err := os.ReadDir(filepath.Join(dataDir, sitesFolder))
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		if e.IsDir() && jobmon.CheckSite(e.Name()) == nil {
			list = append(list, e.Name())
		}
	}
	return list, true
}

// notHub refuses a hub's data folder to a command that wants the folder of one log. next is what to do.
func notHub(dataDir, next string) error {
	if _, hub := hubSites(dataDir); hub {
		return &usageError{fmt.Errorf("%s is the data folder of a hub: %s", dataDir, next)}
	}
	return nil
}

// nameSite is what to do where the log of one site is meant.
const nameSite = "name the folder of one site with --data-dir: sites/NAME in it"

// hidden reports whether this account must not look for the sites in a hub's folder.
func hidden(dataDir string) bool {
	_, err := os.ReadDir(filepath.Join(dataDir, sitesFolder))
	return errors.Is(err, fs.ErrPermission)
}

// split makes a question of each site that is meant; of a folder that is no hub's it is the question itself.
func (q question) split() ([]question, error) {
	if q.log != "" {
		return []question{q}, nil
	}
	all, hub := hubSites(q.dataDir)
	switch {
	case !hub && len(q.sites) > 0 && hidden(q.dataDir):
		return nil, fmt.Errorf("this account must not read %s, so that a hub's sites are not known: run this as the "+
			"account of the hub, or elevated", q.dataDir)
	case !hub && len(q.sites) > 0:
		return nil, &usageError{fmt.Errorf("--site goes with the data folder of a hub, and %s is none: leave it out, "+
			"or name the hub's folder with --data-dir", q.dataDir)}
	case !hub:
		return []question{q}, nil
	case len(all) == 0:
		return nil, fmt.Errorf("%w: the hub in %s has followed no site yet", store.ErrNoLog, q.dataDir)
	}
	chosen := map[string]bool{}
	for _, text := range q.sites {
		pattern, found := names.NewPattern(strings.TrimSpace(text)), false
		for _, name := range all {
			if pattern.Fits(name) {
				chosen[name], found = true, true
			}
		}
		if !found {
			return nil, missingSite(text, all)
		}
	}
	var list []question
	for _, name := range all {
		if len(q.sites) == 0 || chosen[name] {
			one := q
			one.site, one.dataDir, one.sites = name, filepath.Join(q.dataDir, sitesFolder, name), nil
			list = append(list, one)
		}
	}
	return list, nil
}

// about asks the site of a computer that is named SITE/NAME, where no other is asked for.
func (q question) about(computer string) question {
	site, _, found := strings.Cut(computer, "/")
	if !found || len(q.sites) > 0 || q.log != "" {
		return q
	}
	all, _ := hubSites(q.dataDir)
	if i := slices.IndexFunc(all, func(name string) bool { return strings.EqualFold(name, site) }); i >= 0 {
		q.sites = []string{all[i]}
	}
	return q
}

// here takes the site that is asked off computers that are named SITE/NAME.
func (q question) here(computers []string) []string {
	computers = slices.Clone(computers)
	for i, text := range computers {
		if site, rest, found := strings.Cut(text, "/"); found && q.site != "" && strings.EqualFold(site, q.site) {
			computers[i] = rest
		}
	}
	return computers
}

func siteNames(list []question) (all []string) {
	for _, q := range list {
		all = append(all, q.site)
	}
	return all
}

// sites are the logs that a question is about: one, or one of each site that is meant at a hub.
type sites struct {
	*past.Log // the one, or what stands for all of them: see past.Together
	list      []*opened
	silent    []string // sites that have sent nothing yet
	short     []string // sites whose logs end before that moment, each with its end
	later     []string // sites whose logs do not cover the moment that is asked for
	only      question // the one that is asked, where it is one
}

// openSites opens the logs that a question is about.
func openSites(ctx context.Context, q question) (*sites, error) {
	list, err := q.split()
	if err != nil {
		return nil, err
	}
	s := &sites{}
	if len(list) == 1 {
		p, err := openPast(ctx, list[0])
		if err != nil {
			return nil, err
		}
		s.list, s.Log, s.only = []*opened{p}, p.Log, list[0]
		return s, nil
	}
	logs := make([]*past.Log, 0, len(list))
	for _, one := range list {
		p, err := openPast(ctx, one)
		switch {
		case past.IsOutside(err), errors.Is(err, store.ErrNoLog):
			s.silent = append(s.silent, one.site)
			continue
		case err != nil:
			s.close()
			return nil, fmt.Errorf("%s: %w", one.site, err)
		}
		p.Member = one.site
		s.list, logs = append(s.list, p), append(logs, p.Log)
	}
	if len(logs) == 0 {
		return nil, past.Empty(q.dataDir)
	}
	s.Log = past.Together(logs, time.Local)
	s.Log.UTC = s.Log.UTC || q.utc
	return s, nil
}

// several reports whether more than one site is asked, also where only one has sent anything yet.
func (s *sites) several() bool { return s.Parts() > 0 }

// log is the log of a site; the first one for "".
func (s *sites) log(site string) *opened {
	return s.list[max(0, slices.IndexFunc(s.list, func(p *opened) bool { return p.Member == site }))]
}

func (s *sites) close() {
	for _, p := range s.list {
		p.close()
	}
}

// done closes the logs, and reports what was left out.
func (s *sites) done(messages io.Writer) {
	for _, p := range s.list {
		p.done(messages)
	}
	if len(s.silent) > 0 {
		fmt.Fprintf(messages, "Nothing has come from %s yet.\n", strings.Join(s.silent, ", "))
	}
	if len(s.short) > 0 {
		fmt.Fprintf(messages, "Shown as of the end of its log: %s.\n", strings.Join(s.short, ", "))
	}
	if len(s.later) > 0 {
		fmt.Fprintf(messages, "Left out, as its log does not cover that time: %s.\n", strings.Join(s.later, ", "))
	}
}

// heading says whose times are shown, and what the logs cover. Moments are all times that are shown, by log.
func (s *sites) heading(messages io.Writer, moments func(*opened) []jobmon.Instant) {
	if !s.several() {
		s.list[0].heading(messages, moments(s.list[0])...)
		return
	}
	whose := "each DS server's own"
	if s.UTC {
		whose = "UTC"
	} else if offsets := s.offsets(moments); len(offsets) == 1 {
		whose += " (" + offsets[0] + ")"
	}
	fmt.Fprintf(messages, "Times are %s; %s.\n", whose, s.Period())
}

// offsets are the different UTC offsets of the sites' clocks at these moments.
func (s *sites) offsets(moments func(*opened) []jobmon.Instant) (all []string) {
	for _, p := range s.list {
		for _, offset := range p.Offsets(moments(p)...) {
			if !slices.Contains(all, offset) {
				all = append(all, offset)
			}
		}
	}
	return all
}

// zone is the layout of the UTC offset behind times, "" where all have the same one.
func (s *sites) zone(moments func(*opened) []jobmon.Instant) string {
	if len(s.offsets(moments)) > 1 {
		return " -07:00"
	}
	return ""
}

// in names the log's site in front of a sentence about it, where several are asked.
func (s *sites) in(p *opened) string {
	if !s.several() {
		return ""
	}
	return p.Member + ": "
}

// titles are the columns of a table: with the site in front where several are asked. row and columns are the same for a
// line of it and for CSV.
func (s *sites) titles(list []term.Column) []term.Column {
	if s.several() {
		list = slices.Insert(list, 0, term.Column{Title: "SITE", Least: 4})
	}
	return list
}

func (s *sites) row(site string, cells []term.Cell) []term.Cell {
	if s.several() {
		cells = slices.Insert(cells, 0, term.Cell{Text: site})
	}
	return cells
}

func (s *sites) columns(list []string) []string {
	if s.several() {
		list = slices.Insert(list, 0, "site")
	}
	return list
}

// cells is a line of CSV.
func (s *sites) cells(site string, row []any) []any {
	if s.several() {
		row = slices.Insert(row, 0, any(site))
	}
	return row
}

// stretch is a range with ends that every site understands alike.
func (s *sites) stretch(o past.Stretch, follow bool) (past.Stretch, error) {
	if !s.several() {
		return o, nil
	}
	since, until, err := s.Bounds(o.SinceText, o.UntilText, follow)
	if err != nil {
		return o, err
	}
	if o.SinceText != "" {
		o.SinceText = since.First.Format(time.RFC3339Nano)
	}
	if o.UntilText != "" {
		o.UntilText = until.Time.Format(time.RFC3339Nano)
	}
	return o, nil
}

// moment is a moment that every site understands alike; "" stays the end of each log.
func (s *sites) moment(text string) (string, error) {
	if !s.several() || text == "" {
		return text, nil
	}
	point, err := s.Parse(text)
	if err != nil {
		return "", err
	}
	return point.Time.Format(time.RFC3339Nano), nil
}

// within is a moment of all sites, or the end of that site's log where this comes first: what was known last is shown.
func (s *sites) within(p *opened, moment string) string {
	at, err := time.Parse(time.RFC3339Nano, moment)
	late := jobmon.InstantOf(at).Sub(p.Present())
	if !s.several() || err != nil || late <= 0 {
		return moment
	}
	if ahead, err := p.AheadAt(replay.Point{Time: at, First: at}); ahead != 0 || err != nil {
		return moment
	}
	if late > time.Minute { // no two logs end at the same moment
		s.short = add(s.short, fmt.Sprintf("%s (%s)", p.Member, p.Local(p.Present())))
	}
	return p.Present().Time().Format(time.RFC3339Nano)
}

// add appends a text that is not in the list yet.
func add(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// skip reports whether an error says no more than that one of several sites was not watched yet at a time. Its name is
// printed in the end.
func (s *sites) skip(p *opened, err error) bool {
	if !s.several() || !past.IsOutside(err) {
		return false
	}
	s.later = add(s.later, p.Member)
	return true
}
