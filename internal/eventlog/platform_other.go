//go:build !windows

package eventlog

// Install does nothing here.
func Install(string) error { return ErrUnsupported }

// Remove does nothing here.
func Remove(string) error { return ErrUnsupported }

// Log is never open here.
type Log struct{}

// Open says that there is none.
func Open(string) (*Log, error) { return nil, ErrUnsupported }

// Write is never called here.
func (*Log) Write(Entry) error { return ErrUnsupported }

// Close is never called here.
func (*Log) Close() error { return nil }
