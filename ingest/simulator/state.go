package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// StateFile is the name of the file from which a later process goes on with a simulated world. Its first line holds
// the options it was begun with, as JSON; with them the whole world can be worked out again, but for what hooks
// answered. That follows, a line each time an answer changed something. A line that a crash cut short is dropped: a
// marker then goes on as it would have without being answered.
const StateFile = "simulator.ndjson"

var (
	// ErrOtherWorld says that the file holds a world begun with other options, or by a version of the program whose
	// world went another way.
	ErrOtherWorld = errors.New("simulator: another world is in this folder")
	// ErrDamaged says that the file cannot be understood.
	ErrDamaged = errors.New("simulator: the file of the simulated world is damaged")
)

// worldVersion rises whenever the same seed would make another world than before.
const worldVersion = 2

// world is the first line of the file.
type world struct {
	Version   int       `json:"world"`
	Seed      uint64    `json:"seed"`
	Computers int       `json:"computers"`
	Speed     float64   `json:"speed"`
	Start     time.Time `json:"simulated_start"` // with the server's UTC offset
	Began     time.Time `json:"real_start"`
}

func (w *world) String() string {
	return fmt.Sprintf("seed %d, %d computers, speed %v", w.Seed, w.Computers, w.Speed)
}

// state is the open file. Its methods may be called by several goroutines at once.
type state struct {
	mu   sync.Mutex
	file *os.File
	err  error // the one that note met; nothing is written after it
}

// openState opens the file in dir and reads the world in it and what hooks answered there; it begins one with what is
// wanted when there is no file.
func openState(dir string, wanted world) (*state, world, map[replyKey]reply, error) {
	path := filepath.Join(dir, StateFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = create(path, wanted)
	}
	if err != nil {
		return nil, world{}, nil, fmt.Errorf("simulated world in %s: %w", path, err)
	}
	found, replies, length, err := parse(content)
	if err != nil {
		return nil, world{}, nil, fmt.Errorf("%w: %s: %w; delete it, and the log beside it, to begin a new world",
			ErrDamaged, path, err)
	}
	if found.Version != wanted.Version || found.String() != wanted.String() {
		return nil, world{}, nil, fmt.Errorf("%w: %s was begun with %s (world %d), not with %s (world %d); "+
			"ask for the same, or delete the file, and the log beside it, to begin a new world",
			ErrOtherWorld, path, &found, found.Version, &wanted, wanted.Version)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, world{}, nil, fmt.Errorf("simulated world in %s: %w", path, err)
	}
	// What a crash left of a line goes; the next one is written in its place.
	err = file.Truncate(length)
	if err == nil {
		_, err = file.Seek(length, 0)
	}
	if err != nil {
		return nil, world{}, nil, fmt.Errorf("simulated world in %s: %w", path, errors.Join(err, file.Close()))
	}
	return &state{file: file}, found, replies, nil
}

// create puts a file with nothing but the first line in place, whole. It returns what it wrote.
func create(path string, w world) ([]byte, error) {
	line, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	line = append(line, '\n')
	return line, atomicfile.WriteDurable(path, line, 0o600)
}

// parse reads the file's whole lines; length is where they end.
func parse(content []byte) (w world, replies map[replyKey]reply, length int64, err error) {
	whole := content[:bytes.LastIndexByte(content, '\n')+1]
	replies = map[replyKey]reply{}
	number := 0
	for line := range bytes.Lines(whole) {
		number++
		if number == 1 {
			err = json.Unmarshal(line, &w)
		} else {
			var r reply
			err = json.Unmarshal(line, &r)
			replies[r.replyKey] = r
		}
		if err != nil {
			return world{}, nil, 0, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if number == 0 {
		return world{}, nil, 0, errors.New("no first line")
	}
	return w, replies, int64(len(whole)), nil
}

// note writes down what an answer changed. It is not fsynced: it outlives the process, not the machine.
func (s *state) note(r reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = s.file.Write(append(line, '\n'))
	}
	if err != nil {
		s.err = fmt.Errorf("simulated world in %s: an answer could not be written down: %w", s.file.Name(), err)
	}
}

// failure is the error that note met, if any.
func (s *state) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *state) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}
