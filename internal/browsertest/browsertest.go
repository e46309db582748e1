// Package browsertest looks at pages in a Chromium, in tests. A tab keeps what a page must not do: messages on the
// console, breaches of its policy, requests to other servers.
package browsertest

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The variables that name a Chromium, and the file axe.min.js of axe-core.
const (
	variable    = "JOBMON_TEST_BROWSER"
	axeVariable = "JOBMON_TEST_AXE"
)

// patience is how long a page may take to come to what it must, on a machine that has much else to do.
const patience = 3 * time.Minute

// shared is the browser of the tests that run now: to start one takes longer than most of them.
var shared struct {
	mu    sync.Mutex
	users int
	tabs  context.Context
	end   context.CancelFunc
}

// Start returns the browser, or skips the test where there is none. The first test starts it and the last one ends it.
// It takes every certificate.
func Start(t testing.TB) context.Context {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skip(variable + " does not name a Chromium to show pages in (.ci/run screen)")
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.users == 0 {
		tabs, end := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path),
			chromedp.NoSandbox, chromedp.IgnoreCertErrors, chromedp.Flag("force-color-profile", "srgb"),
			chromedp.Flag("lang", "en-US")))
		if err := chromedp.Do(tabs); err != nil {
			end()
			t.Fatal(err)
		}
		shared.tabs, shared.end = tabs, end
	}
	shared.users++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.users--; shared.users == 0 {
			shared.end()
		}
	})
	return shared.tabs
}

// Tab is a page in a tab of its own.
type Tab struct {
	T       testing.TB
	browser context.Context
	ctx     context.Context

	mu       sync.Mutex
	problems []string
	allowed  []string // parts of problems that the test expects
	origin   string   // of the last address
	media    emulation.SetEmulatedMediaParams
}

// Open opens an empty tab in a window of that size. Cookies are shared by the tabs of a browser.
func Open(browser context.Context, t testing.TB, width, height int64) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &Tab{T: t, browser: browser, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.Size(width, height)
	b.Prepare(`addEventListener("securitypolicyviolation", (e) =>
		console.error("the policy was broken: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample))`)
	return b
}

// Browser is where the tab is open.
func (b *Tab) Browser() context.Context { return b.browser }

// hear keeps what a page must not do.
func (b *Tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		text := "the console says"
		for _, arg := range e.Args {
			text += " " + string(arg.Value) + arg.Description
		}
		b.problems = append(b.problems, text)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "an exception: "+exception(e.ExceptionDetails))
	case *log.EventEntryAdded:
		b.problems = append(b.problems, "the browser says "+e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		to := e.Request.URL
		if b.origin != "" && !strings.HasPrefix(to, b.origin+"/") && !strings.HasPrefix(to, "data:") {
			b.problems = append(b.problems, "a request to "+to)
		}
	}
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception == nil {
		return d.Text
	}
	return d.Text + " " + d.Exception.Description
}

// Allow has Clean say nothing of problems that contain the text.
func (b *Tab) Allow(text string) { b.allowed = append(b.allowed, text) }

// Clean reports what the page did since the last call that it must not do.
func (b *Tab) Clean(where string) {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
next:
	for _, problem := range b.problems {
		for _, text := range b.allowed {
			if strings.Contains(problem, text) {
				continue next
			}
		}
		b.T.Errorf("%s: %s", where, problem)
	}
	b.problems = nil
}

// Go opens an address and waits until the page is loaded.
func (b *Tab) Go(address string) {
	b.T.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.T.Fatal(err)
	}
	b.mu.Lock()
	b.origin = u.Scheme + "://" + u.Host
	b.mu.Unlock()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.T.Fatalf("%s: %v", address, err)
	}
}

// Size gives the window another size.
func (b *Tab) Size(width, height int64) { b.act(chromedp.EmulateViewport(width, height)) }

// Press presses a key; package kb names the special ones.
func (b *Tab) Press(key string) { b.act(chromedp.KeyEvent(key)) }

// Mouse sends what a mouse does at a place.
func (b *Tab) Mouse(steps ...chromedp.Action[chromedp.Void]) { b.act(steps...) }

// Click clicks on the first element that the selector finds.
func (b *Tab) Click(selector string) { b.onNode(chromedp.Click(selector)) }

// Type writes into a field.
func (b *Tab) Type(selector, text string) { b.onNode(chromedp.SendKeys(selector, text)) }

// Back goes to the page before.
func (b *Tab) Back() { b.act(chromedp.NavigateBack()) }

// Reload loads the page again.
func (b *Tab) Reload() { b.act(chromedp.Reload()) }

// onNode does something with a part of the page, again where a new page took the old one's place between the search for
// that part and the act.
func (b *Tab) onNode(step chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	for began := time.Now(); ; {
		err := chromedp.Do(b.ctx, step)
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "node with given id") || time.Since(began) > patience {
			b.T.Fatal(err)
		}
	}
}

func (b *Tab) act(steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.T.Fatal(err)
	}
}

// Scheme has the browser prefer "light" or "dark".
func (b *Tab) Scheme(scheme string) {
	b.T.Helper()
	b.prefer("prefers-color-scheme", scheme)
}

// LessMotion has the browser ask pages to move little, or not.
func (b *Tab) LessMotion(less bool) {
	b.T.Helper()
	b.prefer("prefers-reduced-motion", map[bool]string{true: "reduce", false: "no-preference"}[less])
}

func (b *Tab) prefer(feature, value string) {
	b.T.Helper()
	others := slices.DeleteFunc(b.media.Features, func(f *emulation.MediaFeature) bool { return f.Name == feature })
	b.media.Features = append(others, &emulation.MediaFeature{Name: feature, Value: value})
	Call(b, emulation.SetEmulatedMedia, b.media)
}

// OnPaper shows pages as they are printed.
func (b *Tab) OnPaper() {
	b.T.Helper()
	b.media.Media = "print"
	Call(b, emulation.SetEmulatedMedia, b.media)
}

// Script switches the pages' scripts on or off, from the next page on.
func (b *Tab) Script(on bool) {
	b.T.Helper()
	Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Prepare runs a script in front of every page from now on.
func (b *Tab) Prepare(script string) {
	b.T.Helper()
	Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Call asks the browser for what has no method of its own here.
func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) R {
	b.T.Helper()
	answer, err := chromedp.Run(b.ctx, func(ctx context.Context, tab *chromedp.Target) (R, error) {
		return cdp.Call(ctx, tab, command, params)
	})
	if err != nil {
		b.T.Fatal(err)
	}
	return answer
}

// Do runs a script in the page and returns its value, also a promised one.
func Do[T any](b *Tab, script string) T {
	b.T.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.T.Fatalf("%s: %v", script, err)
	}
	return value
}

// Text is what stands in the elements that the selector finds, joined by " | ".
func (b *Tab) Text(selector string) string {
	b.T.Helper()
	return Do[string](b, `[...document.querySelectorAll(`+Quoted(selector)+`)].map((e) => e.innerText).join(" | ")`)
}

// Until waits until a script's value, also a promised one, is true; the page may be loaded anew meanwhile.
func (b *Tab) Until(condition string) {
	b.T.Helper()
	var err error
	ends := time.After(patience)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		var is bool
		if is, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](
			"Promise.resolve("+condition+").then(Boolean)", chromedp.EvalAwaitPromise)); is && err == nil {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.T.Fatal(b.ctx.Err())
		case <-ends:
			b.T.Fatalf("never: %s (%v); the page says %.1000s", condition, err, b.Text("body"))
		}
	}
}

// Fits reports what is wider than the window.
func (b *Tab) Fits(where string) {
	b.T.Helper()
	for _, what := range Do[[]string](b, `(() => {
		const width = document.documentElement.clientWidth, all = document.scrollingElement.scrollWidth;
		if (all <= width) return [];
		const wide = [...document.body.querySelectorAll("*")]
			.filter((e) => e.getBoundingClientRect().right > width + 1);
		return ["the page is " + all + " wide, the window " + width + ": " + wide.slice(-3).map((e) =>
			e.outerHTML.slice(0, 200)).join(" ... ")];
	})()`) {
		b.T.Errorf("%s: %s", where, what)
	}
}

// NeedAxe skips the test where axe-core is not installed.
func NeedAxe(t testing.TB) {
	t.Helper()
	if os.Getenv(axeVariable) == "" {
		t.Skip(axeVariable + " does not name axe-core's axe.min.js (.ci/run screen)")
	}
}

// Axe reports what axe-core finds. Where it is not installed, it finds nothing.
func (b *Tab) Axe(where string) {
	b.T.Helper()
	path := os.Getenv(axeVariable)
	if path == "" {
		return
	}
	if !Do[bool](b, `"axe" in window`) { // it is long: the browser reads it once a page
		source, err := os.ReadFile(path)
		if err != nil {
			b.T.Fatal(err)
		}
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](string(source)+"\n;true")); err != nil {
			b.T.Fatal(err)
		}
	}
	for _, what := range Do[[]string](b, `axe.run({ resultTypes: ["violations"] }).then((found) =>
		found.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) =>
			n.html.slice(0, 200) + " " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message).join(" ... ")))`) {
		b.T.Errorf("%s: axe: %s", where, what)
	}
}

// Quoted is a text, a number or the like as a script writes it.
func Quoted(value any) string {
	data, err := json.Marshal(value) // escapes < as well
	if err != nil {
		panic(err) // the tests quote nothing else
	}
	return string(data)
}
