package evt

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// encodeText gives a template's output the form's ends of lines and encoding. A character that the encoding lacks is
// written as ascii has it.
func encodeText(text string, form jobmon.Form) ([]byte, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if form.Newline == jobmon.NewlineCRLF {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	switch form.Encoding {
	case "utf-8":
		return []byte(text), nil
	case "utf-8-bom":
		return []byte("\ufeff" + text), nil
	case "utf-16le":
		return utf.UTF16(utf.LittleEndian, utf.UseBOM).NewEncoder().Bytes([]byte(text))
	case "ascii":
		return []byte(ascii(text)), nil
	}
	page := codePage(form.Encoding)
	if page == nil {
		return nil, fmt.Errorf("the encoding %q is not known", form.Encoding)
	}
	text = norm.NFC.String(text) // a letter and its accent may stand apart
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if b, ok := page.EncodeRune(r); ok {
			out = append(out, b)
		} else {
			out = append(out, ascii(string(r))...)
		}
	}
	return out, nil
}

// codePage is the code page that a form calls "cp850", "windows-1252" or "iso-8859-1"; nil when there is none.
func codePage(name string) *charmap.Charmap {
	for _, page := range charmap.All {
		known := strings.NewReplacer("IBM Code Page ", "cp", "Windows Code Page ", "cp", " ", "-").Replace(
			fmt.Sprint(page))
		if strings.ToLower(known) == name {
			found, _ := page.(*charmap.Charmap)
			return found
		}
	}
	return nil
}

// standIns are written for letters and signs that do not come apart into a letter and its accents.
var standIns = strings.NewReplacer(
	"ß", "ss", "æ", "ae", "Æ", "Ae", "œ", "oe", "Œ", "Oe", "ø", "o", "Ø", "O", "ł", "l", "Ł", "L",
	"đ", "d", "Đ", "D",
	"ı", "i",
	"‘", "'", "’", "'", "‚", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`,
	"‐", "-", "‑", "-", "–", "-", "—", "-", "€", "EUR", "\u200c", "", "\u200d", "",
)

// ascii is a text in ASCII: letters lose their accents, some signs become those that stand for them, everything else is
// a question mark.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case unicode.Is(unicode.Mn, r): // an accent of the letter before
			return -1
		}
		return '?'
	}, standIns.Replace(norm.NFKD.String(text)))
}
