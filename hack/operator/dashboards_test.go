package operator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type dashboard struct {
	UID, Title string
	Links      []struct{ URL string }
	Templating struct{ List []struct{ Name, Type string } }
	Panels     []panel
}

type panel struct {
	ID          int
	Title, Type string
	Interval    string
	Datasource  struct{ UID string }
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ Expr string }
	FieldConfig struct {
		Defaults struct{ Links []struct{ URL string } }
	}
}

func dashboards(t *testing.T) (all []dashboard) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(manifests, "dashboard/*.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("dashboards found: %v, error %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); d.UID != name {
			t.Errorf("%s has the uid %s", file, d.UID)
		}
		all = append(all, d)
	}
	return all
}

// filled is a query with Grafana's variables filled in.
func filled(expr, node string) string {
	return strings.NewReplacer("$cluster", ".*", "$node", node, "$__rate_interval", "4m").Replace(expr)
}

// TestDashboards holds the dashboards to what makes them quick and right: promtool can
// read every query, both sides of a join name what they are about, nothing is looked
// for in the whole fleet by topk, and no query is about less than a report's interval.
func TestDashboards(t *testing.T) {
	type query struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var queries []query
	uids := map[string]bool{}
	for _, d := range dashboards(t) {
		uids["/d/"+d.UID] = true
	}
	selector := regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\{[^}]*\}`)
	for _, d := range dashboards(t) {
		variables := map[string]string{}
		for _, v := range d.Templating.List {
			variables[v.Name] = v.Type
		}
		if variables["datasource"] != "datasource" || variables["cluster"] != "query" || variables["node"] != "query" {
			t.Errorf("%s has the variables %v", d.UID, variables)
		}
		links := 0
		for _, l := range d.Links {
			if uids[l.URL] {
				links++
			}
		}
		if links != 1 {
			t.Errorf("%s has %d links to the other dashboard", d.UID, links)
		}
		at := map[[2]int]string{}
		ids := map[int]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] {
				t.Errorf("%s: two panels have the id %d", d.UID, p.ID)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := at[[2]int{x, y}]; other != "" || x > 23 {
						t.Fatalf("%s: %s lies on %s, or out of the page", d.UID, p.Title, other)
					}
					at[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Interval != "1m" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
				t.Errorf("%s, %s: interval %q, data source %q, %d queries", d.UID, p.Title, p.Interval, p.Datasource.UID, len(p.Targets))
			}
			for _, q := range p.Targets {
				queries = append(queries, query{"panel:" + strings.ReplaceAll(d.UID, "-", "_"), filled(q.Expr, ".*")})
				if strings.Contains(q.Expr, "topk") {
					t.Errorf("%s, %s: topk, which a rule should do", d.UID, p.Title)
				}
				if regexp.MustCompile(`\[[0-9]+s\]|\[[123]m\]`).MatchString(q.Expr) {
					t.Errorf("%s, %s: a range of less than four reports in %s", d.UID, p.Title, q.Expr)
				}
				for _, s := range selector.FindAllString(q.Expr, -1) {
					if !strings.Contains(s, `cluster=~"$cluster"`) {
						t.Errorf("%s, %s: %s is of all clusters", d.UID, p.Title, s)
					}
					if d.UID == "edgegauge-node" && !strings.Contains(s, `node="$node"`) {
						t.Errorf("%s, %s: %s is of all nodes", d.UID, p.Title, s)
					}
				}
			}
		}
	}
	checkQueries(t, queries)
}
