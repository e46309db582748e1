package ndjson

import (
	"bufio"
	"fmt"
	"io"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	safe "github.com/jobmon-db/jobmon-db/internal/plain"
)

// Write writes the batches, which are all of a log from its first one on, and returns how many events they hold. An
// error of the log ends the text without its last line, so that nobody takes it for a whole one.
func Write(w io.Writer, h Header, batches iter.Seq2[jobmon.Batch, error]) (events uint64, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := safe.NewEncoder(out)
	var first head
	first.Export.Format, first.Export.Version = formatName, version
	first.Export.LogID, first.Export.Site, first.Export.Program = h.LogID, h.Site, h.Program
	if err := encoder.Encode(first); err != nil {
		return 0, err
	}
	var last tail
	for b, err := range batches {
		if err != nil {
			return last.End.Events, fmt.Errorf("read the log behind event %d: %w", last.End.Last, err)
		}
		for i := range b.Events {
			if err := encoder.Encode(lineOf(&b.Events[i], i+1 < len(b.Events))); err != nil {
				return last.End.Events, err
			}
			last.End.Events++
		}
		last.End.Last = b.Last()
	}
	if err := encoder.Encode(last); err != nil {
		return last.End.Events, err
	}
	return last.End.Events, out.Flush()
}
