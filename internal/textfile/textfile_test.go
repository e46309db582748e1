package textfile

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func inUTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// A text is the same whatever the encoding that an editor or a shell chose.
func TestEveryEncoding(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"# a\r\nsite: Zürich", "{\"", "p4ss"}).Draw(t, "begin") +
			strings.ReplaceAll(strings.ToValidUTF8(rapid.String().Draw(t, "text"), ""), "\x00", "")
		marked := "\ufeff" + text
		for name, content := range map[string]string{
			"UTF-8": text, "UTF-8 with mark": marked,
			"UTF-16 LE with mark": inUTF16(marked, binary.LittleEndian), "UTF-16 BE with mark": inUTF16(
				marked, binary.BigEndian),
			"UTF-16 LE": inUTF16(text, binary.LittleEndian), "UTF-16 BE": inUTF16(text, binary.BigEndian),
		} {
			if strings.Contains(text, "\u0a0d") || strings.Contains(text, "\u0d0a") || name[4:] != "-8" &&
				len(text) < 4 {
				continue
			}
			got, err := io.ReadAll(NewReader(iotest.OneByteReader(strings.NewReader(content))))
			if err != nil || string(got) != text {
				// Without a mark only what begins like a language of Latin letters is recognized.
				if !strings.HasSuffix(name, "E") {
					t.Errorf("%s: %q, %v; want %q", name, got, err, text)
				} else if err == nil {
					t.Errorf("%s: %q is silently wrong; want %q", name, got, text)
				}
			}
		}
	})
}

func TestWhatIsNoText(t *testing.T) {
	t.Parallel()
	const begin = "site: DS01\r\nsource:\r\n"
	little := inUTF16(begin+"  kind: simulator\r\n", binary.LittleEndian)
	for name, c := range map[string]struct {
		content string
		line    int
		words   string
	}{
		"appended in UTF-16":           {begin + little, 3, "mixes UTF-16 and UTF-8"},
		"appended with a mark":         {begin + "\xff\xfe" + little, 3, "mixes UTF-16 and UTF-8"},
		"appended big-endian":          {begin + inUTF16("site: x", binary.BigEndian), 3, "mixes UTF-16 and UTF-8"},
		"UTF-8 appended":               {"\xff\xfe" + little + "a: bc\r\n", 4, "mixes UTF-16 and UTF-8"},
		"UTF-8 appended, odd":          {little + "a: b\r\n", 4, "mixes UTF-16 and UTF-8"},
		"a code page":                  {"a: b\nc: M\xfcnchen\n", 2, "not UTF-8"},
		"a program":                    {"MZ\x90\x00", 1, "not UTF-8"},
		"a NUL":                        {"a\n\nb\x00c", 3, "(NUL)"},
		"half a pair":                  {"\xff\xfea\x00\x3d\xd8", 1, "half a character"},
		"half a pair before something": {"\xff\xfea\x00\x3d\xd8b\x00", 1, "half a character"},
	} {
		_, err := Decode([]byte(c.content))
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Line != c.line || !strings.Contains(wrong.Reason, c.words) {
			t.Errorf("%s: %v; want line %d and %q", name, err, c.line, c.words)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("a\x00b\x00"))
	f.Add([]byte("\xfe\xff\x00a"))
	f.Fuzz(func(t *testing.T, content []byte) {
		text, err := Decode(content)
		if again, wrong := Decode(text); err == nil && len(text) > 0 && text[0] < 0x80 &&
			(wrong != nil || string(again) != string(text)) {
			t.Errorf("%q gives %q, and that %q, %v", content, text, again, wrong)
		}
	})
}
