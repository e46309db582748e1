package command

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkOpenBoards measures what 200 open boards of 1,000 computers take of the program, beside the same program
// without any in the same run. Their ends are in this process, so that they count nowhere.
func BenchmarkOpenBoards(b *testing.B) {
	const boards, warm, window = 200, 15 * time.Second, 20 * time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	program := exec.CommandContext(b.Context(), os.Args[0], "run", "--source-kind=simulator", "--data-dir="+b.TempDir(),
		"--http-listen="+address, "--simulator-computers=1000", "--simulator-speed=1", "--source-poll-interval=250ms",
		"--log-level=error")
	program.Env = append(os.Environ(), asProgram+"=1")
	if err := program.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = program.Process.Kill(); _ = program.Wait() }()
	pause := func(d time.Duration) { <-time.After(d) }
	for range b.N {
		pause(warm)
		alone := takenBy(b, program.Process.Pid, pause, window)
		ctx, stop := context.WithCancel(b.Context())
		var reading sync.WaitGroup
		var rows, messages atomic.Int64
		reading.Go(func() {
			n, m := readBoard(ctx, address)
			rows.Add(n)
			messages.Add(m)
		})
		pause(warm)
		first := takenBy(b, program.Process.Pid, pause, window)
		for range boards - 1 {
			reading.Go(func() { readBoard(ctx, address) })
		}
		pause(warm)
		shown := takenBy(b, program.Process.Pid, pause, window)
		stop()
		reading.Wait()
		over := 2 * (warm + window).Seconds()
		b.ReportMetric(alone.cores*100, "alone-%core")
		b.ReportMetric((shown.cores-alone.cores)*100, "boards-%core")
		b.ReportMetric((first.private-alone.private)/1024, "KiB/first")
		b.ReportMetric((shown.private-first.private)/(boards-1)/1024, "KiB/board")
		b.ReportMetric(float64(rows.Load())/over, "rows/s")
		b.ReportMetric(float64(messages.Load())/over, "messages/s")
	}
}

// readBoard reads the stream of a board until ctx ends, and counts.
func readBoard(ctx context.Context, address string) (rows, messages int64) {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/api/v1/stream?lang=en", nil)
	if err != nil {
		return 0, 0
	}
	answer, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		return 0, 0
	}
	defer answer.Body.Close()
	for from := bufio.NewReaderSize(answer.Body, 64<<10); ; {
		line, err := from.ReadString('\n')
		if err != nil {
			return rows, messages
		}
		if strings.HasPrefix(line, `data: {"rows"`) {
			messages++
			rows += int64(strings.Count(line, `{"id":`))
		}
	}
}

// burden is what a process takes: processors, and bytes of its own.
type burden struct{ cores, private float64 }

// takenBy measures a process for a while.
func takenBy(b *testing.B, pid int, pause func(time.Duration), over time.Duration) burden {
	b.Helper()
	began := ticks(b, pid)
	pause(over)
	const perSecond = 100 // USER_HZ, which Linux keeps for this file whatever its own clock is
	used := float64(ticks(b, pid)-began) / perSecond
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(text), "RssAnon:")
	kb, err := strconv.Atoi(strings.Fields(behind)[0])
	if err != nil {
		b.Fatal(err)
	}
	return burden{used / over.Seconds(), float64(kb) * 1024}
}

// ticks is the processor time that a process has used.
func ticks(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(behind)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		b.Fatal(err)
	}
	return user + system
}
