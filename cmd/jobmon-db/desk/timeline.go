package desk

import (
	"context"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

type timeline struct{}

// Timeline implements http.Web.
func (d *Desk) Timeline(_ context.Context, from, to jobmon.Instant, _ int, _ jobmon.ComputerID) (
	board.Timeline, error) {
	return board.Timeline{From: from, To: to}, nil
}
