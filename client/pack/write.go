package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// Deed is what became, or would become, of a file.
type Deed string

// The deeds.
const (
	Written   Deed = "written"   // it was not there
	Replaced  Deed = "replaced"  // it was another
	Unchanged Deed = "unchanged" // it was the same
	Kept      Deed = "kept"      // somebody changed it; what would have been written lies beside it
)

// Done is what became of one file.
type Done struct {
	Path  string // as in File
	Deed  Deed
	Fresh string // of a file that was kept: where the present default lies, as Path
}

const (
	manifestFile = TasksDir + "/made-by-pack.json" // remembers what was written, to know what was changed since
	freshSuffix  = ".new"
	writeTrying  = 2 * time.Second // a virus scanner or a copy task holds a file for a moment
)

// manifest maps the paths of files that are the administrator's once changed to the SHA-256 of what was written there.
type manifest map[string]string

// Write brings the folder at dir up to these files, one after the other, each as a whole, and says what became of
// each. Running it again changes nothing that is as it should be. Files that are not of the pack are left alone. A file
// marked as Yours that differs from what an earlier Write left there is kept: the new one is put beside it under
// the name with ".new" behind it.
//
// With dry nothing is written. After an error those before it are written; running it again goes on.
func Write(dir string, files []File, dry bool) ([]Done, error) {
	known, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	list := make([]Done, 0, len(files))
	for _, f := range files {
		d, err := put(dir, f, known, dry)
		if err != nil {
			return list, err
		}
		list = append(list, d)
	}
	if dry {
		return list, nil
	}
	content, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return list, fmt.Errorf("write %s: %w", manifestFile, err)
	}
	return list, replace(filepath.Join(dir, filepath.FromSlash(manifestFile)), append(content, "\r\n"...))
}

func readManifest(dir string) (manifest, error) {
	known := manifest{}
	path := filepath.Join(dir, filepath.FromSlash(manifestFile))
	content, err := plainfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return known, nil
	case err != nil:
		return nil, fmt.Errorf("read what was packed before: %w", err)
	}
	if err := json.Unmarshal(content, &known); err != nil {
		return nil, fmt.Errorf("read what was packed before: %s: %w; delete it, and settings that are there count as "+
			"changed by hand", path, err)
	}
	return known, nil
}

// put does what is to be done about one file, and notes in known what it left.
func put(dir string, f File, known manifest, dry bool) (Done, error) {
	done := Done{Path: f.Path, Deed: Written}
	path := filepath.Join(dir, filepath.FromSlash(f.Path))
	old, err := plainfile.ReadMost(path, max(plainfile.Most, len(f.Content)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil && !errors.Is(err, plainfile.ErrTooLarge): // one that is too large is another one
		return done, fmt.Errorf("look at what is there: %w", err)
	case bytes.Equal(old, f.Content):
		done.Deed = Unchanged
	case f.Yours && known[f.Path] != sum(old):
		done.Deed, done.Fresh = Kept, f.Path+freshSuffix
		path += freshSuffix
	default:
		done.Deed = Replaced
	}
	if f.Yours && done.Deed != Kept {
		known[f.Path] = sum(f.Content)
	}
	if dry || done.Deed == Unchanged {
		return done, nil
	}
	return done, replace(path, f.Content)
}

func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	return atomicfile.Patiently(writeTrying, func() error { return atomicfile.Write(path, content, 0o644) })
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
