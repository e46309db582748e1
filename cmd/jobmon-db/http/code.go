package http

import (
	"net/http"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Links checks the codes that lead from a computer's screen to its page.
type Links interface {
	// Verify returns the computer and the number of the deployment that a code was made for.
	Verify(code string) (computer jobmon.ComputerID, deployment int, ok bool)
}

// code answers with the page of one deployment of one computer, which needs no token. What is wrong about a code is
// not said.
func (p *pages) code(w http.ResponseWriter, r *http.Request) {
	p.problem(w, r, errNothing)
}

var _ = board.Phone{}
