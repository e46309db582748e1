package configs_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

const otherKey = "UDHYUFZRRKM3P3OWFWLCIBGKN7FGZC4UKXCH66XJ5YFMVL3VKANSQV4O"

func TestTheSiteNamesItselfInTheFleet(t *testing.T) {
	t.Parallel()
	const nats = "JOBMON_FLEET_NATS=NATS://Hub, tls://hub2:4333,nats://hub:4222"
	c := mustLoad(t, configs.LoadOptions{Env: []string{nats, "JOBMON_SITE=DS01"}})
	if c.Fleet.Site != "DS01" || c.Fleet.Notices != configs.NoticesSite ||
		!reflect.DeepEqual(c.Fleet.NATS, []string{"nats://hub:4222", "tls://hub2:4333"}) {
		t.Errorf("%+v", c.Fleet)
	}
	if c := mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SITE=Zürich 1"}}); c.Fleet.Site != "" {
		t.Errorf("without a fleet nobody asks: %+v", c.Fleet)
	}
	c = mustLoad(t, configs.LoadOptions{Env: []string{nats, "JOBMON_SITE=Zürich 1", "JOBMON_FLEET_SITE=ZRH"}})
	if c.Fleet.Site != "ZRH" || c.Site != "Zürich 1" {
		t.Errorf("%+v", c.Fleet)
	}
}

func TestTheHubKnowsItsSites(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, configs.LoadOptions{File: write(t, "hub:\n  nats: embedded\n  listen: localhost:4222\n"+
		"  sites: [DS01 "+someKey+", DS02 "+otherKey+"]\n")})
	want := []configs.HubSite{{Name: "DS01", Key: someKey}, {Name: "DS02", Key: otherKey}}
	if !c.Hub.Embedded || len(c.Hub.NATS) > 0 || c.Hub.Listen != "127.0.0.1:4222" ||
		!reflect.DeepEqual(c.Hub.Sites, want) {
		t.Errorf("%+v", c.Hub)
	}
	if got := value(t, c, "hub.nats").Text; got != "embedded" {
		t.Errorf("hub.nats is shown as %q", got)
	}
}

// Each of these is refused, at its key, with words that say what to do; and shows no secret.
func TestWhatAFleetCannotBe(t *testing.T) {
	t.Parallel()
	const nats, site, hub = "JOBMON_FLEET_NATS=nats://h", "JOBMON_FLEET_SITE=A", "JOBMON_HUB_NATS=embedded"
	seed := "SUAKHH23ASLH75IEFKIJ4AV3NBBO35PZAK4N3THWE64PQ3XIGC5JQVGFUA"
	for _, c := range []struct {
		env       []string
		key, says string
	}{
		{[]string{nats, "JOBMON_SITE=Zürich"}, "fleet.site", `site is "Zürich"`},
		{[]string{"JOBMON_FLEET_NOTICES=hub"}, "fleet.notices", "without fleet.nats"},
		{[]string{nats, site, "JOBMON_FLEET_NOTICES=hub", "JOBMON_NOTIFY_1_ON=failed", "JOBMON_NOTIFY_1_TO=x",
			"JOBMON_TARGETS_X_KIND=slack", "JOBMON_TARGETS_X_URL=https://example.com/a"}, "fleet.notices",
			"notify here would send them too"},
		{[]string{nats, site, "JOBMON_FLEET_TLS_CERT=c"}, "fleet.tls.cert", "without its key"},
		{[]string{"JOBMON_HUB_NATS=tls://hub", "JOBMON_HUB_TLS_KEY=c"}, "hub.tls.key", "without its certificate"},
		{[]string{"JOBMON_FLEET_NATS=tls://a:geheim@hub:4222"}, "fleet.nats", "name its file as credentials"},
		{[]string{nats, site, "JOBMON_FLEET_CREDENTIALS=" + seed}, "fleet.credentials", "not like a path"},
		{[]string{"JOBMON_HUB_NATS=geheim@hub:4222"}, "hub.nats", "name its file as credentials"},
		{[]string{"JOBMON_FLEET_NATS=hub:4222"}, "fleet.nats", "write tls://hub:4222"},
		{[]string{"JOBMON_FLEET_NATS=embedded"}, "fleet.nats", "goes with hub.nats"},
		{[]string{"JOBMON_FLEET_NATS=tls://hub:70000"}, "fleet.nats", "allowed is addresses"},
		{[]string{"JOBMON_FLEET_NATS=tls://hub:4222/x"}, "fleet.nats", "allowed is addresses"},
		{[]string{hub}, "hub.nats", "needs hub.listen"},
		{[]string{hub, "JOBMON_HUB_LISTEN=:4222"}, "hub.listen", "without encryption"},
		{[]string{hub, "JOBMON_HUB_LISTEN=10.0.0.1:4222"}, "hub.listen", "without encryption"},
		{[]string{"JOBMON_HUB_NATS=tls://hub", "JOBMON_HUB_LISTEN=127.0.0.1:4222"}, "hub.listen", "goes with hub.nats: embedded"},
		{[]string{hub, "JOBMON_HUB_LISTEN=127.0.0.1:4222", "JOBMON_HUB_SITES=DS01"}, "hub.sites",
			"fleet init --site DS01"},
		{[]string{"JOBMON_HUB_SITES=A " + seed}, "hub.sites", "is the site's secret"},
		{[]string{"JOBMON_HUB_SITES=A " + strings.Replace(someKey, "Q", "X", 1)}, "hub.sites", "mistyped"},
		{[]string{"JOBMON_HUB_SITES=DS01,ds01"}, "hub.sites", "differ in capitals only"},
		{[]string{"JOBMON_HUB_SITES=A " + someKey + ",B " + someKey}, "hub.sites", "the same key"},
	} {
		wrong := problems(t, configs.LoadOptions{Env: c.env})
		if len(wrong) != 1 || wrong[0].Key != c.key || !strings.Contains(wrong[0].Reason, c.says) {
			t.Errorf("%q: %v", c.env, wrong)
		}
		for _, p := range wrong {
			if text := p.String(); strings.Contains(text, "geheim") || strings.Contains(text, seed) {
				t.Errorf("a secret is shown: %s", text)
			}
		}
	}
}
