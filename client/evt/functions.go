package evt

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"
	"time"
)

// functions are what templates can call beside those of text/template that make no text. The meter counts the texts
// that they make.
func (m *meter) functions() template.FuncMap {
	return template.FuncMap{
		"pad":     func(n int, v any) (string, error) { return m.padded(n, v, "%-*v") },
		"padleft": func(n int, v any) (string, error) { return m.padded(n, v, "%*v") },
		"trunc":   func(n int, text string) (string, error) { return m.text(trunc(n, text)) },
		"upper":   func(text string) (string, error) { return m.text(strings.ToUpper(text)) },
		"lower":   func(text string) (string, error) { return m.text(strings.ToLower(text)) },
		"ascii":   func(text string) (string, error) { return m.text(ascii(text)) },
		"replace": m.replace,
		"join":    func(between string, list []string) (string, error) { return m.text(strings.Join(list, between)) },
		"pick":    m.pick,

		"local":   m.local,
		"hms":     hms,
		"minutes": func(seconds any) (int64, error) { s, err := whole(seconds); return s / 60, err },
		"add":     func(a, b any) (int64, error) { x, y, err := two(a, b); return x + y, err },
		"sub":     func(a, b any) (int64, error) { x, y, err := two(a, b); return x - y, err },

		// Those of text/template, with bounds.
		"print":    m.bounded(fmt.Sprint),
		"println":  m.bounded(fmt.Sprintln),
		"printf":   m.printf,
		"html":     m.bounded(template.HTMLEscaper),
		"js":       m.bounded(template.JSEscaper),
		"urlquery": m.bounded(template.URLQueryEscaper),
	}
}

// trunc cuts a text to n characters.
func trunc(n int, text string) string {
	for at := range text {
		if n--; n < 0 {
			return text[:at]
		}
	}
	return text
}

// padded gives v at least n characters.
func (m *meter) padded(n int, v any, format string) (string, error) {
	switch err := simple(v); {
	case err != nil:
		return "", err
	case n > MaxBytes:
		return "", errLongText
	}
	return m.text(fmt.Sprintf(format, max(n, 0), fmt.Sprint(v)))
}

func (m *meter) replace(old, with, text string) (string, error) {
	if n := strings.Count(text, old); len(text)+n*(len(with)-len(old)) > MaxBytes {
		return "", errLongText
	}
	return m.text(strings.ReplaceAll(text, old, with))
}

// pick lists one field of each entry of a list.
func (m *meter) pick(field string, list any) ([]string, error) {
	entries, ok := list.([]map[string]any)
	if !ok {
		return nil, errors.New("pick needs a list such as .Stages or .Failures")
	}
	out := make([]string, 0, len(entries))
	for _, entry := range entries {
		value, ok := entry[field]
		if !ok || simple(value) != nil {
			return nil, fmt.Errorf("there is no field %s%s", field, meant(field, entry))
		}
		out = append(out, fmt.Sprint(value))
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

// simple refuses lists and structures: printed, they would show this program's inside.
func simple(list ...any) error {
	for _, v := range list {
		switch reflect.ValueOf(v).Kind() {
		case reflect.Slice, reflect.Struct, reflect.Pointer, reflect.Map, reflect.Func:
			return errors.New(
				"only texts and numbers can be printed; name a field of it, or go through a list with range")
		}
	}
	return nil
}

// bounded refuses arguments of which print would make a text that is too long.
func (m *meter) bounded(print func(...any) string) func(...any) (string, error) {
	return func(list ...any) (string, error) {
		length := 0
		for _, v := range list {
			if text, ok := v.(string); ok {
				length += len(text)
			}
		}
		switch err := simple(list...); {
		case err != nil:
			return "", err
		case length > MaxBytes:
			return "", errLongText
		}
		return m.text(print(list...))
	}
}

// printf takes few verbs: each of them can make a long text.
func (m *meter) printf(format string, list ...any) (string, error) {
	if strings.Count(format, "%") > 40 {
		return "", errors.New("printf takes at most 40 percent signs; use several")
	}
	return m.bounded(func(list ...any) string { return fmt.Sprintf(format, list...) })(list...)
}
