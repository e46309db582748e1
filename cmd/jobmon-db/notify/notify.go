// Package notify delivers messages: to each target in order, at least once, and never on the path of a commit.
//
// The daemon hands what is worth a message to an Outbox. For each target that has a queue of bounded length, and a
// courier, a goroutine that joins notices into messages and sends them. What a queue has no room for is read from the
// log when its turn comes: the outbox keeps nothing but a place in the log for each target (Place), which moves once
// the receiver said yes. A message that a crash sends a second time has the ID that it had before.
package notify

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Target is who gets messages. Send returns nil once the receiver said yes. Its errors hold no secrets.
type Target interface {
	Send(ctx context.Context, m *notices.Message) error
	// Probe tries the target without sending a message, and returns what it found.
	Probe(ctx context.Context) (found string, err error)
}

// Bounds of one try.
const (
	tryWithin    = 15 * time.Second
	mostRead     = 64 << 10  // bytes of an answer
	mostHops     = 3         // redirects within the receiver's host
	longestAfter = time.Hour // that a receiver's Retry-After is honoured
)

// Refusal is the error of a receiver that answered, and did not say yes.
type Refusal struct {
	Answer string        // what it said, in plain words
	Status int           // of HTTP; 0 for none
	Wait   time.Duration // how long it wants to be left alone; 0 where it does not say
	Never  bool          // it will never take this message
	Gone   bool          // it says that the address is given up for good
}

func (r *Refusal) Error() string { return r.Answer }

// Partly is the error of a message that arrived, and not with all that it was for. It is not tried again.
type Partly struct{ Err error }

func (p *Partly) Error() string { return "a part of the recipients is refused: " + p.Err.Error() }
func (p *Partly) Unwrap() error { return p.Err }

// Unsure is the error of a probe that shows a receiver, and not whether it takes messages.
type Unsure struct{ Err error }

func (u *Unsure) Error() string { return u.Err.Error() + "; this may hold for an empty request alone" }
func (u *Unsure) Unwrap() error { return u.Err }

// refusal is what an HTTP status that is no success means.
func refusal(response *http.Response, text string, now time.Time) *Refusal {
	r := &Refusal{Status: response.StatusCode, Answer: fmt.Sprintf("the receiver answers %d %s", response.StatusCode,
		http.StatusText(response.StatusCode))}
	if text != "" {
		r.Answer += ": " + text
	}
	r.Wait = retryAfter(response.Header, now)
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		r.Never = true
	case http.StatusGone:
		r.Gone = true
		r.Answer += "; the address is no longer in use: change the target or remove it"
	}
	return r
}

// retryAfter reads the header of that name: seconds or a date. It returns 0 where there is none.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // not a number is neither
			return 0
		}
		return time.Duration(min(seconds, longestAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs // both by one clock
	}
	return min(max(at.Sub(now), 0), longestAfter)
}
