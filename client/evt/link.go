package evt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"rsc.io/qr"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// The sizes that a QR code can have, in modules: versions 1 to 40.
const (
	minModules = 21
	maxModules = 177
)

// Links says whether a picture's file has a link, given a key: the site has an address, and the deployment a number.
func Links(p *jobmon.Progress) bool {
	return p.PublicURL != "" && !p.Unknown && p.Session != nil && p.Session.Number > 0
}

// linkTo is the link of a picture's deployment, nil where it has none.
func linkTo(p *jobmon.Progress, key link.Key) *Link {
	if !Links(p) {
		return nil
	}
	url := key.Address(p.PublicURL, p.Computer.ID, p.Session.Number)
	if url == "" {
		return nil
	}
	code, err := qr.Encode(url, qr.M)
	if err != nil {
		return nil // the address is longer than any QR code; configs allows no such one
	}
	rows := make([]string, code.Size)
	for y := range rows {
		row := bytes.Repeat([]byte("0"), code.Size)
		for x := range row {
			if code.Black(x, y) {
				row[x] = '1'
			}
		}
		rows[y] = string(row)
	}
	return &Link{URL: url, QR: rows}
}

// UnmarshalJSON leaves the link empty where it is of another form: no picture is refused for it.
func (l *Link) UnmarshalJSON(data []byte) error {
	type plain Link
	if json.Unmarshal(data, (*plain)(l)) != nil {
		*l = Link{}
	}
	return nil
}

// sound says whether a link is as this format has it: an address, and a square of zeros and ones.
func (l *Link) sound() bool {
	n := len(l.QR)
	return l.URL != "" && n >= minModules && n <= maxModules && !slices.ContainsFunc(l.QR, func(row string) bool {
		return len(row) != n || strings.Trim(row, "01") != ""
	})
}
