package mssql

import (
	"fmt"
	"slices"
	"strings"
)

// folders are the rows of event_folder, by folder_id.
type folders map[int64]folder

type folder struct {
	name   string
	parent int64 // nowhere at the root
}

// deepest is how many folders a path can have. The console shows nothing near it.
const deepest = 100

// path joins the names from the root down to the folder with "\". A folder that is not there ends the path, and so
// does one that comes a second time: nothing stops a row from being its own ancestor. The path is "" for nowhere.
func (f folders) path(id int64) string {
	var seen []int64
	var names []string
	for len(seen) < deepest {
		at, ok := f[id]
		if !ok || slices.Contains(seen, id) {
			break
		}
		seen = append(seen, id)
		if strings.TrimSpace(at.name) == "" {
			at.name = fmt.Sprintf("(folder %d)", id)
		}
		names = append(names, at.name)
		id = at.parent
	}
	slices.Reverse(names)
	return clean(strings.Join(names, `\`))
}
