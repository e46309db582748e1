package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// Headers of messages.
const (
	headerExpected  = "Nats-Expected-Last-Sequence"
	headerCommitted = "Jobmon-Committed" // when the site committed the message's last batch, ms since 1970 by its clock
	headerPart      = "Jobmon-Part"      // "2/3": a piece of a batch that is too large for one message

	// Of answers to gap requests.
	headerError = "Jobmon-Error" // a sentence
	headerCut   = "Jobmon-Cut"   // the first event of the site's log
	headerLog   = "Jobmon-Log"   // the site's log, which is another one
	headerFork  = "Jobmon-Fork"  // the event up to which the hub asked: it is no batch of the site's log
)

// Sizes of messages.
const (
	largestData = 256 << 10 // bytes of a message's data
	headerRoom  = 1 << 10   // bytes for headers, which count in the server's max_payload
	largestText = 64 << 20  // bytes of a text in pieces, which is one batch: a baseline of 400,000 rows
	joinedBytes = 128 << 20 // bytes that all texts in pieces of a process take before they are whole
	mostPieces  = largestText / (1 << 10)
)

// parcel is the text of some batches, cut into the data of messages.
type parcel struct {
	pieces [][]byte
	last   uint64 // event
	sum    uint32 // checksum of the frame that ends with it
	bytes  int
}

// parcels makes texts of the batches: several batches each as far as they fit into one message of the limit's size. A
// text of one batch that does not is cut into pieces. It ends at the first error, which it yields.
func parcels(h ndjson.Header, links iter.Seq2[jobmon.Link, error], limit int) iter.Seq2[parcel, error] {
	return func(yield func(parcel, error) bool) {
		var waiting []jobmon.Link
		size := 0
		for l, err := range links {
			if err != nil {
				yield(parcel{}, err)
				return
			}
			if estimate := textSize(&l); len(waiting) > 0 && (l.Seam || size+estimate > limit) {
				if !pack(h, waiting, limit, yield) {
					return
				}
				waiting, size = nil, 0
			}
			waiting, size = append(waiting, l), size+textSize(&l)
		}
		if len(waiting) > 0 {
			pack(h, waiting, limit, yield)
		}
	}
}

// pack yields the batches in one parcel, or in several where their text is longer than it was taken for.
func pack(h ndjson.Header, links []jobmon.Link, limit int, yield func(parcel, error) bool) bool {
	end := &links[len(links)-1]
	h.Last = end.Last()
	text := ndjson.AppendMessage(nil, h, links)
	if half := len(links) / 2; len(text) > limit && half > 0 {
		return pack(h, links[:half], limit, yield) && pack(h, links[half:], limit, yield)
	}
	if len(text) > largestText {
		yield(parcel{}, fmt.Errorf("the batch of the events %d to %d is too large for the fleet: its text has %d "+
			"bytes, and a hub takes %d at most", end.First(), end.Last(), len(text), largestText))
		return false
	}
	p := parcel{last: h.Last, sum: end.Sum, bytes: len(text)}
	for ; len(text) > limit; text = text[limit:] {
		p.pieces = append(p.pieces, text[:limit])
	}
	p.pieces = append(p.pieces, text)
	return yield(p, nil)
}

// textSize estimates the length of the batch's text.
func textSize(l *jobmon.Link) int {
	const line = 150
	size := line
	for i := range l.Events {
		e := &l.Events[i]
		size += line + len(e.Name) + len(e.Place) + len(e.Text)
	}
	return size
}

// messages are the parcel's pieces for the subject.
func (p *parcel) messages(subject string) []*nats.Msg {
	list := make([]*nats.Msg, len(p.pieces))
	for i, piece := range p.pieces {
		list[i] = &nats.Msg{Subject: subject, Data: piece, Header: nats.Header{}}
		if len(p.pieces) > 1 {
			list[i].Header.Set(headerPart, fmt.Sprintf("%d/%d", i+1, len(p.pieces)))
		}
	}
	return list
}

// partOf says which piece of how many a message is: 1 of 1 where it is whole.
func partOf(h nats.Header) (i, n int, err error) {
	text := h.Get(headerPart)
	if text == "" {
		return 1, 1, nil
	}
	first, second, _ := strings.Cut(text, "/")
	i, err = strconv.Atoi(first)
	if err == nil {
		n, err = strconv.Atoi(second)
	}
	if err != nil || i < 1 || n < i || n > mostPieces {
		return 0, 0, fmt.Errorf("the header %s says %q, and not which piece of how many it is", headerPart, text)
	}
	return i, n, nil
}

// budget is how many bytes joiners may take yet. A nil one has no end.
type budget struct {
	mu   sync.Mutex
	left int
}

// take says whether there was so much. What is given back is taken with a negative number.
func (b *budget) take(n int) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

// joiner puts the pieces of texts together again. drop gives back what it has taken of its budget.
type joiner struct {
	budget *budget
	text   []byte
	have   int // pieces; 0 while none is waited for
	of     int
}

// add takes the next message. whole says that text is complete; it is valid until the next call. A piece that does not
// follow the one before ends the text of both.
func (j *joiner) add(h nats.Header, data []byte) (text []byte, whole bool, err error) {
	i, n, err := partOf(h)
	follows := err == nil && i > 1 && i == j.have+1 && n == j.of
	if !follows {
		j.drop()
	}
	switch {
	case err != nil:
		return nil, false, err
	case n == 1:
		return data, true, nil
	case i > 1 && !follows:
		return nil, false, nil
	case i == 1 && !beginsAsLog(data):
		return nil, false, errors.New("a text in pieces does not begin as that of a log")
	}
	if err := j.room(len(data)); err != nil {
		j.drop()
		return nil, false, err
	}
	j.text, j.have, j.of = append(j.text, data...), i, n
	if i < n {
		return nil, false, nil
	}
	text = j.text
	j.drop()
	return text, true, nil
}

// beginsAsLog says whether a piece begins as the text of a log does: the first line, which names the log behind the
// fields of its event, may be longer than the piece.
func beginsAsLog(piece []byte) bool {
	line, _, whole := bytes.Cut(piece, []byte("\n"))
	if !whole {
		return bytes.HasPrefix(line, []byte(`{"seq":`))
	}
	log, last, ok := head(line)
	return ok && last > 0 && logID.MatchString(log)
}

// room makes room for so many bytes more.
func (j *joiner) room(n int) error {
	need := len(j.text) + n
	if need > largestText {
		return fmt.Errorf("a text in pieces is longer than %d bytes", largestText)
	}
	if need <= cap(j.text) {
		return nil
	}
	most := min(max(need, 2*cap(j.text)), largestText)
	if !j.budget.take(most - cap(j.text)) {
		return errors.New("so many texts in pieces are incomplete that there is no room for another one")
	}
	text := make([]byte, len(j.text), most)
	copy(text, j.text)
	j.text = text
	return nil
}

// drop forgets the pieces at hand.
func (j *joiner) drop() {
	j.budget.take(-cap(j.text))
	*j = joiner{budget: j.budget}
}
