package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// client asks one address, as the administrator wrote it, and bounds all that a receiver can do. Its errors never hold
// the address.
type client struct {
	address *url.URL
	http    *http.Client
	secrets secrets
	agent   string // the User-Agent
}

// newClient makes the client of an address; more are secrets beside those in the address.
func newClient(address, agent string, more ...string) (*client, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, errors.New("the url is none: write it as https://host/path")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("the url begins with http: only https keeps what is sent from others, " +
			"http is for this computer alone")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the url begins with neither https nor http")
	}
	u.Fragment = ""
	c := &client{address: u, secrets: secretsOf(u, more...), agent: agent}
	dialer := net.Dialer{Timeout: tryWithin, KeepAlive: 30 * time.Second}
	if u.Scheme == "http" {
		dialer.Control = loopbackOnly
	}
	c.http = &http.Client{
		CheckRedirect: c.stay,
		// Proxy is not set: the address is asked, and nobody else.
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    tryWithin,
			MaxResponseHeaderBytes: mostRead, DisableCompression: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
		},
	}
	return c, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// loopbackOnly refuses addresses of other computers, whatever the name said.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !loopback(host) {
		return errors.New("http is for this computer alone")
	}
	return nil
}

var (
	errElsewhere = errors.New("the receiver redirects to another host, which is not followed: write the final " +
		"address as url")
	errRedirects = fmt.Errorf("the receiver redirects more than %d times: write the final address as url", mostHops)
	errMethod    = errors.New("the receiver redirects in a way that loses the message: write the final address as url")
)

// stay follows a redirect within the receiver's host, with the message.
func (c *client) stay(next *http.Request, via []*http.Request) error {
	switch {
	case next.URL.Scheme != c.address.Scheme || !strings.EqualFold(next.URL.Hostname(), c.address.Hostname()) ||
		portOf(next.URL) != portOf(c.address):
		return errElsewhere
	case len(via) > mostHops:
		return errRedirects
	case next.Method != via[0].Method:
		return errMethod
	}
	return nil
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// do sends one request and returns the beginning of the answer to it. An answer other than success is a *Refusal.
func (c *client) do(ctx context.Context, method string, header http.Header, body []byte) (text []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the url is none") // the error would hold it
	}
	request.Header = header.Clone()
	request.Header.Set("User-Agent", c.agent)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.failure(ctx, err)
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, mostRead))
	if response.StatusCode/100 != 2 {
		return text, refusal(response, c.secrets.quote(text, ""), time.Now())
	}
	if err != nil {
		return text, c.failure(ctx, err)
	}
	return text, nil
}

// failure is an error of the network without the address, which may be a secret. The next try has a connection of its
// own: what failed may be this one.
func (c *client) failure(ctx context.Context, err error) error {
	c.http.CloseIdleConnections()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", tryWithin)
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the receiver ends the connection before its answer is whole")
	}
	for _, ours := range []error{errElsewhere, errRedirects, errMethod} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	away := "the receiver cannot be reached"
	if why := c.secrets.quote([]byte(err.Error()), ""); why != "" {
		away += ": " + why
	}
	return errors.New(away)
}
