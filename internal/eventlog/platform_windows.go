package eventlog

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/eventlog"
)

// Install makes the source known to Windows, which then shows its entries as they are. It needs an administrator. One
// that is known already stays.
func Install(source string) error {
	const all = eventlog.Error | eventlog.Warning | eventlog.Info
	key, err := registry.OpenKey(registry.LOCAL_MACHINE,
		`SYSTEM\CurrentControlSet\Services\EventLog\Application\`+source, registry.QUERY_VALUE)
	if err == nil {
		return key.Close()
	}
	if err := eventlog.InstallAsEventCreate(source, all); err != nil {
		return fmt.Errorf("make %s known to the event log: %w", source, err)
	}
	return nil
}

// Remove takes the source out again; the entries stay. One that is not known is none to remove.
func Remove(source string) error {
	if err := eventlog.Remove(source); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("remove %s from the event log: %w", source, err)
	}
	return nil
}

// Log is open for writing; its methods may be called by any goroutine.
type Log struct{ log *eventlog.Log }

// Open opens the event log under the name of a source, also under one that was not installed.
func Open(source string) (*Log, error) {
	log, err := eventlog.Open(source)
	if err != nil {
		return nil, fmt.Errorf("open the event log: %w", err)
	}
	return &Log{log}, nil
}

// Write writes an entry.
func (l *Log) Write(e Entry) error {
	write := l.log.Info
	switch e.Severity {
	case Warning:
		write = l.log.Warning
	case Error:
		write = l.log.Error
	}
	if err := write(e.ID, e.Text); err != nil {
		return fmt.Errorf("write to the event log: %w", err)
	}
	return nil
}

// Close closes it.
func (l *Log) Close() error { return l.log.Close() }
