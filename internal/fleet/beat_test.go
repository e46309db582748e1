package fleet

import (
	"fmt"
	"testing"
	"time"
)

// Figures that cannot be are refused: what is shown of a site, and when, follows from them.
func TestWhatABeatCanSay(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	for text, good := range map[string]bool{
		``:                                       true,
		`,"last":5,"age_ms":-1`:                  true,
		fmt.Sprintf(`,"covered_ms":%d`, now):     true,
		fmt.Sprintf(`,"covered_ms":%d`, now+7e7): true,
		fmt.Sprintf(`,"covered_ms":%d`, now+9e7): false,
		`,"covered_ms":253402300799999`:          false,
		`,"covered_ms":9223372036854775807`:      false,
		`,"covered_ms":-9223372036854775808`:     false,
		`,"covered_ms":1`:                        false,
		`,"last":18446744073709551615`:           false,
		`,"last":9007199254740993`:               false,
		`,"age_ms":-2`:                           false,
		`,"age_ms":9223372036854775807`:          false,
	} {
		b, err := readBeat("DS01", []byte(`{"site":"DS01"`+text+`}`))
		if err == nil {
			err = b.early(mostAhead)
		}
		if (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
