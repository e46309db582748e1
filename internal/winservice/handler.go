package winservice

import (
	"context"
	"time"
)

// Work is the program as a service: it works until ctx ends, calls ready once when it does what it is there for, and
// returns its exit code.
type Work func(ctx context.Context, ready func()) (code int)

// How often the manager hears of progress while it waits, for how long each time it shall wait at most, and how long
// work that was told to stop may take before the process ends without it: all that was committed is on disk.
const (
	hearEvery    = 2 * time.Second
	waitHint     = 20 * time.Second
	stopPatience = 20 * time.Second
)

// report is what the manager is told.
type report struct {
	state      State  // Starting, Running or Stopping
	checkpoint uint32 // grows while the state lasts
	hint       time.Duration
}

// request is what the manager asks.
type request int

const (
	interrogate request = iota // say again what you do
	stop                       // also that the computer is shut down
)

// serve runs the work and keeps the manager informed. It returns the exit code of the work; 1 when it did not stop in
// time.
func serve(requests <-chan request, tell func(report), work Work) (code int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	isReady, ended := make(chan struct{}, 1), make(chan int, 1)
	go func() {
		ended <- work(ctx, func() {
			select {
			case isReady <- struct{}{}:
			default:
			}
		})
	}()
	ticker := time.NewTicker(hearEvery)
	defer ticker.Stop()
	var patience <-chan time.Time
	now := report{state: Starting, checkpoint: 1, hint: waitHint}
	tell(now)
	for {
		select {
		case code := <-ended:
			return code
		case <-patience:
			return 1
		case <-isReady:
			if now.state == Starting {
				now = report{state: Running}
				tell(now)
			}
		case <-ticker.C:
			if now.state != Running {
				now.checkpoint++
				tell(now)
			}
		case r := <-requests:
			if r == stop && now.state != Stopping {
				now = report{state: Stopping, checkpoint: 1, hint: waitHint}
				patience = time.After(stopPatience)
				cancel()
			}
			tell(now)
		}
	}
}
