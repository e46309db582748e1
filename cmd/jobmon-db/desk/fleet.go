package desk

import (
	"context"
	"fmt"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Site is a site of a fleet.
type Site struct {
	Name   string // in the fleet; never changes
	Daemon Daemon // over the hub's copy of the site's log
	State  func() board.SiteState
}

// Fleet implements http.Web over the desks of many sites.
type Fleet struct {
	sites func() []Site
}

// NewFleet answers for the sites that sites returns, by name.
func NewFleet(sites func() []Site) *Fleet { return &Fleet{sites: sites} }

var errLater = fmt.Errorf("%w: the board of a fleet is not there yet", http.ErrBusy)

// Now implements http.Web.
func (f *Fleet) Now(context.Context) (http.Moment, error) { return http.Moment{}, errLater }

// At implements http.Web.
func (f *Fleet) At(context.Context, string, string) (http.Moment, error) {
	return http.Moment{}, errLater
}

// Computer implements http.Web.
func (f *Fleet) Computer(context.Context, string, string, string, int) (http.Computer, error) {
	return http.Computer{}, errLater
}

// Range implements http.Web.
func (f *Fleet) Range(context.Context, string, string, string) (from, to jobmon.Instant, err error) {
	return 0, 0, errLater
}

// Timeline implements http.Web.
func (f *Fleet) Timeline(context.Context, jobmon.Instant, jobmon.Instant, int, jobmon.ComputerKey) (
	board.Timeline, error) {
	return board.Timeline{}, errLater
}

// Reports implements http.Web.
func (f *Fleet) Reports(context.Context, string, string, string) (board.Reports, error) {
	return board.Reports{}, errLater
}

// Events implements http.Web.
func (f *Fleet) Events(context.Context, uint64, int, jobmon.ComputerKey) ([]byte, error) {
	return nil, errLater
}

// Deployments implements http.Web.
func (f *Fleet) Deployments(context.Context, string, string, string, string) ([]past.Session, error) {
	return nil, errLater
}

// Stats implements http.Web.
func (f *Fleet) Stats(context.Context, string, string, string, string) ([]past.Stat, error) {
	return nil, errLater
}
