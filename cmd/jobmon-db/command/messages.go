package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/desk"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// speaker is what messages are about: a daemon, or a site of a hub.
type speaker interface {
	desk.Daemon
	ServerTime() jobmon.Instant
}

// messenger sends what is worth a message to the configured targets.
type messenger struct {
	outbox *notify.Outbox
	logID  string
	now    func() jobmon.Instant // see daemon.ServerTime
	logger zerolog.Logger
}

func newMessenger(d speaker, dataDir string, speed float64, logger zerolog.Logger) *messenger {
	id := d.Info().LogID
	return &messenger{logID: id, now: d.ServerTime, logger: logger, outbox: notify.NewOutbox(notify.Options{
		Folder: notify.Folder(dataDir), Log: ownLog{d}, Now: d.ServerTime, Speed: speed, Logger: logger,
		Window: func(target string, state json.RawMessage) notify.Window {
			return notices.NewWindow(id, target, state)
		},
	})}
}

// take takes up the configured targets in place of those before.
func (m *messenger) take(targets map[string]notify.Spec) {
	if err := m.outbox.Set(targets); err != nil {
		m.logger.Error().Err(err).Msg("no message is sent; make the folder, and read the configuration again")
	}
}

// Run sends messages until ctx ends.
func (m *messenger) Run(ctx context.Context) { m.outbox.Run(ctx) }

// Heard is daemon.Options.Heard.
func (m *messenger) Heard(b *jobmon.Batch, found func() []*notices.Notice) {
	var list []*notices.Notice
	if !m.outbox.Idle() {
		list = found()
	}
	if len(b.Events) > 0 {
		m.outbox.Put(b.Last(), list)
		return
	}
	for _, n := range list {
		m.outbox.PutLoose(&notices.Message{ID: n.ID(m.logID), Notices: []*notices.Notice{n}})
	}
}

// Targets is daemon.Options.Targets.
func (m *messenger) Targets() []control.Target {
	now, list := m.now(), []control.Target{}
	for _, s := range m.outbox.Status() {
		t := control.Target{
			Name: s.Name, Kind: s.Kind, Waiting: s.Waiting, Sent: s.SentCount, Failed: s.FailedCount,
			GivenUp: s.GivenUp, Error: s.Error, SentAt: instantOf(s.Sent), ErrorAt: instantOf(s.ErrorAt),
		}
		if s.Oldest != 0 {
			t.AgeMS = max(now.Sub(s.Oldest).Milliseconds(), 1)
		}
		list = append(list, t)
	}
	return list
}

// ownLog is the daemon's log, as an outbox reads it.
type ownLog struct{ speaker }

// ID implements notify.Log.
func (l ownLog) ID() string { return l.Info().LogID }

// Last implements notify.Log.
func (l ownLog) Last() uint64 { return l.Info().Last }

// Notices implements notify.Log.
func (l ownLog) Notices(ctx context.Context, behind uint64) iter.Seq2[*notices.Notice, error] {
	return func(yield func(*notices.Notice, error) bool) {
		p, err := past.Open(desk.NewSource(ctx, l.speaker, l.ID()), l.ID(), "")
		if err != nil {
			yield(nil, err)
			return
		}
		p.Notices(behind)(yield)
	}
}

// specsOf are the configured targets, ready to be sent to. member is the site of a fleet that messages are about, where
// a hub sends them. The error has a problem for each target that cannot be used.
func specsOf(config *configs.Config, member string) (map[string]notify.Spec, error) {
	specs, rules := map[string]notify.Spec{}, config.Rules()
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(config.Targets)) {
		target, kind, err := targetOf(config, name, member)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		specs[name] = notify.Spec{Kind: kind, Target: target, Wants: func(n *notices.Notice) bool {
			return rules.Wants(n, name)
		}}
	}
	return specs, errors.Join(wrong...)
}

// targetOf makes the target of that name, with its secrets as they are in their files now.
func targetOf(config *configs.Config, name, member string) (target notify.Target, kind string, err error) {
	t, err := config.Target(name)
	if err != nil {
		return nil, "", err
	}
	writer := &message.Writer{
		Language: config.Notices.Language, Site: cmp.Or(member, config.Site), Member: member,
		PublicURL: config.HTTP.Public, Domain: domainOf(t.From),
	}
	target, err = notify.New(&notify.Settings{
		Kind: t.Kind, URL: t.URL.Reveal(), Secret: t.Secret.Reveal(), OldSecret: t.OldSecret.Reveal(),
		Token: t.Token.Reveal(), Server: t.Server, User: t.User, Password: t.Password.Reveal(), From: t.From, To: t.To,
	}, writer, "jobmon-db/"+programVersion())
	if err != nil {
		return nil, "", fmt.Errorf("targets.%s: %w", name, err)
	}
	return target, t.Kind, nil
}

// domainOf is the domain of a mail address, "" where there is none.
func domainOf(address string) string {
	if parsed, err := mail.ParseAddress(address); err == nil {
		_, domain, _ := strings.Cut(parsed.Address, "@")
		return domain
	}
	return ""
}
