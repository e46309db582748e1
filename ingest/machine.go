package ingest

import "time"

// MachineClocks returns the Clocks of this machine.
func MachineClocks() Clocks {
	began, before := time.Now(), asleep()
	return func() (slept, moved time.Duration) {
		now := time.Now()
		slept = asleep() - before
		return slept, now.Round(0).Sub(began.Round(0)) - now.Sub(began) - slept
	}
}
