package fleet

import (
	"encoding/json"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

type stub struct {
	H ndjson.Header
	L []jobmon.Link
}

// encode is to be ndjson.AppendMessage.
func encode(dst []byte, h ndjson.Header, links []jobmon.Link) []byte {
	text, _ := json.Marshal(stub{h, links})
	return append(dst, text...)
}

// decode is to be ndjson.ReadMessage.
func decode(text []byte) (ndjson.Header, []jobmon.Link, error) {
	var s stub
	err := json.Unmarshal(text, &s)
	return s.H, s.L, err
}
