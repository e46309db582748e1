package message

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/internal/wording"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// TestWordsAreComplete: each language has every word, with the same places, and every word is used.
func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	own := map[string]wording.Words{}
	for _, lang := range Languages() {
		own[lang] = wording.Words{}
		own[lang].Read(files, "words/"+lang+".txt")
	}
	places := func(text string) []string {
		list := regexp.MustCompile(`\{[\w.]+\}`).FindAllString(text, -1)
		slices.Sort(list)
		return list
	}
	for _, lang := range Languages() {
		if len(own[lang]) != len(own["en"]) {
			t.Errorf("%s has %d words, en has %d", lang, len(own[lang]), len(own["en"]))
		}
		for key, text := range own["en"] {
			if got := places(own[lang][key]); !slices.Equal(got, places(text)) {
				t.Errorf("%s: the places of %s are %s", lang, key, got)
			}
		}
		for _, topic := range notices.Topics() {
			if !own[lang].Has("topic." + string(topic)) {
				t.Errorf("%s has no word for %s", lang, topic)
			}
		}
	}
	source := ""
	names, _ := filepath.Glob("*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}
	for key := range own["en"] {
		used := strings.HasPrefix(key, "topic.")
		for _, suffix := range []string{"", ".one", ".again", ".since"} {
			base := strings.TrimSuffix(key, suffix)
			used = used || strings.Contains(source, `"`+strings.TrimPrefix(base, "title.")+`"`) ||
				strings.Contains(source, `"`+base+`"`)
		}
		if !used {
			t.Errorf("%s is not used", key)
		}
	}
}

// TestOneProblemIsOneThread: messages about one problem have one thread, those about others and other logs another;
// each mail has an id of its own, which a second attempt has too.
func TestOneProblemIsOneThread(t *testing.T) {
	t.Parallel()
	w := &Writer{Site: "DS01", Domain: "example.com"}
	mail := func(id, problem string, topic notices.Topic) (messageID, references string) {
		_, _, messageID, references = w.Mail(&notices.Message{ID: id, Notices: []*notices.Notice{{
			Topic: topic, Problem: problem,
		}}})
		return messageID, references
	}
	id, thread := mail("msg_a_1_failed", "5/2/77", notices.Failed)
	if again, same := mail("msg_a_1_failed", "5/2/77", notices.Failed); again != id || same != thread {
		t.Errorf("a second attempt has %s in %s", again, same)
	}
	if next, same := mail("msg_a_9_repaired", "5/2/77", notices.Repaired); next == id || same != thread {
		t.Errorf("the repair has %s in %s", next, same)
	}
	for _, other := range [][2]string{{"msg_a_1_failed", "5/2/78"}, {"msg_b_1_failed", "5/2/77"}} {
		if _, got := mail(other[0], other[1], notices.Failed); got == thread {
			t.Errorf("%s stands in the same thread", other)
		}
	}
}
