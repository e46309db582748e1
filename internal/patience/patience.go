// Package patience waits for what takes its time, and no longer than a context allows.
package patience

import (
	"cmp"
	"context"
	"time"
)

// Sleep waits that long. Its error is the cause of ctx when that ends before.
func Sleep(ctx context.Context, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Wake lets the goroutine that receives from c, which holds one, go on or begin. It never waits; a nil c is nobody.
func Wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is woken already
	}
}

// Until asks again and again until the answer is yes. When ctx ends before, the error is the last one of ask, or else
// the cause of ctx.
func Until(ctx context.Context, every time.Duration, ask func() (yes bool, err error)) error {
	for {
		yes, err := ask()
		if yes {
			return nil
		}
		if over := Sleep(ctx, every); over != nil {
			return cmp.Or(err, over)
		}
	}
}

// For does work that may never end, as a read from a terminal or a call to a share that is away, and goes on without it
// when ctx ends. The work is then left to the end of the process, and the error is the cause of ctx.
func For[T any](ctx context.Context, work func() (T, error)) (value T, err error) {
	done := make(chan struct{})
	var got T
	var failed error
	go func() {
		defer close(done)
		got, failed = work()
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
		return value, context.Cause(ctx)
	}
}
