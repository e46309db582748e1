package configs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

const (
	signing  = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	messages = `
data_dir: /srv/data
notify:
  - on: [failed, Standing-Still, failed]
    computers: ['PC-*', id:5000123]
    groups: Lab
    folders: ['Build/Windows 11']
    hours: MON-FRI 07:00-18:00
    to: [helpdesk, chat]
  - {on: ready, to: helpdesk}
targets:
  helpdesk:
    kind: webhook
    url: https://tickets.example.com/hidden-part
    secret: ` + signing + `
  chat: {kind: Teams, url_file: teams-url}
targets.post: {kind: mail, server: 'mail.example.com:25', from: jm@example.com, to: 'a@example.com, b@example.com'}
`
)

func shown(c *configs.Config) (lines []string) {
	for _, v := range c.Values() {
		if strings.HasPrefix(v.Key, "notify.") || strings.HasPrefix(v.Key, "targets.") {
			lines = append(lines, fmt.Sprintf("%s = %s (%s %d)", v.Key, v.Text, v.Origin.Layer, v.Origin.Line))
		}
	}
	return lines
}

func TestRulesAndTargets(t *testing.T) {
	t.Parallel()
	file := write(t, messages)
	c := mustLoad(t, configs.LoadOptions{File: file, Env: []string{
		"JOBMON_NOTIFY_2_TO=chat", "JOBMON_TARGETS_ON_CALL_KIND=ntfy",
		"JOBMON_TARGETS_ON_CALL_URL=https://ntfy.sh/hidden-part",
		"JOBMON_TARGETS_HELPDESK_OLD_SECRET=" + signing, "JOBMON_NOTIFY_3_ON=disk-full", "JOBMON_NOTIFY_3_TO=on-call",
	}})
	teams := filepath.Join(filepath.Dir(file), "teams-url")
	want := []string{
		"notify.1.on = failed, standing-still (file 4)", "notify.1.computers = PC-*, id:5000123 (file 5)",
		"notify.1.groups = Lab (file 6)", "notify.1.folders = Build/Windows 11 (file 7)",
		"notify.1.hours = mon-fri 07:00-18:00 (file 8)", "notify.1.to = helpdesk, chat (file 9)",
		"notify.2.on = ready (file 10)", "notify.2.to = chat (environment 0)",
		"notify.3.on = disk-full (environment 0)", "notify.3.to = on-call (environment 0)",
		"targets.chat.kind = teams (file 16)", "targets.chat.url_file = " + teams + " (file 16)",
		"targets.helpdesk.kind = webhook (file 13)", "targets.helpdesk.url = (hidden) (file 14)",
		"targets.helpdesk.secret = (hidden) (file 15)", "targets.helpdesk.old_secret = (hidden) (environment 0)",
		"targets.on-call.kind = ntfy (environment 0)", "targets.on-call.url = (hidden) (environment 0)",
		"targets.post.kind = mail (file 17)", "targets.post.server = mail.example.com:25 (file 17)",
		"targets.post.from = jm@example.com (file 17)", "targets.post.to = a@example.com, b@example.com (file 17)",
	}
	if got := shown(c); !slices.Equal(got, want) {
		t.Errorf("shown is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rules := c.Rules()
	if len(rules) != 3 || !slices.Equal(rules[0].On, []notices.Topic{notices.Failed, notices.StandingStill}) ||
		len(rules[0].Computers) != 2 || len(rules[0].Groups) != 1 || len(rules[0].Folders) != 1 ||
		rules[0].Hours.String() != "mon-fri 07:00-18:00" {
		t.Errorf("%+v", rules)
	}
	if idle := c.Idle(); !slices.Equal(idle, []string{"post"}) {
		t.Errorf("no rule uses %q", idle)
	}
	text, err := json.Marshal(c)
	if printed := fmt.Sprintf("%v %+v %#v %s", c, c, c, text); err != nil || strings.Contains(printed, "hidden-part") ||
		strings.Contains(printed, signing[6:]) {
		t.Errorf("a secret is printed: %s", printed)
	}
}

func TestATargetsSecretsInFiles(t *testing.T) {
	t.Parallel()
	file := write(t, messages)
	c := mustLoad(t, configs.LoadOptions{File: file})
	teams := filepath.Join(filepath.Dir(file), "teams-url")
	for content, wrong := range map[string]string{
		"https://example.com/hidden-part\n": "", "http://example.com/hidden-part": "another computer",
		"hidden-part": "allowed is an address", "": "empty", "missing": "there is no file",
	} {
		os.Remove(teams)
		if content != "missing" {
			if err := os.WriteFile(teams, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		target, err := c.Target("chat")
		if wrong == "" {
			if err != nil || target.URL.Reveal() != "https://example.com/hidden-part" || c.Targets["chat"].URL != "" {
				t.Errorf("%+v, %v", target, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "hidden-part") ||
			!strings.Contains(err.Error(), "line 16: targets.chat.url_file") {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := c.Target("chatt"); err == nil || !strings.Contains(err.Error(), `did you mean "chat"`) {
		t.Error(err)
	}
}

// TestProblemsOfRulesAndTargets: all are found at once, each with its line, and none shows a secret.
func TestProblemsOfRulesAndTargets(t *testing.T) {
	t.Parallel()
	_, err := load(configs.LoadOptions{File: write(t, `notify:
  - on: [failed, standing-stil]
    to: helpdesk
    hours: mon-fr
  - computers: [id:x]
    groupz: [a]
    to: [opss, chat]
  - {}
  - on: failed
targets:
  ops:
    kind: slack
    secret: whsec_hidden-part
  chat:
    kind: tems
    url: http://example.com/hidden-part
  Mail: {kind: mail}
  post:
    kind: mail
    from: x
    ulr: https://hooks.example.com/hidden-part
    password: hidden-part
  direct: https://hooks.example.com/hidden-part
  both: {kind: webhook, url: 'https://example.com/hidden-part', url_file: x, old_secret: `+signing+`}
  nul: {kind: ntfy}
`), Env: []string{"JOBMON_TARGETS_OPS_ULR=https://example.com/hidden-part", "JOBMON_NOTIFY_9_OM=failed"}})
	if err == nil || strings.Contains(err.Error(), "hidden-part") {
		t.Fatal(err)
	}
	for _, want := range []string{
		`line 2: notify.1.on: .*did you mean "standing-still"`, `line 3: notify.1.to: "helpdesk" is no target; give it`,
		`line 4: notify.1.hours: .*"fr" is no day`, `line 5: notify.2.on: is missing`,
		`line 5: notify.2.computers: .*id:x`,
		`line 6: notify.2.groupz: .*"notify.2.groups"`,
		`line 7: notify.2.to: "opss" is no target; did you mean "ops"`,
		`line 8: notify.3: is no rule`, `line 9: notify.4.to: is missing`, `line 12: targets.ops.url: is missing`,
		`line 13: targets.ops.secret: \(hidden\) is not allowed`, `line 15: targets.chat.kind: .*did you mean "teams"`,
		`line 16: targets.chat.url: \(hidden\) .*another computer`, `line 17: targets.Mail: .*small letters`,
		`line 19: targets.post.server: is missing`, `line 19: targets.post.to: is missing`,
		`line 20: targets.post.from: .*no mail address`, `line 21: targets.post.ulr: \(hidden\) .*"targets.post.url"`,
		`line 22: targets.post.password: has no effect without targets.post.user`,
		`line 23: targets.direct: this is a section`,
		`line 24: targets.both.url_file: is not allowed beside targets.both.url`,
		`line 24: targets.both.old_secret: has no effect without`, `line 25: targets.nul: no file of Windows`,
		`variable JOBMON_TARGETS_OPS_ULR: \(hidden\) .*"JOBMON_TARGETS_OPS_URL"`,
		`JOBMON_NOTIFY_9_OM: .*"JOBMON_NOTIFY_9_ON"`,
	} {
		if !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("no problem %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestChangesOfRulesAndTargets(t *testing.T) {
	t.Parallel()
	before := mustLoad(t, configs.LoadOptions{File: write(t, messages)})
	after := mustLoad(t, configs.LoadOptions{File: write(t, strings.NewReplacer(
		"  - {on: ready, to: helpdesk}\n", "", "hidden-part", "other-part", "id:5000123", "id:5000124",
	).Replace(messages))})
	want := []configs.Change{
		{Key: "notify.1.computers", Old: "PC-*, id:5000123", New: "PC-*, id:5000124", Live: true},
		{Key: "notify.2.on", Old: "ready", Live: true}, {Key: "notify.2.to", Old: "helpdesk", Live: true},
		{Key: "targets.helpdesk.url", Old: "(hidden)", New: "(hidden)", Live: true},
	}
	got := slices.DeleteFunc(before.Changes(after), func(c configs.Change) bool {
		return c.Key == "targets.chat.url_file" // in another folder
	})
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// TestTheExampleOfRulesIsOne: without the # at the beginning of its lines it is a valid configuration.
func TestTheExampleOfRulesIsOne(t *testing.T) {
	t.Parallel()
	text := string(configs.Example())
	from := strings.Index(text, "#notify:\n")
	c := mustLoad(t, configs.LoadOptions{File: "f.yaml", Content: []byte(
		regexp.MustCompile(`(?m)^#(notify:|targets:|  )`).ReplaceAllString(text[from:], "$1"))})
	if len(c.Notify) != 2 || len(c.Targets) != 2 || len(c.Idle()) != 0 {
		t.Errorf("%+v", c)
	}
}

// TestRulesSurviveAnEdit: setup changes other keys of a file with rules.
func TestRulesSurviveAnEdit(t *testing.T) {
	t.Parallel()
	got, err := configs.Edit("f.yaml", []byte(messages), []configs.Setting{{Key: "site", Text: "DS02"}})
	if err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, configs.LoadOptions{File: "f.yaml", Content: got})
	before := mustLoad(t, configs.LoadOptions{File: "f.yaml", Content: []byte(messages)})
	if changes := before.Changes(c); len(changes) != 1 || c.Site != "DS02" || len(c.Rules()) != 2 {
		t.Errorf("%+v", changes)
	}
}

// TestARuleThatNeverSends: a rule about no computer cannot be narrowed to some.
func TestARuleThatNeverSends(t *testing.T) {
	t.Parallel()
	for rule, wrong := range map[string]string{
		"on: [source-lost, damaged], groups: Lab":      `line 1: notify.1.groups: .*none of its topics is about a computer`,
		"on: disk-full, folders: Build, computers: PC": `line 1: notify.1.computers: .*leave it out\n.*notify.1.folders: `,
		"on: [source-lost, failed], groups: Lab":       "",
	} {
		_, err := load(configs.LoadOptions{File: write(t, "notify: [{"+rule+", to: ops}]\n"+
			`targets: {ops: {kind: webhook, url: "https://example.com/x", secret: "`+signing+`", token: 'a,b'}}`+"\n")})
		if text := fmt.Sprint(err); (err == nil) != (wrong == "") || !regexp.MustCompile(wrong).MatchString(text) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

// What belongs into a file and stands where its path belongs is refused and not repeated, wherever it comes from.
func TestSecretsWherePathsBelong(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"https://hooks.example.com/hidden-part", " 'HTTPS://hooks.example.com/hidden-part '",
		"whsec_hidden-part", configs.TokenPrefix + "hidden-part",
	} {
		for key, start := range map[string]string{
			"targets.ops.url_file":        "targets:\n  ops:\n    kind: webhook\n    url_file: ",
			"targets.ops.old_secret_file": "targets:\n  ops:\n    kind: webhook\n    old_secret_file: ",
			"source.password_file":        "source:\n  password_file: ",
		} {
			variable := "JOBMON_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
			for _, o := range []configs.LoadOptions{
				{File: write(t, start+secret+"\n")}, {Env: []string{variable + "=" + strings.Trim(secret, " '")}},
			} {
				_, err := configs.Load(o)
				if err == nil || strings.Contains(err.Error(), "hidden-part") || !strings.Contains(err.Error(), key) ||
					!strings.Contains(err.Error(), "(hidden) is not allowed; allowed is the path of a file (it looks like") {
					t.Errorf("%s: %s: %v", key, secret, err)
				}
			}
		}
	}
}
