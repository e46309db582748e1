package evtform

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	texttemplate "text/template"
)

// functions are what templates can call beside those of text/template that make no text. Texts that they make are charged
// to the meter.
func functions(m *meter) texttemplate.FuncMap {
	return texttemplate.FuncMap{
		workName: func(n int) (string, error) { return "", m.charge(n) },

		"pad":     func(n int, v any) (string, error) { return m.padded(n, v, false) },
		"padleft": func(n int, v any) (string, error) { return m.padded(n, v, true) },
		"trunc":   func(n int, text string) (string, error) { return m.text(trunc(n, text)) },
		"upper":   func(text string) (string, error) { return m.text(strings.ToUpper(text)) },
		"lower":   func(text string) (string, error) { return m.text(strings.ToLower(text)) },
		"ascii":   func(text string) (string, error) { return m.text(plain(text)) },
		"replace": m.replace,
		"join":    m.join,
		"pick":    m.pick,

		"local":   m.local,
		"hms":     func(seconds any) (string, error) { return hms(seconds) },
		"minutes": func(seconds any) (int64, error) { s, err := whole(seconds); return s / 60, err },
		"add":     func(a, b any) (int64, error) { x, y, err := two(a, b); return x + y, err },
		"sub":     func(a, b any) (int64, error) { x, y, err := two(a, b); return x - y, err },

		// Those of text/template, with bounds.
		"print":    func(list ...any) (string, error) { return m.printed(list, fmt.Sprint) },
		"println":  func(list ...any) (string, error) { return m.printed(list, fmt.Sprintln) },
		"printf":   m.printf,
		"html":     func(list ...any) (string, error) { return m.printed(list, texttemplate.HTMLEscaper) },
		"js":       func(list ...any) (string, error) { return m.printed(list, texttemplate.JSEscaper) },
		"urlquery": func(list ...any) (string, error) { return m.printed(list, texttemplate.URLQueryEscaper) },
	}
}

// trunc cuts a text to n characters.
func trunc(n int, text string) string {
	at := 0
	for range max(0, n) {
		_, size := utf8.DecodeRuneInString(text[at:])
		if at += size; size == 0 {
			break
		}
	}
	return text[:at]
}

func (m *meter) padded(n int, v any, left bool) (string, error) {
	if err := simple(v); err != nil {
		return "", err
	}
	text := fmt.Sprint(v)
	missing := n - utf8.RuneCountInString(text)
	switch {
	case missing <= 0:
		return text, nil
	case missing > maxText:
		return "", errLongText
	case left:
		return m.text(strings.Repeat(" ", missing) + text)
	}
	return m.text(text + strings.Repeat(" ", missing))
}

func (m *meter) replace(old, with, text string) (string, error) {
	if n := strings.Count(text, old); len(text)+n*(len(with)-len(old)) > maxText {
		return "", errLongText
	}
	return m.text(strings.ReplaceAll(text, old, with))
}

func (m *meter) join(between string, list []string) (string, error) {
	length := len(between) * len(list)
	for _, text := range list {
		length += len(text)
	}
	if length > maxText {
		return "", errLongText
	}
	return m.text(strings.Join(list, between))
}

// pick lists one field of each entry of a list.
func (m *meter) pick(field string, list any) ([]string, error) {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Struct {
		return nil, errors.New("pick needs a list such as .Stages or .Failures")
	}
	known, ok := v.Type().Elem().FieldByName(field)
	if !ok || known.Type.Kind() == reflect.Slice {
		return nil, noField(field, v.Type().Elem())
	}
	out := make([]string, 0, v.Len())
	for i := range v.Len() {
		out = append(out, fmt.Sprint(v.Index(i).FieldByIndex(known.Index)))
	}
	return out, m.charge(16 * len(out))
}

// local writes one of the view's times by a pattern.
func (m *meter) local(pattern, at string) (string, error) {
	if at == "" {
		return "", nil
	}
	t, err := time.Parse(time.DateTime, at)
	if err != nil {
		return "", fmt.Errorf("%.40q is not a time such as %s", at, time.DateTime)
	}
	return m.text(strings.NewReplacer(
		"yyyy", t.Format("2006"), "yy", t.Format("06"), "MM", t.Format("01"), "dd", t.Format("02"),
		"HH", t.Format("15"), "mm", t.Format("04"), "ss", t.Format("05"),
	).Replace(pattern))
}

// hms is a duration as "0:05:07" or "27:15:00".
func hms(seconds any) (string, error) {
	s, err := whole(seconds)
	sign := ""
	if s < 0 {
		sign, s = "-", -s
	}
	return fmt.Sprintf("%s%d:%02d:%02d", sign, uint64(s)/3600, uint64(s)/60%60, uint64(s)%60), err
}

// whole takes any of the kinds of whole numbers that the view and templates have.
func whole(v any) (int64, error) {
	switch n := reflect.ValueOf(v); {
	case n.CanInt():
		return n.Int(), nil
	case n.CanUint():
		return int64(n.Uint()), nil
	}
	return 0, fmt.Errorf("%.40q is not a whole number", fmt.Sprint(v))
}

func two(a, b any) (int64, int64, error) {
	x, err := whole(a)
	y, err2 := whole(b)
	return x, y, errors.Join(err, err2)
}

// simple refuses lists and structures: printed, they would be a picture of this program's inside.
func simple(list ...any) error {
	for _, v := range list {
		switch reflect.ValueOf(v).Kind() {
		case reflect.Slice, reflect.Struct, reflect.Pointer, reflect.Map, reflect.Func:
			return errors.New("only texts and numbers can be printed; name a field of it, or go through a list with range")
		}
	}
	return nil
}

func (m *meter) printed(list []any, print func(...any) string) (string, error) {
	if err := simple(list...); err != nil {
		return "", err
	}
	length := 0
	for _, v := range list {
		if text, ok := v.(string); ok {
			length += len(text)
		}
	}
	if length > maxText {
		return "", errLongText
	}
	return m.text(print(list...))
}

// printf is charged beforehand for what it may come to.
func (m *meter) printf(format string, list ...any) (string, error) {
	if err := simple(list...); err != nil {
		return "", err
	}
	longest := 32
	for _, v := range list {
		if text, ok := v.(string); ok {
			longest = max(longest, 4*len(text))
		}
		if n, err := whole(v); err == nil && strings.ContainsRune(format, '*') {
			longest = max(longest, int(min(max(n, -n), 1e6)))
		}
	}
	for number := range strings.FieldsFuncSeq(format, func(r rune) bool { return r < '0' || r > '9' }) {
		width := 0
		for _, digit := range number[:min(len(number), 9)] {
			width = 10*width + int(digit-'0')
		}
		longest = max(longest, min(width, 1e6))
	}
	if err := m.charge(len(format) + longest*strings.Count(format, "%")); err != nil {
		return "", errLongText
	}
	return m.text(fmt.Sprintf(format, list...))
}
