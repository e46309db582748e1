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

// Open opens the event log under the name of a source, also under one that was not installed. Any goroutine may write.
func Open(source string) (write func(Entry) error, closeLog func() error, err error) {
	log, err := eventlog.Open(source)
	if err != nil {
		return nil, nil, fmt.Errorf("open the event log: %w", err)
	}
	return func(e Entry) error {
		write := [...]func(uint32, string) error{Information: log.Info, Warning: log.Warning, Error: log.Error}
		if err := write[e.Severity](e.ID, e.Text); err != nil {
			return fmt.Errorf("write to the event log: %w", err)
		}
		return nil
	}, log.Close, nil
}
