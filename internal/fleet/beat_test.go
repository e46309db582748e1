package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// A site's word sets no log aside unless the other log is published, and only now and then.
func TestHowOftenACopyBeginsAnew(t *testing.T) {
	t.Parallel()
	one, other := strings.Repeat("01", 16), strings.Repeat("02", 16)
	keep := &memoryCopy{}
	keep.id = one
	f := &Follower{FollowerOptions: FollowerOptions{Copy: keep, Logger: zerolog.Nop()}, hub: &Hub{}}
	says := func(published string, o outcome) error {
		return f.begin(&arrival{header: ndjson.Header{LogID: published}}, &o, tip{seq: 5})
	}
	if err := says(one, outcome{log: other}); errors.Is(err, errAgain) || len(keep.aside) > 0 {
		t.Errorf("a log that nobody has published: %v", err)
	}
	for range 3 {
		_ = says(other, outcome{log: other})
		_ = says(other, outcome{fork: true})
	}
	if err := says(other, outcome{fork: true}); len(keep.aside) != 1 || !strings.Contains(err.Error(), "anew in 10m") {
		t.Errorf("%d logs are set aside: %v", len(keep.aside), err)
	}
	f.begun = time.Now().Add(-anewEvery)
	if err := says(other, outcome{fork: true}); !errors.Is(err, errAgain) || len(keep.aside) != 2 {
		t.Errorf("%d logs are set aside: %v", len(keep.aside), err)
	}
}

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
	b, err := readBeat("DS01", []byte(`{"site":"DS01","refused":"\u001b[2J`+strings.Repeat("x", 9000)+`"}`))
	if err != nil || len(b.Refused) > 700 || strings.Contains(b.Refused, "\x1b") {
		t.Errorf("%q, %v", b.Refused, err)
	}
}

// A site that may not publish is away with its reason, however often its daemon answers; a second daemon of a site that
// publishes is named.
func TestADaemonThatMayNotPublish(t *testing.T) {
	t.Parallel()
	const why = "the stream holds another log"
	says := func(instance, refused string) Beat { return Beat{LogID: "a", Instance: instance, Refused: refused} }
	for name, c := range map[string]struct {
		beats         []Beat
		lost          string
		away, trouble string
	}{
		"it publishes":           {[]Beat{says("one", "")}, "", "", ""},
		"it is refused":          {[]Beat{says("one", why)}, "", "refused", why},
		"refused from now on":    {[]Beat{says("one", ""), says("one", why)}, "", "refused", why},
		"no longer refused":      {[]Beat{says("one", why), says("one", "")}, "", "", ""},
		"another one is refused": {[]Beat{says("one", ""), says("two", why)}, "", "", why},
		"NATS is away":           {[]Beat{says("one", why)}, "it is cut off", "nats", "it is cut off"},
	} {
		f := &Follower{FollowerOptions: FollowerOptions{Logger: zerolog.Nop()}, since: time.Now()}
		for i := range c.beats {
			f.heard(&c.beats[i])
		}
		if s := f.stands(c.lost, time.Now()); s.Away != c.away || !strings.HasSuffix(s.Trouble, c.trouble) ||
			(s.Trouble == "") != (c.trouble == "") {
			t.Errorf("%s: %q is away: %q", name, s.Away, s.Trouble)
		}
	}
}
