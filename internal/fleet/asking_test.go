package fleet

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// asker is a hub that asks a site for what it misses.
type asker struct {
	t    testing.TB
	site string
	c    *Conn
}

// ask returns the batches of the answer, or the header of a refusal.
func (a *asker) ask(question []byte) (links []jobmon.Link, size int, no nats.Header) {
	a.t.Helper()
	inbox := a.c.nc.NewInbox()
	sub, err := a.c.nc.SubscribeSync(inbox)
	if err == nil {
		err = a.c.nc.PublishRequest(GapSubjectOf(a.site), inbox, question)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	var j joiner
	for {
		m, err := sub.NextMsg(10 * time.Second)
		if err != nil {
			a.t.Fatalf("%s: %v", question, err)
		}
		if m.Header.Get(headerError) != "" {
			return nil, 0, m.Header
		}
		if len(m.Data) == 0 {
			return links, size, nil
		}
		if len(m.Data) > largestData {
			a.t.Fatalf("a page of %d bytes", len(m.Data))
		}
		text, whole, err := j.add(m.Header, m.Data)
		if err != nil {
			a.t.Fatal(err)
		}
		size += len(m.Data)
		if whole {
			_, got, err := ndjson.ReadMessage(text)
			if err != nil {
				a.t.Fatal(err)
			}
			links = append(links, got...)
		}
	}
}

func (a *asker) gap(g Gap) (links []jobmon.Link, size int, no nats.Header) {
	a.t.Helper()
	text, err := json.Marshal(g)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.ask(text)
}

func TestGaps(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(3000, "batch")
	log.append(3, strings.Repeat("0123456789abcdef", 1<<16)) // 3 MiB
	for range 6 {
		log.append(1, strings.Repeat("x", 1<<20))
	}
	p := begin(t, "DS01", e.sites["DS01"], log)
	p.reach(t)
	a := &asker{t, "DS01", connected(t, e.hub, GapInboxOf("DS01"))}
	all := log.all()
	last, id := all[len(all)-1].Last(), log.ID()

	links, _, no := a.gap(Gap{LogID: id, After: all[9].Last(), To: all[2999].Last(), Sum: sumText(all[9].Sum)})
	if no != nil || len(links) != 2990 || links[0].After != all[9].Last() || links[0].Previous != all[9].Sum {
		t.Fatalf("%d batches, %v", len(links), no)
	}
	same(t, &memoryLog{links: all[10:3000]}, links)

	// All of it: an answer is bounded, and the next question goes on where it ended.
	got, questions := []jobmon.Link{}, 0
	for after := uint64(0); after < last; questions++ {
		links, size, no := a.gap(Gap{LogID: id, After: after})
		if no != nil || len(links) == 0 || size > answerBytes+(4<<20) {
			t.Fatalf("behind %d: %d batches in %d bytes, %v", after, len(links), size, no)
		}
		got, after = append(got, links...), links[len(links)-1].Last()
	}
	if same(t, log, got); questions < 2 {
		t.Errorf("9 MiB in %d answers", questions)
	}
	if links, _, no := a.gap(Gap{LogID: id, After: last}); no != nil || len(links) != 0 {
		t.Errorf("behind the end: %d batches, %v", len(links), no)
	}

	for name, c := range map[string]struct{ question, header, value, said string }{
		"another log": {`{"log_id":"00","after":1}`, headerLog, id, "log is " + id},
		"no log":      {`{}`, headerLog, id, ""},
		"behind it":   {gapText(id, last+1, 0, ""), headerFork, fmt.Sprint(last + 1), "ends with event"},
		"in a batch":  {gapText(id, all[1].First(), 0, ""), headerFork, fmt.Sprint(all[1].First()), "another history"},
		"a fork":      {gapText(id, all[4].Last(), 0, "00000001"), headerFork, fmt.Sprint(all[4].Last()), "another"},
		"nothing":     {"", "", "", "cannot be read"},
		"no JSON":     {"\x00\xff{", "", "", "cannot be read"},
		"negative":    {`{"log_id":"` + id + `","after":-1}`, "", "", "cannot be read"},
		"too far":     {gapText(id, jobmon.MaxSeq+1, 0, ""), "", "", "no events"},
		"backwards":   {gapText(id, 20, 10, ""), "", "", "no events"},
		"long":        {strings.Repeat("[", 5000), "", "", "5000 bytes"},
		"deep":        {strings.Repeat("[", 4000), "", "", "cannot be read"},
		"line ends":   {`{"log_id":"a\r\nJobmon-Cut: 7"}`, headerLog, id, "log is"},
	} {
		links, _, no := a.ask([]byte(c.question))
		if no == nil || !strings.Contains(no.Get(headerError), c.said) || no.Get(headerCut) != "" ||
			c.header != "" && no.Get(c.header) != c.value {
			t.Errorf("%s: %d batches, %v", name, len(links), no)
		}
	}
	if _, _, no := a.gap(Gap{LogID: id, After: 1}); no != nil {
		t.Errorf("afterwards: %v", no)
	}
}

func gapText(id string, after, to uint64, sum string) string {
	text, _ := json.Marshal(Gap{LogID: id, After: after, To: to, Sum: sum})
	return string(text)
}

// A cut log says where it begins.
func TestGapsOfACutLog(t *testing.T) {
	t.Parallel()
	log := newMemoryLog(1)
	log.many(10, "batch")
	log.links = log.links[4:]
	begin := log.links[0].First()
	r := newResponder("DS01", ndjson.Header{}, log, nil, zerolog.Nop())
	for after, cut := range map[uint64]bool{0: true, begin - 2: true, begin - 1: false, log.links[0].Last(): false} {
		no := r.unable(&Gap{LogID: log.id, After: after})
		if got := no.Get(headerCut); cut != (got == fmt.Sprint(begin)) || cut != (no != nil) {
			t.Errorf("behind %d: %v", after, no)
		}
	}
}

// A site's credential reaches its own subjects and nothing else, with the permissions that are printed for it.
func TestWhatACredentialMayDo(t *testing.T) {
	t.Parallel()
	e := embed(t, "A", "B")
	made(t, e, "A")
	hub := made(t, e, "B")
	log := newMemoryLog(1)
	log.many(10, "secret of B")
	p := begin(t, "B", e.sites["B"], log)
	p.reach(t)
	own := newMemoryLog(2)
	own.many(10, "of A")
	pa := begin(t, "A", e.sites["A"], own)
	pa.reach(t)

	a := connected(t, e.sites["A"], InboxOf("A"))
	for _, subject := range []string{
		SubjectOf("B"), BeatSubjectOf("B"), GapSubjectOf("B"), GapSubjectOf("A"), GapInboxOf("B") + ".x",
		HubInbox + ".x", InboxOf("B") + ".x", "$JS.API.STREAM.INFO." + StreamOf("B"),
		"$JS.API.STREAM.MSG.GET." + StreamOf("B"),
		"$JS.API.DIRECT.GET." + StreamOf("B"), "$JS.API.STREAM.PURGE." + StreamOf("B"),
		"$JS.API.STREAM.DELETE." + StreamOf("A"), "$JS.API.STREAM.MSG.DELETE." + StreamOf("A"),
		"$JS.API.STREAM.UPDATE." + StreamOf("A"), "$JS.API.STREAM.CREATE.OWN", "$JS.API.STREAM.LIST", "$JS.API.INFO",
		"$JS.API.CONSUMER.CREATE." + StreamOf("A"), "$JS.API.CONSUMER.CREATE." + StreamOf("B"), "$SYS.REQ.SERVER.PING",
	} {
		if _, err := a.request(t.Context(), subject, []byte(`{"seq":1}`)); err == nil ||
			!strings.Contains(err.Error(), "may not use the NATS subject "+subject) {
			t.Errorf("%s: %v", subject, err)
		}
	}
	for _, subject := range []string{
		SubjectOf("B"), SubjectOf("A"), ">", "*", "jobmon.>", "jobmon.beat.v1.*", GapSubjectOf("B"),
		GapInboxOf("A") + ".>", InboxOf("B") + ".>", HubInbox + ".>",
	} {
		if _, err := a.nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		await(t, "denial of "+subject, func() bool { return a.mayNot(subject) != nil })
	}
	got, _ := contents(t, hub, "B")
	same(t, log, got)

	// What it needs is allowed: nothing above was denied to the publishers.
	for _, p := range []*publishing{p, pa} {
		if strings.Contains(p.said.String(), "may not use") {
			t.Error(p.said)
		}
	}
	asking := &asker{t, "A", connected(t, e.hub, GapInboxOf("A"))}
	if links, _, no := asking.gap(Gap{LogID: own.id}); len(links) != 10 {
		t.Errorf("%d batches, %v", len(links), no)
	}
}

// A credential of another site is denied in words, and nothing hangs.
func TestTheWrongCredential(t *testing.T) {
	t.Parallel()
	e := embed(t, "A", "B")
	made(t, e, "B")
	log := newMemoryLog(1)
	log.many(3, "of B")
	p := begin(t, "B", e.sites["A"], log)
	await(t, "denial", func() bool { return strings.Contains(p.State().Trouble, "may not use the NATS subject") })
	if s := p.State(); s.Published != 0 || s.Refused != "" {
		t.Errorf("%+v", s)
	}

	o, _ := serverFor(t, t.TempDir(), "A")
	seed, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	p = begin(t, "A", started(t, o).settings(seed), log)
	await(t, "refusal", func() bool { return strings.Contains(p.State().Trouble, "refuses the credential") })
}

// A request may be anything; it never harms the site.
func FuzzGap(f *testing.F) {
	f.Add([]byte(`{"log_id":"01","after":3,"to":9,"sum":"00000000"}`))
	f.Add([]byte(`{"after":18446744073709551615}`))
	log := newMemoryLog(1)
	log.many(5, "batch")
	r := newResponder("DS01", ndjson.Header{}, log, nil, zerolog.Nop())
	f.Fuzz(func(t *testing.T, data []byte) {
		gap, no := r.read(data)
		if no == nil {
			no = r.unable(&gap)
		}
		if no != nil && strings.ContainsAny(no.Get(headerError), "\r\n") {
			t.Errorf("%q", no)
		}
	})
}

// firstPiece begins as the text of a log.
var firstPiece = []byte(`{"export":{"log_id":"` + strings.Repeat("0a", 16) + `","last_seq":7}}` + "\n")

// What is kept of texts in pieces is bounded, for all of them together, and is given back.
func TestThePiecesOfTextsAreBounded(t *testing.T) {
	t.Parallel()
	piece := func(i int) nats.Header { return nats.Header{headerPart: {fmt.Sprintf("%d/1000", i)}} }
	j := joiner{}
	if _, _, err := j.add(piece(1), []byte("\n\n\n")); err == nil || j.have > 0 {
		t.Errorf("a text that does not begin as one: %v", err)
	}
	all := budget{left: 3 << 20}
	one, two := joiner{budget: &all}, joiner{budget: &all}
	fill := func(j *joiner) (size int, err error) {
		for i := 1; err == nil; i++ {
			data := firstPiece
			if i > 1 {
				data = make([]byte, 256<<10)
			}
			if _, _, err = j.add(piece(i), data); err == nil {
				size = len(j.text)
			}
		}
		return size, err
	}
	if size, err := fill(&one); err == nil || size < 1<<20 || size > 3<<20 {
		t.Errorf("%d bytes, %v", size, err)
	}
	if all.left != 3<<20 {
		t.Errorf("%d bytes were not given back", 3<<20-all.left)
	}
	if _, _, err := one.add(piece(1), firstPiece); err != nil {
		t.Fatal(err)
	}
	one.add(piece(2), make([]byte, 5<<19))
	if _, err := fill(&two); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
	one.drop()
	if size, err := fill(&two); err == nil || size < 1<<20 {
		t.Errorf("%d bytes, %v", size, err)
	}
	unbounded := joiner{}
	if size, err := fill(&unbounded); err == nil || size > largestText || cap(unbounded.text) != 0 {
		t.Errorf("%d bytes, %v", size, err)
	}
}

// A batch whose text no hub takes is not published, and the error says which one it is.
func TestABatchThatIsTooLarge(t *testing.T) {
	t.Parallel()
	l := jobmon.Link{Batch: jobmon.Batch{At: 5}}
	text := strings.Repeat("x", 1<<20)
	for i := range uint64(65) {
		l.Events = append(l.Events, jobmon.Event{Seq: 11 + i, At: 5, Kind: jobmon.KindSourceLost, Text: text})
	}
	links := func(yield func(jobmon.Link, error) bool) { yield(l, nil) }
	yielded := 0
	for p, err := range parcels(ndjson.Header{LogID: "0a"}, links, largestData) {
		yielded++
		if err == nil || !strings.Contains(err.Error(), "the events 11 to 75 is too large") {
			t.Errorf("%d pieces, %v", len(p.pieces), err)
		}
	}
	if yielded != 1 {
		t.Errorf("%d parcels instead of one error", yielded)
	}
}

// Pieces may come in any order; only those of one text are put together.
func FuzzPieces(f *testing.F) {
	f.Add("1/2", "2/2", "1/1")
	f.Add("2/3", "3/3", "-1/0")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var j joiner
		for _, part := range []string{"1/3", a, b, c} {
			h := nats.Header{headerPart: {part}}
			text, whole, err := j.add(h, firstPiece)
			if whole && err == nil {
				k, n, _ := partOf(h)
				if k != n || len(text) != n*len(firstPiece) {
					t.Errorf("%q of piece %s", text, part)
				}
			}
		}
	})
}

// What keeps a connection away is said in words, and a connection is made as soon as it can be.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	natstest.Certificates(t, dir, "127.0.0.1")
	o, seeds := serverFor(t, filepath.Join(dir, "store"), "A")
	o.Cert, o.Key = filepath.Join(dir, "server-cert.pem"), filepath.Join(dir, "server-key.pem")
	s := started(t, o)
	good := s.settings(seeds["A"])
	good.Servers, good.CA = []string{"tls://" + s.o.Listen}, filepath.Join(dir, "ca.pem")
	plainServer, other := serverFor(t, t.TempDir(), "A")
	noTLS := started(t, plainServer).settings(other["A"])
	for name, c := range map[string]struct {
		change func(s *Settings)
		said   string
	}{
		"good":              {func(*Settings) {}, ""},
		"unknown authority": {func(s *Settings) { s.CA = "" }, "no known authority signed"},
		"another name": {func(s *Settings) {
			s.Servers = []string{strings.Replace(s.Servers[0], "127.0.0.1", "localhost", 1)}
		}, "for another name"},
		"no TLS there": {func(s *Settings) { s.Servers = noTLS.Servers }, "no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := good
			c.change(&settings)
			said := &lines{}
			conn, err := Connect(t.Context(), settings, "a test", InboxOf("A"), zerolog.New(said))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			await(t, "answer", func() bool {
				return c.said == "" && conn.Connected() || c.said != "" && strings.Contains(said.String(), c.said)
			})
		})
	}
	for name, change := range map[string]func(s *Settings){
		"no such authority": func(s *Settings) { s.CA = filepath.Join(dir, "none.pem") },
		"no authority":      func(s *Settings) { s.CA = o.Key },
		"no pair":           func(s *Settings) { s.Cert, s.Key = o.Cert, good.CA },
		"no credential":     func(s *Settings) { s.seed, s.Credentials = "", filepath.Join(dir, "none.nk") },
		"no seed":           func(s *Settings) { s.seed, s.Credentials = "", o.Key },
	} {
		settings := good
		change(&settings)
		if c, err := Connect(t.Context(), settings, "a test", InboxOf("A"), zerolog.Nop()); err == nil {
			c.Close()
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
