package fleet

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// replicas is how many servers keep a stream, where the cluster has so many.
const replicas = 3

// info asks the server that leads a site's stream how it stands with it.
func (c *Conn) info(ctx context.Context, site string) (info jetstream.StreamInfo, err error) {
	return info, c.api(ctx, "STREAM.INFO."+StreamOf(site), nil, &info)
}

// stored is a message as the stream keeps it.
type stored struct {
	seq    uint64
	header nats.Header
	data   []byte
}

// get fetches the message of that number, or the newest for 0, from the server that leads the stream. ok is false where
// there is none.
func (c *Conn) get(ctx context.Context, site string, seq uint64) (m stored, ok bool, err error) {
	question := map[string]any{"seq": seq}
	if seq == 0 {
		question = map[string]any{"last_by_subj": SubjectOf(site)}
	}
	var answer struct {
		Message struct {
			Seq    uint64 `json:"seq"`
			Header string `json:"hdrs"`
			Data   []byte `json:"data"`
		} `json:"message"`
	}
	err = c.api(ctx, "STREAM.MSG.GET."+StreamOf(site), question, &answer)
	if isAPI(err, noMessage) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	m = stored{seq: answer.Message.Seq, data: answer.Message.Data}
	if answer.Message.Header != "" {
		raw, err := base64.StdEncoding.DecodeString(answer.Message.Header)
		if err == nil {
			m.header, err = nats.DecodeHeadersMsg(raw)
		}
		if err != nil {
			return m, false, fmt.Errorf("read the headers of message %d of %s: %w", m.seq, StreamOf(site), err)
		}
	}
	return m, true, nil
}

// InitOptions say which stream is made.
type InitOptions struct {
	Site string
	Keep time.Duration // messages older than that are dropped; 0 for 30 days, or as it is
	Most int64         // bytes of the messages: the oldest ones are dropped; 0 for any number, or as it is
	Anew bool          // drop all messages, so that the site publishes its log from the beginning
}

// Initialized is what Init found and did.
type Initialized struct {
	Made     bool
	Changed  []string // settings of a stream that was there, a sentence each
	Emptied  uint64   // messages that were dropped
	Replicas int
	Keep     time.Duration // 0 for ever
	Messages uint64
	Bytes    uint64
	Notes    []string // what an administrator must know, a sentence each
}

// keepFor is how old messages get where nobody says it.
const keepFor = 30 * 24 * time.Hour

// wanted is the stream's configuration.
func (o *InitOptions) wanted(copies int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: StreamOf(o.Site), Subjects: []string{SubjectOf(o.Site)},
		Description: "the log of a site of jobmon-db: a copy that may be lost",
		Retention:   jetstream.LimitsPolicy, Storage: jetstream.FileStorage, Discard: jetstream.DiscardOld,
		MaxAge: cmp.Or(o.Keep, keepFor), Replicas: copies, MaxMsgs: -1, MaxMsgSize: -1, MaxConsumers: -1,
		MaxBytes: cmp.Or(o.Most, -1),
	}
}

// Init makes a site's stream, or checks the one that is there and mends what can be mended. It may be called again and
// again.
func (c *Conn) Init(ctx context.Context, o InitOptions) (done Initialized, err error) {
	info, err := c.info(ctx, o.Site)
	switch {
	case isAPI(err, noStream):
		if info, err = c.create(ctx, &o); err != nil {
			if errors.Is(err, ErrDenied) {
				err = errors.New("this credential may not do that: the hub makes the streams of its sites, and so " +
					"can an administrator's credential")
			}
			return done, fmt.Errorf("make the stream %s: %w", StreamOf(o.Site), err)
		}
		done.Made = true
	case err != nil:
		return done, fmt.Errorf("look for the stream %s: %w", StreamOf(o.Site), err)
	default:
		if err := o.unusable(&info.Config); err != nil {
			return done, err
		}
		done.Changed, done.Notes, err = c.mend(ctx, &o, &info)
		if errors.Is(err, ErrDenied) && len(done.Changed) > 0 {
			return done, fmt.Errorf("the stream %s is not as it must be (%s), and this credential may not change it: "+
				"take that of the hub or of an administrator", StreamOf(o.Site), strings.Join(done.Changed, "; "))
		}
		if err != nil {
			return done, fmt.Errorf("set the stream %s right: %w", StreamOf(o.Site), err)
		}
	}
	if o.Anew && info.State.Msgs > 0 {
		var purged struct {
			Purged uint64 `json:"purged"`
		}
		if err := c.api(ctx, "STREAM.PURGE."+StreamOf(o.Site), nil, &purged); err != nil {
			return done, fmt.Errorf("empty the stream %s: %w", StreamOf(o.Site), err)
		}
		done.Emptied = purged.Purged
		info.State.Msgs, info.State.Bytes = 0, 0
	}
	done.Replicas, done.Keep = info.Config.Replicas, info.Config.MaxAge
	done.Messages, done.Bytes = info.State.Msgs, info.State.Bytes
	if done.Replicas < replicas {
		done.Notes = append(done.Notes,
			fmt.Sprintf("%d server keeps the stream: a cluster of three keeps it three times.", done.Replicas))
	}
	return done, nil
}

// create makes the stream with as many replicas as the servers take.
func (c *Conn) create(ctx context.Context, o *InitOptions) (info jetstream.StreamInfo, err error) {
	for _, copies := range []int{replicas, 1} {
		err = c.api(ctx, "STREAM.CREATE."+StreamOf(o.Site), o.wanted(copies), &info)
		if !isAPI(err, notClustered, noPeers) {
			break
		}
	}
	return info, err
}

// unusable says why a stream of that configuration cannot carry a log, nil where it can.
func (o *InitOptions) unusable(has *jetstream.StreamConfig) error {
	const remove = "; remove it (nats stream rm %[1]s), and run this command again"
	name := StreamOf(o.Site)
	switch {
	case has.Storage != jetstream.FileStorage:
		return fmt.Errorf("the stream %[1]s keeps its messages in memory, where they end with the server"+remove, name)
	case has.Retention != jetstream.LimitsPolicy:
		return fmt.Errorf("the stream %[1]s drops messages that were read, so a second hub misses them"+remove, name)
	case has.Mirror != nil || len(has.Sources) > 0:
		return fmt.Errorf("the stream %[1]s is a copy of other streams, into which a site cannot publish"+remove, name)
	case has.Sealed:
		return fmt.Errorf("the stream %[1]s is sealed: nothing can be published into it"+remove, name)
	case has.SubjectTransform != nil:
		return fmt.Errorf("the stream %[1]s changes subjects on the way"+remove, name)
	}
	return nil
}

// mend changes the settings of the stream that are not as they must be. More replicas than there are servers for are
// not asked for again.
func (c *Conn) mend(ctx context.Context, o *InitOptions, info *jetstream.StreamInfo) (changed, notes []string,
	err error) {
	config, want := info.Config, o.wanted(replicas)
	if !slices.Equal(config.Subjects, want.Subjects) {
		changed = append(changed, fmt.Sprintf("subjects: %s instead of %v", want.Subjects[0], config.Subjects))
		config.Subjects = want.Subjects
	}
	if o.Keep != 0 && config.MaxAge != want.MaxAge {
		changed = append(changed, fmt.Sprintf("max_age: %s instead of %s", want.MaxAge, config.MaxAge))
		config.MaxAge = want.MaxAge
	}
	if o.Most != 0 && config.MaxBytes <= 0 {
		changed = append(changed, fmt.Sprintf("max_bytes: %d instead of any number", want.MaxBytes))
		config.MaxBytes = want.MaxBytes
	}
	if config.Discard != want.Discard {
		changed = append(changed, "discard: old instead of new: a stream at its limit drops what is oldest")
		config.Discard, config.DiscardNewPerSubject = want.Discard, false
	}
	if config.NoAck {
		changed = append(changed, "no_ack: false, as a site must learn what is stored")
		config.NoAck = false
	}
	if config.MaxBytes > 0 || config.MaxMsgs > 0 {
		notes = append(notes, fmt.Sprintf("The stream has limits of its own (max_bytes %d, max_msgs %d): it drops the "+
			"oldest messages there, and a hub asks the site for what it misses.", config.MaxBytes, config.MaxMsgs))
	}
	update := func() error {
		return c.api(ctx, "STREAM.UPDATE."+StreamOf(o.Site), config, info)
	}
	if config.Replicas < replicas && info.Cluster != nil && info.Cluster.Name != "" {
		before := config.Replicas
		config.Replicas = replicas
		err := update()
		if err == nil {
			return append(changed, fmt.Sprintf("replicas: %d instead of %d", replicas, before)), notes, nil
		}
		if !isAPI(err, notClustered, noPeers) && !errors.Is(err, ErrDenied) {
			return changed, notes, err
		}
		config.Replicas = before
	}
	if len(changed) == 0 {
		return nil, notes, nil
	}
	return changed, notes, update()
}
