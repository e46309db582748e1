package past

import (
	"fmt"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Clock returns the clock by which times without a zone are read, and times are printed.
func (p *Log) Clock() replay.Clock {
	if p.UTC {
		return replay.Clock{}
	}
	shifts := make([]replay.Shift, len(p.Shifts))
	for i, s := range p.Shifts {
		shifts[i] = replay.Shift{From: s.From.Time(), Offset: int(s.Offset)}
	}
	return replay.NewClock(shifts...)
}

// Today is the time that it is now by the server's clock, as far as can be said, whether or not a daemon runs.
func (p *Log) Today() jobmon.Instant {
	if p.AgeMS < 0 {
		return max(p.Covered, jobmon.InstantOf(time.Now()))
	}
	return p.Covered.Add(time.Duration(p.AgeMS) * time.Millisecond)
}

// Named is a point as errors name it: a time with its date, whatever was typed.
func (p *Log) Named(point replay.Point) string {
	if point.Seq > 0 {
		return fmt.Sprintf("seq:%d", point.Seq)
	}
	return p.Local(jobmon.InstantOf(point.Time))
}

// zoneName names the zone in messages.
func (p *Log) zoneName() string {
	if p.UTC {
		return "UTC"
	}
	return p.Offset.String()
}

// Offsets lists the different UTC offsets of the server's clock at these moments.
func (p *Log) Offsets(moments ...jobmon.Instant) (list []string) {
	clock := p.Clock()
	for _, at := range moments {
		if offset := clock.In(at.Time()).Format("-07:00"); at != 0 && !slices.Contains(list, offset) {
			list = append(list, offset)
		}
	}
	return list
}

// Layout is a layout of times, with the UTC offset behind it when these moments have several.
func (p *Log) Layout(layout string, moments ...jobmon.Instant) string {
	if len(p.Offsets(moments...)) > 1 {
		return layout + " -07:00"
	}
	return layout
}

// WhoseTimes says whose times are shown, given all of them.
func (p *Log) WhoseTimes(moments ...jobmon.Instant) string {
	if p.UTC {
		return "UTC"
	}
	switch offsets := p.Offsets(moments...); len(offsets) {
	case 0:
		return fmt.Sprintf("the DS server's (%s)", p.Offset)
	case 1:
		return fmt.Sprintf("the DS server's (%s)", offsets[0])
	}
	return "the DS server's, each with its UTC offset"
}

// Period says what the log covers.
func (p *Log) Period() string {
	if p.parts > 0 {
		return fmt.Sprintf("the logs of %s cover %s to %s", words.Count(p.parts, "site"), p.Local(p.First),
			p.Local(p.Covered))
	}
	zone := ""
	if offsets := p.Offsets(p.First, p.Covered); p.UTC || len(offsets) == 0 {
		zone = p.zoneName() + ", "
	} else if len(p.allOffsets()) == 1 {
		zone = offsets[0] + ", "
	}
	text := fmt.Sprintf("the log covers %s to %s (%sseq %d to %d)", p.Local(p.First), p.Local(p.Covered), zone,
		p.Oldest, p.Last)
	if p.Cut {
		text += "; older history was cut off"
	}
	return text
}

// Local is a moment as the clock in use shows it, with the UTC offset when the log knows several.
func (p *Log) Local(at jobmon.Instant) string {
	layout := time.DateTime
	if len(p.allOffsets()) > 1 || p.parts > 0 {
		layout += " -07:00"
	}
	return p.Clock().In(at.Time()).Format(layout)
}

// allOffsets lists the different UTC offsets of the clock in use in all of the log.
func (p *Log) allOffsets() []string {
	moments := []jobmon.Instant{p.First}
	for _, s := range p.Shifts {
		moments = append(moments, max(s.From, p.First))
	}
	return p.Offsets(moments...)
}

// Present is the time up to which the durations of what goes on are counted, unless a question names another one: the
// present by the server's clock while a daemon watches; else the time until which the log is complete.
func (p *Log) Present() jobmon.Instant {
	if p.Live && p.AgeMS >= 0 {
		return p.Covered.Add(time.Duration(p.AgeMS) * time.Millisecond)
	}
	return p.Covered
}

// Parse reads a moment and makes sure that the log covers it.
func (p *Log) Parse(text string) (replay.Point, error) {
	point, err := p.point(text, p.Present())
	if err != nil {
		return point, err
	}
	return point, p.Covers(point)
}

// latest is the newest moment that a point stands for: a time that was typed, or printed, to the second is any of that
// second.
func latest(point replay.Point) jobmon.Instant {
	at := jobmon.InstantOf(point.Time)
	if at%1000 == 0 {
		at += 999
	}
	return at
}

// point reads a moment. newest is the newest one that "14:05" may mean; "-2h" counts from the end of the log all the
// same.
func (p *Log) point(text string, newest jobmon.Instant) (replay.Point, error) {
	point, err := p.Clock().Parse(text, p.Covered.Time())
	if err != nil {
		return point, notATime(err, text)
	}
	if err := p.ofOne(point); err != nil {
		return point, err
	}
	if point.Recurs() {
		point, _ = p.Clock().Parse(text, newest.Time()) // which is read by the same rules
	}
	return point, nil
}

// ParseEnd reads the end of a range that begins there, see replay.Clock.
func (p *Log) ParseEnd(text string, begin replay.Point) (replay.Point, error) {
	point, err := p.Clock().ParseEnd(text, p.Present().Time(), begin)
	if err != nil {
		return point, notATime(err, text)
	}
	return point, p.ofOne(point)
}

// Covers makes sure that the log covers a moment.
func (p *Log) Covers(point replay.Point) error {
	switch {
	case point.Seq > p.Last:
		return &Outside{Err: fmt.Errorf("event %d is not in the log: %s", point.Seq, p.Period())}
	case point.Seq > 0 && point.Seq < p.Oldest:
		return &Outside{Err: fmt.Errorf("event %d is not in the log any more: %s", point.Seq, p.Period())}
	case point.Seq > 0:
		return nil
	}
	at := jobmon.InstantOf(point.Time)
	if seq, err := p.AheadAt(point); seq != 0 || err != nil {
		return err
	}
	if latest(point) < p.First || at > p.Present().Add(time.Second) {
		return &Outside{Err: fmt.Errorf("%s is outside: %s", p.Local(at), p.Period())}
	}
	return nil
}

// AheadAt is the last event until a time that is later than the present, but that the server's clock had shown before
// it was set back; 0 for any other time.
func (p *Log) AheadAt(point replay.Point) (uint64, error) {
	at := latest(point)
	if p.Source == nil || at <= p.Present().Add(2*time.Second) {
		return 0, nil
	}
	m, _, err := p.Moment(at)
	if err != nil {
		return 0, fmt.Errorf("look for %s in the log: %w", p.Local(at), err)
	}
	if m.First >= p.Last {
		return 0, nil
	}
	return m.First, nil
}

// SeqAt is the last sequence number of the batch that is the picture's at that moment: the batch that holds a
// sequence number, or the last one not after a time. When the clock passed that time more than once, warn says so.
func (p *Log) SeqAt(point replay.Point, warn func(words.Phrase)) (uint64, error) {
	if point.Seq > 0 {
		for b, err := range p.Read(point.Seq) {
			if err != nil {
				return 0, fmt.Errorf("read the log: %w", err)
			}
			return b.Last(), nil
		}
	}
	if point.First.Before(point.Time) {
		first, last := point.First.Format(time.RFC3339), point.Time.Format(time.RFC3339)
		warn(words.Phrase{
			English: fmt.Sprintf("The server's clock showed that twice, %s and %s; this is the later one.",
				first, last),
			Key: "said.twice", Places: []any{"first", first, "last", last},
		})
	}
	if seq, err := p.AheadAt(point); seq != 0 || err != nil {
		return seq, err
	}
	at := latest(point)
	m, _, err := p.Moment(at)
	if err != nil {
		return 0, fmt.Errorf("look for %s in the log: %w", p.Local(at), err)
	}
	if m.Times > 1 {
		warn(words.Phrase{
			English: fmt.Sprintf("The server's clock passed %s %d times; this is the last one (seq %d).", p.Local(at),
				m.Times, m.Seq),
			Key: "said.passed", Places: []any{"time", p.Local(at), "n", m.Times},
		})
	}
	return max(m.Seq, p.Begun), nil // a time within the log's first second means its first batch
}

// TimeOf is the time of a point.
func (p *Log) TimeOf(point replay.Point) (jobmon.Instant, error) {
	if point.Seq == 0 {
		return jobmon.InstantOf(point.Time), nil
	}
	return p.timeAt(point.Seq)
}

// FirstAt is the first sequence number of the batch that holds the event with that one.
func (p *Log) FirstAt(seq uint64) (uint64, error) {
	for b, err := range p.Read(seq) {
		if err != nil {
			return 0, fmt.Errorf("read the log: %w", err)
		}
		return b.First(), nil
	}
	return seq, nil
}

// timeAt is the time of the batch that holds the event.
func (p *Log) timeAt(seq uint64) (jobmon.Instant, error) {
	for b, err := range p.Read(seq) {
		if err != nil {
			return 0, fmt.Errorf("read the log: %w", err)
		}
		return b.At, nil
	}
	return p.Covered, nil
}
