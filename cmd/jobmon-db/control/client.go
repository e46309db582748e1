package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Transport carries a request to the daemon.
type Transport interface {
	Do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error)
}

// Client asks a running daemon. What the daemon's log says is read through Log. It is safe for concurrent use if its
// Transport is.
type Client struct {
	Transport Transport
	Context   context.Context // of reading the log
}

// Log is the daemon's log, read page by page, as a file is: see store.Log.
type Log struct {
	store.Remote
	client *Client
}

// Log is the log of that id, "" for whichever the daemon works on.
func (c *Client) Log(id string) *Log {
	return &Log{Remote: store.Remote{Pages: c, Name: "the running daemon's log", ID: id}, client: c}
}

// Moment finds a place in the log by time, like store.Log.Moment.
func (l *Log) Moment(at jobmon.Instant) (store.Moment, bool, error) {
	var m Moment
	err := l.client.ask(l.client.Context, http.MethodGet, fmt.Sprintf("%s?at=%d", routeMoment, at), nil, &m)
	return store.Moment{Seq: m.Seq, At: m.At, Times: m.Times, First: m.First}, m.Found, err
}

// Info asks what the daemon says of itself.
func (c *Client) Info(ctx context.Context) (info Info, err error) {
	err = c.ask(ctx, http.MethodGet, routeInfo, nil, &info)
	return info, err
}

// Refresh asks for a computer's file and returns when it lies on the share.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) (got RefreshAnswer, err error) {
	err = c.ask(ctx, http.MethodPost, routeRefresh, r, &got)
	return got, err
}

// Extract asks for a page of the log as it is stored, like store.Log.Extract.
func (c *Client) Extract(from uint64) (store.Extract, error) {
	return c.page(fmt.Sprintf("%s?from=%d", routeLog, from))
}

// Compact asks for a compaction and returns when it has begun; with DryRun it says how large the log is.
func (c *Client) Compact(ctx context.Context, r CompactRequest) (got Compaction, err error) {
	err = c.ask(ctx, http.MethodPost, routeCompact, r, &got)
	return got, err
}

// Compaction asks how far the compaction is.
func (c *Client) Compaction(ctx context.Context) (got Compaction, err error) {
	err = c.ask(ctx, http.MethodGet, routeCompact, nil, &got)
	return got, err
}

// Reload has the daemon read its configuration again.
func (c *Client) Reload(ctx context.Context, r ReloadRequest) (got Reload, err error) {
	err = c.ask(ctx, http.MethodPost, routeReload, r, &got)
	return got, err
}

// Targets asks how it stands with the targets of messages.
func (c *Client) Targets(ctx context.Context) (list []Target, err error) {
	err = c.ask(ctx, http.MethodGet, routeTargets, nil, &list)
	return list, err
}

// Fleet asks how it stands with the sites of the fleet.
func (c *Client) Fleet(ctx context.Context) (list []FleetSite, err error) {
	err = c.ask(ctx, http.MethodGet, routeFleet, nil, &list)
	return list, err
}

// ExtractComputer asks for such a page for one computer's history, like store.Log.ExtractComputer.
func (c *Client) ExtractComputer(id jobmon.ComputerID, from uint64) (store.Extract, error) {
	return c.page(fmt.Sprintf("%s?from=%d&computer=%d", routeLog, from, id))
}

func (c *Client) page(path string) (x store.Extract, err error) {
	var head page
	data, err := c.stored(path, &head)
	x.Meta, x.Last = head.Meta, head.Last
	for _, p := range head.Parts {
		if p.Size < 0 || p.Size > len(data) {
			return x, errAnswer
		}
		x.Parts = append(x.Parts, store.Part{
			Seq: p.Seq, Until: p.Until, Since: p.Since, Sealed: p.Sealed, Data: data[:p.Size],
		})
		data = data[p.Size:]
	}
	return x, err
}

var errAnswer = errors.New("the running daemon's answer is not understood")

// stored asks for bytes as they are stored, and the line of JSON before them.
func (c *Client) stored(path string, head any) (data []byte, err error) {
	response, err := c.do(c.Context, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer := bytes.NewBuffer(make([]byte, 0, max(response.ContentLength, 0)+bytes.MinRead))
	if _, err := answer.ReadFrom(response.Body); err != nil {
		return nil, fmt.Errorf("the running daemon's answer ends early: %w", err)
	}
	line, data, _ := bytes.Cut(answer.Bytes(), []byte("\n"))
	if err := json.Unmarshal(line, head); err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	return data, nil
}

// Caches asks which caches the log has, like store.Log.Caches.
func (c *Client) Caches() ([]store.Cache, error) {
	var list []kept
	err := c.ask(c.Context, http.MethodGet, routeCaches, nil, &list)
	all := make([]store.Cache, 0, len(list))
	for _, k := range list {
		all = append(all, store.Cache{Name: k.Name, Version: k.Version, Seq: k.Seq})
	}
	return all, err
}

// CachePage asks for a piece of one, like store.Log.CachePage.
func (c *Client) CachePage(name string, at int) (store.CachePage, error) {
	var head cachePage
	data, err := c.stored(fmt.Sprintf("%s?name=%s&at=%d", routeCache, url.QueryEscape(name), at), &head)
	return store.CachePage{Seq: head.Seq, Size: head.Size, Data: data}, err
}

func (c *Client) ask(ctx context.Context, method, path string, request, into any) error {
	var body io.Reader
	if request != nil {
		text, err := json.Marshal(request)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	response, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

// do carries the request; an answer other than 200 is the error that its body tells.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	response, err := c.Transport.Do(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf(
			"the running daemon is of another version, which does not answer %s: restart it with this version",
			path,
		)
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // what there is of it
	var p problem
	if json.Unmarshal(text, &p) != nil {
		p.Error = strings.TrimSpace(string(text)) // the transport refuses in plain words
	}
	err = fmt.Errorf("the running daemon says: %s", cmp.Or(p.Error, response.Status))
	if response.StatusCode == http.StatusForbidden {
		err = forbidden{err}
	}
	return nil, err
}

// forbidden is the answer to somebody who may ask and not administer.
type forbidden struct{ error }

func (forbidden) Is(target error) bool { return target == endpoint.ErrDenied }
