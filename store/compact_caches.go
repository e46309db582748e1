package store

import "errors"

// takeCaches copies the caches that the new generation lacks, one at a time: those of events that it has, and none of events
// that were cut off. Damaged ones are left behind.
func (c *Compaction) takeCaches() error {
	list, err := c.old.Caches()
	if err != nil {
		return err
	}
	least := uint64(0)
	if c.options.Cut != nil {
		least = c.options.Cut.At - 1
	}
	for _, known := range list {
		if known.Seq < least || known.Seq > c.writer.done() || c.caches[known.Name] == known.Seq {
			continue
		}
		record, err := copyCache(c.old, &known)
		if errors.Is(err, errReplaced) {
			continue // the next look takes it
		}
		if err != nil {
			return err
		}
		if err := c.writer.putCache(record); err != nil {
			return err
		}
		c.caches[known.Name] = known.Seq
	}
	return nil
}
