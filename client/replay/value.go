package replay

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// value is what a cell or a field of JSON holds; the zero value is nothing.
type value struct {
	is    valueKind
	text  string
	whole int64 // or the bits of a real number: a larger struct would be copied through memory
}

type valueKind uint8

const (
	isNothing valueKind = iota
	isText
	isSafe // a text of ours, which needs no escapes
	isWhole
	isReal
	isTruth // whole is 1 for true
)

func text(s string) value { return value{is: isText, text: s} }

func safe(s string) value { return value{is: isSafe, text: s} }

func whole[N ~uint64 | ~int64 | ~int32 | ~int](n N) value { return value{is: isWhole, whole: int64(n)} }

func truth(b bool) value {
	v := value{is: isTruth}
	if b {
		v.whole = 1
	}
	return v
}

func inSeconds(d time.Duration) value { return realNumber(d.Seconds()) }

func realNumber(f float64) value { return value{is: isReal, whole: int64(math.Float64bits(f))} }

// when is nothing unless the value is known.
func when(known bool, v value) value {
	if !known {
		return value{}
	}
	return v
}

func someText(s string) value {
	if s == "" {
		return value{}
	}
	return text(s)
}

func someWhole[N ~uint64 | ~int64 | ~int32](n N) value {
	if n == 0 {
		return value{}
	}
	return whole(n)
}

// valueOf is a string, number or bool; nil is nothing.
func valueOf(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return text(v)
	case float64:
		return realNumber(v)
	case int:
		return whole(v)
	case jobmon.Code: // the number alone
		return whole(v)
	case bool:
		return truth(v)
	}
	return text(fmt.Sprint(v))
}

// append appends all but a text as JSON and CSV have it.
func (v *value) append(dst []byte) []byte {
	switch v.is {
	case isWhole:
		return strconv.AppendInt(dst, v.whole, 10)
	case isReal:
		return strconv.AppendFloat(dst, math.Float64frombits(uint64(v.whole)), 'f', -1, 64)
	case isTruth:
		return strconv.AppendBool(dst, v.whole == 1)
	}
	return append(dst, v.text...)
}

// String is the value as a cell of a table.
func (v *value) String() string { return string(v.append(nil)) }

// object appends those fields as one JSON object, in their order.
func object(o *ndjson.Object, list []field, r *Record, utc bool) {
	o.Open()
	for i := range list {
		switch v := list[i].value(r, utc); v.is {
		case isNothing:
			o.Key(list[i].name)
			o.Line = append(o.Line, "null"...)
		case isText:
			o.Text(list[i].name, v.text)
		case isSafe:
			o.Safe(list[i].name, v.text)
		default:
			o.Key(list[i].name)
			o.Line = v.append(o.Line)
		}
	}
	o.Close()
}
