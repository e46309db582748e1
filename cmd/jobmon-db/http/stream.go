package http

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The bounds of the stream, and its pace.
const (
	maxReaders      = 500
	maxReadersOfOne = 32 // of one address, other than this computer's
	behind          = 64 // messages for which a slow reader may lag behind

	updatesApart = 300 * time.Millisecond // at least, so that readers get changes in few messages
	redrawEvery  = 10 * time.Second       // how often what time alone changes is looked for
	beatEvery    = 15 * time.Second
	writeMessage = 10 * time.Second // for one message
	linger       = 2 * time.Minute  // rows stay known for so long after the last reader
)

// Stream sends what changes to open pages: one goroutine makes each message once for all who read it. Without readers
// it does nothing, and nothing that readers do keeps a commit waiting.
type Stream struct {
	web     Web
	public  string // http.public_url
	changed <-chan struct{}
	log     zerolog.Logger
	woken   chan struct{} // holds one: somebody has come

	mu      sync.Mutex
	readers map[*reader]struct{}
	from    map[string]int // readers by address
	come    []*reader      // have not been welcomed yet
	ended   bool
}

// NewStream watches what web shows. changed receives after each commit that changed a picture; it holds one.
func NewStream(web Web, public string, changed <-chan struct{}, log zerolog.Logger) *Stream {
	return &Stream{
		web: web, public: public, changed: changed, log: log, woken: make(chan struct{}, 1),
		readers: map[*reader]struct{}{}, from: map[string]int{},
	}
}

// reader is an open page.
type reader struct {
	sight    sight
	from     string
	last     position
	out      chan []byte
	gone     chan struct{} // closed when the reader is dropped, or the stream ends
	welcomed bool          // it was sent what its page missed; guarded by Stream.mu

	writing sync.Mutex
	cut     func() // ends a message that is being written; nil before the first one
}

// sight is what the messages of several readers have in common.
type sight struct {
	page     string
	computer jobmon.ComputerKey // of pageComputer
	lang     string
	asked    bool // the address says lang, which links keep
	session  bool // it can be ended on the page
}

// frame adds to a frame what the reader decides, and the site's address.
func (s sight) frame(f board.Frame, public string) board.Frame {
	f.Lang, f.CanLogOut, f.PublicURL = s.lang, s.session, public
	if s.asked {
		f.Asked = s.lang
	}
	return f
}

// The pages that are kept up to date.
const (
	pageBoard    = "board"
	pageWall     = "wall"
	pageComputer = "computer"
)

// position is how far a reader's page is: what the id of a message says.
type position struct {
	known   bool
	seq     uint64 // the newest event that it shows
	run     string // of the stream that sent it; "": the page itself says it
	version uint64 // of that run's rows
}

func (p position) String() string {
	return strconv.FormatUint(p.seq, 10) + "-" + p.run + "-" + strconv.FormatUint(p.version, 10)
}

// parsePosition reads the id of a message, or the sequence number that a page says. Of anything else nothing is known.
func parsePosition(text string) (p position) {
	first, rest, full := strings.Cut(text, "-")
	seq, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return p
	}
	p.seq, p.known = seq, true
	if full {
		run, version, _ := strings.Cut(rest, "-")
		p.run = run
		if p.version, err = strconv.ParseUint(version, 10, 64); err != nil || run == "" {
			p.run = "none" // which never is one
		}
	}
	return p
}

// Run serves the readers until ctx ends, and then lets them go.
func (s *Stream) Run(ctx context.Context) {
	defer s.end()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
			s.serve(ctx)
		}
	}
}

// serve works until nobody has read for a while.
func (s *Stream) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	c := newComposer(s)
	defer func() { cancel(); c.followed.Wait() }()
	look, beat := time.NewTicker(redrawEvery), time.NewTicker(beatEvery)
	defer look.Stop()
	defer beat.Stop()
	quiet := time.Now() // since when nobody reads
	c.update(ctx, false)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
			c.update(ctx, false)
		case <-s.woken:
			c.update(ctx, false)
		case <-c.due():
			c.update(ctx, false)
		case <-look.C:
			c.update(ctx, true)
		case <-beat.C:
			c.beat(ctx)
		}
		if s.count() > 0 {
			quiet = time.Now()
		} else if time.Since(quiet) > linger {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.pause()):
		}
	}
}

// enter takes a reader in, unless there are too many.
func (s *Stream) enter(r *reader) (entered bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return false, "the daemon stops"
	case len(s.readers) >= maxReaders:
		return false, "too many pages are open"
	case s.from[r.from] >= maxReadersOfOne && !ownAddress(r.from):
		return false, "too many pages are open on this address"
	}
	s.readers[r] = struct{}{}
	s.from[r.from]++
	s.come = append(s.come, r)
	select {
	case s.woken <- struct{}{}:
	default:
	}
	return true, ""
}

// ownAddress says whether the address is this computer's, where another server may stand in front of many browsers.
func ownAddress(from string) bool {
	ip, err := netip.ParseAddr(from)
	return err == nil && ip.Unmap().IsLoopback()
}

func (s *Stream) leave(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(r)
}

// drop removes a reader, once; s.mu is held.
func (s *Stream) drop(r *reader) {
	if _, there := s.readers[r]; !there {
		return
	}
	delete(s.readers, r)
	if s.from[r.from]--; s.from[r.from] == 0 {
		delete(s.from, r.from)
	}
	close(r.gone)
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.cut != nil {
		r.cut()
	}
}

func (s *Stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for r := range s.readers {
		s.drop(r)
	}
}

func (s *Stream) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.readers)
}

// audience is what all readers look at, and who has come since it was asked last.
func (s *Stream) audience() (sights map[sight]bool, come []*reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sights = map[sight]bool{}
	for r := range s.readers {
		sights[r.sight] = true
	}
	come, s.come = s.come, nil
	return sights, come
}

// welcome hands a reader what its page missed; from now on it gets what the others get.
func (s *Stream) welcome(r *reader, missed [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.welcomed = true
	for _, message := range missed {
		if _, there := s.readers[r]; there {
			s.hand(r, message)
		}
	}
}

// give hands a message to the readers that want it. One that lags too far behind is dropped: its page comes back, and
// says how far it is.
func (s *Stream) give(message []byte, wants func(*reader) bool) {
	if len(message) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.readers {
		if r.welcomed && wants(r) {
			s.hand(r, message)
		}
	}
}

func everyone(*reader) bool { return true }

// hand gives one reader a message; s.mu is held.
func (s *Stream) hand(r *reader, message []byte) {
	select {
	case r.out <- message:
	default:
		s.drop(r)
	}
}

// serveHTTP answers with the messages for one page. It takes none of the places of other requests.
func (s *Stream) serveHTTP(access *Access) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, many := s.web.(ManySites)
		rd, why := readerOf(r, many)
		if why != "" {
			apiError(w, http.StatusBadRequest, why)
			return
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		entered, why := s.enter(rd)
		if !entered {
			w.Header().Set("Retry-After", "10")
			apiError(w, http.StatusServiceUnavailable, why)
			return
		}
		defer s.leave(rd)
		access.renew(w, r)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // a proxy passes messages on at once
		s.send(w, r, rd, access)
	}
}

// send writes messages until the reader goes or is dropped, the stream ends, or its token is removed.
func (s *Stream) send(w http.ResponseWriter, r *http.Request, rd *reader, access *Access) {
	who, to := askerOf(r), http.NewResponseController(w)
	// The server's limits are for a question and its answer. A recorder in a test has none.
	_ = to.SetReadDeadline(time.Time{})
	for {
		select {
		case <-r.Context().Done():
			return
		case <-rd.gone:
			return
		case message := <-rd.out:
			if !access.holds(who) || !rd.begin(to) {
				return
			}
			if _, err := w.Write(message); err != nil || to.Flush() != nil {
				return
			}
		}
	}
}

// begin gives a message its time, unless the reader was dropped: then the deadline has passed already.
func (r *reader) begin(to *http.ResponseController) bool {
	r.writing.Lock()
	defer r.writing.Unlock()
	select {
	case <-r.gone:
		return false
	default:
	}
	_ = to.SetWriteDeadline(time.Now().Add(writeMessage)) // a recorder in a test has none
	r.cut = func() { _ = to.SetWriteDeadline(time.Unix(1, 0)) }
	return true
}

// readerOf reads what a page asks for. Of many sites, a computer's key names its own.
func readerOf(r *http.Request, many bool) (rd *reader, why string) {
	query := r.URL.Query()
	rd = &reader{from: address(r.RemoteAddr), out: make(chan []byte, behind), gone: make(chan struct{})}
	rd.sight = sight{page: cmp.Or(query.Get("page"), pageBoard), lang: languageOf(r), asked: query.Has("lang")}
	if text := query.Get("computer"); text != "" {
		key, ok := jobmon.ParseKey(text)
		switch {
		case many && (!ok || key.Site == ""):
			return nil, "computer must be a site and a computer's id there, such as DS01/5000001"
		case !many && (!ok || key.Site != ""):
			return nil, "computer must be a computer's id, a whole number such as 5000001"
		}
		rd.sight.page, rd.sight.computer, rd.sight.session = pageComputer, key, askerOf(r).canEnd()
	} else if rd.sight.page != pageBoard && rd.sight.page != pageWall {
		return nil, "page must be board or wall"
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = query.Get("after")
	}
	rd.last = parsePosition(last)
	return rd, ""
}
