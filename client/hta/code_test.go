package hta_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// withLink is a file whose link holds that JSON.
func withLink(t *testing.T, link string) string {
	t.Helper()
	return line(t, with(full(t), []any{"link"}, link))
}

// square is a link whose code has so many rows of a text.
func square(n int, row string) string {
	rows := strings.Repeat(fmt.Sprintf(",%q", row), n)
	return `{"url":"HTTPS://X/Q/Y","qr":[` + rows[1:] + `]}`
}

// A code that is none is not drawn, and costs nothing else of the picture.
func TestOddCodesAreNotDrawn(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	good := square(29, strings.Repeat("01", 14)+"1")
	for link, want := range map[string]bool{
		good: true, square(21, strings.Repeat("1", 21)): true, square(57, strings.Repeat("0", 57)): true,
		square(58, strings.Repeat("1", 58)): false, square(177, strings.Repeat("1", 177)): false,
		square(20, strings.Repeat("1", 20)): false, square(28, strings.Repeat("1", 29)): false,
		square(29, strings.Repeat("2", 29)): false, strings.Replace(good, `["`, `[[],"`, 1): false,
		strings.Replace(good, `"0101`, `"010\n`, 1): false, "null": false, "7": false, `"x"`: false, "[]": false,
		"{}": false, `{"url":7}`: false, `{"qr":7}`: false, `{"qr":{"length":29}}`: false, `{"qr":[]}`: false,
		`{"qr":{"length":9007199254740991}}`: false, `{"qr":"` + strings.Repeat("1", 29) + `"}`: false,
		`{"qr":[` + strings.Repeat("1,", 28) + `1]}`: false,
	} {
		text := withLink(t, link)
		got := e.gives(`(function () {
			var read = JobMon.readEvt(` + quote(text) + `), s = new Story();
			s.file(null).pass(5).file(` + quote(text) + `).pass(1);
			return [read.error || "good", s.view().rows.length > 0, s.view().code !== null];
		}())`)
		if got != fmt.Sprintf(`["good",true,%t]`, want) {
			t.Errorf("%.50s: %s", link, got)
		}
		if _, err := evt.Decode([]byte(text)); err != nil {
			t.Errorf("%.50s: the other reader says %v", link, err)
		}
	}
}

// Where a code has room it stands beside the bar, and its modules are large enough for a phone.
func TestCodeHasRoomOrIsLeftOut(t *testing.T) {
	t.Parallel()
	vm := goja.New()
	source := "var JobMon = {};" + read(t, "src/layout.js") + read(t, "src/code.js")
	if _, err := vm.RunString(source); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ width, height, modules, size int }{
		{1920, 1080, 29, 5}, {1920, 1080, 33, 4}, {1920, 1080, 57, 0}, {3840, 2160, 29, 10}, {2560, 1440, 29, 6},
		{1366, 768, 29, 3}, {1366, 768, 33, 3}, {1280, 1024, 29, 3}, {1280, 720, 29, 3}, {1080, 1920, 29, 5},
		{1024, 768, 29, 0}, {800, 600, 29, 0}, {640, 480, 21, 0},
	} {
		got, err := vm.RunString(fmt.Sprintf(`(function () {
			var g = JobMon.layout(%d, %d), at = JobMon.codeAt(%d, g);
			if (at === null) return "0";
			var below = at.top >= g.mainEnd + 2 && at.top + at.side <= g.height;
			var beside = at.left + at.side === g.width - g.margin && g.margin + at.inner + 20 < at.left;
			return at.size + (below && beside ? "" : " lies over something: " + at.top + " " + g.mainEnd);
		}())`, c.width, c.height, c.modules))
		if want := fmt.Sprint(c.size); err != nil || got.String() != want {
			t.Errorf("%d modules on %dx%d: %v (%v), want %s", c.modules, c.width, c.height, got, err, want)
		}
	}
}

// photographed is the screen around an element with four pixels for each, as a camera has them.
func (m *monitor) photographed(element string) image.Image {
	const around, larger = 10, 4
	place := do[[]int](m, `(function () {
		var b = document.querySelector(`+browsertest.Quoted(element)+`).getBoundingClientRect();
		return [b.left, b.top, b.right, b.bottom].map(Math.round);
	}())`)
	screen := m.Image()
	part := image.Rect(place[0], place[1], place[2], place[3]).Inset(-around).Intersect(screen.Bounds())
	photo := image.NewRGBA(image.Rect(0, 0, part.Dx()*larger, part.Dy()*larger))
	for y := range part.Dy() * larger {
		for x := range part.Dx() * larger {
			photo.Set(x, y, screen.At(part.Min.X+x/larger, part.Min.Y+y/larger))
		}
	}
	return photo
}

// A phone reads from the screen what the file says, and nothing lies over the code.
func TestCodeIsReadFromTheScreenBrowser(t *testing.T) {
	t.Parallel()
	b := window(t)
	reader, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg, a reader of QR codes, is not installed")
	}
	var file struct{ Link struct{ URL string } }
	if err := json.Unmarshal([]byte(read(t, golden+"linked.evt")), &file); err != nil || file.Link.URL == "" {
		t.Fatal(err)
	}
	for _, size := range [][2]int64{{1920, 1080}, {1366, 768}, {3840, 2160}} {
		m := start(b, t, setup{width: size[0], height: size[1], files: map[string]string{
			ownFolder + "JobMon.ini": "support = Service desk: 12345\ncolour.back = #ffffff\n"}})
		m.pass(10)
		m.deliver(read(t, golden+"linked.evt"))
		m.pass(30)
		m.sound()
		m.shows(map[string]string{"phone": "This computer on your phone"})
		if over := do[[]string](m, `(function () {
			var code = document.querySelector("[data-code]").getBoundingClientRect(), found = [];
			Array.from(document.querySelectorAll(".text, .box, [data-shape]")).forEach(function (e) {
				var b = e.getBoundingClientRect();
				var across = b.right > code.left && b.left < code.right;
				var down = b.bottom > code.top && b.top < code.bottom;
				if (e.closest("#code") === null && across && down) found.push(e.outerHTML);
			});
			return found;
		}())`); len(over) > 0 {
			t.Errorf("%v: over the code: %q", size, over)
		}
		path := filepath.Join(t.TempDir(), "screen.png")
		picture, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(picture, m.photographed("[data-code]")); err != nil {
			t.Fatal(err)
		}
		if err := picture.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := exec.CommandContext(t.Context(), reader, "--quiet", "--raw", path).Output()
		if text := strings.TrimSpace(string(got)); err != nil || text != file.Link.URL {
			t.Errorf("%v: read %q (%v), want %q", size, text, err, file.Link.URL)
		}
		// The next file has no link: its place goes back to the bar.
		m.deliver(edited(t, "failed-late", `"seq":4712`, `"seq":4713`))
		if left := do[int](m, `document.querySelectorAll("#code *").length`); left > 0 || len(m.texts("phone")) > 0 {
			t.Errorf("%v: %d pieces stay of a code that is gone", size, left)
		}
	}
}
