package winservice

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// fakeSystem is a Windows that the test holds in its hands; the folders are real ones.
type fakeSystem struct {
	services  map[string]*Status
	passwords map[string]string
	acl       map[string]string
	owners    map[string]string // who made what, where that is no administrator
	logon     map[string]bool
	shares    string // what begins so lies elsewhere

	calls  int
	failAt int // the call that fails, counted from 1
}

var errInjected = errors.New("the system is out of order")

func newSystem() *fakeSystem {
	return &fakeSystem{services: map[string]*Status{}, passwords: map[string]string{}, acl: map[string]string{},
		logon: map[string]bool{}, shares: `\\`}
}

func (s *fakeSystem) call() error {
	if s.calls++; s.calls == s.failAt {
		return errInjected
	}
	return nil
}

func (s *fakeSystem) lookup(name string) (Account, error) {
	if !strings.Contains(name, "jobmon") {
		return Account{}, fmt.Errorf("there is no account %s: %w", name, ErrAccount)
	}
	return Account{Name: `EXAMPLE\jobmon`, SID: "S-1-5-21-1-2-3-1104"}, s.call()
}

func (s *fakeSystem) find(name string) (*Status, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	if r, ok := s.services[name]; ok {
		c := *r
		return &c, nil
	}
	return nil, ErrNotInstalled
}

func (s *fakeSystem) create(r *Registration, password string) error {
	if err := s.call(); err != nil {
		return err
	}
	s.services[r.Name], s.passwords[r.Name] = &Status{Registration: *r, State: Stopped}, password
	return nil
}

func (s *fakeSystem) change(r *Registration, password string) error {
	if err := s.call(); err != nil {
		return err
	}
	s.services[r.Name].Registration = *r
	if password != "" {
		s.passwords[r.Name] = password
	}
	return nil
}

func (s *fakeSystem) remove(name string) error {
	delete(s.services, name)
	delete(s.passwords, name)
	return nil
}

func (s *fakeSystem) harden(string) ([]string, error) { return nil, s.call() }
func (s *fakeSystem) remote(path string) bool         { return strings.HasPrefix(path, s.shares) }

func (s *fakeSystem) rights(path string) (string, error) { return s.acl[path], s.call() }

func (s *fakeSystem) setRights(path, rights string) error {
	if s.acl[path] = rights; rights == "" {
		delete(s.acl, path)
	}
	return nil
}

func (s *fakeSystem) believe(path, account string) error {
	if owner, ok := s.owners[path]; ok && owner != account {
		return fmt.Errorf("%s was made by %s: %w", path, owner, trust.ErrOwner)
	}
	return s.call()
}

func (s *fakeSystem) grant(g *Grant) error {
	if err := s.call(); err != nil {
		return err
	}
	s.acl[g.Path] += fmt.Sprintf("(%s %s private=%v)", g.Right, g.Account.SID, g.Private)
	return nil
}

func (s *fakeSystem) revoke(path, _ string) error { delete(s.acl, path); return nil }

func (s *fakeSystem) allowLogon(sid string) (bool, error) {
	if err := s.call(); err != nil {
		return false, err
	}
	had := s.logon[sid]
	s.logon[sid] = true
	return had, nil
}

func (s *fakeSystem) denyLogon(sid string) error { delete(s.logon, sid); return nil }

// picture is all that an installation could have changed.
func (s *fakeSystem) picture(t *testing.T, dir string) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		files = append(files, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintln(files, s.acl, s.logon, s.passwords)
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		text += fmt.Sprintf("%+v\n", *s.services[name])
	}
	return text
}

func options(dir string) Options {
	return Options{
		Name: "jobmon-db", Display: "jobmon-db", Description: "watches", Program: filepath.Join(dir, "jobmon-db.exe"),
		Arguments: []string{"--config",
			filepath.Join(dir, "jobmon-db.yaml")}, Account: `EXAMPLE\jobmon`, Password: "geheim", Start: Automatic,
		Grants: []Grant{
			{Path: filepath.Join(dir, "a", "data"), Right: Modify, Folder: true, Private: true},
			{Path: filepath.Join(dir, "a", "data", "evt"), Right: Modify, Folder: true},
			{Path: filepath.Join(dir, "there"), Right: Modify, Folder: true},
		},
	}
}

func prepared(t *testing.T) (string, *fakeSystem) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o750); err != nil {
		t.Fatal(err)
	}
	return dir, newSystem()
}

func TestInstallIsAllOrNothing(t *testing.T) {
	for _, update := range []bool{false, true} {
		for failAt := 1; ; failAt++ {
			dir, sys := prepared(t)
			o := options(dir)
			if update {
				first := o
				first.Account, first.Password, first.Grants, first.Start = "", "", nil, Delayed
				if _, err := install(sys, first); err != nil {
					t.Fatal(err)
				}
			}
			before := sys.picture(t, dir)
			sys.calls, sys.failAt = 0, failAt
			_, err := install(sys, o)
			if sys.calls < failAt {
				if err != nil {
					t.Fatal(err)
				}
				if failAt < 12 {
					t.Errorf("only %d steps were there to fail", failAt-1)
				}
				break
			}
			if !errors.Is(err, errInjected) {
				t.Errorf("step %d failed, and install says %v", failAt, err)
			}
			after := sys.picture(t, dir)
			if update { // the password of before cannot be known; the manager was given the new one at most
				before, after = strings.ReplaceAll(before, "geheim", ""), strings.ReplaceAll(after, "geheim", "")
			}
			if before != after {
				t.Errorf("update %v: step %d failed, and this is left:\n%sinstead of\n%s", update, failAt, after,
					before)
			}
		}
	}
}

func TestInstall(t *testing.T) {
	dir, sys := prepared(t)
	o := options(dir)
	result, err := install(sys, o)
	if err != nil {
		t.Fatal(err)
	}
	first := sys.picture(t, dir)
	if result.Updated || len(result.Granted) != 3 || !sys.logon["S-1-5-21-1-2-3-1104"] {
		t.Errorf("%+v", result)
	}
	want := []string{o.Program, "service", "run", "--config", o.Arguments[1]}
	if got := sys.services["jobmon-db"].Command; !slices.Equal(got, want) {
		t.Errorf("registered is %q", got)
	}
	sys.services["jobmon-db"].State = Running
	sys.acl = map[string]string{}
	o.Password = "" // it is known already
	result, err = install(sys, o)
	if err != nil || !result.Updated || !result.Running {
		t.Fatalf("again: %+v, %v", result, err)
	}
	sys.services["jobmon-db"].State = Stopped
	if again := sys.picture(t, dir); again != first {
		t.Errorf("done twice it gives\n%sinstead of\n%s", again, first)
	}
}

func TestInstallRefuses(t *testing.T) {
	dir, sys := prepared(t)
	sys.services["other"] = &Status{Registration: Registration{Name: "other",
		Command: []string{"other.exe", "service"}}}
	for name, c := range map[string]struct {
		change func(*Options)
		want   error
	}{
		"an unknown account":              {func(o *Options) { o.Account = "nobody" }, ErrAccount},
		"an account without its password": {func(o *Options) { o.Password = "" }, ErrAccount},
		"the name of another service":     {func(o *Options) { o.Name = "other" }, ErrAnother},
		"a file that is missing": {func(o *Options) {
			o.Grants = append(o.Grants,
				Grant{Path: filepath.Join(dir, "none"), Right: Read})
		}, os.ErrNotExist},
	} {
		before := sys.picture(t, dir)
		o := options(dir)
		c.change(&o)
		if _, err := install(sys, o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after := sys.picture(t, dir); after != before {
			t.Errorf("%s leaves\n%sinstead of\n%s", name, after, before)
		}
	}
}

func TestRightsElsewhereAreNotTouched(t *testing.T) {
	dir, sys := prepared(t)
	for account, want := range map[string]string{"": `DOMAIN\COMPUTER$`, `EXAMPLE\jobmon`: `EXAMPLE\jobmon`,
		"LocalService": "another account"} {
		o := options(dir)
		o.Account = account
		o.Grants = []Grant{{Path: `\\files\express\temp`, Right: Modify, Folder: true}}
		result, err := install(sys, o)
		if err != nil || len(result.Granted) != 0 || len(result.Notes) != 1 ||
			!strings.Contains(result.Notes[0], want) ||
			!strings.Contains(result.Notes[0], `\\files\express\temp`) {
			t.Errorf("%q: %+v, %v", account, result, err)
		}
		if len(sys.acl) != 0 {
			t.Errorf("rights were changed: %v", sys.acl)
		}
	}
}

// What somebody put there before the installation decides nothing, and nothing is changed.
func TestPlantedFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *Options, dir string)
		path   string
		owner  string
		want   error
	}{
		"the data folder": {func(*Options, string) {}, "a/data", "S-1-5-21-7-7-7-1001", trust.ErrOwner},
		"a log in it": {func(*Options, string) {}, "a/data/CURRENT", "S-1-5-21-7-7-7-1001",
			trust.ErrOwner},
		"a file of the service's":    {func(*Options, string) {}, "a/data/CURRENT", "S-1-5-21-1-2-3-1104", nil},
		"a folder that others share": {func(*Options, string) {}, "there", "S-1-5-21-7-7-7-1001", nil},
		"the program": {func(o *Options, dir string) {
			o.Grants = append(o.Grants, Grant{Path: filepath.Join(dir, "jobmon-db.exe"), Right: Read, Trusted: true})
		}, "jobmon-db.exe", "S-1-5-21-7-7-7-1001", trust.ErrOwner},
	} {
		dir, sys := prepared(t)
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "a", "data"), 0o750),
			os.WriteFile(filepath.Join(dir, "a", "data", "CURRENT"), nil,
				0o600), os.WriteFile(filepath.Join(dir, "jobmon-db.exe"), nil, 0o700)); err != nil {
			t.Fatal(err)
		}
		sys.owners = map[string]string{filepath.Join(dir, c.path): c.owner}
		o, before := options(dir), sys.picture(t, dir)
		c.change(&o, dir)
		_, err := install(sys, o)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if after := sys.picture(t, dir); err != nil && after != before {
			t.Errorf("%s: it leaves\n%sinstead of\n%s", name, after, before)
		}
	}
}
