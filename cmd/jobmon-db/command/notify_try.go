package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

type tryOptions struct {
	past.Stretch
	rule        int
	output, out string
}

func (a *app) notifyTry() *cobra.Command {
	var o tryOptions
	c := &cobra.Command{
		Use:   "try",
		Short: "List what the configured rules would have sent over the history; nothing is sent",
		Long: `List the messages that the rules of the configuration (notify) would have sent over the history, to which
targets, with digests and all: as the daemon would have sent them. Nothing is sent, and no target is asked.

To try a rule before it is switched on, write it into a copy of the configuration and name that with --config.
What rules of disk-full send stands in no log, and is not listed.

A time is written as ` + replay.Forms + `.`,
		Example: `  jobmon-db notify try --since -30d
  jobmon-db notify try --since -30d --rule 2 --config changed.yaml
  jobmon-db notify try --since 2026-11-01 --until 2026-12-01 -o csv --out november.csv`,
		Args: noArgs,
	}
	asked := a.question(c)
	stretchFlags(&o.Stretch, c, "what happened")
	c.Flags().IntVar(&o.rule, "rule", 0, "only the rule of this number, from 1 (default: all)")
	outputFlag(c, &o.output, "table", "json", "ndjson", "csv")
	outFlag(c, &o.out)
	c.RunE = func(c *cobra.Command, _ []string) error {
		file, err := c.Flags().GetString("config")
		if err != nil {
			return err
		}
		config, err := configs.Load(configs.LoadOptions{File: file, Env: a.env, Flags: c.Flags()})
		if err != nil {
			return err
		}
		rules, err := o.rules(config)
		if err != nil {
			return err
		}
		return a.answer(c.Context(), asked, o.out, func(a *app, q question, out io.Writer) error {
			return a.tryRules(c.Context(), out, q, &o, config, rules)
		})
	}
	return c
}

// rules are those to try, by number.
func (o *tryOptions) rules(config *configs.Config) (map[int]notices.Rule, error) {
	all := config.Rules()
	switch {
	case len(all) == 0:
		return nil, &usageError{errors.New("the configuration has no rules: notify says what is sent, and " +
			"`jobmon-db config init` shows how")}
	case o.rule < 0 || o.rule > len(all):
		return nil, &usageError{fmt.Errorf("there is no rule %d: the configuration has %s", o.rule,
			words.Count(len(all), "rule"))}
	}
	rules := map[int]notices.Rule{}
	for i, rule := range all {
		if o.rule == 0 || o.rule == i+1 {
			rules[i+1] = rule
		}
	}
	return rules, nil
}

// tried is a message that would have been sent, as programs get it; others script against the names.
type tried struct {
	ID         string            `json:"id"`
	At         *string           `json:"at"` // when the event happened, of a digest the last one
	Target     string            `json:"target"`
	Rules      []int             `json:"rules"` // numbers of the rules that send it there
	Topic      string            `json:"topic"` // or "digest"
	Healed     bool              `json:"healed"`
	Notices    int               `json:"notices"` // that it stands for; more than one in a digest
	Seq        uint64            `json:"seq"`
	ComputerID jobmon.ComputerID `json:"computer_id,omitempty"`
	Computer   string            `json:"computer,omitempty"`
	Stage      string            `json:"stage,omitempty"`
	Job        string            `json:"job,omitempty"`
	Code       *jobmon.Code      `json:"code,omitempty"`
	Problem    string            `json:"problem"`
	Title      string            `json:"title"`
	Text       string            `json:"text"`

	at jobmon.Instant
}

// trial joins the notices of each target into messages, as the daemon does.
type trial struct {
	rules   map[int]notices.Rule
	windows map[string]*notices.Window // by target
	writer  message.Writer
	list    []tried
}

func newTrial(logID string, config *configs.Config, rules map[int]notices.Rule) *trial {
	t := &trial{rules: rules, windows: map[string]*notices.Window{}, writer: message.Writer{
		Language: config.Notices.Language, Site: config.Site, PublicURL: config.HTTP.Public,
	}}
	for _, rule := range rules {
		for _, target := range rule.To {
			t.windows[target] = notices.NewWindow(logID, target, nil)
		}
	}
	return t
}

// each calls do with every target's window, by name.
func (t *trial) each(do func(target string, w *notices.Window) []*notices.Message) {
	for _, target := range slices.Sorted(maps.Keys(t.windows)) {
		for _, m := range do(target, t.windows[target]) {
			t.list = append(t.list, t.told(m, target))
		}
	}
}

// add hands a notice to the targets whose rules want it.
func (t *trial) add(n *notices.Notice) {
	t.each(func(target string, w *notices.Window) []*notices.Message {
		if len(t.senders(n, target)) == 0 {
			return nil
		}
		return w.Add(n)
	})
}

// end hands out what windows still hold.
func (t *trial) end() {
	t.each(func(_ string, w *notices.Window) []*notices.Message { return w.Tick(math.MaxInt64 / 2) })
}

// senders are the numbers of the rules that send the notice to that target.
func (t *trial) senders(n *notices.Notice, target string) (numbers []int) {
	for _, number := range slices.Sorted(maps.Keys(t.rules)) {
		if rule := t.rules[number]; slices.Contains(rule.To, target) && rule.Wants(n) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// told is a message as it is listed.
func (t *trial) told(m *notices.Message, target string) tried {
	n := m.Notices[len(m.Notices)-1]
	title, text := t.writer.Text(m)
	r := tried{
		ID: m.ID, At: past.Stamp(n.Event.At), Target: target, Topic: string(n.Topic), Healed: n.Healed,
		Notices: len(m.Notices) + m.More, Seq: n.Event.Seq, Title: title, Text: text, at: n.Event.At,
	}
	for _, one := range m.Notices {
		r.Rules = append(r.Rules, t.senders(one, target)...)
	}
	slices.Sort(r.Rules)
	if r.Rules = slices.Compact(r.Rules); m.Digest {
		r.Topic, r.Healed = "digest", false
		return r
	}
	r.Problem, r.Stage, r.Job = n.Problem, n.Stage, n.Job
	if n.Picture != nil {
		is := &n.Picture.Computer
		r.ComputerID, r.Computer = is.ID, jobmon.ComputerName(is.ID, is.Name)
	}
	if n.Topic == notices.Failed {
		r.Code = &n.Code
	}
	return r
}

// tryRules prints the messages that the rules would have sent.
func (a *app) tryRules(ctx context.Context, out io.Writer, q question, o *tryOptions, config *configs.Config,
	rules map[int]notices.Rule) error {
	p, err := openPast(ctx, q)
	if err != nil {
		return err
	}
	defer p.done(a.stderr)
	if err := o.Stretch.Read(p.Log); err != nil {
		return err
	}
	t := newTrial(p.LogID, config, rules)
	if err := a.tryNotices(p, o, t); err != nil {
		return err
	}
	var moments []jobmon.Instant
	for i := range t.list {
		moments = append(moments, t.list[i].at)
	}
	if o.output != "table" {
		return printer(out, o.output, t.list, []string{
			"id", "at", "utc_offset", "target", "rules", "topic", "healed", "notices", "seq", "computer_id", "computer",
			"stage", "job", "code", "problem", "title", "text",
		}, func(r *tried) []any { return r.sheet(p) })
	}
	p.heading(a.stderr, moments...)
	a.sayTried(t)
	if len(t.list) == 0 {
		return nil
	}
	return triedTable(out, p, t.list, moments, a.look(q))
}

// tryNotices goes through the range that is asked for.
func (a *app) tryNotices(p *opened, o *tryOptions, t *trial) error {
	show, done := a.progress("reading the log")
	defer done()
	for n, err := range p.Notices(o.After) {
		if err != nil {
			return err
		}
		show(n.Event.Seq, p.Last)
		if o.Past(&n.Event) {
			break
		}
		if o.Has(&n.Event) {
			t.add(n)
		}
	}
	t.end()
	return nil
}

// sayTried sums up what each rule sends.
func (a *app) sayTried(t *trial) {
	for _, number := range slices.Sorted(maps.Keys(t.rules)) {
		sent := 0
		for i := range t.list {
			if slices.Contains(t.list[i].Rules, number) {
				sent++
			}
		}
		rule, note := t.rules[number], ""
		if slices.Contains(rule.On, notices.DiskFull) {
			note = "; what it would have sent about disk-full stands in no log"
		}
		fmt.Fprintf(a.stderr, "Rule %d would have sent %s to %s%s.\n", number, words.Count(sent, "message"),
			strings.Join(rule.To, ", "), note)
	}
}

func (r *tried) numbers() string {
	parts := make([]string, len(r.Rules))
	for i, number := range r.Rules {
		parts[i] = strconv.Itoa(number)
	}
	return strings.Join(parts, ", ")
}

func (r *tried) sheet(p *opened) []any {
	var computer, code any
	if r.ComputerID != 0 {
		computer = r.ComputerID
	}
	if r.Code != nil {
		code = *r.Code
	}
	return []any{
		r.ID, sheetTime(r.at, p.Clock()), zoneText(r.at, p.Clock()), r.Target, r.numbers(), r.Topic, r.Healed,
		r.Notices, r.Seq, computer, r.Computer, r.Stage, r.Job, code, r.Problem, r.Title, r.Text,
	}
}

func triedTable(out io.Writer, p *opened, list []tried, moments []jobmon.Instant, look term.Options) error {
	clock, zone := p.Clock(), p.Layout("", moments...)
	var rows [][]term.Cell
	for i := range list {
		r := &list[i]
		topic := term.Cell{Text: r.Topic}
		switch {
		case r.Healed || r.Topic == string(notices.Ready):
			topic.Tone = term.Well
		case r.Topic != "digest":
			topic.Tone = term.Badly
		}
		rows = append(rows, []term.Cell{
			{Text: clock.In(r.at.Time()).Format("2006-01-02 15:04" + zone)}, {Text: r.Target}, {Text: r.numbers()},
			topic, {Text: r.Title},
		})
	}
	return term.List(out, []term.Column{
		{Title: "TIME"}, {Title: "TARGET", Least: 8}, {Title: "RULE"}, {Title: "TOPIC"}, {Title: "MESSAGE", Least: 20},
	}, rows, look)
}
