package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func recorded(t *testing.T) *recording.Recording {
	t.Helper()
	r, err := recording.Load("testdata/recording.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// played is what the screens show of a recording after that time: a line for each computer that has a file.
func played(t *testing.T, r *recording.Recording, after time.Duration) (board []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		settings := jobmon.DefaultSettings()
		settings.Site = "DS01"
		d, err := daemon.Open(daemon.Options{
			DataDir: filepath.Join(dir, "data"), EvtDir: filepath.Join(dir, "evt"), Settings: settings,
			Interval: poll, Timeout: 15 * time.Second, Version: "test",
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), after)
		defer stop()
		if err := d.Run(ctx, recording.NewSource(r)); err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Tables.Computers {
			content, err := os.ReadFile(filepath.Join(dir, "evt", fmt.Sprintf("%d.evt", c.ID)))
			if err != nil {
				continue
			}
			f, err := evt.Decode(content)
			if err != nil {
				t.Fatal(err)
			}
			board = append(board, fmt.Sprintf("%s, %s: %s", f.Computer.Name, f.Agent, brief(f)))
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return board
}

func TestARecordingGivesItsBoard(t *testing.T) {
	want := []string{
		"PC-0001, online: #1 open 86% | Configuring computer succeeded 2/2 | Joining the domain succeeded 2/2 | " +
			"Security failed 3/3 [Install anti-virus 1603] | " +
			"VPN client succeeded 2/2 | Office 2024 succeeded 3/3 | Standard software succeeded 4/4 | Security " +
			"updates succeeded 2/2 | Cleaning up succeeded 2/2 | " +
			"> Ready running 0/0 | Project tools waiting 0/2 | Ready waiting 0/1 | stuck: Remove build account 18:57 " +
			"| later: Update firmware 22:00 | later: Nightly inventory 03:00",
		"PC-0002, online: #1 open 91% | Configuring computer succeeded 2/2 | Joining the domain succeeded 2/2 | " +
			"Security succeeded 3/3 | " +
			"VPN client succeeded 2/2 | Office 2024 succeeded 5/5 | Standard software succeeded 4/4 | Security " +
			"updates succeeded 2/2 | > Cleaning up running 1/2 | " +
			"Ready waiting 0/1 | later: Nightly inventory 03:00",
		"PC-0003, online: #1 open 84% | Configuring computer succeeded 2/2 | Joining the domain succeeded 2/2 | " +
			"Security succeeded 3/3 | " +
			"VPN client succeeded 2/2 | Office 2024 succeeded 3/3 | Standard software succeeded 3/3 | > Security " +
			"updates running 1/2 [Install security updates 3010] | " +
			"Cleaning up waiting 0/2 | stuck: 08. (JM) Cleaning up 18:57 | later: Nightly inventory 03:00 | " +
			"unscheduled: Weekly disk check",
	}
	if got := played(t, recorded(t), time.Minute); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// It was recorded at 19:27. When 22:00 comes near, the firmware waits like the rest.
	near := strings.NewReplacer(" | later: Update firmware 22:00", "", "86%", "83%", "| Ready waiting 0/1 |",
		"| Ready waiting 0/2 |")
	if later := played(t, recorded(t), 150*time.Minute)[0]; later != near.Replace(want[0]) {
		t.Errorf("got %s", later)
	}
}

// Pseudonyms change names and nothing else.
func TestPseudonymsGiveTheSameBoard(t *testing.T) {
	p, err := recording.NewPseudonyms(bytes.Repeat([]byte{7}, 32), jobmon.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	rules, err := jobmon.NewRules(jobmon.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	plain, disguised := recorded(t), recorded(t)
	if err := disguised.Disguise(p); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, c := range disguised.Tables.Computers {
		names = append(names, c.Name, plain.Tables.Computers[i].Name)
	}
	for i, j := range disguised.Tables.Jobs {
		names = append(names, rules.StageName(j.Name), rules.StageName(plain.Tables.Jobs[i].Name))
	}
	want, got := strings.Join(played(t, plain, time.Minute), "\n"), strings.Join(played(t, disguised, time.Minute),
		"\n")
	if named := strings.NewReplacer(names...).Replace(got); named != want || got == want {
		t.Errorf("got\n%s\nwhich is\n%s\nwant\n%s", got, named, want)
	}
}
