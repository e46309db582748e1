package patience_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/patience"
)

func TestUntilEndsWithTheLastReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		ask := func() (bool, error) { asked++; return asked == 3, errors.New("not yet") }
		began := time.Now()
		if err := patience.Until(t.Context(), time.Second, ask); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		asked = 3
		if err := patience.Until(ctx, time.Second, ask); err == nil || err.Error() != "not yet" {
			t.Errorf("%v", err)
		}
		if err := patience.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestForLeavesWorkBehindThatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := patience.For(ctx, func() (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Error(got, err)
		}
		stuck := make(chan struct{})
		work := func() (int, error) { <-stuck; return 7, nil }
		if got, err := patience.For(ctx, work); got != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(got, err)
		}
		close(stuck)
	})
}
