package evtform

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// encode gives a template's output the form's ends of lines and encoding. A character that the encoding lacks is
// written as plain has it.
func encode(text string, form jobmon.Form) ([]byte, error) {
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
		out := make([]byte, 0, 2*len(text)+2)
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			out = append(out, byte(unit), byte(unit>>8))
		}
		return out, nil
	case "ascii":
		return []byte(plain(text)), nil
	}
	table := charmaps()[form.Encoding]
	if table == nil {
		return nil, fmt.Errorf("the encoding %q is not known", form.Encoding)
	}
	text = norm.NFC.String(text) // a letter and its accent may stand apart
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if b, ok := table.EncodeRune(r); ok {
			out = append(out, b)
		} else {
			out = append(out, plain(string(r))...)
		}
	}
	return out, nil
}

func charmaps() map[string]*charmap.Charmap {
	return map[string]*charmap.Charmap{
		"windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251, "windows-1252": charmap.Windows1252,
		"windows-1253": charmap.Windows1253, "windows-1254": charmap.Windows1254, "windows-1255": charmap.Windows1255,
		"windows-1256": charmap.Windows1256, "windows-1257": charmap.Windows1257, "windows-1258": charmap.Windows1258,
		"windows-874": charmap.Windows874,
		"cp437":       charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp855": charmap.CodePage855,
		"cp858": charmap.CodePage858, "cp860": charmap.CodePage860, "cp862": charmap.CodePage862, "cp863": charmap.CodePage863,
		"cp865": charmap.CodePage865, "cp866": charmap.CodePage866,
		"iso-8859-1": charmap.ISO8859_1, "iso-8859-2": charmap.ISO8859_2, "iso-8859-5": charmap.ISO8859_5,
		"iso-8859-7": charmap.ISO8859_7, "iso-8859-9": charmap.ISO8859_9, "iso-8859-15": charmap.ISO8859_15,
	}
}

// plain is a text in ASCII: letters lose their accents, some signs become those that stand for them, everything else is a
// question mark.
func plain(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // an accent of the letter before
		default:
			b.WriteString(standIn(r))
		}
	}
	return b.String()
}

func standIn(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'Æ':
		return "Ae"
	case 'œ':
		return "oe"
	case 'Œ':
		return "Oe"
	case 'ø':
		return "o"
	case 'Ø':
		return "O"
	case 'ł':
		return "l"
	case 'Ł':
		return "L"
	case 'đ':
		return "d"
	case 'Đ':
		return "D"
	case 'ı':
		return "i"
	case '‘', '’', '‚':
		return "'"
	case '“', '”', '„', '«', '»':
		return `"`
	case '‐', '‑', '–', '—':
		return "-"
	case '€':
		return "EUR"
	case '\u200c', '\u200d':
		return ""
	}
	return "?"
}
