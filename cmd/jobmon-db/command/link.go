package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// content makes a picture's file as the daemon makes it: with the key that lies beside the log. Where the file has a
// link and there is no key, the link is left out, which is said once.
func (p *opened) content(picture *jobmon.Progress, messages io.Writer) ([]byte, error) {
	if p.links == nil && evt.Links(picture) {
		key, err := link.ReadKey(p.dir, p.LogID)
		p.links = &key
		if err != nil {
			fmt.Fprintf(messages, "The file's link to the board is left out: %s.\n", missing(err))
		}
	}
	return evt.Content(picture, p.key())
}

// key is the key of the log's links as far as it was looked for.
func (p *opened) key() link.Key {
	if p.links == nil {
		return nil
	}
	return *p.links
}

// unlinked says that content left out the picture's link.
func (p *opened) unlinked(picture *jobmon.Progress) bool { return evt.Links(picture) && p.key() == nil }

// missing says why there is no key.
func missing(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "its key is not beside the log, it stays in the data folder of the daemon"
	}
	return err.Error()
}
