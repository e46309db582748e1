//go:build !windows

package winsession

// New gives the system that this program runs on; here ErrSystem.
func New() (System, error) { return nil, ErrSystem }

// Missing lists what this process lacks to do it, a sentence each.
func Missing() []string { return []string{ErrSystem.Error()} }

// Mshta is the program that shows the monitor.
func Mshta() (string, error) { return "", ErrSystem }
