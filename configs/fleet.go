package configs

import (
	"cmp"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Fleet is about carrying the log of this site to a hub. There is no fleet where NATS is empty.
type Fleet struct {
	Site        string   `key:"fleet.site"`        // valid wherever NATS is given
	NATS        []string `key:"fleet.nats"`        // nats://host:port or tls://host:port
	Credentials string   `key:"fleet.credentials"` // an absolute path; "" for none
	CA          string   `key:"fleet.tls.ca"`      // the same
	Cert        string   `key:"fleet.tls.cert"`    // the same; with Key or not at all
	Key         string   `key:"fleet.tls.key"`
	Domain      string   `key:"fleet.domain"`  // "" for the server's own
	Notices     string   `key:"fleet.notices"` // NoticesSite or NoticesHub
}

// Who sends the messages about a site.
const (
	NoticesSite = "site"
	NoticesHub  = "hub"
)

// Hub is about following the logs of sites. It is no hub where neither Embedded nor NATS is given.
type Hub struct {
	Embedded    bool          // hub.nats: the NATS server runs in the hub itself, on Listen
	NATS        []string      // hub.nats otherwise: nats://host:port or tls://host:port
	Listen      string        `key:"hub.listen"`      // host:port; never empty when Embedded
	Credentials string        `key:"hub.credentials"` // an absolute path; "" for none
	CA          string        `key:"hub.tls.ca"`      // the same
	Cert        string        `key:"hub.tls.cert"`    // the same; with Key or not at all. The server's when Embedded
	Key         string        `key:"hub.tls.key"`
	Domain      string        `key:"hub.domain"` // "" for the server's own
	Sites       []HubSite     `key:"hub.sites"`
	Keep        time.Duration `key:"hub.keep"`
	GapWait     time.Duration `key:"hub.gap_wait"`
}

// AtHub reports that the configuration is a hub's: it names NATS for a hub and watches no Deployment Server itself.
func (c *Config) AtHub() bool {
	return (c.Hub.Embedded || len(c.Hub.NATS) > 0) && c.Source.Kind == ""
}

// HubSite is an entry of hub.sites.
type HubSite struct {
	Name string
	Key  string // the public key of its credential; never empty when Embedded
}

// String is the entry as it is written.
func (s HubSite) String() string { return strings.TrimSuffix(s.Name+" "+s.Key, " ") }

// embedded stands in hub.nats for a server of the hub's own.
const embedded = "embedded"

// fleetKeys are the keys of a site in a fleet.
func fleetKeys() []Key {
	return []Key{
		siteName("fleet.site"),
		natsServers("fleet.nats"),
		path("fleet.credentials", "file"),
		path("fleet.tls.ca", "file"),
		path("fleet.tls.cert", "file"),
		path("fleet.tls.key", "file"),
		natsDomain("fleet.domain"),
		oneOf("fleet.notices", NoticesSite, []string{NoticesSite, NoticesHub}),
	}
}

// hubKeys are the keys of the hub.
func hubKeys() []Key {
	return []Key{
		hubServers("hub.nats"),
		listenAddress("hub.listen"),
		path("hub.credentials", "file"),
		path("hub.tls.ca", "file"),
		path("hub.tls.cert", "file"),
		path("hub.tls.key", "file"),
		natsDomain("hub.domain"),
		hubSites("hub.sites"),
		duration("hub.keep", 30*day, day, KeepMost),
		duration("hub.gap_wait", time.Hour, time.Minute, 30*day),
	}
}

const siteNameAllowed = "1 to 32 letters (a to z, A to Z), digits, - and _, of which the first is a letter or a digit"

func siteName(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		if text = strings.TrimSpace(text); jobmon.CheckSite(text) != nil {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = siteNameAllowed
	return k
}

// domainPattern is a token of a NATS subject without its wildcards, as narrow as hosts and sites are named.
var domainPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

const longestDomain = 64

func natsDomain(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		if text = strings.TrimSpace(text); len(text) > longestDomain || !domainPattern.MatchString(text) {
			return "", errNotAllowed
		}
		return text, nil
	}, same)
	k.Allowed = "1 to 64 letters, digits, - and _"
	return k
}

const serversAllowed = "addresses separated by commas, each with tls:// or nats://, a host and a port: " +
	"tls://hub.example.com:4222"

func natsServers(name string) Key {
	k := newKey(name, "list", nil, parseServers, listText[string])
	k.list, k.tells, k.Allowed = true, true, serversAllowed
	return k
}

// hubServers is natsServers, or the word for a server of the hub's own. It fills two fields.
func hubServers(name string) Key {
	text := func(c *Config) string {
		if c.Hub.Embedded {
			return embedded
		}
		return listText(c.Hub.NATS)
	}
	return Key{
		Name: name, Type: "list", Allowed: embedded + ", or " + serversAllowed, list: true, tells: true,
		parse: func(c *Config, text string) (err error) {
			c.Hub.Embedded, c.Hub.NATS = strings.EqualFold(strings.TrimSpace(text), embedded), nil
			if !c.Hub.Embedded {
				c.Hub.NATS, err = parseServers(text)
			}
			return err
		},
		text:  text,
		equal: func(a, b *Config) bool { return text(a) == text(b) },
	}
}

// parseServers reads a list of NATS servers. Its errors repeat nothing that could be a password.
func parseServers(text string) (list []string, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		server, err := parseServer(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, server) {
			list = append(list, server)
		}
	}
	return list, nil
}

// hostPattern is a name or an address as it may stand in an address.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+$|^[0-9A-Fa-f:.]+$`)

func parseServer(text string) (string, error) {
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case strings.Contains(text, "@"):
		return "", errors.New("a login or password does not belong into an address: name its file as credentials")
	case strings.EqualFold(text, embedded):
		return "", errors.New("embedded goes with hub.nats, and stands alone there")
	case !found && hostPattern.MatchString(strings.Replace(text, ":", "", 1)):
		return "", fmt.Errorf("write tls://%s, or nats:// where the server has no TLS", text)
	case scheme != "nats" && scheme != "tls":
		return "", errNotAllowed
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#") ||
		!hostPattern.MatchString(u.Hostname()) {
		return "", errNotAllowed
	}
	port := cmp.Or(u.Port(), "4222") // that of NATS
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", errNotAllowed
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port), nil
}

func hubSites(name string) Key {
	k := newKey(name, "list", nil, func(text string) (list []HubSite, err error) {
		if strings.TrimSpace(text) == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			site, err := parseHubSite(part)
			if err != nil {
				return nil, err
			}
			for _, other := range list {
				switch {
				case strings.EqualFold(other.Name, site.Name):
					return nil, fmt.Errorf("%s and %s are the same site, or differ in capitals only, which folders on "+
						"Windows do not", other.Name, site.Name)
				case site.Key != "" && other.Key == site.Key:
					return nil, fmt.Errorf("%s and %s have the same key: each site needs its "+
						"own", other.Name, site.Name)
				}
			}
			list = append(list, site)
		}
		return list, nil
	}, func(list []HubSite) string {
		parts := make([]string, len(list))
		for i, site := range list {
			parts[i] = site.String()
		}
		return strings.Join(parts, ", ")
	})
	k.list, k.tells = true, true
	k.Allowed = "sites separated by commas, each with its public key behind the name: DS01 UABC..."
	return k
}

// parseHubSite reads one entry. Its errors repeat no seed.
func parseHubSite(text string) (s HubSite, err error) {
	words := strings.Fields(text)
	if seedPattern.MatchString(text) {
		return s, errors.New("it holds a seed, which is the site's secret; the public key, which begins with U, " +
			"belongs here")
	}
	if len(words) == 0 || len(words) > 2 {
		return s, errNotAllowed
	}
	if err := jobmon.CheckSite(words[0]); err != nil {
		return s, err
	}
	s.Name = words[0]
	if len(words) > 1 {
		s.Key = words[1]
		if !isUserKey(s.Key) {
			return s, fmt.Errorf("the key of %s is no public key of a user: 56 characters that begin with U, as "+
				"`jobmon-db fleet init` prints them; one of them may be mistyped", s.Name)
		}
	}
	return s, nil
}

// isUserKey says whether a text is the public key of an nkey for a user: a prefix, 32 bytes and a CRC-16 (XMODEM).
func isUserKey(text string) bool {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(raw) != 35 || text[0] != 'U' {
		return false
	}
	crc := uint16(0)
	for _, b := range raw[:33] {
		crc ^= uint16(b) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return crc == binary.LittleEndian.Uint16(raw[33:])
}

// completeFleet checks what must go together at a site, and names it.
func (c *Config) completeFleet(origins map[string]Origin, bad map[string]bool) []Problem {
	f, k := &c.Fleet, checking{origins: origins, bad: bad}
	if len(f.NATS) == 0 {
		if f.Notices == NoticesHub && !bad["fleet.nats"] {
			k.wrong("fleet.", "notices", f.Notices, "has no effect without fleet.nats: nobody would send the messages")
		}
		return k.problems
	}
	k.pair("fleet.tls.cert", f.Cert, "fleet.tls.key", f.Key)
	switch {
	case f.Site != "" || bad["site"] || bad["fleet.site"]:
	case jobmon.CheckSite(c.Site) == nil:
		f.Site = c.Site
	default:
		k.wrong("fleet.", "site", "", fmt.Sprintf("is missing: site is %q, which is no name for a fleet; allowed is %s",
			c.Site, siteNameAllowed))
	}
	if f.Notices == NoticesHub && len(c.Notify) > 0 {
		k.wrong("fleet.", "notices", f.Notices,
			"leaves the messages to the hub, and notify here would send them too: give notify at the hub alone, or "+
				"fleet.notices: site")
	}
	return k.problems
}

// completeHub checks what must go together at a hub.
func (c *Config) completeHub(origins map[string]Origin, bad map[string]bool) []Problem {
	h, k := &c.Hub, checking{origins: origins, bad: bad}
	if !h.Embedded && len(h.NATS) == 0 {
		return nil
	}
	k.pair("hub.tls.cert", h.Cert, "hub.tls.key", h.Key)
	switch {
	case bad["hub.nats"] || bad["hub.listen"]:
	case h.Embedded && h.Listen == "":
		k.wrong("hub.", "nats", embedded, "needs hub.listen: the address at which the sites reach its server")
	case h.Embedded && isOpen(h.Listen) && h.Cert == "" && !bad["hub.tls.cert"]:
		k.wrong("hub.", "listen", h.Listen, "would be open to other computers without encryption: give hub.tls.cert "+
			"and hub.tls.key, or listen on 127.0.0.1")
	case !h.Embedded && h.Listen != "":
		k.wrong("hub.", "listen", h.Listen, "goes with hub.nats: embedded, whose server listens there")
	}
	for _, site := range h.Sites {
		if h.Embedded && site.Key == "" {
			k.wrong("hub.", "sites", site.Name, "has no public key, without which the embedded server does not let it "+
				"in; run `jobmon-db fleet init --site "+site.Name+"` at the site: it prints the key")
		}
	}
	return k.problems
}

// pair checks that a certificate and its key are given together.
func (k *checking) pair(certKey, cert, keyKey, key string) {
	switch {
	case k.bad[certKey] || k.bad[keyKey]:
	case cert != "" && key == "":
		k.wrong("", certKey, cert, "is a certificate without its key: give that as "+keyKey)
	case key != "" && cert == "":
		k.wrong("", keyKey, key, "is a key without its certificate: give that as "+certKey)
	}
}
