package http

import (
	"net/http"
	"strconv"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// phoneAgain is after how many seconds a phone loads its page again. It needs no script and holds no connection.
const phoneAgain = "15"

// code answers with the page of one deployment of one computer, which needs no token. Whether a code never was one or
// has expired is not said.
func (p *pages) code(w http.ResponseWriter, r *http.Request) {
	phone, err := p.phone(r)
	if err != nil {
		p.bare(w, r, err)
		return
	}
	w.Header().Set("Refresh", phoneAgain)
	p.answer(w, r, http.StatusOK, phone.Write)
}

// phone is the page that the request's code opens.
func (p *pages) phone(r *http.Request) (*board.Phone, error) {
	computer, number, ok := p.links.Verify(r.PathValue("code"))
	if !ok {
		return nil, errNothing
	}
	m, err := p.web.Now(r.Context())
	if err != nil {
		return nil, err
	}
	picture := past.PictureOf(m.Pictures, jobmon.ComputerKey{ID: computer})
	if picture == nil || picture.Session == nil {
		return nil, errNothing
	}
	frame := p.frame(r, m.Frame)
	var next jobmon.Instant // when the deployment after it began
	if latest := picture.Session.Number; latest != number {
		// it is a planned one, or another one has begun
		c, err := p.web.Computer(r.Context(), "", strconv.Itoa(int(computer)), "", number)
		if err != nil || c.Picture == nil || c.Picture.Session == nil || c.Picture.Session.Number != number {
			return nil, errNothing
		}
		picture, next = c.Picture, began(c.Deployments, number+1)
	}
	ended := picture.Session.Ended
	if link.Expired(ended, next, m.Now) {
		return nil, errNothing
	}
	shown := &board.Phone{Frame: frame, Picture: picture}
	if ended != 0 {
		shown.Until = ended.Add(link.Lifetime)
	}
	return shown, nil
}

// began is when a deployment began, 0 where it has not.
func began(list []board.Deployment, number int) jobmon.Instant {
	for _, d := range list {
		if d.Number == number {
			return d.Began
		}
	}
	return 0
}
