package ndjson

import (
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Object appends the fields of a JSON object to Line, without reflection.
type Object struct {
	Line   []byte
	escape map[string]string // texts that were written before, as JSON
}

// mostTexts is how many texts are remembered in the form in which they are written.
const mostTexts = 1 << 14

// Open begins an object, Close ends it.
func (o *Object) Open() { o.Line = append(o.Line, '{') }

// Close ends an object.
func (o *Object) Close() { o.Line = append(o.Line, '}') }

// Key begins a field, whose value is appended to Line.
func (o *Object) Key(name string) {
	if o.Line[len(o.Line)-1] != '{' {
		o.Line = append(o.Line, ',')
	}
	o.Line = append(append(append(o.Line, '"'), name...), '"', ':')
}

// Text is a field with any text. Names come again and again.
func (o *Object) Text(name, text string) {
	o.Key(name)
	written, ok := o.escape[text]
	if !ok {
		written = string(plain.AppendJSON(nil, text))
		if len(o.escape) >= mostTexts || o.escape == nil {
			o.escape = map[string]string{}
		}
		o.escape[text] = written
	}
	o.Line = append(o.Line, written...)
}

// Safe is a field with a text of ours, which needs no escapes.
func (o *Object) Safe(name, text string) {
	o.Key(name)
	o.Line = append(append(append(o.Line, '"'), text...), '"')
}

// Whole is a field with a whole number.
func (o *Object) Whole(name string, n int64) {
	o.Key(name)
	o.Line = strconv.AppendInt(o.Line, n, 10)
}

// Real is a field with a number.
func (o *Object) Real(name string, f float64) {
	o.Key(name)
	o.Line = strconv.AppendFloat(o.Line, f, 'f', -1, 64)
}

// True is a field that is true.
func (o *Object) True(name string) {
	o.Key(name)
	o.Line = append(o.Line, "true"...)
}

// number and some are fields that are left out where they are 0 or empty.
func (o *Object) number(name string, n int64) {
	if n != 0 {
		o.Whole(name, n)
	}
}

// Some is a field with a text that is left out where it is empty.
func (o *Object) Some(name, text string) {
	if text != "" {
		o.Text(name, text)
	}
}
