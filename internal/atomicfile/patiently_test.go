package atomicfile

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatiently(t *testing.T) {
	busy, broken := errors.New("somebody has it open"), errors.New("no rights")
	isBusy := func(err error) bool { return err == busy }
	for name, c := range map[string]struct {
		fails int   // tries that fail
		with  error // and how
		want  error
		tries int
		took  time.Duration
	}{
		"at once":         {0, nil, nil, 1, 0},
		"let go of":       {3, busy, nil, 4, 3 * retryPause},
		"never let go of": {1 << 20, busy, busy, 51, time.Second}, // the last try is when patience ends, or just before
		"for good":        {1 << 20, broken, broken, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began, tries := time.Now(), 0
			err := patiently(time.Second, isBusy, func() error {
				if tries++; tries <= c.fails {
					return c.with
				}
				return nil
			})
			if took := time.Since(began); err != c.want || took != c.took || tries < c.tries-1 || tries > c.tries {
				t.Errorf("%s: %v after %d tries and %v", name, err, tries, took)
			}
		})
	}
}
