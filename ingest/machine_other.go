//go:build !linux

package ingest

import "time"

// asleep is 0 where Go's monotonic clock counts sleep: on Windows it is the interrupt time, which does.
func asleep() time.Duration { return 0 }
