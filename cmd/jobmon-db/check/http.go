package check

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/instance"
)

// http says whether the daemon could listen on its address, or does.
func (c *checker) http(ctx context.Context) Line {
	address := c.Config.HTTP.Listen
	if address == "" {
		return Line{State: Skip, Found: "http.listen is not set"}
	}
	line := c.listens(ctx, address)
	if cert := c.Config.HTTP.Cert; cert != "" && line.State == OK {
		return c.certificateOf(line, "http", cert, c.Config.HTTP.Key)
	}
	return line
}

// soon is how long before its end a certificate is spoken of.
const soon = 21 * 24 * time.Hour

// certificateOf adds to a good line what is to be said of the certificate of a section of the configuration.
func (c *checker) certificateOf(line Line, section, cert, key string) Line {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return Line{State: Fail, Found: fmt.Sprintf("the certificate cannot be used: %v", err),
			Next: fmt.Sprintf("check %[1]s.tls.cert and %[1]s.tls.key: PEM files that belong together, without "+
				"password",
				section)}
	}
	until := pair.Leaf.NotAfter
	line.Found += fmt.Sprintf("; its certificate is good until %s", until.UTC().Format(time.DateOnly))
	if left := time.Until(until); left < soon {
		line.State = Warn
		line.Next = "renew the certificate in " + section + ".tls.cert; the daemon takes the new one by itself"
		if section == checkHub {
			line.Next = "renew the certificate in hub.tls.cert, and start the hub again"
		}
	}
	return line
}

// listens says whether the address is free or the daemon's.
func (c *checker) listens(ctx context.Context, address string) Line {
	const other = "end that program, or name another port in http.listen"
	l, err := web.Listen(address)
	switch {
	case err == nil:
		address = l.Addr().String()
		l.Close()
		line := Line{State: OK, Found: address + " is free"}
		if c.daemonRuns(ctx) {
			line = Line{State: Warn, Found: "the daemon runs and does not listen on " + address,
				Next: "start it again: it was started with another http.listen"}
		}
		return line
	case !c.isOurs(ctx, address):
		return Line{State: Fail, Found: err.Error(), Next: other}
	case !c.daemonRuns(ctx):
		return Line{State: Fail, Found: "a daemon with another data folder listens on " + address,
			Next: "name another port in http.listen, or stop that daemon: " + instance.StopDaemon}
	}
	if c.Config.AtHub() {
		return Line{State: OK, Found: fmt.Sprintf("the hub shows its board on %s://%s/", c.scheme(), address)}
	}
	return Line{State: OK, Found: fmt.Sprintf("the daemon answers on %s://%s/evt/<computer id>", c.scheme(), address)}
}

func (c *checker) daemonRuns(ctx context.Context) bool {
	if c.Running == nil {
		return false
	}
	_, running, err := c.Running(ctx)
	return err == nil && running
}

func (c *checker) scheme() string {
	if c.Config.HTTP.Cert != "" {
		return "https"
	}
	return "http"
}

// isOurs asks who listens. The certificate is another line's business, and it need not name this address.
func (c *checker) isOurs(ctx context.Context, address string) bool {
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, c.scheme()+"://"+address+"/", nil)
	if err != nil {
		return false
	}
	// a proxy would only be asked for what is not on this computer
	client := http.Client{CheckRedirect: stay, Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext,
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return strings.HasPrefix(response.Header.Get("Server"), web.Product)
}

// stay follows no redirection: another host is not the one to ask.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
