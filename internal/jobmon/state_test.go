package jobmon

import "testing"

func TestRowStatesReadBack(t *testing.T) {
	for _, s := range RowStates() {
		if back, ok := ParseRowState(s.String()); !ok || back != s {
			t.Errorf("%s does not read back", s)
		}
	}
}
