package evt

import (
	"fmt"
	"math"
	"reflect"
	"strings"
)

// The bounds of the numbers in a file, in both directions: what is beyond them is not written, and a file that goes
// beyond them is refused. No reader may do anything as often as a number says without one.
const (
	MaxSeq     = 1<<53 - 1     // the largest whole number that every reader of JSON takes exactly
	MaxCount   = 1_000_000     // of anything that is counted
	MaxSeconds = math.MaxInt32 // of a duration
	MaxOffset  = 14 * 3600     // seconds between a wall clock and UTC, in either direction
)

// bounded reports a number that is beyond its bounds. The error names it: name is where v stands in the file.
func bounded(v reflect.Value, name string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return bounded(v.Elem(), name)
	case reflect.Slice:
		for i := range v.Len() {
			if err := bounded(v.Index(i), name); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		for field, value := range v.Fields() {
			member, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if err := bounded(value, strings.TrimPrefix(name+"."+member, ".")); err != nil {
				return err
			}
		}
		return nil
	}
	return boundedNumber(v, name)
}

func boundedNumber(v reflect.Value, name string) error {
	var n, least, most int64
	switch value := v.Interface().(type) {
	case uint64:
		n, most = int64(min(value, math.MaxInt64)), MaxSeq
	case int64:
		n, most = value, MaxSeconds
	case int:
		n, most = int64(value), MaxCount
	}
	switch name {
	case "percent":
		most = 100
	case "utc_offset_s":
		least, most = -MaxOffset, MaxOffset
	case "current", "next": // check has the number of stages
		return nil
	}
	if n < least || n > most {
		return fmt.Errorf("%s is %d, and can be from %d to %d", name, n, least, most)
	}
	return nil
}

// count keeps a number of things within its bounds.
func count(n int) int { return min(max(0, n), MaxCount) }
