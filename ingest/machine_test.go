package ingest_test

import (
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
)

// TestMachineClocks looks at the real clocks: while this test runs, the machine neither sleeps nor is its clock set.
func TestMachineClocks(t *testing.T) {
	clocks := ingest.MachineClocks()
	slept, moved := clocks()
	if slept.Abs() > time.Second || moved.Abs() > time.Second {
		t.Errorf("slept %v, moved by %v", slept, moved)
	}
}
