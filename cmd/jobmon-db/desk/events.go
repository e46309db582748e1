package desk

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// mostLines is how many events are given at once.
const mostLines = 10_000

// Events implements http.Web: the lines are those of "replay -o ndjson".
func (d *Desk) Events(ctx context.Context, after uint64, limit int, computer jobmon.ComputerID) ([]byte, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return nil, said(err, p)
	}
	var ask replay.Ask
	if computer != 0 {
		ask.Computers = []string{fmt.Sprintf("id:%d", computer)}
	}
	known := replay.NewChronicle(p.Chronicle)
	filter, err := replay.NewFilter(ask, p.Names, known)
	if err != nil {
		return nil, said(err, p)
	}
	var lines bytes.Buffer
	printer, err := replay.NewPrinter(&lines, replay.Layout{Shape: "ndjson"}, known)
	if err != nil {
		return nil, err
	}
	telling := &replay.Telling{Log: p, Chronicle: known, Filter: filter}
	limit = min(max(limit, 0), mostLines)
	for r, err := range telling.Forward(replay.Range{From: max(after+1, p.Oldest), To: p.Last}) {
		if err != nil {
			return nil, said(err, p)
		}
		if limit--; limit < 0 {
			break
		}
		if err := printer.Print(r); err != nil {
			return nil, err
		}
	}
	return lines.Bytes(), printer.Flush()
}
