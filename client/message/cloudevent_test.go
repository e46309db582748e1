package message_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// dataSchema is the published schema, in a form that refuses what it does not name.
func dataSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("../../docs/notice.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	root := value.(map[string]any)
	root["additionalProperties"] = false
	for _, def := range root["$defs"].(map[string]any) {
		if object := def.(map[string]any); object["type"] == "object" {
			object["additionalProperties"] = false
		}
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("notice.schema.json", root); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("notice.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// parsed is the data of a CloudEvent as CloudEvents' own library reads it.
func parsed(t rapid.TB, schema *jsonschema.Schema, w *message.Writer, m *notices.Message) map[string]any {
	t.Helper()
	body, err := w.CloudEvent(m)
	if err != nil {
		t.Fatal(err)
	}
	var e cloudevents.Event
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	if err := e.Validate(); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	last := m.Notices[len(m.Notices)-1]
	if e.ID() != m.ID || e.DataSchema() != message.CloudEventSchema || !e.Time().Equal(last.Event.At.Time()) {
		t.Fatalf("%s", body)
	}
	data, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Data()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(data); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return data.(map[string]any)
}

// TestCloudEvents: their own library parses each one, the data is as the schema says, and all that the schema names is
// written somewhere.
func TestCloudEvents(t *testing.T) {
	t.Parallel()
	schema, seen := dataSchema(t), map[string]bool{}
	for _, e := range examples(t) {
		for key := range parsed(t, schema, writer("fr"), e.message) {
			seen[key] = true
		}
	}
	for key := range schema.Properties {
		if !seen[key] {
			t.Errorf("no example has %s", key)
		}
	}
}

// TestAnyCloudEventIsValid: with names and numbers of any kind. A digest counts all that it stands for.
func TestAnyCloudEventIsValid(t *testing.T) {
	t.Parallel()
	schema := dataSchema(t)
	lawtest.Check(t, func(t *rapid.T) {
		m := drawn(t)
		data := parsed(t, schema, writer("en"), m)
		if !m.Digest {
			return
		}
		listed, _ := data["notices"].([]any)
		more, err := data["more"].(json.Number).Int64()
		if err != nil || int(more)+len(listed) != len(m.Notices)+m.More {
			t.Fatalf("%d are listed of %d, and %d more", len(listed), len(m.Notices)+m.More, more)
		}
	})
}
