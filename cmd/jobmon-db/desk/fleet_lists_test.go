package desk

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

// TestTheSameNameAtSeveralSites is answered with the computers to choose from; with its site it is one.
func TestTheSameNameAtSeveralSites(t *testing.T) {
	t.Parallel()
	f, _ := fleet(t)
	for _, name := range []string{"PC-0002", "5000002", "id:5000002"} {
		var unknown *http.Unknown
		if _, err := f.Computer(t.Context(), "", name, "", 0); !errors.As(err, &unknown) || len(unknown.Closest) != 3 ||
			unknown.Closest[1].Key().String() != "DS02/5000002" || !strings.Contains(unknown.Text, "DS03/id:5000002") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct{ site, name, want string }{
		{"DS02", "PC-0002", "DS02/5000002"}, {"", "DS02/PC-0002", "DS02/5000002"}, {"", "PC-0005", "DS03/5000005"},
		{"DS03", "5000001", "DS03/5000001"},
	} {
		got, err := f.Computer(t.Context(), c.site, c.name, "", 0)
		if err != nil || got.Key.String() != c.want || got.Picture.Computer.Key() != got.Key || len(got.Events) == 0 ||
			len(got.Sites) != 1 || got.Sites[0].Name != got.Key.Site || got.Offset != got.Sites[0].Offset {
			t.Errorf("%v: %v, %v", c, got.Key, err)
		}
	}
	var unknown *http.Unknown
	if _, err := f.Computer(t.Context(), "", "PC-0009", "", 0); !errors.As(err, &unknown) || len(unknown.Closest) < 3 ||
		unknown.Closest[0].Site == unknown.Closest[1].Site {
		t.Errorf("%v", err)
	}
	if _, err := f.Computer(t.Context(), "DS02", "PC-0009", "", 0); !errors.As(err, &unknown) ||
		unknown.Closest[0].Site != "DS02" {
		t.Errorf("%v", err)
	}
}

// TestFiguresOfAFleetAreOfAllDeployments: as many as at all sites together, and each site's as its own page says.
func TestFiguresOfAFleetAreOfAllDeployments(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	all, err := f.Reports(t.Context(), "", "2026-11-01", "")
	if err != nil {
		t.Fatal(err)
	}
	table := func(r board.Reports, name string) board.Table {
		return r.Tables[slices.IndexFunc(r.Tables, func(t board.Table) bool { return t.Name == name })]
	}
	ended, runs := 0, 0
	for i, s := range sites {
		own, err := New(s).Reports(t.Context(), "", "2026-11-01", "")
		if err != nil {
			t.Fatal(err)
		}
		ended += own.Figures[0].Value.(int)
		for _, row := range table(own, board.TableStages).Rows {
			runs += row[4].Text.(int)
		}
		row := table(all, board.TableSites).Rows[i]
		if row[0].Text != s.name || row[1].Text != own.Figures[0].Value {
			t.Errorf("%s: %v, its own page says %v", s.name, row, own.Figures[0].Value)
		}
	}
	for _, row := range table(all, board.TableStages).Rows {
		runs -= row[4].Text.(int)
	}
	if all.Figures[0].Value != ended || ended == 0 || runs != 0 {
		t.Errorf("%v ended, want %d; %d runs of stages are missing", all.Figures[0].Value, ended, runs)
	}
	jobs := map[any]bool{}
	for _, row := range table(all, board.TableSlowest).Rows {
		if jobs[row[0].Text] || !strings.HasPrefix(row[2].Href, "/c/DS0") {
			t.Errorf("the job %v stands there twice, or leads to %q", row[0].Text, row[2].Href)
		}
		jobs[row[0].Text] = true
	}
}

// TestListsOfAFleetNameTheSite of each deployment and each figure.
func TestListsOfAFleetNameTheSite(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	list, err := f.Deployments(t.Context(), "", "2026-11-01", "", "")
	if err != nil {
		t.Fatal(err)
	}
	count, want := map[string]int{}, 0
	for _, d := range list {
		count[d.Site]++
	}
	for _, s := range sites {
		own, err := New(s).Deployments(t.Context(), "", "2026-11-01", "", "")
		if want += len(own); err != nil || count[s.name] != len(own) {
			t.Errorf("%d of %s, want %d, %v", count[s.name], s.name, len(own), err)
		}
	}
	if len(list) != want || want == 0 {
		t.Errorf("%d deployments, want %d", len(list), want)
	}
	one, err := f.Deployments(t.Context(), "", "", "", "DS02/PC-0002")
	if err != nil || len(one) == 0 || one[0].Site != "DS02" || one[0].Computer != "PC-0002" {
		t.Errorf("%+v, %v", one, err)
	}
	stats, err := f.Stats(t.Context(), "DS03", "job", "", "")
	if err != nil || len(stats) == 0 || stats[0].Site != "DS03" {
		t.Errorf("%+v, %v", stats, err)
	}
	stats, err = f.Stats(t.Context(), "", "job", "2026-11-01", "")
	if err != nil {
		t.Fatal(err)
	}
	runs, names := 0, map[string]bool{}
	for _, one := range stats {
		if runs += one.Runs; names[one.Name] || one.JobID != nil {
			t.Errorf("%s counts twice, or by a number of one site: %+v", one.Name, one)
		}
		names[one.Name] = true
	}
	for _, s := range sites {
		own, err := New(s).Stats(t.Context(), "", "job", "2026-11-01", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range own {
			runs -= one.Runs
		}
	}
	if runs != 0 || len(stats) == 0 {
		t.Errorf("%d jobs; the sites' runs differ by %d", len(stats), runs)
	}
}
