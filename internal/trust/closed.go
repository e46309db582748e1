package trust

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Closed refuses a folder of which others than administrators can change anything: what lies there is run by SYSTEM.
// With anyOwner it looks at rights alone, as for a share, whose owners are accounts of another computer.
func Closed(dir string, anyOwner bool) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !anyOwner {
			if err := Existing(path); err != nil {
				return err
			}
		}
		h, err := Look(path, dir)
		if err != nil {
			return fmt.Errorf("see who may change %s: %w", path, err)
		}
		if h.Others >= Writers {
			return fmt.Errorf("others may change %s %s: let only administrators write there%w", path, h.Text,
				words.KindOf(ErrOwner))
		}
		return nil
	})
}
