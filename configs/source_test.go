package configs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

func TestKindAndDatabaseFollowTheServer(t *testing.T) {
	c := mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=ds"}})
	if c.Source.Kind != configs.KindSQLServer || c.Source.Database != "eXpress" || c.Source.TLS.Min != "1.2" ||
		c.Source.TLS.Encrypt != "" {
		t.Errorf("%+v", c.Source)
	}
	c = mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_DSN=server=ds"}})
	if c.Source.Kind != configs.KindSQLServer || c.Source.Database != "" {
		t.Errorf("beside a DSN: %+v", c.Source)
	}
	c = mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=ds", "JOBMON_SOURCE_KIND=simulator"}})
	if c.Source.Kind != configs.KindSimulator {
		t.Errorf("%+v", c.Source)
	}
}

func TestServers(t *testing.T) {
	for _, server := range []string{"ds", "ds.example.com,1433", "ds:1433", "[fd00::1]:1433", "fd00::1", `DS\ALTIRIS`,
		"(local)", ".", "tcp:ds,1433",
		`np:\\ds\pipe\MSSQL$ALTIRIS\sql\query`, "lpc:ds"} {
		c, err := load(configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=" + server}})
		if err != nil || c.Source.Server != server {
			t.Errorf("%s: %v", server, err)
		}
	}
	for _, server := range []string{"ds?database=x", "server=ds", "ds;user id=sa", "sa:geheim@ds",
		"sqlserver://sa:geheim@ds", "d s", "ds/ALTIRIS"} {
		_, err := load(configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=" + server}})
		if err == nil || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "host:port") {
			t.Errorf("%s: %v", server, err)
		}
	}
}

// What contradicts is found at one go, each at its own place.
func TestContradictionsOfTheSource(t *testing.T) {
	for _, c := range []struct {
		env  string
		want []string // keys
		say  string
	}{
		{"DSN=server=ds SERVER=ds2", []string{"source.server"}, "source.dsn (environment variable JOBMON_SOURCE_DSN)"},
		{"DSN=server=ds USER=a DATABASE=b TLS_ENCRYPT=true TLS_TRUST=true TLS_HOST_NAME=x",
			[]string{"source.database", "source.tls.encrypt", "source.tls.host_name", "source.tls.trust",
				"source.user"}, "source.server"},
		{"DSN=server=ds PASSWORD=geheim TLS_MIN=1.0 TLS_CA=ca.pem", nil, ""},
		{"DSN=server=ds PASSWORD_FILE=p", nil, ""},
		{"SERVER=ds", nil, ""},
		{"SERVER=ds USER=a", nil, ""}, // the password may be known to the service alone
		{"SERVER=ds USER=a PASSWORD=geheim PASSWORD_FILE=geheim", []string{"source.password_file"}, "source.password"},
		{"SERVER=ds PASSWORD=geheim", []string{"source.password"}, "source.user"},
		{"PASSWORD_FILE=geheim", []string{"source.password_file"}, "source.user"},
		{"SERVER=ds PASSWORD_FILE=geheim PASSWORD=geheim", []string{"source.password_file", "source.password_file"},
			"source.user"},
		{"SERVER=ds TLS_TRUST=true TLS_CA=ca.pem", []string{"source.tls.ca"}, "source.tls.trust"},
		{"KIND=sqlserver", []string{"source.server"}, "source.dsn"},
		{"KIND=sqlserver SERVER=?", []string{"source.server"}, "host:port"},
		{"KIND=recording", []string{"source.recording"}, "the path of the file"},
		{"KIND=recording DSN=server=ds SERVER=ds PASSWORD=geheim PASSWORD_FILE=geheim TLS_TRUST=yes TLS_CA=x " +
			"TIMEOUT=1s",
			[]string{"source.recording", "source.password_file", "source.server", "source.lock_timeout",
				"source.tls.ca"}, ""},
	} {
		o := configs.LoadOptions{}
		for pair := range strings.FieldsSeq(c.env) {
			o.Env = append(o.Env, "JOBMON_SOURCE_"+pair)
		}
		if c.want == nil {
			mustLoad(t, o)
			continue
		}
		var keys []string
		said := ""
		for _, p := range problems(t, o) {
			keys = append(keys, p.Key)
			said += p.String() + "\n"
		}
		slices.Sort(keys)
		slices.Sort(c.want)
		if !slices.Equal(keys, c.want) || !strings.Contains(said, c.say) || strings.Contains(said, "geheim") {
			t.Errorf("%s: want %v\n%s", c.env, c.want, said)
		}
	}

	file := write(t, "source:\n  dsn: server=ds\n  password: geheim\n  password_file: here\n\n  server: ds\n")
	wrong := problems(t, configs.LoadOptions{File: file})
	if len(wrong) != 2 || wrong[0].Origin.Line != 4 || wrong[1].Origin.Line != 6 ||
		!strings.Contains(wrong[0].Reason, "source.password ("+file+", line 3)") ||
		!strings.Contains(wrong[1].Reason, "line 2") {
		t.Errorf("%v", wrong)
	}
}

func TestOnlyRenamedColumnsAreHandedOn(t *testing.T) {
	if c := mustLoad(t, configs.LoadOptions{}); len(c.Source.Tables.Columns) != 0 {
		t.Errorf("by default: %v", c.Source.Tables.Columns)
	}
	c := mustLoad(t, configs.LoadOptions{
		File: write(
			t, "source:\n  columns:\n    event_schedule: {start_time: due, status_code: status_code}\n    event: "+
				"{name: wrong}\n"),
		Env: []string{"JOBMON_SOURCE_COLUMNS_EVENT_NAME=[job name]", "JOBMON_SOURCE_COLUMNS_SESSIONS_COMPUTER_ID=pc"},
	})
	got := c.Source.Tables.Columns
	if len(got) != 3 || got["event_schedule.start_time"] != "due" || got["event.name"] != "[job name]" ||
		got["sessions.computer_id"] != "pc" {
		t.Errorf("%v", got)
	}
}

func TestPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	server := []string{"JOBMON_SOURCE_SERVER=ds", "JOBMON_SOURCE_USER=reader"}
	with := func(more ...string) *configs.Config {
		return mustLoad(t, configs.LoadOptions{Env: append(slices.Clone(server), more...)})
	}
	for _, c := range []struct {
		config *configs.Config
		file   string
		want   string
	}{
		{with("JOBMON_SOURCE_PASSWORD= ge;heim "), "", " ge;heim "},
		{with("JOBMON_SOURCE_PASSWORD_FILE=" + path), " aus der Datei \r\n", " aus der Datei "},
		{mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_DSN=server=ds", "JOBMON_SOURCE_PASSWORD_FILE=" +
			path}}), "x", "x"},
		{mustLoad(t, configs.LoadOptions{Env: []string{"JOBMON_SOURCE_SERVER=ds"}}), "", ""},
		{mustLoad(t, configs.LoadOptions{}), "", ""},
	} {
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.config.Password()
		if err != nil || got.Reveal() != c.want {
			t.Errorf("%q, %v; want %q", got.Reveal(), err, c.want)
		}
	}

	for _, c := range []struct {
		config *configs.Config
		file   string
		key    string
		words  string
	}{
		{with(), "", "source.user", "JOBMON_SOURCE_PASSWORD"},
		{with("JOBMON_SOURCE_PASSWORD_FILE=" + path), "geheim\ngeheim\n", "source.password_file", "more than one line"},
		{with("JOBMON_SOURCE_PASSWORD_FILE=" + path), "", "source.password_file", "empty"},
		{with("JOBMON_SOURCE_PASSWORD_FILE=" + path + "2"), "", "source.password_file", "there is no file " + path +
			"2"},
	} {
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.config.Password()
		wrong, ok := errors.AsType[*configs.Error](err)
		if got != "" || !ok || wrong.Problems[0].Key != c.key ||
			wrong.Problems[0].Origin.Layer != configs.FromEnvironment ||
			!strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q, %v", got.Reveal(), err)
		}
	}
	if _, err := with("JOBMON_SOURCE_PASSWORD_FILE=" + path + "2").Password(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
