package evt

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// irregular are the fields whose name in templates does not follow viewName's rule.
var irregular = map[string]string{"At": "TimeUTC", "AtLocal": "Time", "ETAS": "ETAIn", "ETAHoldsS": "ETAHoldsIn"}

// viewName is the name that templates have for a field: of times, that of the server's wall clock has the plain name,
// and durations have no ending.
func viewName(f reflect.StructField) string {
	switch name := f.Name; {
	case irregular[name] != "":
		return irregular[name]
	case f.Type == reflect.TypeFor[UTC]():
		return name + "UTC"
	case f.Type == reflect.TypeFor[Local]():
		return strings.TrimSuffix(name, "Local")
	case strings.TrimPrefix(f.Type.String(), "*") == "int64" || name == "UTCOffsetS":
		return strings.TrimSuffix(name, "S")
	default:
		return name
	}
}

// viewOf returns what a template sees of a file; docs/evt-template.md lists it. Nothing is nil: what is absent is "", 0
// or has such fields. Times are texts, "2026-11-22 14:05:00". Names are one line.
func viewOf(f *File) map[string]any {
	view := viewValue(reflect.ValueOf(*f)).(map[string]any)
	view["SourceLost"] = f.Source == SourceLost
	view["UTCOffset"] = ""
	if f.Kind != KindStopped {
		view["UTCOffset"] = jobmon.Offset(f.UTCOffsetS).String()
	}
	failures := []map[string]any{}
	stages := view["Stages"].([]map[string]any)
	for i, s := range stages {
		s["Number"], s["Attempt"] = i+1, cmp.Or(f.Stages[i].Attempt, 1)
		for _, failure := range s["Failures"].([]map[string]any) {
			failure["Stage"] = s["Name"]
			failures = append(failures, failure)
		}
	}
	view["Failures"] = failures
	none := viewValue(reflect.ValueOf(Stage{})).(map[string]any)
	none["Number"], none["Attempt"] = 0, 0
	for name, index := range map[string]*int{"Current": f.Current, "Next": f.Next} {
		if view[name] = none; index != nil {
			view[name] = stages[*index]
		}
	}
	return view
}

func viewValue(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case UTC:
		return timeText(int64(value))
	case Local:
		return timeText(int64(value))
	case jobmon.Code:
		return int64(value)
	}
	switch v.Kind() {
	case reflect.String:
		return oneLine(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(v.Type().Elem())
		}
		return viewValue(v.Elem())
	case reflect.Slice:
		if rows, ok := v.Interface().([]string); ok {
			return rows
		}
		list := make([]map[string]any, v.Len())
		for i := range list {
			list[i] = viewValue(v.Index(i)).(map[string]any)
		}
		return list
	case reflect.Struct:
		view := make(map[string]any, v.NumField())
		for field, value := range v.Fields() {
			view[viewName(field)] = viewValue(value)
		}
		return view
	}
	return v.Interface()
}

func timeText(milli int64) string {
	if milli == 0 {
		return ""
	}
	return time.UnixMilli(milli).UTC().Format(time.DateTime)
}

// oneLine keeps a name from ending a line, ringing a bell or turning the direction of the text around it.
func oneLine(name string) string {
	const joiners = "\u200c\u200d" // they shape the letters beside them
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) || slices.Contains([]rune(joiners), r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(name, "\ufffd"))
}
