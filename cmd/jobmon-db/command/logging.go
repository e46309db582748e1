package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// newLogger writes for people on a terminal and JSON otherwise, unless the format is configured.
func newLogger(out io.Writer, level, format string) (zerolog.Logger, error) {
	lowest, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Nop(), &usageError{fmt.Errorf("log.level %q: %w", level, err)}
	}
	if format == "console" || format == "auto" && isTerminal(out) {
		shown := func(v any) string {
			if v == nil {
				return ""
			}
			return plain.Text(fmt.Sprintf("%s", v))
		}
		out = zerolog.ConsoleWriter{Out: out, NoColor: !isTerminal(out), TimeFormat: "15:04:05", FormatMessage: shown,
			FormatFieldValue:    shown,
			FormatErrFieldValue: shown}
	} else {
		out = plain.Writer(out)
	}
	return zerolog.New(out).Level(lowest).With().Timestamp().Logger(), nil
}

// openMessages opens the file for messages: when it has grown to log.max_size a new one is begun, and log.keep old ones
// are kept beside it. What the runtime says of a crash goes into a file of its own, which is open all the time: Windows
// would not let the other one be renamed.
func openMessages(path string, config *configs.Log) (logger zerolog.Logger, closeMessages func() error, err error) {
	if err := trust.MakeFolder(filepath.Dir(path)); err != nil {
		return logger, nil, fmt.Errorf("make the folder of the log file: %w", err)
	}
	file, err := newMessageFile(path, int64(config.MaxSize)<<20, config.Keep)
	if err != nil {
		return logger, nil, err
	}
	crash, err := os.OpenFile(crashLog(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return logger, nil, errors.Join(fmt.Errorf("open the file for crashes: %w", err), file.Close())
	}
	defer crash.Close() // the runtime has its own copy
	if err := inherit.File(crash); err != nil {
		return logger, nil, errors.Join(fmt.Errorf("open the file for crashes: %w", err), file.Close())
	}
	if err := debug.SetCrashOutput(crash, debug.CrashOptions{}); err != nil {
		return logger, nil, errors.Join(fmt.Errorf("prepare the file for crashes: %w", err), file.Close())
	}
	if logger, err = newLogger(file, config.Level, config.Format); err != nil {
		return logger, nil, errors.Join(err, file.Close())
	}
	return logger, file.Close, nil
}

// crashLog is where the stacks of a crash go: jobmon-db.crash.log beside jobmon-db.log.
func crashLog(path string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + ".crash" + extension
}
