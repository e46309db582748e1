package command

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// completeWithin is how long a shell waits for what the log knows; what has not come by then is left out.
const completeWithin = 700 * time.Millisecond

// completions gives every command below root what a shell needs to complete its flags and arguments. They go by the
// flags' names, so a command that takes one of them gets its completion with it.
func (a *app) completions(root *cobra.Command) {
	for _, c := range root.Commands() {
		a.completions(c)
	}
	switch {
	case strings.Contains(root.Use, "COMPUTER"):
		root.ValidArgsFunction = first(a.computers)
	case !strings.Contains(root.Use, "FILE") && !strings.Contains(root.Use, "DIR"):
		root.ValidArgsFunction = cobra.NoFileCompletions
	}
	root.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if complete := a.completionOf(f); complete != nil {
			_ = root.RegisterFlagCompletionFunc(f.Name, complete) // it fails only where the command has its own
		}
	})
}

// completionOf says how a flag's value is completed: nil for a file's name.
func (a *app) completionOf(f *pflag.Flag) cobra.CompletionFunc {
	if choice, ok := f.Value.(*oneOf); ok {
		return fixed(choice.words...)
	}
	switch f.Name {
	case "computer":
		return a.computers
	case "site":
		if strings.HasPrefix(f.Usage, atHub) {
			return a.sitesOf
		}
	case "job":
		return a.jobs
	case "folder":
		return a.folders
	case "kind":
		return fixed(kindWords()...)
	case "state":
		return fixed(stateWords()...)
	case "fields":
		return fixed(replay.Fields()...)
	case "speed":
		if strings.Contains(f.Usage, "instant") { // that of replay; a made-up server's is a number
			return fixed("original", "10x", "instant")
		}
	case "result":
		return fixed(string(jobmon.ResultReady), string(jobmon.ResultWithFailures), string(jobmon.ResultAfterRetries),
			string(jobmon.ResultEndedEarly), string(jobmon.ResultAbandoned), jobmon.SessionOpen.String())
	case "data-dir", "evt-dir", "backup-dir":
		return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case "config", "log", "file", "cursor-file", "password-file", "svg", "html":
		return nil
	}
	return cobra.NoFileCompletions
}

func kindWords() (words []string) {
	for k := range jobmon.Kind(255) {
		if word := k.String(); !strings.HasPrefix(word, "unknown-") {
			words = append(words, word)
		}
	}
	return words
}

func stateWords() (words []string) {
	for _, s := range jobmon.RowStates() {
		words = append(words, s.String())
	}
	return words
}

func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
}

// first completes the first argument only.
func first(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(c, args, typed)
	}
}

// inert are the texts that are offered. Where several begin alike, bash puts what they have in common on the line as it
// is, and evaluates that line at the next Tab: a name must not hold anything that makes a shell run, expand or redirect
// something. Parentheses, which names of jobs have, are at most an error without the characters that are missing here.
var inert = regexp.MustCompile(`^[\pL\pN(._][\pL\pN\pM ._:,+@%/()\\-]*$`)

// word is one that the shell may offer, with what is said of it.
type word struct{ text, about string }

// fromLog asks the log that the command line is about. Whatever goes wrong, there is nothing to offer and nothing is
// said: the shell's line is no place for errors.
func (a *app) fromLog(c *cobra.Command, typed string,
	find func(context.Context, *opened) []word) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp
	q, err := a.questionOf(c)
	if err != nil {
		return nil, directive
	}
	ctx, cancel := context.WithTimeout(c.Context(), completeWithin)
	defer cancel()
	s, err := patience.For(ctx, func() (*sites, error) { return openSites(ctx, q) })
	if err != nil {
		return nil, directive
	}
	var words []word
	for _, p := range s.list { // the process ends now, and with it what is open
		words = append(words, find(ctx, p)...)
	}
	return offer(words, typed), directive
}

// offer lists the words that go on as the text does that was typed, each once.
func offer(words []word, typed string) []cobra.Completion {
	var list []cobra.Completion
	seen := map[string]bool{}
	for _, w := range words {
		begins := strings.HasPrefix(strings.ToLower(w.text), strings.ToLower(typed))
		switch {
		case !begins || !inert.MatchString(w.text) || seen[w.text]:
			continue
		case w.about == "":
			list = append(list, w.text)
		default:
			list = append(list, cobra.CompletionWithDesc(w.text, term.Plain(w.about)))
		}
		seen[w.text] = true
	}
	return list
}

// sitesOf completes a site of the hub.
func (a *app) sitesOf(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var words []word
	if q, err := a.questionOf(c); err == nil {
		all, _ := hubSites(q.dataDir) // nothing to offer where it cannot be read
		for _, site := range all {
			words = append(words, word{text: site})
		}
	}
	return offer(words, typed), cobra.ShellCompDirectiveNoFileComp
}

// questionOf reads from a command line that is still being typed which log it is about.
func (a *app) questionOf(c *cobra.Command) (question, error) {
	value := func(name string) string {
		if f := c.Flags().Lookup(name); f != nil {
			return f.Value.String()
		}
		return ""
	}
	if log := value("log"); log != "" {
		return question{log: log}, nil
	}
	// fish's script sets a variable of cobra's that looks like a setting of ours
	env := slices.DeleteFunc(slices.Clone(a.env), func(v string) bool {
		return strings.HasPrefix(v,
			"JOBMON_DB_ACTIVE_HELP=")
	})
	config, err := configs.Load(configs.LoadOptions{File: value("config"), Env: env, Flags: c.Flags()})
	if err != nil {
		return question{}, err
	}
	q := question{dataDir: config.DataDir}
	if list, err := c.Flags().GetStringSlice("site"); err == nil {
		q.sites = list
	}
	return q, nil
}

// computers completes a computer: by its name, or by its id where the name means several. How each stands is said
// beside it where that is known in time.
func (a *app) computers(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.fromLog(c, typed, func(ctx context.Context, p *opened) []word {
		pictures, _ := patience.For(ctx, p.Newest)
		words := computerWords(p.Names, pictures)
		if p.Member != "" {
			for i := range words {
				words[i].text = p.Member + "/" + words[i].text
			}
		}
		return words
	})
}

func computerWords(names names.Computers, pictures []jobmon.Progress) []word {
	about := map[jobmon.ComputerID]string{}
	for i := range pictures {
		about[pictures[i].Computer.ID] = term.Summary(&pictures[i])
	}
	var words []word
	for _, id := range slices.Sorted(maps.Keys(names)) {
		k := names[id]
		w := word{text: jobmon.ComputerName(id, k.Name), about: about[id]}
		if found, err := names.Find(w.text); err != nil || found != id || !inert.MatchString(w.text) ||
			strings.Contains(w.text, " ") {
			w = word{text: fmt.Sprintf("id:%d", id), about: strings.TrimSuffix(w.text+": "+w.about, ": ")}
		}
		words = append(words, w)
	}
	slices.SortStableFunc(words, func(a, b word) int {
		return strings.Compare(strings.ToLower(a.text),
			strings.ToLower(b.text))
	})
	return words
}

// jobs completes a job's name, with its folder.
func (a *app) jobs(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.ofJobs(c, typed, func(e *jobmon.Event) word { return word{e.Name, e.Place} })
}

// folders completes a folder of jobs.
func (a *app) folders(c *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.ofJobs(c, typed, func(e *jobmon.Event) word { return word{text: e.Place} })
}

func (a *app) ofJobs(c *cobra.Command, typed string,
	of func(*jobmon.Event) word) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.fromLog(c, typed, func(_ context.Context, p *opened) []word {
		words := map[string]word{} // the newest of each name
		for i := range p.Chronicle {
			if e := &p.Chronicle[i]; e.Kind == jobmon.KindJob && !e.Flags.Has(jobmon.Gone) {
				w := of(e)
				words[w.text] = w
			}
		}
		return slices.SortedFunc(maps.Values(words), func(a, b word) int { return strings.Compare(a.text, b.text) })
	})
}
