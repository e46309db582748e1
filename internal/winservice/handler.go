package winservice

import (
	"context"
	"sync"
	"time"
)

// Work is the program as a service: it works until ctx ends, calls ready once it does its job, and returns its exit
// code.
type Work func(ctx context.Context, ready func()) (code int)

const (
	hearEvery    = 2 * time.Second  // between two reports of progress while the manager waits
	waitHint     = 20 * time.Second // how long the manager shall wait for the next one
	stopPatience = 20 * time.Second // for the work to stop; then the process ends: all that was committed is on disk
)

// report is a message to the manager.
type report struct {
	state      State  // Starting, Running or Stopping
	checkpoint uint32 // grows while the state lasts
	hint       time.Duration
}

// request is a message from the manager.
type request int

const (
	interrogate request = iota // repeat the last report
	stop                       // also when the computer shuts down
)

// serve runs the work and keeps the manager informed. It returns the exit code of the work; 1 when it did not stop in
// time.
func serve(requests <-chan request, tell func(report), work Work) (code int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	isReady, ended := make(chan struct{}, 1), make(chan int, 1)
	ready := sync.OnceFunc(func() { isReady <- struct{}{} })
	go func() { ended <- work(ctx, ready) }()
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
