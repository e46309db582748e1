package board

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"sync"

	"github.com/jobmon-db/jobmon-db/client/waterfall"
)

// assets are the files that pages link to, with the first digits of their digests.
var assets = sync.OnceValue(func() map[string]asset {
	list := map[string]asset{}
	entries, _ := fs.ReadDir(files, "assets") // they are built in
	for _, e := range entries {
		content, _ := files.ReadFile("assets/" + e.Name())
		if e.Name() == "board.css" { // the chart's first, so that the page's colours hold
			content = append([]byte(waterfall.Style()), content...)
		}
		sum := sha256.Sum256(content)
		list[e.Name()] = asset{content, hex.EncodeToString(sum[:6])}
	}
	return list
})

type asset struct {
	content []byte
	digest  string
}

// Asset returns a file that pages link to, and its media type.
func Asset(name string) (content []byte, mediaType string, ok bool) {
	a, ok := assets()[name]
	if !ok {
		return nil, "", false
	}
	types := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	return a.content, types[path.Ext(name)], true
}

// AssetPath is the address of a file: it changes with the content, so that browsers may keep the file forever.
func AssetPath(name string) string { return "/assets/" + assets()[name].digest + "/" + name }
