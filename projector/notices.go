package projector

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// turn is something in the batch at hand that may be worth a message.
type turn struct {
	seq uint64
	c   *computer // nil where it concerns all
	s   *session
	// in a session that is no deployment: it counts if that has become one when the batch ends
	errand bool
	row    *row                    // that finished
	over   bool                    // the session ended
	taken  *jobmon.SessionProgress // the session as it was when the computer's next one took its place, nil for not
	still  *standing               // the deployment stands still, or did until now
	lost   jobmon.Instant          // when the source was lost that cannot be read now, or could not until now
}

// turned records what becomes of a session's row, or of the session.
func (p *Projection) turned(c *computer, s *session, t turn) {
	if s == nil || s != c.session && s != c.errand {
		return
	}
	t.c, t.s, t.errand = c, s, s != c.session
	t.seq = cmp.Or(t.seq, p.seq)
	p.turns = append(p.turns, t)
}

// taken records that an open deployment ended as the computer's next one began, before its rows move there.
func (p *Projection) taken(c *computer, s *session) {
	if s != c.session || !s.open() {
		return
	}
	a := p.account(c, s)
	a.Session.State, a.Session.Ended = jobmon.SessionComplete, p.world.utc(p.axis)
	a.Session.Result = s.result(&a.Session)
	p.turned(c, s, turn{taken: &a.Session})
}

// stood records that the deployment stands still, or moves again: also one that the next one took the place of.
func (p *Projection) stood(c *computer, is *standing) {
	if is == nil || c.session == nil {
		return
	}
	p.turned(c, c.session, turn{still: is})
	if i := slices.IndexFunc(p.turns, func(t turn) bool { return t.c == c && t.taken != nil }); i >= 0 {
		p.turns[len(p.turns)-1].s = p.turns[i].s
	}
}

// Notices returns what in the last batch, b, is worth a message, in the order of the log. drawn returns a computer's
// picture (Progress) and may keep what it draws; folder returns where a job lies, "" where that is not known.
func (p *Projection) Notices(b *jobmon.Batch, drawn func(jobmon.ComputerID) *jobmon.Progress,
	folder func(jobmon.JobID) string) []*notices.Notice {
	var list []*notices.Notice
	for i := range p.turns {
		t := &p.turns[i]
		e := &b.Events[t.seq-b.First()]
		n := &notices.Notice{Event: *e, Offset: p.world.offset, Since: e.At}
		switch {
		case t.c == nil:
			p.ofDaemon(n, t)
		case !p.counts(t):
			continue
		case t.row != nil:
			p.ofRow(n, t)
		case t.still != nil:
			p.ofStanding(n, t)
		default:
			p.ofEnd(n, t)
		}
		if n.Topic == "" {
			continue
		}
		if t.c != nil {
			n.Picture = p.pictureOf(t, drawn(t.c.id))
			n.Folders = t.folders(n, folder)
		}
		list = append(list, n)
	}
	slices.SortStableFunc(list, func(a, b *notices.Notice) int {
		return cmp.Or(cmp.Compare(a.Event.Seq, b.Event.Seq), cmp.Compare(a.Computer(), b.Computer()))
	})
	return list
}

// counts reports whether the turn is one of a deployment, and still holds at the end of the batch.
func (p *Projection) counts(t *turn) bool {
	switch {
	case t.errand && t.s != t.c.session:
		return false
	case t.over:
		return !t.s.active() && t.s.endedSeq == t.seq
	}
	return true
}

// problem names what notices have in common that are about the same thing in a deployment.
func (t *turn) problem(what string) string {
	return fmt.Sprintf("%d/%d%s", t.c.id, t.s.number, what)
}

func (p *Projection) ofDaemon(n *notices.Notice, t *turn) {
	switch n.Event.Kind {
	case jobmon.KindSourceLost:
		n.Topic = notices.SourceLost
	case jobmon.KindDamaged:
		n.Topic, n.Problem = notices.Damaged, fmt.Sprintf("damaged/%d", t.seq)
		return
	default:
		n.Topic, n.Healed, n.Since = notices.SourceRestored, true, p.world.utc(t.lost)
	}
	n.Problem = fmt.Sprintf("source/%d", t.lost)
}

// ofRow is about a job of a deployment that failed, or succeeded after it had failed.
func (p *Projection) ofRow(n *notices.Notice, t *turn) {
	r := t.row
	first := r.firstFailure()
	switch {
	case r.class != jobmon.RealJob || r.endedSeq != t.seq:
		return
	case r.state == jobmon.StateFailed:
		n.Topic = notices.Failed
	case r.state == jobmon.StateSucceeded && first != nil:
		n.Topic, n.Healed, n.Since = notices.Repaired, true, p.world.utc(first.ended)
	default:
		return
	}
	for _, q := range t.s.rows {
		if q.job == r.job && q.state == jobmon.StateFailed && q.ended != 0 && q.endedSeq < t.seq {
			n.Again++
		}
	}
	n.Code, n.Problem = r.code, t.problem(fmt.Sprintf("/%d", r.job))
	list, _ := t.s.stages()
	if i := stageOf(list, r); i >= 0 {
		n.Stage = list[i].name
	}
	if !p.world.rules.HideNames {
		n.Job = r.displayName()
	}
}

// firstFailure is the first of the failures that the row's success repairs, as far as they were seen; nil for none.
func (r *row) firstFailure() (first *row) {
	for q := r.replaces; q != nil && q.state != jobmon.StateSucceeded; q = q.replaces {
		if q.state == jobmon.StateFailed && q.ended != 0 {
			first = q
		}
	}
	return first
}

func (p *Projection) ofStanding(n *notices.Notice, t *turn) {
	n.Topic, n.Healed = notices.StandingStill, n.Event.Kind == jobmon.KindMovingAgain
	n.Since, n.Problem = p.world.utc(t.still.since), t.problem("/still")
	if t.still.why == jobmon.StillStage {
		n.Stage = t.still.name
	} else if !p.world.rules.HideNames {
		n.Job = t.still.name
	}
}

func (p *Projection) ofEnd(n *notices.Notice, t *turn) {
	ended := t.taken
	if ended == nil {
		ended = &p.account(t.c, t.s).Session
	}
	n.Problem = t.problem("")
	switch result := ended.Result; {
	case result == jobmon.ResultEndedEarly || result == jobmon.ResultAbandoned:
		n.Topic = notices.EndedEarly
	case result != jobmon.ResultNone && t.taken == nil: // with none a marker was alone, or a build job
		n.Topic = notices.Ready
	}
}

// pictureOf is the computer's picture with the session of the turn in it.
func (p *Projection) pictureOf(t *turn, picture *jobmon.Progress) *jobmon.Progress {
	d := &t.c.picture
	if picture != nil && d.session == t.s && d.frozen == nil {
		return picture
	}
	then := &jobmon.Progress{}
	if picture != nil {
		*then = *picture
	} else {
		then.Computer, then.Seq, then.At, then.Offset = *t.c.info, p.seq, p.at, p.world.offset
		then.Site, then.PublicURL = p.world.rules.Site, p.world.rules.PublicURL
	}
	if then.Session = t.taken; t.taken == nil {
		s := p.account(t.c, t.s).Session
		then.Session = &s
	}
	return then
}

// folders are where the jobs lie that the notice is about: the one that finished or stands still, or all of a
// deployment that has ended.
func (t *turn) folders(n *notices.Notice, folder func(jobmon.JobID) string) []string {
	var list []string
	for _, r := range t.s.rows {
		about := r.class != jobmon.BuildJob
		switch {
		case t.row != nil:
			about = r == t.row
		case t.still != nil:
			about = r.displayName() == t.still.name || r.stage == t.still.name
		}
		if in := ""; about {
			if in = folder(r.job); in != "" {
				list = append(list, in)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
