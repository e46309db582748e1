package fleet

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

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
	largestText = 192 << 20 // bytes of a text in pieces: more than the largest batch that a log takes
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

// joiner puts the pieces of texts together again.
type joiner struct {
	text []byte
	have int // pieces; 0 while none is waited for
	of   int
}

// add takes the next message. whole says that text is complete; it is valid until the next call. A piece that does not
// follow the one before ends the text of both, and dropped counts the pieces that were of no use.
func (j *joiner) add(h nats.Header, data []byte) (text []byte, whole bool, dropped int, err error) {
	i, n, err := partOf(h)
	if err != nil {
		return nil, false, j.drop(), err
	}
	if i > 1 && (i != j.have+1 || n != j.of) {
		return nil, false, j.drop() + 1, nil
	}
	if i == 1 {
		dropped = j.drop()
	}
	if n == 1 {
		return data, true, dropped, nil
	}
	if len(j.text)+len(data) > largestText {
		j.drop()
		return nil, false, dropped, fmt.Errorf("a text in pieces is longer than %d bytes", largestText)
	}
	j.text, j.have, j.of = append(j.text, data...), i, n
	if i < n {
		return nil, false, dropped, nil
	}
	text = j.text
	j.drop()
	return text, true, dropped, nil
}

// drop forgets the pieces at hand and returns how many they were.
func (j *joiner) drop() int {
	n := j.have
	*j = joiner{}
	return n
}
