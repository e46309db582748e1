package words_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

func TestWords(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "d"}
	for got, want := range map[string]string{
		words.Count(0, "row"):                 "0 rows",
		words.Count(1, "row"):                 "1 row",
		words.Count(2, "batch", "batches"):    "2 batches",
		words.Or("table"):                     "table",
		words.Or("table", "json"):             "table or json",
		words.Or("table", "json", "csv"):      "table, json or csv",
		words.Some(names, 4):                  "a, b, c, d",
		words.Some(names, 3):                  "a, b, c and 1 more",
		words.Or() + words.Some(nil, 3) + ".": ".",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAKindIsFoundAndNotRead(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("there is no file%w", words.KindOf(fs.ErrNotExist))
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "there is no file" {
		t.Errorf("%q", err)
	}
}
