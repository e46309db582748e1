// Package boardtest finds words of English on pages in another language, for tests.
package boardtest

import (
	"bytes"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// same are words that are the same in English and in that language, in lower case.
var same = map[string]string{
	"de": "administrator agent an code computer computers csv filter id in job jobs live link median min moment " +
		"nats november nov name server so status still system token trend utc was installation ds deployment",
	"fr": "agent code console csv ds id installation messages min moment nats nov oct page pages questions service " +
		"site sites utc",
}

// everywhere are the attributes that people read or hear.
var everywhere = []string{"title", "aria-label", "placeholder", "aria-valuetext", "alt", "data-title", "data-moment"}

// Untranslated returns the words that an English page and the same page in another language share, each with a text of
// that page that has it. It leaves out words of those names, and words that both languages have.
func Untranslated(english, other []byte, lang string, names ...string) (map[string]string, error) {
	theirs, err := words(other)
	if err != nil {
		return nil, err
	}
	ours, err := words(english)
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, same[lang]) {
		for _, word := range split(name) {
			delete(theirs, word)
		}
	}
	maps.DeleteFunc(theirs, func(word, _ string) bool { return ours[word] == "" })
	return theirs, nil
}

// words are the words that a reader of a page sees or hears, each with a text in which it stands.
func words(page []byte) (map[string]string, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	add := func(text string) {
		for _, word := range split(text) {
			found[word] = text
		}
	}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script":
			add(n.Data)
		case n.Type == html.ElementNode:
			for _, a := range n.Attr {
				if slices.Contains(everywhere, a.Key) {
					add(a.Val)
				}
			}
		}
	}
	return found, nil
}

// cut is what is left of a word where a long name ends with dots.
var cut = regexp.MustCompile(`\pL*…`)

// split lists the words of a text, of two letters and more, in lower case.
func split(text string) (list []string) {
	text = cut.ReplaceAllString(strings.ToLower(text), "")
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len([]rune(word)) > 1 {
			list = append(list, word)
		}
	}
	return list
}

// Names lists the texts of a value's fields that hold names: they stand on pages as they are.
func Names(value any) (list []string) {
	names(reflect.ValueOf(value), "", &list)
	return list
}

func names(v reflect.Value, field string, list *[]string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		names(v.Elem(), field, list)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			names(v.Index(i), field, list)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			names(v.Field(i), v.Type().Field(i).Name, list)
		}
	case reflect.String:
		if slices.Contains([]string{"Name", "Job", "Group", "OSName", "Place", "Folder", "Site", "Computer"}, field) {
			*list = append(*list, v.String())
		}
	}
}
