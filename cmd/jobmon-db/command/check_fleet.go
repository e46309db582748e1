package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

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
