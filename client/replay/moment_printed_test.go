package replay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// named are the layouts that printers write by name.
var named = map[string]string{
	"DateTime": time.DateTime,
	"DateOnly": time.DateOnly,
	"TimeOnly": time.TimeOnly,
	"RFC3339":  time.RFC3339,
}

// layouts are those of all calls of Format in the program's source: every form in which it prints a time.
func layouts(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, root := range []string{"../../cmd", "../../client", "../../internal", "../../projector", "../../ingest", "../../store"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			constants := map[string]string{}
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
					for i, name := range spec.Names {
						constants[name.Name] = constant(spec.Values[i], nil)
					}
				}
				if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
					if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Format" {
						found = append(found, constant(call.Args[0], constants))
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	return slices.DeleteFunc(slices.Compact(found), func(s string) bool {
		// a part of a time, nothing, or the stamp in the name of a file
		return !strings.Contains(s, "15:04") && !strings.Contains(s, "01-02") || strings.Contains(s, "15-04")
	})
}

// constant is the text of an expression of literals, or "".
func constant(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.SelectorExpr:
		return named[e.Sel.Name]
	case *ast.Ident:
		return constants[e.Name]
	case *ast.BinaryExpr:
		return constant(e.X, constants) + constant(e.Y, constants)
	}
	return ""
}

// TestPrintedTimesAreAccepted types back every form in which the program prints a time, with every way in which it
// writes a zone behind one: what is meant is what was printed.
func TestPrintedTimesAreAccepted(t *testing.T) {
	t.Parallel()
	all := layouts(t)
	t.Logf("%q", all)
	if len(all) < 8 {
		t.Fatalf("only the layouts %q were found", all)
	}
	zones := []string{"", " UTC", " UTC-07:00", " -07:00", "-07:00", " (UTC-07:00)", "Z07:00"}
	lawtest.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom(all).Draw(t, "layout")
		offset := time.Duration(rapid.IntRange(-14*4, 14*4).Draw(t, "quarters")) * 15 * time.Minute
		clock := NewClock(Shift{Offset: int(offset.Seconds())})
		at := time.UnixMilli(rapid.Int64Range(1_767_200_000_000, 1_798_700_000_000).Draw(t, "at"))
		shown := clock.In(at)
		if !strings.ContainsAny(layout, "Z") && !strings.Contains(layout, "UTC") &&
			!strings.Contains(layout, "07:00") &&
			strings.Contains(layout, ":") {
			zone := rapid.SampledFrom(zones).Draw(t, "zone")
			if layout += zone; zone == " UTC" {
				shown = at.UTC()
			}
		} else if strings.HasSuffix(layout, "Z") || strings.HasSuffix(layout, "UTC") {
			shown = at.UTC()
		}
		text := shown.Format(layout)
		// what was printed last may be as old as the next one to come
		end := at.Add(time.Duration(rapid.IntRange(0, 3_600).Draw(t, "age")) * time.Second)
		got, err := clock.Parse(text, end)
		if err != nil {
			t.Fatal(err)
		}
		if again := got.Time.In(shown.Location()).Format(layout); again != text {
			t.Fatalf("%q is read as %v, which is printed as %q", text, got.Time, again)
		}
		if strings.Contains(layout, "15:04") && (at.Sub(got.Time) < 0 || at.Sub(got.Time) >= time.Minute) {
			t.Fatalf("%q of %v is read as %v", text, at.UTC(), got.Time.UTC())
		}
		if _, err := clock.ParseEnd(text, end, Point{}); err != nil {
			t.Fatal(err)
		}
	})
	for _, text := range []string{"seq:12", "seq 12"} {
		if got, err := (Clock{}).Parse(text, time.Now()); err != nil || got.Seq != 12 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
