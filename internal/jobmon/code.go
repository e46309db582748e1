package jobmon

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Code is a status_code that is not NULL: what a job ended with, or -1 while it runs. The column is an int at most
// sites, and a bigint at some. Codes of Windows above 0x7FFFFFFF stand in an int as negative numbers.
type Code int64

// signed is the code as an int column holds it: 2147942487 and -2147024809 are both 0x80070057.
func (c Code) signed() Code {
	if c > math.MaxInt32 && c <= math.MaxUint32 {
		return Code(int32(uint32(c)))
	}
	return c
}

// ParseCode reads a code as people write it: 3010, -2147024809, 2147942487, 0x80070057 or 0x00000BC2.
func ParseCode(text string) (Code, error) {
	text = strings.TrimSpace(text)
	digits, hex := strings.CutPrefix(strings.ToLower(text), "0x")
	if hex {
		n, err := strconv.ParseUint(digits, 16, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a code: write 3010, -2147024809 or 0x80070057", text)
		}
		return Code(n).signed(), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a code: write 3010, -2147024809 or 0x80070057", text)
	}
	return Code(n).signed(), nil
}

// Hex is the code in the form in which negative ones are documented, "0x80070057"; "" for one that is not negative.
func (c Code) Hex() string {
	switch s := c.signed(); {
	case s >= 0:
		return ""
	case s >= math.MinInt32:
		return fmt.Sprintf("0x%08X", uint32(s))
	default:
		return fmt.Sprintf("0x%016X", uint64(s))
	}
}

// String is the code as a number, with its hexadecimal form where that is how it is documented: "1603",
// "-2147024809 (0x80070057)".
func (c Code) String() string {
	text := strconv.FormatInt(int64(c), 10)
	if hex := c.Hex(); hex != "" {
		text += " (" + hex + ")"
	}
	return text
}

// Short is the code in its shorter form: "1603", "0x80070057".
func (c Code) Short() string { return cmp.Or(c.Hex(), strconv.FormatInt(int64(c), 10)) }

// Text is String and what Windows means by the code, where that is known: "3010 restart required".
func (c Code) Text() string { return c.TextIn(English) }

// TextIn is Text with the meaning in another language.
func (c Code) TextIn(lang string) string {
	if meaning := c.MeaningIn(lang); meaning != "" {
		return c.String() + " " + meaning
	}
	return c.String()
}

// English is the language that the program speaks everywhere but on screens and pages.
const English = "en"

//go:embed codes/*.txt
var codeFiles embed.FS

// meanings are the tables of codes/ by their languages.
var meanings = sync.OnceValue(func() map[string]map[uint32]string {
	tables := map[string]map[uint32]string{}
	names, _ := fs.Glob(codeFiles, "codes/*.txt")
	for _, name := range names {
		text, _ := codeFiles.ReadFile(name)
		table := map[uint32]string{}
		for line := range strings.Lines(string(text)) {
			number, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
			if code, err := strconv.ParseUint(number, 0, 32); err == nil { // anything else is a comment
				table[uint32(code)] = meaning
			}
		}
		tables[strings.TrimSuffix(path.Base(name), ".txt")] = table
	}
	return tables
})

// Meaning is what Windows and its installer mean by the code, "" where that is not known. A job may mean something
// else.
func (c Code) Meaning() string { return c.MeaningIn(English) }

// MeaningIn is Meaning in another language; English where there is no table of that language.
func (c Code) MeaningIn(lang string) string {
	s := c.signed()
	if s < math.MinInt32 || s > math.MaxInt32 {
		return ""
	}
	table := meanings()[lang]
	if table == nil {
		table = meanings()[English]
	}
	code := uint32(s)
	if meaning := table[code]; meaning != "" {
		return meaning
	}
	const fromSystem, fromKernel = 0x8007_0000, 0x1000_0000
	switch {
	case code&0xFFFF_0000 == fromSystem:
		return table[code&0xFFFF]
	case code>>28 == 0xD: // an HRESULT that carries an NTSTATUS
		return table[code&^fromKernel]
	}
	return ""
}
