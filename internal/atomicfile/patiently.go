package atomicfile

import "time"

// retryPause is how long is waited between two tries; anyone who reads a small file has it open about that long.
const retryPause = 20 * time.Millisecond

// Patiently calls do, again and again while its error is one that may pass by itself (Busy), for so long at most, and
// returns the last error. It blocks the caller; elsewhere than on Windows it calls do once.
func Patiently(patience time.Duration, do func() error) error {
	return patiently(patience, Busy, do)
}

func patiently(patience time.Duration, busy func(error) bool, do func() error) error {
	enough := time.After(patience)
	for {
		err := do()
		if err == nil || !busy(err) {
			return err
		}
		select {
		case <-enough:
			return err
		case <-time.After(retryPause):
		}
	}
}
