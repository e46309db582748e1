package check

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/web"
)

// http says whether the daemon could listen on its address, or does.
func (c *checker) http(ctx context.Context) Line {
	address := c.Config.HTTP.Listen
	if address == "" {
		return Line{State: Skip, Found: "http.listen is not set"}
	}
	const other = "end that program, or name another port in http.listen"
	l, err := web.Listen(address)
	switch {
	case err == nil:
		address = l.Addr().String()
		l.Close()
		line := Line{State: OK, Found: address + " is free"}
		if c.daemonRuns(ctx) {
			line = Line{State: Warn, Found: "the daemon runs and does not listen on " + address, Next: "start it again: it was started with another http.listen"}
		}
		return line
	case !isOurs(ctx, address):
		return Line{State: Fail, Found: err.Error(), Next: other}
	case !c.daemonRuns(ctx):
		return Line{State: Fail, Found: "a daemon with another data folder listens on " + address, Next: other}
	}
	return Line{State: OK, Found: fmt.Sprintf("the daemon answers on http://%s/evt/<computer id>", address)}
}

func (c *checker) daemonRuns(ctx context.Context) bool {
	if c.Running == nil {
		return false
	}
	_, running, err := c.Running(ctx)
	return err == nil && running
}

// isOurs asks who listens.
func isOurs(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+address+"/", nil)
	if err != nil {
		return false
	}
	// a proxy would only be asked for what is not on this computer
	client := http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return strings.HasPrefix(response.Header.Get("Server"), web.Product)
}
