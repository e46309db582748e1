package ndjson

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// quick reads lines that are just as an Encoder writes them, several times as fast as package json. Of any other line
// it says that it cannot, whether it is wrong or only written in another way: that is decided by the strict reader.
type quick struct {
	rest []byte // of the line
	bad  bool   // it is not as an Encoder writes it

	date  string // that was read last,
	began int64  // and its midnight
	texts map[string]string
}

const (
	mostDigits  = 18  // of a number that is read quickly: it fits into 64 bits
	longestName = 256 // of a text of which one copy is kept
)

// parsed is what a line says.
type parsed struct {
	event  jobmon.Event
	before uint64 // the event before it
	more   bool
	export *head
	end    *tail
}

// line reads a line without its line end.
func (q *quick) line(text []byte, l *parsed) bool {
	q.rest, q.bad = text, false
	e := &l.event
	*l = parsed{}
	q.must(`{"seq":`)
	e.Seq = q.whole()
	q.must(`,"at":`)
	e.At = jobmon.Instant(q.moment(true))
	q.must(`,"kind":"`)
	e.Kind = q.kind()
	if l.before = e.Seq - 1; q.has(`,"after":`) {
		l.before = q.whole()
	}
	l.more = q.has(`,"more":true`)
	if q.has(`,"flags":[`) {
		e.Flags = q.flags()
	}
	q.row(e)
	if !q.ends() {
		q.figures(e)
		if q.has(`,"export":`) {
			l.export = q.head()
		}
	}
	q.must("}")
	return !q.bad && len(q.rest) == 0
}

// row reads the fields that most events have.
func (q *quick) row(e *jobmon.Event) {
	if q.has(`,"schedule_id":`) {
		e.Schedule = jobmon.ScheduleID(q.id())
	}
	if q.has(`,"computer_id":`) {
		e.Computer = jobmon.ComputerID(q.id())
	}
	if q.has(`,"job_id":`) {
		e.Job = jobmon.JobID(q.id())
	}
	if e.Start = unset(e.Kind); q.has(`,"start_time":`) {
		e.Start = jobmon.WallTime(q.moment(false))
	}
	if q.has(`,"status_code":`) {
		e.Status = jobmon.StatusOf(jobmon.Code(q.number()))
	}
}

// figures reads the fields that events of rows do not have.
func (q *quick) figures(e *jobmon.Event) {
	if q.has(`,"name":`) {
		e.Name = q.text()
	}
	if q.has(`,"place":`) {
		e.Place = q.text()
	}
	if q.has(`,"text":`) {
		e.Text = q.text()
	}
	if q.has(`,"seconds":`) {
		e.Seconds = q.id()
	}
	if q.has(`,"count":`) {
		e.Count = q.id()
	}
	if q.has(`,"step_ms":`) {
		e.Step = q.number()
	}
	if q.has(`,"until":`) {
		e.Until = jobmon.Instant(q.moment(true))
	}
	if q.has(`,"from":`) {
		e.From = q.whole()
	}
	if q.has(`,"to":`) {
		e.To = q.whole()
	}
	if q.has(`,"sum":`) {
		e.Sum = q.hex(16)
	}
}

// head reads what a line says of the log.
func (q *quick) head() *head {
	h := &head{}
	q.must(`{"format":"` + formatName + `","v":`)
	h.Format, h.Version = formatName, int(q.id())
	q.must(`,"log_id":`)
	h.LogID = q.text()
	q.must(`,"site":`)
	h.Site = q.text()
	q.must(`,"program":`)
	h.Program = q.text()
	if q.has(`,"last_seq":`) {
		h.Last = q.whole()
	}
	if q.has(`,"chain":`) {
		h.Chain = q.chain()
	}
	q.must("}")
	return h
}

func (q *quick) chain() *chain {
	c := &chain{}
	q.must(`{"after":`)
	c.After = q.whole()
	q.must(`,"previous":`)
	c.Previous = sum32(q.hex(8))
	q.must(`,"sum":`)
	c.Sum = sum32(q.hex(8))
	c.Seam = q.has(`,"seam":true`)
	if q.has(`,"lost":`) {
		c.Lost = q.whole()
	}
	q.must("}")
	return c
}

// has steps over what stands next, if it is that.
func (q *quick) has(next string) bool {
	if len(q.rest) < len(next) || string(q.rest[:len(next)]) != next {
		return false
	}
	q.rest = q.rest[len(next):]
	return true
}

func (q *quick) must(next string) { q.bad = !q.has(next) || q.bad }

// ends reports whether only the end of the line is left.
func (q *quick) ends() bool { return len(q.rest) == 1 }

// number reads a whole number.
func (q *quick) number() int64 {
	negative := q.has("-")
	n, i := int64(0), 0
	for ; i < len(q.rest) && i <= mostDigits && q.rest[i]-'0' <= 9; i++ {
		n = n*10 + int64(q.rest[i]-'0')
	}
	q.bad = q.bad || i == 0 || i > mostDigits || q.rest[0] == '0' && (i > 1 || negative)
	q.rest = q.rest[i:]
	if negative {
		return -n
	}
	return n
}

func (q *quick) whole() uint64 {
	n := q.number()
	q.bad = q.bad || n < 0
	return uint64(n)
}

func (q *quick) id() int32 {
	n := q.number()
	q.bad = q.bad || n < math.MinInt32 || n > math.MaxInt32
	return int32(n)
}

// hex reads so many hex digits.
func (q *quick) hex(digits int) uint64 {
	text := q.token()
	n, err := strconv.ParseUint(string(text), 16, 64)
	q.bad = q.bad || err != nil || len(text) != digits
	return n
}

// token reads a text without escapes and gives the bytes between its quotes.
func (q *quick) token() []byte {
	if len(q.rest) == 0 || q.rest[0] != '"' {
		q.bad = true
		return nil
	}
	for i := 1; i < len(q.rest); i++ {
		switch c := q.rest[i]; {
		case c == '"':
			token := q.rest[1:i]
			q.rest = q.rest[i+1:]
			return token
		case c < ' ' || c >= utf8.RuneSelf || c == '\\':
			q.bad = true
			return nil
		}
	}
	q.bad = true
	return nil
}

// text reads any text.
func (q *quick) text() string {
	end, escaped := 1, false
	for ; end < len(q.rest) && q.rest[end] != '"'; end++ {
		if q.rest[end] == '\\' {
			escaped = true
			end++
		}
	}
	if end >= len(q.rest) || q.rest[0] != '"' {
		q.bad = true
		return ""
	}
	token := q.rest[1:end]
	quoted := q.rest[:end+1]
	q.rest = q.rest[end+1:]
	if known, ok := q.texts[string(token)]; ok {
		return known
	}
	text := ""
	if escaped {
		q.bad = json.Unmarshal(quoted, &text) != nil || q.bad
	} else {
		text = string(token)
	}
	if q.bad = q.bad || !plainText(token); !q.bad && len(token) <= longestName {
		if q.texts == nil || len(q.texts) >= mostTexts {
			q.texts = map[string]string{}
		}
		q.texts[string(token)] = text
	}
	return text
}

// plainText reports whether json takes the bytes of a text as they are.
func plainText(token []byte) bool {
	for _, c := range token {
		if c < ' ' {
			return false
		}
	}
	return utf8.Valid(token)
}

// kinds are the names of all kinds.
var kinds = func() map[string]jobmon.Kind {
	names := map[string]jobmon.Kind{}
	for n := range 256 {
		names[jobmon.Kind(n).String()] = jobmon.Kind(n)
	}
	return names
}()

// kind reads the rest of the name of a kind.
func (q *quick) kind() jobmon.Kind {
	for i, c := range q.rest {
		if c == '"' {
			k, ok := kinds[string(q.rest[:i])]
			q.bad = q.bad || !ok
			q.rest = q.rest[i+1:]
			return k
		}
	}
	q.bad = true
	return 0
}

func (q *quick) flags() (f jobmon.Flags) {
	for !q.bad {
		word, known := string(q.token()), false
		for bit, name := range flagNames {
			if word == name {
				f, known = f|1<<bit, true
			}
		}
		if q.bad = q.bad || !known; q.has("]") {
			return f
		}
		q.must(",")
	}
	return f
}

// moment reads a time as a Day writes it, in UTC or of the server's clock, to the millisecond.
func (q *quick) moment(utc bool) int64 {
	const length = len(`"2006-01-02T15:04:05`)
	if len(q.rest) <= length || q.rest[0] != '"' || q.rest[11] != 'T' || q.rest[14] != ':' || q.rest[17] != ':' {
		q.bad = true
		return 0
	}
	ms := q.midnight(q.rest[1:11])
	hour, minute, second := q.two(12), q.two(15), q.two(18)
	q.bad = q.bad || hour > 23 || minute > 59 || second > 59
	ms += ((hour*60+minute)*60 + second) * 1000
	if q.rest = q.rest[length:]; q.rest[0] == '.' {
		if len(q.rest) < 4 {
			q.bad = true
			return 0
		}
		ms += q.two(1)*10 + q.two(2)%10
		q.rest = q.rest[4:]
	}
	if utc {
		q.must(`Z"`)
	} else {
		q.must(`"`)
	}
	return ms
}

// two is the number of two digits at a place.
func (q *quick) two(at int) int64 {
	tens, ones := q.rest[at]-'0', q.rest[at+1]-'0'
	q.bad = q.bad || tens > 9 || ones > 9
	return int64(tens)*10 + int64(ones)
}

// midnight is the beginning of a date.
func (q *quick) midnight(date []byte) int64 {
	if string(date) != q.date {
		t, err := time.Parse(time.DateOnly, string(date))
		if err != nil {
			q.bad = true
			return 0
		}
		q.date, q.began = string(date), t.UnixMilli()
	}
	return q.began
}
