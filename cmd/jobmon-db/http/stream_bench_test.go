package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// BenchmarkChangeOnThePage measures how long a commit takes to reach an open board, beside 199 others: 1,000 computers,
// 20 changes a second. An operation is one change.
func BenchmarkChangeOnThePage(b *testing.B) {
	const boards, computers, perSecond = 200, 1000, 20
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := newShown(upTo(computers)...)
	stop := streaming(b, l, s)
	var first *bufio.Reader
	for i := range boards {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, askStream); err != nil {
			b.Fatal(err)
		}
		if i > 0 {
			go io.Copy(io.Discard, c)
			continue
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			b.Fatal(err)
		}
		first = bufio.NewReader(r.Body)
	}
	seen := make(chan string, 100)
	go func() {
		defer close(seen)
		for {
			line, err := first.ReadString('\n')
			if err != nil {
				return
			}
			seen <- line
		}
	}()
	for line := range seen {
		if strings.HasPrefix(line, "event: state") {
			break
		}
	}
	committed := map[string]time.Time{}
	var took []time.Duration
	ticker := time.NewTicker(time.Second / perSecond)
	defer ticker.Stop()
	for n := 0; len(took) < b.N; {
		select {
		case <-ticker.C:
			if n < b.N {
				stage := fmt.Sprintf("stage-%d-", n)
				committed[stage] = time.Now()
				s.commit(jobmon.ComputerID(n%computers+1), stage)
				n++
			}
		case line := <-seen:
			for stage, at := range committed {
				if strings.Contains(line, stage) {
					took = append(took, time.Since(at))
					delete(committed, stage)
				}
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
	if err := stop(); err != nil {
		b.Error(err)
	}
}
