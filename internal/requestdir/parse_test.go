package requestdir

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func TestParseName(t *testing.T) {
	for name, want := range map[string]jobmon.ComputerID{
		"5000001.req": 5000001, "5000001.REQ": 5000001, "7.Req": 7,
		"2147483647.req": 2147483647, "1.req": 1,
	} {
		if id, ok := parseName(name); !ok || id != want {
			t.Errorf("%q = %d, %v; want %d", name, id, ok, want)
		}
	}
	for _, name := range []string{
		"", ".req", "req", "5000001", "5000001.req.tmp", "5000001.evt", "05000001.req", "+1.req", "-0.req", "0.req",
		"-7.req", "-2147483648.req", " 1.req", "1 .req",
		"1e3.req", "0x10.req", "1_000.req", "2147483648.req", "99999999999999999999.req", "PC-0123.req", "１.req",
		"1\u212aeq",
	} {
		if id, ok := parseName(name); ok {
			t.Errorf("%q is taken for a request of %d", name, id)
		}
	}
}

func utf16Bytes(order binary.AppendByteOrder, text string) string {
	content := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		content = order.AppendUint16(content, unit)
	}
	return string(content)
}

func TestJobName(t *testing.T) {
	const name = "(JM) Müller & Söhne 😀"
	for what, c := range map[string]struct {
		content, name string
		whole         bool
	}{
		"batch":               {"(JM) Office\r\n", "(JM) Office", true},
		"batch, space before": {"(JM) Office \r\n", "(JM) Office", true},
		"unix":                {"(JM) Office\n", "(JM) Office", true},
		"no end":              {"(JM) Off", "(JM) Off", false},
		"empty":               {"", "", false},
		"only an end":         {"\r\n", "", true},
		"second line":         {"Office\r\nsecond\r\n", "Office", true},
		"first line empty":    {"\r\nOffice\r\n", "", true},
		"padded":              {"Office\r\n\x00\x00\x00", "Office", true},
		"padded, no end":      {"Office\x00\x00", "Office", false},
		"quoted":              {`"R&D | all"` + "\r\n", "R&D | all", true},
		"quoted space":        {`" Office "` + " \r\n", "Office", true},
		"quotes inside":       {`Set "A" up` + "\r\n", `Set "A" up`, true},
		"marked":              {`::"JM"=Set "A" & B up` + "\r\n", `Set "A" & B up`, true},
		"marked, quoted":      {`::"JM"= "R&D" ` + "\r\n", `"R&D"`, true},
		"only the mark":       {`::"JM"=`, "", false},
		"one quote":           {"\"\r\n", `"`, true},
		"control characters":  {"Of\x1b[2Jfi\x00ce\a\u0085\r\n", "Of[2Jfice", true},
		"utf-8":               {name + "\r\n", name, true},
		"utf-8 with mark":     {"\xef\xbb\xbf" + name + "\r\n", name, true},
		"utf-16":              {utf16Bytes(binary.LittleEndian, name+"\r\n"), name, true},
		"utf-16 big-endian":   {utf16Bytes(binary.BigEndian, name+"\r\n"), name, true},
		"utf-16, half":        {utf16Bytes(binary.LittleEndian, "Office")[:9], "Off", false},
		"utf-16, only mark":   {"\xff\xfe", "", false},
		"utf-16 without mark": {"O\x00f\x00f\x00\r\x00\n\x00", "Off", true},
		"code page 437":       {"M\x81ller\r\n", "M\uFFFDller", true},
		"longest":             {strings.Repeat("😀", 254) + "\r\n", strings.Repeat("😀", 254), true},
		"too long":            {strings.Repeat("ä", 255) + "\r\n", strings.Repeat("ä", 254), true},
		"endless":             {strings.Repeat("x", maxRead), strings.Repeat("x", 254), true},
	} {
		if got, whole := jobName([]byte(c.content)); got != c.name || whole != c.whole {
			t.Errorf("%s: %q, whole %v; want %q, %v", what, got, whole, c.name, c.whole)
		}
	}
	mangled, _ := jobName([]byte("(JM) M\x81ller & S\x94hne\r\n"))
	if !jobmon.SameName(mangled, "(JM) Müller & Söhne") {
		t.Errorf("%q does not match its job", mangled)
	}
}

// However a name is encoded, and wherever the file is cut, the name comes out or is not believed.
func TestEncodingsAgree(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z(]([A-Za-z0-9 äß€😀&%'.-]{0,120}[a-z)ü])?`).Draw(t, "name")
		line := rapid.SampledFrom([]string{name + "\r\n", name + "\n", name + " \r\n", `"` + name + "\"\r\n"}).Draw(t,
			"line")
		for _, content := range []string{line, "\xef\xbb\xbf" + line, utf16Bytes(binary.LittleEndian, line),
			utf16Bytes(binary.BigEndian, line)} {
			if got, whole := jobName([]byte(content)); got != name || !whole {
				t.Fatalf("%q = %q, %v; want %q", content, got, whole, name)
			}
			cut := rapid.IntRange(0, len(content)).Draw(t, "cut")
			if got, whole := jobName([]byte(content[:cut])); whole && got != name {
				t.Fatalf("the first %d bytes of %q are believed to be all of %q", cut, content, got)
			}
		}
	})
}

func FuzzParseName(f *testing.F) {
	for _, name := range []string{"5000001.req", "-1.REQ", "007.req", ".req", "5000001.req.tmp"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id, ok := parseName(name)
		if ok && !strings.EqualFold(name, strconv.Itoa(int(id))+".req") {
			t.Errorf("%q is taken for a request of %d", name, id)
		}
	})
}

func FuzzJobName(f *testing.F) {
	for _, content := range []string{"(JM) Office \r\n", "\"a & b\"\r\n", "\xff\xfeO\x00\r\x00", "\xfe\xff\xd8\x00",
		"M\x81ller", "\x00\x1b"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		name, _ := jobName(content)
		switch {
		case !utf8.ValidString(name):
			t.Errorf("%q is not UTF-8", name)
		case utf8.RuneCountInString(name) > maxName:
			t.Errorf("a name of %d characters", utf8.RuneCountInString(name))
		case strings.ContainsFunc(name, unicode.IsControl):
			t.Errorf("%q has control characters", name)
		case name != strings.TrimSpace(name):
			t.Errorf("%q has space around it", name)
		}
	})
}
