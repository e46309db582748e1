package jobmon

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func TestCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[Code]string{
		0:              "0 ok",
		1603:           "1603 fatal error in the installation",
		3010:           "3010 restart required",
		4242:           "4242",
		-2147024809:    "-2147024809 (0x80070057) invalid parameter",
		2147942487:     "2147942487 (0x80070057) invalid parameter", // the same in a bigint column
		-2147024891:    "-2147024891 (0x80070005) access denied",
		-2147023293:    "-2147023293 (0x80070643) fatal error in the installation",
		-1073741819:    "-1073741819 (0xC0000005) access violation: the program crashed",
		-805306347:     "-805306347 (0xD0000015)",
		-805306334:     "-805306334 (0xD0000022) access denied", // an NTSTATUS as an HRESULT
		-532462766:     "-532462766 (0xE0434352) .NET exception: the program crashed",
		-2:             "-2 (0xFFFFFFFE)",
		math.MinInt32:  "-2147483648 (0x80000000)",
		1 << 32:        "4294967296",
		-1<<32 - 1:     "-4294967297 (0xFFFFFFFEFFFFFFFF)",
		math.MinInt64:  "-9223372036854775808 (0x8000000000000000)",
		math.MaxUint32: "4294967295 (0xFFFFFFFF)",
	} {
		if got := code.Text(); got != want {
			t.Errorf("%d: %q; want %q", int64(code), got, want)
		}
	}
}

// TestCodesHaveMeaningsInAllLanguages: each table has the codes of the English one, in its order, and what has one
// meaning in English has one in each language.
func TestCodesHaveMeaningsInAllLanguages(t *testing.T) {
	t.Parallel()
	lines := func(lang string) (list [][2]string) {
		text, err := codeFiles.ReadFile("codes/" + lang + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if number, meaning, _ := strings.Cut(strings.TrimSpace(line), " "); number != "#" && meaning != "" {
				list = append(list, [2]string{number, meaning})
			}
		}
		return list
	}
	english := lines(English)
	for lang := range meanings() {
		list, same := lines(lang), map[string]string{}
		if len(list) != len(english) || len(list) < 250 {
			t.Fatalf("%s has %d codes, English has %d", lang, len(list), len(english))
		}
		for i, line := range list {
			if line[0] != english[i][0] {
				t.Fatalf("%s has the code %s where English has %s", lang, line[0], english[i][0])
			}
			was, seen := same[english[i][1]]
			if same[english[i][1]] = line[1]; seen && was != line[1] {
				t.Errorf("%s: %q is both %q and %q", lang, english[i][1], was, line[1])
			}
		}
	}
	for lang, want := range map[string]string{
		"de": "3010 Neustart erforderlich", "fr": "3010 redémarrage requis", "en": "3010 restart required",
		"xx": "3010 restart required",
	} {
		if got := Code(3010).TextIn(lang); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestCodesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Code{
		"3010": 3010, " 0 ": 0, "0x00000BC2": 3010, "0xbc2": 3010, "0X80070057": -2147024809, "2147942487": -2147024809,
		"-2147024809": -2147024809, "0xFFFFFFFF": -1, "1099511627776": 1 << 40, "0x8000000000000000": math.MinInt64,
	} {
		if got, err := ParseCode(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, int64(got), err, int64(want))
		}
	}
	for _, text := range []string{"", "x", "0x", "80070057h", "1.5", "--1", "0x80070057 0", "99999999999999999999"} {
		if got, err := ParseCode(text); err == nil {
			t.Errorf("%q is %d", text, int64(got))
		}
	}
	// what a code is printed as, in either form, is that code
	lawtest.Check(t, func(t *rapid.T) {
		code := Code(rapid.OneOf(rapid.Int64(), rapid.Int64Range(math.MinInt32, math.MaxUint32)).Draw(t, "code"))
		if hex := code.Hex(); hex != "" {
			if got, err := ParseCode(hex); err != nil || got != code.signed() {
				t.Fatalf("%s is %d, %v", hex, int64(got), err)
			}
		}
		rules, err := NewRules(Settings{Success: []Code{code.signed()}})
		if err != nil || rules.Succeeded(StatusOf(code)) != (code != -1 && StatusOf(code).Code == code) &&
			code != math.MinInt64 {
			t.Fatalf("%v, %v", StatusOf(code), err)
		}
	})
}
