package notices

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
)

// Rule says which notices go to which targets. The zero value wants nothing. It is not changed once it is made.
type Rule struct {
	On        []Topic
	Computers []Computers     // none: all
	Groups    []names.Pattern // folder patterns (names.NewFolderPattern); none: all
	Folders   []names.Pattern // of jobs, likewise; none: all
	Hours     Hours
	To        []string // names of targets
}

// Computers is one entry of a rule's list of computers.
type Computers struct {
	id   jobmon.ComputerID // 0 for none
	name *names.Pattern    // nil for none
}

// NewComputers reads an entry as --computer has it: an id, a name, either with "id:" or "name:" in front, or a name
// with * and ?.
func NewComputers(text string) (Computers, error) {
	if strings.TrimSpace(text) == "" {
		return Computers{}, fmt.Errorf("it is empty; give a computer's name, a pattern or an id")
	}
	number, isID := strings.CutPrefix(text, "id:")
	id, err := strconv.ParseInt(number, 10, 32)
	if isID && (err != nil || id <= 0) {
		return Computers{}, fmt.Errorf("%q is no computer id, as in id:5000123", text)
	}
	var c Computers
	if err == nil && id > 0 {
		c.id = jobmon.ComputerID(id)
	}
	if !isID {
		pattern := names.NewPattern(strings.TrimPrefix(text, "name:"))
		c.name = &pattern
	}
	return c, nil
}

func (c Computers) fits(is *jobmon.Computer) bool {
	return c.id != 0 && c.id == is.ID ||
		c.name != nil && (c.name.Fits(is.Name) || is.OSName != "" && c.name.Fits(is.OSName))
}

// Wants reports whether the rule sends the notice. A rule that wants a problem wants its end too. A rule with
// computers, groups or folders wants nothing that concerns no computer. An end counts as within the hours, too,
// when its problem began within them: those who heard of the problem hear of its end.
func (r *Rule) Wants(n *Notice) bool {
	if !r.named(n) || !r.covers(n) {
		return false
	}
	return r.Hours.Holds(n.Event.At.Wall(n.Offset)) ||
		n.Healed && r.namesProblem(n.Topic) && r.Hours.Holds(n.Since.Wall(n.Offset))
}

// namesProblem reports whether the rule names the problem that is over with a healed notice of that topic.
func (r *Rule) namesProblem(topic Topic) bool {
	switch topic {
	case Repaired:
		topic = Failed
	case SourceRestored:
		topic = SourceLost
	}
	return slices.Contains(r.On, topic)
}

// named reports whether the rule names the notice's topic, or the problem that is over with it.
func (r *Rule) named(n *Notice) bool {
	return slices.Contains(r.On, n.Topic) || r.namesProblem(n.Topic)
}

// covers reports whether the notice is about one of the rule's computers, groups and folders.
func (r *Rule) covers(n *Notice) bool {
	if n.Picture == nil {
		return len(r.Computers) == 0 && len(r.Groups) == 0 && len(r.Folders) == 0
	}
	is := &n.Picture.Computer
	if len(r.Computers) > 0 && !slices.ContainsFunc(r.Computers, func(c Computers) bool { return c.fits(is) }) {
		return false
	}
	if len(r.Groups) > 0 && !anyHolds(r.Groups, is.Group) {
		return false
	}
	return len(r.Folders) == 0 ||
		slices.ContainsFunc(n.Folders, func(folder string) bool { return anyHolds(r.Folders, folder) })
}

func anyHolds(patterns []names.Pattern, path string) bool {
	return slices.ContainsFunc(patterns, func(p names.Pattern) bool { return p.Holds(path) })
}

// Rules are all rules of a configuration.
type Rules []Rule

// Wants reports whether a rule sends the notice to that target.
func (r Rules) Wants(n *Notice, target string) bool {
	return slices.ContainsFunc(r, func(rule Rule) bool { return slices.Contains(rule.To, target) && rule.Wants(n) })
}
