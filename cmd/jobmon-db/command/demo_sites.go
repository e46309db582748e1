package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/hub"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// demoSites are the made-up sites, in the order in which they are taken: names, and hours east of UTC.
var demoSites = [...]struct {
	name string
	east float64
}{
	{"Berlin", 1}, {"Chicago", -6}, {"Tokyo", 9}, {"Mumbai", 5.5}, {"London", 0}, {"Sydney", 10}, {"Denver", -7},
	{"Nairobi", 3}, {"Lima", -5},
}

// demoLook is how often a site of the demo looks whether its stream is there.
const demoLook = 50 * time.Millisecond

// demoComputers is how many computers each site has where nothing else is said.
const demoComputers = "4"

// demoFleet is the demo of a fleet: everything that it is made of in one process.
type demoFleet struct {
	*app
	o      demoOptions
	dir    string
	hub    *configs.Config
	logger zerolog.Logger

	heading string
}

// demoFleet reads the flags and plays.
func (a *app) demoFleet(c *cobra.Command, o *demoOptions) (err error) {
	if o.sites < 2 || o.sites > len(demoSites) {
		return &usageError{fmt.Errorf("--sites %d: a fleet of the demo has 2 to %d sites", o.sites, len(demoSites))}
	}
	if !c.Flags().Changed("computers") {
		if err := c.Flags().Set("computers", demoComputers); err != nil {
			return err
		}
	}
	if c.Flags().Changed("evt-dir") {
		return &usageError{errors.New("--evt-dir is one folder, and each site has its own: leave it out")}
	}
	base, err := o.config(c) // which checks all flags
	if err != nil {
		return err
	}
	f := &demoFleet{app: a, o: *o, dir: base.DataDir}
	var terminal bool
	if terminal, f.logger, err = a.stage(&f.o, base.Log.Level); err != nil {
		return err
	}
	if err := f.configure(base); err != nil {
		return err
	}
	f.heading = fmt.Sprintf("%s with %s each, %v times faster than real time. %s.\n",
		words.Count(o.sites, "made-up Deployment Server"), words.Count(base.Simulator.Computers, "computer"),
		base.Simulator.Speed, f.o.ending())
	ctx := c.Context()
	if f.o.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.o.length)
		defer cancel()
	}
	if err := f.play(ctx, terminal); err != nil {
		return err
	}
	return f.farewell()
}

// configure makes the keys of the sites and the configurations of all.
func (f *demoFleet) configure(base *configs.Config) error {
	var members []string
	for i, site := range demoSites[:f.o.sites] {
		dir := filepath.Join(f.dir, site.name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the folder of a site: %w", err)
		}
		public, _, err := fleet.MakeKey(f.key(i), "")
		if err != nil {
			return err
		}
		members = append(members, site.name+" "+public)
	}
	settings := map[string]string{
		"data_dir": filepath.Join(f.dir, "hub"), "hub.nats": "embedded", "hub.listen": "127.0.0.1:0",
		"hub.sites": strings.Join(members, ","), "log.level": base.Log.Level,
		"source.kind": configs.KindSimulator,
	}
	if !f.o.noHTTP {
		settings["http.listen"] = "127.0.0.1:0"
	}
	content := ""
	if f.o.notify != "" {
		var err error
		if content, err = demoTarget(f.o.notify); err != nil {
			return &usageError{fmt.Errorf("--notify: %w", err)}
		}
	}
	var err error
	f.hub, err = loadDemo(settings, content)
	return err
}

func (f *demoFleet) key(site int) string {
	return filepath.Join(f.dir, demoSites[site].name, "site.nk")
}

// loadDemo is a configuration of these settings alone.
func loadDemo(settings map[string]string, content string) (*configs.Config, error) {
	var env []string
	for _, k := range configs.Keys() {
		if text := settings[k.Name]; text != "" {
			env = append(env, k.Env()+"="+text)
		}
	}
	return configs.Load(configs.LoadOptions{File: "the demo", Content: []byte(content), Env: env})
}

// site is the configuration of a site's daemon, which publishes to the hub's server.
func (f *demoFleet) site(i int, server string) (*configs.Config, error) {
	settings := maps.Clone(f.o.settings)
	dir := filepath.Join(f.dir, demoSites[i].name)
	settings["data_dir"], settings["evt.dir"] = dir, filepath.Join(dir, "evt")
	settings["site"] = demoSites[i].name
	settings["simulator.seed"] = fmt.Sprint(i + 1)
	settings["fleet.nats"], settings["fleet.credentials"] = server, f.key(i)
	if f.o.notify != "" {
		settings["fleet.notices"] = configs.NoticesHub
	}
	return loadDemo(settings, "")
}

// play runs the hub, and beside it the sites once the hub is there.
func (f *demoFleet) play(ctx context.Context, terminal bool) error {
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHub()
	var playing sync.WaitGroup
	var failed error
	begun := func(h *hub.Hub, board string) (stop func()) {
		if board != "" {
			f.heading = "The board of all sites, in a browser:  " + board + "\n" + f.heading
		}
		fmt.Fprint(f.stdout, f.heading)
		playing.Go(func() {
			defer stopHub()
			failed = f.act(ctx, h, terminal)
		})
		return playing.Wait
	}
	err := runHub(hubCtx, f.hub, "jobmon-db demo", overseer{}, begun, f.logger)
	return errors.Join(err, failed)
}

// act runs the sites and draws what the hub shows, until ctx ends or a site fails.
func (f *demoFleet) act(ctx context.Context, h *hub.Hub, terminal bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, f.o.sites+1)
	for i := range f.o.sites {
		go func() {
			defer stop()
			ended <- f.perform(ctx, i, "nats://"+h.Address())
		}()
	}
	go func() {
		defer stop()
		ended <- f.draw(ctx, func() []jobmon.Progress { return picturesOf(h) }, f.heading, terminal)
	}()
	var errs []error
	for range f.o.sites + 1 {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// perform runs the daemon of a site.
func (f *demoFleet) perform(ctx context.Context, i int, server string) error {
	config, err := f.site(i, server)
	if err != nil {
		return err
	}
	if err := streamOf(ctx, &config.Fleet); err != nil {
		return quiet(ctx, err)
	}
	same := again{load: func() (*configs.Config, error) { return config, nil }}
	zone := time.FixedZone("", int(demoSites[i].east*3600))
	return run(ctx, config, same, "jobmon-db demo", overseer{zone: zone}, f.logger)
}

// streamOf waits until the hub has made the site's stream.
func streamOf(ctx context.Context, c *configs.Fleet) error {
	conn, err := fleet.Connect(ctx, siteSettings(c), "jobmon-db demo", fleet.InboxOf(c.Site), zerolog.Nop())
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		if _, err := conn.Probe(ctx, c.Site); err == nil {
			return nil
		}
		if err := wait(ctx, demoLook); err != nil {
			return err
		}
	}
}

// picturesOf are the hub's pictures of all sites.
func picturesOf(h *hub.Hub) (all []jobmon.Progress) {
	for _, s := range h.Sites() {
		pictures, _, err := s.Durable()
		if err != nil {
			continue // the hub says so
		}
		all = append(all, pictures...)
	}
	return all
}

// farewell says what can be tried now.
func (f *demoFleet) farewell() error {
	_, err := fmt.Fprintf(f.stdout, `
The hub's copies   %s
The sites          %s
Try:  %[3]s replay --data-dir %[4]s -n 20
      %[3]s replay stats --by site --data-dir %[4]s
      %[3]s replay show %[5]s/PC-0001 --data-dir %[4]s
`, f.hub.DataDir, filepath.Join(f.dir, "*"), calledAs(), quotedArg(f.hub.DataDir), demoSites[0].name)
	return err
}
