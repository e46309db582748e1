//go:build !windows

package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// fakeClock gives the page a clock that advance moves. A stream's heartbeats come with it; all else of the server is
// real.
const fakeClock = `(() => {
	const real = setTimeout.bind(window), timers = new Map(), streams = new Set(), Real = EventSource;
	const turns = new MessageChannel(), waiting = []; // a timer of 0 ms waits for 4 ms
	turns.port1.onmessage = () => waiting.shift()();
	const turn = () => new Promise((done) => { waiting.push(done); turns.port2.postMessage(0); });
	let now = Date.now(), last = 0;
	Date.now = () => now;
	const plan = (repeats) => (act, ms = 0, ...args) => {
		timers.set(++last, { act, args, due: now + Math.max(ms, 1), every: repeats ? Math.max(ms, 1) : 0 });
		return last;
	};
	window.setTimeout = plan(false);
	window.setInterval = plan(true);
	window.clearTimeout = window.clearInterval = (id) => timers.delete(id);
	window.EventSource = class extends Real { constructor(...args) { super(...args); streams.add(this); } };
	const next = (ends) => {
		let found = null;
		for (const [id, t] of timers) {
			if (t.due <= ends && (!found || t.due < found.due)) found = Object.assign(t, { id });
		}
		return found;
	};
	window.advance = async (ms, pace = 0) => { // intervals come no more often than that, as where a browser saves power
		const ends = now + ms;
		let beat = now;
		for (let t, n = 0; (t = next(ends)); n++) {
			now = Math.max(now, t.due);
			if (t.every) t.due += Math.max(t.every, pace); else timers.delete(t.id);
			t.act(...t.args);
			if (now - beat > 15000) {
				beat = now;
				for (const s of streams) {
					if (s.readyState === Real.OPEN) s.dispatchEvent(new MessageEvent("state", { data: "{}" }));
				}
			}
			if (n % 8 === 0) await turn();
		}
		now = ends;
		await new Promise((done) => real(done, 20));
		return true;
	};
})()`

// theWall lets an hour go by on a screen: pages turn, failures stay until somebody acknowledges them, also over a night
// without the daemon.
func theWall(t *testing.T, b *browsertest.Tab, s *boardSite) {
	b.Prepare(fakeClock)
	b.Size(1920, 1080)
	b.Go(s.address + "/wall")
	b.Until(`document.querySelectorAll("#need .tile").length > 3`)
	advance := func(d time.Duration) {
		t.Helper()
		browsertest.Do[bool](b, fmt.Sprintf("advance(%d)", d.Milliseconds()))
	}
	const tiles = `[...document.querySelectorAll(".tile:not([hidden]) h2")].map((e) => e.textContent).join()`
	failed := browsertest.Do[[]string](b,
		`[...document.querySelectorAll("#need .tile[data-state=failed][data-ack]")].map((e) => e.dataset.ack)`)
	if len(failed) == 0 {
		t.Fatal("no failure is shown")
	}
	pages := map[string]bool{}
	for range 60 {
		advance(time.Minute)
		pages[browsertest.Do[string](b, tiles)] = true
	}
	if len(pages) < 2 {
		t.Errorf("in an hour the wall showed %v", pages)
	}
	stay := func(when string) { // or a newer failure of the same computer
		t.Helper()
		for _, ack := range browsertest.Do[[]string](b, browsertest.Quoted(failed)+`.filter((ack) => {
			const [id, at] = ack.split(":");
			return ![...document.querySelectorAll("#need .tile[data-ack]")].some((e) => {
				const [its, then] = e.dataset.ack.split(":");
				return its === id && Number(then) >= Number(at);
			});
		})`) {
			t.Errorf("%s: the failure %s is gone, and nobody has acknowledged it", when, ack)
		}
	}
	stay("after an hour")
	keepShot(b, "wall-hour")
	b.Clean("the wall")

	// The night.
	b.Allow("ERR_")
	s.kill()
	advance(time.Minute)
	b.Until(`!document.getElementById("broken").hidden`)
	browsertest.Do[bool](b, fmt.Sprintf("advance(%d, 60000)", (10*time.Hour).Milliseconds()))
	stay("after a night without the daemon")
	s.succeed()
	s.run()
	b.Until(`advance(1000).then(() => document.getElementById("broken").hidden)`)
	stay("after the failures were called successes")

	browsertest.Do[bool](b, `document.querySelector("#need .tile:not([hidden])").click(), true`)
	for presses := 0; browsertest.Do[bool](b, `document.querySelector("#need .tile") !== null`); presses++ {
		if presses > 1000 {
			t.Fatalf("the space bar acknowledges no more: %s", b.Text("#need"))
		}
		b.Press(" ")
	}
	b.Reload()
	b.Until(`document.querySelectorAll(".tile, .quiet").length > 0`)
	if n := browsertest.Do[int](b, `document.querySelectorAll("#need .tile.was").length`); n != 0 {
		t.Errorf("%d acknowledged failures are back", n)
	}
	b.Clean("the wall after a night")
}

// succeed has the codes of all failures be successes from the next start on.
func (s *boardSite) succeed() {
	s.t.Helper()
	text, err := os.ReadFile(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(string(text) + "jobs: {success: [0, 1, 3010, 1603, 1618, 17002, 1641]}\n")
}
