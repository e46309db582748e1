package mssql

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a lost or hanging connection leaves something running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
