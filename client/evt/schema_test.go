package evt_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/jobmon-db/jobmon-db/client/evt"
)

// node is what these tests read of the schema.
type node struct {
	Ref         string          `json:"$ref"`
	Description string          `json:"description"`
	Required    []string        `json:"required"`
	Properties  map[string]node `json:"properties"`
	Items       *node           `json:"items"`
	Defs        map[string]node `json:"$defs"`
	AllOf       []struct {
		Then, Else struct {
			Required []string `json:"required"`
		}
	} `json:"allOf"`
}

func readSchema(t *testing.T) node {
	t.Helper()
	text, err := os.ReadFile("../../docs/evt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema node
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// eachStruct calls visit for every struct of the format with the schema's object for it.
func eachStruct(t *testing.T, schema node, visit func(typ reflect.Type, object node)) {
	t.Helper()
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type, object node)
	walk = func(typ reflect.Type, object node) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		visit(typ, object)
		for field := range fields(typ) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			below, property := field.Type, object.Properties[name]
			if below.Kind() == reflect.Slice && property.Items != nil {
				below, property = below.Elem(), *property.Items
			}
			if below.Kind() == reflect.Pointer {
				below = below.Elem()
			}
			if below.Kind() == reflect.Struct {
				walk(below, schema.Defs[strings.TrimPrefix(property.Ref, "#/$defs/")])
			}
		}
	}
	walk(reflect.TypeFor[evt.File](), schema)
	if len(seen) != 11 {
		t.Errorf("%d structs found", len(seen))
	}
}

func fields(typ reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range typ.NumField() {
			if !yield(typ.Field(i)) {
				return
			}
		}
	}
}

func TestSchemaAndStructsNameTheSameFields(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	always := append(slices.Clone(schema.Required), schema.AllOf[0].Else.Required...)
	eachStruct(t, schema, func(typ reflect.Type, object node) {
		var named, required []string
		for field := range fields(typ) {
			name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
			named = append(named, name)
			if option == "" {
				required = append(required, name)
			}
		}
		want := object.Required
		if typ == reflect.TypeFor[evt.File]() {
			want = always
		}
		slices.Sort(named)
		if got := slices.Sorted(maps.Keys(object.Properties)); !slices.Equal(got, named) {
			t.Errorf("%s: the schema names %q, the struct %q", typ, got, named)
		}
		slices.Sort(required)
		if got := slices.Sorted(slices.Values(want)); !slices.Equal(got, required) {
			t.Errorf("%s: the schema requires %q, the struct always writes %q", typ, got, required)
		}
	})
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	whole := string(golden(t, "failed-late"))
	for name, text := range map[string]string{
		"a deployment without stages": strings.Replace(whole, `"stages":[`, `"x":[`, 1),
		"an idle file with a session": strings.Replace(whole, `"deployment"`, `"idle"`, 1),
		"a late stage that says no":   strings.Replace(whole, `"late":true`, `"late":false`, 1),
		"an unknown state":            strings.Replace(whole, `"succeeded"`, `"done"`, 1),
		"a time in another zone":      strings.Replace(whole, `05.000Z"`, `05.000+01:00"`, 1),
		"an end without local time":   strings.Replace(whole, `"eta_local"`, `"x"`, 1),
		"a newer version":             strings.Replace(whole, `"v":1`, `"v":2`, 1),
		"a name that is too long":     strings.Replace(whole, `DS01`, strings.Repeat("x", evt.MaxName+1), 1),
	} {
		if text == whole {
			t.Fatalf("%s: nothing was changed", name)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err == nil {
			t.Errorf("%s is valid", name)
		}
	}
}

// The specification shows a file that is written exactly so, and names every field.
func TestSpecification(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/evt-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := bytes.Cut(text, []byte("```json\n"))
	example, _, _ = bytes.Cut(example, []byte("```"))
	var line bytes.Buffer
	if err := json.Compact(&line, example); err != nil {
		t.Fatalf("the example: %v", err)
	}
	line.WriteString("\r\n")
	if want := golden(t, "failed-late"); !bytes.Equal(line.Bytes(), want) {
		t.Errorf("the example is\n%s\nbut the file is\n%s", &line, want)
	}
	eachStruct(t, readSchema(t), func(typ reflect.Type, object node) {
		for name, property := range object.Properties {
			if !bytes.Contains(text, []byte("`"+name+"`")) {
				t.Errorf("%s.%s is not specified", typ, name)
			}
			if property.Description == "" && property.Ref == "" {
				t.Errorf("%s.%s has no description in the schema", typ, name)
			}
		}
	})
}
