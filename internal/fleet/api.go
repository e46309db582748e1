package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// answerWithin is how long one answer of the server may take. A cluster that elects a leader takes up to 9 s.
const answerWithin = 5 * time.Second

// Numbers of the errors of JetStream that mean something to us.
const (
	wrongSequence = 10071 // another last sequence than expected
	wrongPending  = 10164 // the same, while other messages are under way
	noStream      = 10059
	noMessage     = 10037
	notClustered  = 10074 // no replicas without a cluster
	noPeers       = 10005 // fewer servers than replicas
	unled         = 10008 // too few of a cluster's servers run
)

var errUnled = errors.New("the NATS servers have no majority, so nothing is stored and nothing comes: start those " +
	"that are down, and see that they reach each other")

// cut reports whether an error is only that there is no connection: that knows why.
func cut(err error) bool { return errors.Is(err, nats.ErrReconnectBufExceeded) }

// apiError is an error that JetStream answers with.
type apiError struct {
	Code        int    `json:"code"`
	Number      int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (error %d)", e.Description, e.Number) }

// isAPI says whether JetStream answered with one of these errors.
func isAPI(err error, numbers ...int) bool {
	var answered *apiError
	return errors.As(err, &answered) && slices.Contains(numbers, answered.Number)
}

// apiSubject is where JetStream takes a request.
func (s *Settings) apiSubject(verb string) string {
	if s.Domain != "" {
		return "$JS." + s.Domain + ".API." + verb
	}
	return "$JS.API." + verb
}

// api asks JetStream. verb ends with the stream's name; question may be nil.
func (c *Conn) api(ctx context.Context, verb string, question, answer any) error {
	var data []byte
	if question != nil {
		var err error
		if data, err = json.Marshal(question); err != nil {
			return fmt.Errorf("ask JetStream: %w", err)
		}
	}
	m, err := c.request(ctx, c.settings.apiSubject(verb), data)
	if err != nil {
		return err
	}
	var failed struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &failed); err != nil {
		return fmt.Errorf("read the answer of JetStream to %s: %w", verb, err)
	}
	switch {
	case failed.Error == nil:
	case failed.Error.Number == unled:
		return fmt.Errorf("%w: %w", errUnled, failed.Error)
	default:
		return failed.Error
	}
	if err := json.Unmarshal(m.Data, answer); err != nil {
		return fmt.Errorf("read the answer of JetStream to %s: %w", verb, err)
	}
	return nil
}

// request asks and waits for one answer. What the server does not allow is an error at once.
func (c *Conn) request(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	return c.ask(ctx, &nats.Msg{Subject: subject, Data: data})
}

// ask is request for a message with headers.
func (c *Conn) ask(ctx context.Context, question *nats.Msg) (*nats.Msg, error) {
	subject := question.Subject
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.mu.Lock()
	c.asking[subject] = stop
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.asking, subject)
		c.mu.Unlock()
	}()
	begun := time.Now()
	waiting, done := context.WithTimeout(ctx, answerWithin)
	defer done()
	m, err := c.nc.RequestMsgWithContext(waiting, question)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return m, nil
	case cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded):
		return nil, cause
	case errors.Is(err, nats.ErrNoResponders):
		return nil, &advised{
			what: "JetStream does not answer at " + subject,
			next: "the server's configuration has no jetstream {}, the domain that is set is not the server's, or " +
				"the servers are electing a leader",
		}
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &advised{
			what: fmt.Sprintf("no answer from JetStream within %s", time.Since(begun).Round(time.Second)),
			next: "a cluster that starts needs up to a minute; after that look whether most of its servers run",
		}
	}
	return nil, err
}
