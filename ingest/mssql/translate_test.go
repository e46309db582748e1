package mssql

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Windows' own login can fail before the server is asked. The text is the driver's, seen on a computer without SSPI.
func TestWindowsGivesNoCredentials(t *testing.T) {
	s, err := New(Options{DSN: "sqlserver://reader:secret@host?database=eXpress"})
	if err != nil {
		t.Fatal(err)
	}
	err = s.translate(t.Context(), connectError{errors.New("AcquireCredentialsHandle failed 8009030e")}, time.Second)
	if !errors.Is(err, ErrLoginRefused) || !strings.Contains(err.Error(), "source.user") ||
		!strings.Contains(err.Error(), "8009030e") {
		t.Error(err)
	}
}
