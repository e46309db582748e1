package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

// oldStamp is in the name of a file that was moved aside: jobmon-db-2026-10-23T14-05-00.000.log, in UTC.
const oldStamp = "2006-01-02T15-04-05.000"

const (
	moveAgain   = time.Minute // after this time a file that cannot be moved aside is tried again
	heldAtMost  = 1 << 20     // bytes of messages that wait while the file cannot be opened
	messageMode = 0o640
)

// messageFile is the file for messages. When it is full it is moved aside, and a new one is begun. While that cannot be
// done, as when a viewer on Windows holds the file open, messages go on into the full one. Safe for concurrent use.
type messageFile struct {
	path   string
	full   int64 // bytes at which a new file is begun
	keep   int   // how many old files stay
	now    func() time.Time
	rename func(old, new string) error

	mu    sync.Mutex
	file  *os.File // nil while it cannot be opened
	size  int64
	again time.Time // a move aside is not tried before
	held  []byte    // messages that wait for the file to be opened
}

// newMessageFile opens the file, or creates it.
func newMessageFile(path string, full int64, keep int) (*messageFile, error) {
	m := &messageFile{path: path, full: full, keep: keep, now: time.Now, rename: os.Rename}
	if err := m.open(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *messageFile) open() error {
	if m.file != nil {
		return nil
	}
	file, err := os.OpenFile(m.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, messageMode)
	if err != nil {
		return fmt.Errorf("open the log file: %w", err)
	}
	info, err := file.Stat()
	if err = cmp.Or(err, inherit.File(file)); err != nil {
		return errors.Join(fmt.Errorf("open the log file: %w", err), file.Close())
	}
	m.file, m.size = file, info.Size()
	return nil
}

// Write writes one message. While the file cannot be opened the message waits in memory.
func (m *messageFile) Write(message []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size > 0 && m.size+int64(len(message)) > m.full && !m.now().Before(m.again) {
		m.begin()
	}
	if err := m.open(); err != nil {
		if len(m.held)+len(message) > heldAtMost {
			return 0, err
		}
		m.held = append(m.held, message...)
		return len(message), nil
	}
	if len(m.held) > 0 {
		n, err := m.file.Write(m.held)
		m.size += int64(n)
		if m.held = m.held[n:]; err != nil {
			return 0, err
		}
		m.held = nil
	}
	n, err := m.file.Write(message)
	m.size += int64(n)
	return n, err
}

// begin moves the full file aside and deletes the oldest ones. Windows moves no file that is open, so it is closed
// first.
func (m *messageFile) begin() {
	if m.file != nil {
		m.file.Close() // each write has reported its own error
		m.file = nil
	}
	if err := m.rename(m.path, m.aside()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.again = m.now().Add(moveAgain)
		return
	}
	m.size = 0
	for _, old := range m.old() {
		os.Remove(old) // the next move tries again
	}
}

// aside is a free name for the full file.
func (m *messageFile) aside() string {
	front, extension := m.names()
	for at := m.now().UTC(); ; at = at.Add(time.Millisecond) {
		path := front + at.Format(oldStamp) + extension
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
}

// old are the files that were moved aside and are too many.
func (m *messageFile) old() []string {
	front, extension := m.names()
	entries, err := os.ReadDir(filepath.Dir(m.path))
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(filepath.Dir(m.path), e.Name())
		stamp, ours := strings.CutPrefix(path, front)
		stamp, named := strings.CutSuffix(stamp, extension)
		if _, err := time.Parse(oldStamp, stamp); ours && named && err == nil {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found[:max(0, len(found)-m.keep)]
}

// names are what stands before and behind the time in the name of an old file.
func (m *messageFile) names() (front, extension string) {
	extension = filepath.Ext(m.path)
	return strings.TrimSuffix(filepath.Clean(m.path), extension) + "-", extension
}

// Close closes the file.
func (m *messageFile) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return nil
	}
	err := m.file.Close()
	m.file = nil
	return err
}
