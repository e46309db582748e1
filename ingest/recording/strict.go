package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// strictly reads one object of exactly one known member. A recording is evidence: what encoding/json would pass over (a
// field given twice, in another case, or unknown) is refused.
func (d *decoder) strictly(text []byte) (*line, error) {
	l := &line{}
	in := json.NewDecoder(bytes.NewReader(text))
	if what := membersFault(in, reflect.TypeFor[line](), ""); what != "" {
		return nil, d.damaged("%s", what)
	}
	if in.InputOffset() != int64(len(text)) {
		return nil, d.damaged("something follows the object")
	}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, d.damaged("%s", valueFault(err))
	}
	return l, nil
}

// membersFault reads an object and says what is wrong with the names of its members, which are the fields of t; "" for
// nothing. within is the object's own name.
func membersFault(in *json.Decoder, t reflect.Type, within string) string {
	if what := openingFault(in, within); what != "" {
		return what
	}
	seen := map[string]bool{}
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return valueFault(err)
		}
		key, _ := token.(string)
		field, names := fieldOf(t, key)
		full := strings.TrimPrefix(within+"."+key, ".")
		switch {
		case field == nil:
			return unknownMember(key, names)
		case seen[key]:
			return full + " is given twice"
		case within == "" && len(seen) > 0:
			return "it is several things at once"
		}
		seen[key] = true
		if member := field.Type; member.Kind() == reflect.Pointer && member.Elem().Kind() == reflect.Struct {
			if what := membersFault(in, member.Elem(), full); what != "" {
				return what
			}
			continue
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return valueFault(err)
		}
	}
	if _, err := in.Token(); err != nil {
		return valueFault(err)
	}
	return ""
}

func unknownMember(key string, names []string) string {
	for _, name := range names {
		if strings.EqualFold(name, key) {
			return fmt.Sprintf("%q must be written %q", key, name)
		}
	}
	return fmt.Sprintf("%q is none of %s", key, strings.Join(names, ", "))
}

// openingFault reads the beginning of an object.
func openingFault(in *json.Decoder, within string) string {
	switch first, err := in.Token(); {
	case err != nil:
		return valueFault(err)
	case first != json.Delim('{') && within == "":
		return "it is no object, which begins with {"
	case first != json.Delim('{'):
		return within + " is no object, which begins with {"
	}
	return ""
}

// fieldOf returns the field with that name in JSON, nil for none, and all names if there is none.
func fieldOf(t reflect.Type, key string) (field *reflect.StructField, names []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == key {
			return &f, nil
		}
		names = append(names, name)
	}
	return nil, names
}

// valueFault says in the words of the format why a value cannot be read.
func valueFault(err error) string {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		is, ok := map[string]string{"string": "a text in quotes", "number": "a number", "bool": "true or false",
			"array":  "a list",
			"object": "an object"}[wrong.Value]
		if !ok {
			is = "the " + wrong.Value // "number 3000000000"
		}
		return fmt.Sprintf("%s is %s and must be %s", wrong.Field, is, wanted(wrong.Type))
	case errors.As(err, &syntax):
		return fmt.Sprintf("it is not JSON at character %d", syntax.Offset)
	}
	return "it is not JSON: it ends within an object"
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of texts, in brackets"
	case reflect.Int, reflect.Int32, reflect.Int64:
		most := uint64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("a whole number from -%d to %d", most+1, most)
	}
	return "something else"
}
