package check

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
)

// Target is a target of messages.
type Target struct {
	Name, Kind string
	Target     notify.Target
	Unusable   error // why there is no Target
	Idle       bool  // no rule sends to it
}

// targets tries each target with an empty request, all at the same time.
func (c *checker) targets(ctx context.Context) []Line {
	lines := make([][]Line, len(c.Targets))
	var trying sync.WaitGroup
	for i := range c.Targets {
		t := &c.Targets[i]
		trying.Go(func() { lines[i] = c.alone(ctx, "target "+t.Name, t.try) })
	}
	trying.Wait()
	return slices.Concat(lines...)
}

func (t *Target) try(ctx context.Context) Line {
	if t.Unusable != nil {
		return Line{State: Fail, Found: t.Unusable.Error(), Next: "correct targets." + t.Name}
	}
	test := "jobmon-db notify test " + t.Name + " sends a message"
	found, err := t.Target.Probe(ctx)
	refused := new(notify.Refusal)
	switch {
	case errors.Is(err, notify.ErrCannotTry):
		return Line{State: Skip, Found: t.Kind + ": " + err.Error(), Next: test}
	case errors.As(err, new(*notify.Unsure)):
		return Line{State: Warn, Found: t.Kind + ": " + err.Error(), Next: "see whether a message arrives: " + test}
	case errors.As(err, &refused) && refused.Status/100 == 4:
		return Line{State: Fail, Found: t.Kind + ": " + err.Error(),
			Next: "correct the address of targets." + t.Name + " and what it sends to log in"}
	case err != nil:
		return Line{State: Fail, Found: t.Kind + ": " + err.Error(),
			Next: "see whether this computer reaches the receiver, and correct targets." + t.Name}
	case t.Idle:
		return Line{State: Warn, Found: t.Kind + ": " + found + "; no rule sends to it",
			Next: "name it in a rule of notify, or remove targets." + t.Name}
	}
	return Line{State: OK, Found: t.Kind + ": " + found}
}
