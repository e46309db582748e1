package store_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/store"
)

// torn hands out caches that are not what they were, or none.
type torn struct {
	*store.Log
	page   func(name string, p *store.CachePage)
	listed error
}

func (s *torn) Caches() ([]store.Cache, error) {
	list, err := s.Log.Caches()
	return list, errors.Join(err, s.listed)
}

func (s *torn) CachePage(name string, at int) (store.CachePage, error) {
	p, err := s.Log.CachePage(name, at)
	s.page(name, &p)
	return p, err
}

// TestCachesComeAlong: a backup has the log's caches, and what is restored from it too; a cache that cannot be had is
// left out, and the backup is whole all the same.
func TestCachesComeAlong(t *testing.T) {
	t.Parallel()
	log := open(t, t.TempDir(), store.Options{})
	history(t, log, 2500)
	last, _, _ := log.Last()
	big := make([]byte, 900_000)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	caches := map[string]store.Cache{
		"big":   {Name: "big", Version: 3, Seq: last, Data: big},
		"small": {Name: "small", Seq: 7, Data: []byte("x")},
		"empty": {Name: "empty", Version: 1, Seq: 2000},
	}
	for _, c := range caches {
		if err := log.KeepCaches(c); err != nil {
			t.Fatal(err)
		}
	}
	same := func(when string, got *store.Log, without string) {
		t.Helper()
		if content(t, got, 0) != content(t, log, 0) {
			t.Errorf("%s: other events", when)
		}
		for name, want := range caches {
			is, ok := got.Cache(name, want.Version)
			if name == without || without == "all" {
				if ok {
					t.Errorf("%s: there is the cache %q, of %d bytes", when, name, len(is.Data))
				}
				continue
			}
			if !ok || !reflect.DeepEqual(is, want) {
				t.Errorf("%s: the cache %q is %v, of event %d, %d bytes", when, name, ok, is.Seq, len(is.Data))
			}
		}
	}
	copied := func(source store.Source) *store.Log {
		t.Helper()
		path := filepath.Join(t.TempDir(), "copy.db")
		if _, err := store.Backup(t.Context(), source, path, nil); err != nil {
			t.Fatal(err)
		}
		return openCopy(t, path)
	}
	same("the backup", copied(log), "")

	dir := t.TempDir()
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), log, path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), dir, path, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	restored := open(t, dir, store.Options{})
	same("what was restored", restored, "")
	report, err := store.Verify(t.Context(), path)
	if err != nil || !report.Whole() || report.Caches != len(caches) {
		t.Errorf("verify finds %+v, %v", report, err)
	}

	pages := 0
	for name, page := range map[string]func(name string, p *store.CachePage){
		"a bit":     func(_ string, p *store.CachePage) { p.Data[len(p.Data)/2] ^= 4 },
		"replaced":  func(_ string, p *store.CachePage) { p.Seq++ },
		"gone":      func(_ string, p *store.CachePage) { *p = store.CachePage{} },
		"too large": func(_ string, p *store.CachePage) { p.Size = 1 << 60 },
		"cut off":   func(_ string, p *store.CachePage) { p.Size = len(p.Data) },
		"its second": func(_ string, p *store.CachePage) {
			if pages++; pages == 2 {
				p.Data = nil
			}
		},
	} {
		source := &torn{Log: log, page: func(of string, p *store.CachePage) {
			if of == "big" {
				page(of, p)
			}
		}}
		same(name, copied(source), "big")
	}
	source := &torn{Log: log, page: func(string, *store.CachePage) {}, listed: errors.New("another version runs")}
	same("not listed", copied(source), "all")

	// the newest events came too late for the copy: so what follows from them is left out
	got := copied(beforeCaches{log, func() {
		appendKnown(t, log, 3)
		end, _, _ := log.Last()
		if err := log.KeepCaches(store.Cache{Name: "late", Seq: end, Data: []byte("y")}); err != nil {
			t.Fatal(err)
		}
	}})
	if _, ok := got.Cache("late", 0); ok || !strings.HasPrefix(content(t, log, 0), content(t, got, 0)) {
		t.Error("a cache came along without its events")
	}
}

// beforeCaches does something before the caches are listed.
type beforeCaches struct {
	store.Source
	do func()
}

func (b beforeCaches) Caches() ([]store.Cache, error) {
	b.do()
	return b.Source.Caches()
}
