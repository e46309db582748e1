// Package hub follows the logs of many sites, keeps a copy of each, and shows what they say.
//
//	(1) lock       instance.Lock    one hub for a data folder, and nobody else in the folder of a site
//	(2) server     fleet.Server     the NATS server of a small fleet, in this process
//	(3) sites      Site             a copy of each log, with the tables and pictures that follow from it
//	(4) followers  fleet.Follower   bring the streams into (3): durable before visible
//	(5) endpoints  control.Handler  answer commands about the hub, and about each site as its own daemon would
//
// A site's folder is an ordinary data folder: every command works on it.
package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/store"
)

// Names in the hub's data folder.
const (
	sitesFolder = "sites"
	natsFolder  = "nats"
)

// Member is a site that is followed.
type Member struct {
	Name string
	Key  string // the public key of its credential, for a server of the hub's own
}

// Options say what a hub works on.
type Options struct {
	DataDir string   // created when missing
	Sites   []Member // none: all that have a stream

	Embedded  bool           // the NATS server runs in this process
	Listen    string         // of that server; "" for this process only
	Cert, Key string         // of that server; "" for no TLS
	Keep      time.Duration  // how old a message gets in the streams that this hub makes
	NATS      fleet.Settings // the server otherwise
	GapWait   time.Duration  // see fleet.FollowerOptions
	Ahead     time.Duration  // likewise

	Allow    []string // Windows accounts that may ask the local endpoints
	Version  string
	Command  string // the command line, for those who find the data dir in use; without secrets
	Logger   zerolog.Logger
	Messages func(s *Site) Sender // where set, makes what sends the messages about a site

	// Alive and Cycled, where set, receive how the hub goes; see ingest.Options. What can be lost is NATS.
	Alive  func(within time.Duration)
	Cycled func(lost string)

	openEvery, foldEvery time.Duration // see trouble; 0 for the usual
}

// Sender sends the messages about a site.
type Sender interface {
	// Heard is daemon.Options.Heard.
	Heard(b *jobmon.Batch, found func() []*notices.Notice)
	Run(ctx context.Context)
	Targets() []control.Target
}

// Hub is a running hub. Create it with Open, call Run once, then Close.
type Hub struct {
	options Options
	held    *instance.Lock
	server  *fleet.Server
	link    *fleet.Hub
	hurt    func() string // why the hub's own NATS server cannot write, "" where it can
	changed chan struct{} // holds one: something that pages show has changed

	mu    sync.Mutex
	sites []*Site // by name; appended to while the hub runs
}

// Open takes the lock, opens the copies of all sites and begins to connect. What is wrong with the copy of one site is
// the Trouble of that site. Errors are *instance.HeldError, and a sentence.
func Open(o Options) (*Hub, error) {
	h := &Hub{options: o, hurt: func() string { return "" }, changed: make(chan struct{}, 1)}
	if err := h.open(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *Hub) open() (err error) {
	o := &h.options
	if err := noLog(o.DataDir); err != nil {
		return err
	}
	if h.held, err = lockFolder(o.DataDir, o.Command); err != nil {
		return err
	}
	names, err := h.known()
	if err != nil {
		return err
	}
	h.load(names)
	settings := o.NATS
	if o.Embedded {
		if settings, err = h.serve(); err != nil {
			return err
		}
	}
	if h.link, err = fleet.OpenHub(settings, o.Logger); err != nil {
		return err
	}
	return nil
}

// Usable checks that the folder is a hub's, or that one may begin in it; it changes nothing.
func Usable(dir string) error {
	if err := noLog(dir); err != nil {
		return err
	}
	return store.Usable(dir, sitesFolder, natsFolder)
}

// noLog refuses the folder of a site's own daemon.
func noLog(dir string) error {
	switch _, err := store.Current(dir); {
	case err == nil:
		return fmt.Errorf("%s holds the log of a Deployment Server: name another folder as data_dir for the hub", dir)
	case errors.Is(err, store.ErrNoLog):
		return nil
	default:
		return err
	}
}

// lockFolder makes a folder and takes its lock.
func lockFolder(dir, command string) (*instance.Lock, error) {
	if err := trust.MakeFolder(dir); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	info := instance.Info{PID: os.Getpid(), Started: time.Now().UTC(), Command: command, Purpose: "hub"}
	info.Host, _ = os.Hostname() // it only makes a message better
	return instance.Acquire(filepath.Join(dir, daemon.DataLock), info)
}

// known are the sites that are configured, or else those that have a folder.
func (h *Hub) known() (names []string, err error) {
	for _, m := range h.options.Sites {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		entries, err := os.ReadDir(filepath.Join(h.options.DataDir, sitesFolder))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("look for sites: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() && jobmon.CheckSite(e.Name()) == nil {
				names = append(names, e.Name())
			}
		}
	}
	for i, name := range names {
		if err := jobmon.CheckSite(name); err != nil {
			return nil, err
		}
		if err := distinct(names[:i], name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// distinct refuses a name that is one of the others on a disk that does not distinguish case.
func distinct(names []string, name string) error {
	for _, other := range names {
		if strings.EqualFold(other, name) {
			return fmt.Errorf("the sites %s and %s differ in case alone, and folders cannot: rename one", other, name)
		}
	}
	return nil
}

// load opens the copies of these sites, some at a time: what a start needs of one is much. One that cannot be opened
// keeps no other from it.
func (h *Hub) load(names []string) {
	sites := make([]*Site, len(names))
	var loading sync.WaitGroup
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		places <- struct{}{}
		loading.Go(func() {
			defer func() { <-places }()
			sites[i] = openSite(h, name)
		})
	}
	loading.Wait()
	h.sites = append(h.sites, sites...)
	slices.SortFunc(h.sites, func(a, b *Site) int { return strings.Compare(a.name, b.name) })
}

// serve starts the hub's own NATS server.
func (h *Hub) serve() (fleet.Settings, error) {
	o := &h.options
	seed, public, err := fleet.NewKey()
	if err != nil {
		return fleet.Settings{}, err
	}
	users := map[string]string{}
	for _, m := range o.Sites {
		users[m.Name] = m.Key
	}
	h.server, err = fleet.StartServer(fleet.ServerOptions{
		Listen: o.Listen, StoreDir: filepath.Join(o.DataDir, natsFolder), Cert: o.Cert, Key: o.Key,
		Users: users, HubKey: public, Logger: o.Logger,
	})
	if err != nil {
		return fleet.Settings{}, err
	}
	h.hurt = h.server.Trouble
	return h.server.Inside(seed), nil
}

// Inside are the settings with which a site's daemon in this process reaches the hub's own NATS server. seed is the
// secret of its key.
func (h *Hub) Inside(seed string) fleet.Settings { return h.server.Inside(seed) }

// Address is where the hub's own NATS server listens, "" for nowhere.
func (h *Hub) Address() string {
	if h.server == nil {
		return ""
	}
	return h.server.Address()
}

// Sites are those that are followed, by name.
func (h *Hub) Sites() []*Site {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sites)
}

// has says whether a site of that name is followed.
func (h *Hub) has(name string) bool {
	return slices.ContainsFunc(h.Sites(), func(s *Site) bool { return s.name == name })
}

// take opens the copy of one more site.
func (h *Hub) take(name string) (*Site, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, s := range h.sites {
		names = append(names, s.name)
	}
	if err := distinct(names, name); err != nil {
		return nil, err
	}
	s := openSite(h, name)
	h.sites = append(h.sites, s)
	slices.SortFunc(h.sites, func(a, b *Site) int { return strings.Compare(a.name, b.name) })
	return s, nil
}

// Changed receives when something that pages show has changed, for one goroutine.
func (h *Hub) Changed() <-chan struct{} { return h.changed }

// signal says that something has changed.
func (h *Hub) signal() { patience.Wake(h.changed) }

// Close closes the copies and gives up the lock; Run must have returned.
func (h *Hub) Close() error {
	var errs []error
	if h.link != nil {
		h.link.Close()
	}
	if h.server != nil {
		h.server.Close()
	}
	for _, s := range h.sites {
		errs = append(errs, s.close())
	}
	if h.held != nil {
		errs = append(errs, h.held.Release())
	}
	return errors.Join(errs...)
}
