package jobmon

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		d           time.Duration
		text, brief string
	}{
		{-time.Second, "0 s", "0s"}, {0, "0 s", "0s"}, {59*time.Second + 999*time.Millisecond, "59 s", "59s"},
		{time.Minute, "1 min", "1m"}, {95 * time.Second, "1 min 35 s", "1m35s"},
		{59*time.Minute + 59*time.Second, "59 min 59 s", "59m59s"},
		{time.Hour + 5*time.Minute + 59*time.Second, "1 h 05 min", "1h05m"},
		{47*time.Hour + 59*time.Minute, "47 h 59 min", "47h59m"}, {76 * time.Hour, "3 d 4 h", "3d4h"},
	} {
		if text := Span(c.d); text != c.text || Brief(text) != c.brief {
			t.Errorf("%v: %q, %q, want %q, %q", c.d, text, Brief(text), c.text, c.brief)
		}
	}
}

func TestALengthSaysWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		length      Length
		text, brief string
	}{
		{Length{Took: 65 * time.Second}, "1 min 5 s", "1m5s"},
		{Length{Most: 5 * time.Second}, "< 5 s", "<5s"}, {Length{Most: 500 * time.Millisecond}, "< 1 s", "<1s"},
		{Length{Took: 9 * time.Second, Most: 40 * time.Second, Inexact: true}, "up to 40 s", "<=40s"},
		{Length{Took: 9 * time.Second, Inexact: true}, "~9 s", "~9s"},
	} {
		if text := c.length.String(); text != c.text || Brief(text) != c.brief ||
			c.length.Exact() != (text == "1 min 5 s") {
			t.Errorf("%+v: %q, %q", c.length, text, Brief(text))
		}
	}
}
