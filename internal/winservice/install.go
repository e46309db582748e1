package winservice

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/undo"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Options say what Install registers.
type Options struct {
	Name         string // the service's name
	Display      string
	Description  string
	Program      string   // absolute path
	Arguments    []string // after those of the variable Arguments
	Account      string   // by name; "" is the virtual account of the service
	Password     string   // for an account that NeedsPassword
	Start        StartType
	Dependencies []string
	Grants       []Grant
}

// Result is what Install has done.
type Result struct {
	Updated bool // the service existed before
	Running bool // the service is running, with its old registration until it is restarted
	Account Account
	Granted []Grant
	Notes   []string // what an administrator should know or do
}

// system is the part of the operating system that an installation changes.
type system interface {
	lookup(account string) (Account, error)
	find(name string) (*Status, error) // ErrNotInstalled
	create(r *Registration, password string) error
	change(r *Registration, password string) error // an empty password keeps the old one
	remove(name string) error
	// harden makes the system restart the service when it fails, and takes away the privileges that the service does
	// not need. The notes name what this system cannot do.
	harden(name string) (notes []string, err error)
	// remote reports whether the path lies on another computer.
	remote(path string) bool
	// rights returns those of a file or folder, in a form that setRights accepts.
	rights(path string) (string, error)
	setRights(path, rights string) error
	// believe refuses an existing path that leads elsewhere, or whose owner is neither an administrator, nor the one
	// who installs, nor the service's account.
	believe(path, account string) error
	grant(g *Grant) error
	revoke(path, sid string) error
	// allowLogon gives the account the right to log on as a service; had reports that it had that right already.
	allowLogon(sid string) (had bool, err error)
	denyLogon(sid string) error
}

// install registers the service, or updates its registration, and grants the rights. When a step fails, those before it
// are undone.
func install(sys system, o Options) (result *Result, err error) {
	account, err := resolve(o.Account, o.Name, sys.lookup)
	if err != nil {
		return nil, err
	}
	before, err := sys.find(o.Name)
	if err != nil && !errors.Is(err, ErrNotInstalled) {
		return nil, err
	}
	if err := installable(o, before, account); err != nil {
		return nil, err
	}
	if err := planted(sys, o.Grants, account); err != nil {
		return nil, err
	}
	var done undo.Log
	defer func() { err = done.After(err) }()
	result = &Result{Updated: before != nil, Running: before != nil && before.State != Stopped, Account: account}
	if err := giveAll(sys, &done, result, o); err != nil {
		return nil, err
	}
	if account.needsLogonRight() {
		if err := letLogOn(sys, &done, account); err != nil {
			return nil, err
		}
	}
	if err := register(sys, &done, result, before, o); err != nil {
		return nil, err
	}
	notes, err := sys.harden(o.Name)
	if err != nil {
		return nil, fmt.Errorf("set what happens when the service %s fails: %w", o.Name, err)
	}
	result.Notes = append(result.Notes, notes...)
	return result, nil
}

// installable refuses to replace another program's service, and an account without its password. before is the service
// as it is registered now, nil when it is not.
func installable(o Options, before *Status, account Account) error {
	if before != nil && !before.ours() {
		return fmt.Errorf("a service %s exists already and runs %s: %w", o.Name, strings.Join(before.Command, " "),
			ErrAnother)
	}
	if account.NeedsPassword() && o.Password == "" && (before == nil || before.Account.SID != account.SID) {
		return fmt.Errorf("%s needs a password: give it on standard input or in a file with --password-file%w",
			account.Name, words.KindOf(ErrAccount))
	}
	return nil
}

// planted refuses files and folders that somebody other than an administrator may have put there. It runs before
// anything is changed, because the configuration decides on which folders rights are granted.
func planted(sys system, grants []Grant, account Account) error {
	for _, g := range grants {
		if !g.Private && !g.Trusted || sys.remote(g.Path) {
			continue
		}
		paths := []string{g.Path}
		entries, _ := os.ReadDir(g.Path) // none for a file
		for _, e := range entries {
			if !e.IsDir() { // the service also makes folders for others
				paths = append(paths, filepath.Join(g.Path, e.Name()))
			}
		}
		for _, path := range paths {
			if err := sys.believe(path, account.SID); err != nil {
				return fmt.Errorf("%w; then install the service", err)
			}
		}
	}
	return nil
}

// giveAll grants all rights: to the service's account, or to the account that a grant names.
func giveAll(sys system, done *undo.Log, result *Result, o Options) (err error) {
	for _, g := range o.Grants {
		g.Account = result.Account
		if g.For != "" {
			if g.Account, err = resolve(g.For, o.Name, sys.lookup); err != nil {
				return err
			}
		}
		if err := give(sys, done, result, g); err != nil {
			return err
		}
	}
	return nil
}

// give makes the folder if needed, and grants the right.
func give(sys system, done *undo.Log, result *Result, g Grant) error {
	if sys.remote(g.Path) {
		result.Notes = append(result.Notes,
			fmt.Sprintf("%s lies on another computer, whose rights are not changed: allow to %s there for %s, in the "+
				"share's rights and in the folder's", g.Path, g.Right, seenFromAfar(g.Account)))
		return nil
	}
	if g.Folder {
		if err := done.MakeFolder(g.Path, trust.MakeFolder); err != nil {
			return err
		}
	} else if _, err := os.Stat(g.Path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing: %w", g.Path, err)
	}
	old, err := sys.rights(g.Path)
	if err != nil {
		return fmt.Errorf("read the rights of %s: %w", g.Path, err)
	}
	done.Did(func() error { return sys.setRights(g.Path, old) })
	if err := sys.grant(&g); err != nil {
		return fmt.Errorf("give %s the right to %s %s: %w", g.Account.Name, g.Right, g.Path, err)
	}
	result.Granted = append(result.Granted, g)
	return nil
}

func letLogOn(sys system, done *undo.Log, account Account) error {
	had, err := sys.allowLogon(account.SID)
	if err != nil {
		return fmt.Errorf("give %s the right to log on as a service: %w", account.Name, err)
	}
	if !had {
		done.Did(func() error { return sys.denyLogon(account.SID) })
	}
	return nil
}

func register(sys system, done *undo.Log, result *Result, before *Status, o Options) error {
	r := &Registration{
		Name: o.Name, Display: o.Display, Description: o.Description, Account: result.Account, Start: o.Start,
		Dependencies: o.Dependencies,
		Command:      slices.Concat([]string{o.Program}, Arguments[:], o.Arguments),
	}
	if before == nil {
		if err := sys.create(r, o.Password); err != nil {
			return fmt.Errorf("make the service %s: %w", o.Name, err)
		}
		done.Did(func() error { return sys.remove(o.Name) })
		return nil
	}
	done.Did(func() error { return sys.change(&before.Registration, "") })
	if err := sys.change(r, o.Password); err != nil {
		return fmt.Errorf("change the service %s: %w", o.Name, err)
	}
	return nil
}

// seenFromAfar returns the account that another computer sees: Windows' own accounts have no name there.
func seenFromAfar(a Account) string {
	if a.needsLogonRight() {
		return a.Name
	}
	if a.SID == "S-1-5-19" { // LocalService is nobody on the network
		return "everybody, without logging on (better: take another account)"
	}
	return `this computer's own account (DOMAIN\COMPUTER$)`
}
