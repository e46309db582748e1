package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// checkSite says whether the site publishes, and could.
func checkSite(ctx context.Context, config *configs.Config) check.Line {
	found, err := probeSite(ctx, &config.Fleet)
	if err != nil {
		return unanswered(err)
	}
	client := &control.Client{Transport: &endpoint.Client{DataDir: config.DataDir}, Context: ctx}
	sites, err := client.Fleet(ctx)
	if err != nil { // another line is about the daemon
		return check.Line{State: check.OK, Found: found}
	}
	for _, site := range sites {
		if site.Site == config.Fleet.Site && site.Trouble != "" {
			return unpublished(&site, found)
		}
	}
	return check.Line{State: check.OK, Found: found}
}

// unpublished says why the daemon does not publish although its server would take what the site publishes.
func unpublished(site *control.FleetSite, server string) check.Line {
	what, next := fleet.AdviceOfRefusal(site.Trouble, site.Site)
	if site.Refused {
		return check.Line{State: check.Fail, Found: "the daemon publishes nothing: " + what,
			Next: cmp.Or(next, "wait two minutes and check again")}
	}
	return check.Line{State: check.Fail, Found: "the daemon publishes nothing now: " + what + "; " + server,
		Next: "wait a minute and check again; if it stays so, start the daemon again: " + instance.StopDaemon}
}

// unanswered is the line of servers that cannot be used.
func unanswered(err error) check.Line {
	what, next := fleet.Advice(err)
	return check.Line{State: check.Fail, Found: what,
		Next: cmp.Or(next, "docs/fleet.md says more below Troubleshooting")}
}

// checkHub says which sites the hub could follow.
func checkHub(ctx context.Context, c *configs.Hub) check.Line {
	found, err := probeHub(ctx, c)
	if err != nil {
		return unanswered(err)
	}
	return check.Line{State: check.OK, Found: found}
}

// probeSite finds out whether the site could publish now.
func probeSite(ctx context.Context, c *configs.Fleet) (found string, err error) {
	conn, err := fleet.Connect(ctx, siteSettings(c), "jobmon-db check", fleet.InboxOf(c.Site), zerolog.Nop())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	got, err := conn.Probe(ctx, c.Site)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s takes what %s publishes; its stream has %s, kept by %s", got.Server, c.Site,
		words.Count(int(got.Messages), "message"), words.Count(got.Replicas, "server")), nil
}

// probeHub finds out which sites the hub could follow now.
func probeHub(ctx context.Context, c *configs.Hub) (found string, err error) {
	hub, err := fleet.OpenHub(hubSettings(c), zerolog.Nop())
	if err != nil {
		return "", err
	}
	defer hub.Close()
	server, sites, err := hub.Probe(ctx)
	if err != nil {
		return "", err
	}
	var missing []string
	for _, site := range c.Sites {
		if !slices.Contains(sites, site.Name) {
			missing = append(missing, site.Name)
		}
	}
	found = fmt.Sprintf("%s has the streams of %s", server, words.Count(len(sites), "site"))
	if len(sites) > 0 {
		found += ": " + strings.Join(sites, ", ")
	}
	if len(missing) > 0 {
		found += "; the hub makes those of " + strings.Join(missing, ", ") + " when it runs"
	}
	return found, nil
}

// hubSettings are those of the hub's connection to NATS servers that are not its own.
func hubSettings(c *configs.Hub) fleet.Settings {
	return fleet.Settings{
		Servers: c.NATS, Credentials: c.Credentials, CA: c.CA, Cert: c.Cert, Key: c.Key, Domain: c.Domain,
	}
}
