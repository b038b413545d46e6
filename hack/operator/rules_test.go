package operator

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// program is where a program is. Without it what it tests would go untested, so
// that is a failure.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("there is no %s in PATH: `make test` installs it", name)
	}
	return path
}

// promtool runs it in a folder.
func promtool(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.Command(program(t, "promtool"), args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

// TestRules has promtool check the rules and evaluate them on series made up for
// them.
func TestRules(t *testing.T) {
	folder := filepath.Join(manifests, "rules")
	promtool(t, folder, "check", "rules", "edgegauge.rules.yaml")
	for _, file := range ruleTests(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			promtool(t, filepath.Dir(file), "test", "rules", filepath.Base(file))
		})
	}
}

func ruleTests(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(manifests, "rules/tests/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the rules found, error %v", err)
	}
	return files
}

// TestEveryAlertIsTested looks into the tests for each alert: in one of them it is
// among those that fire at one moment, and not at another.
func TestEveryAlertIsTested(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	name := regexp.MustCompile(`alertname="([A-Za-z]+)"`)
	for _, file := range ruleTests(t) {
		var content struct {
			Tests []struct {
				PromqlExprTest []struct {
					Expr       string
					ExpSamples []struct{ Labels string } `json:"exp_samples"`
				} `json:"promql_expr_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &content); err != nil {
			t.Fatal(err)
		}
		for _, test := range content.Tests {
			// Those that fire at any moment of this test.
			ever, moments := map[string]int{}, 0
			for _, e := range test.PromqlExprTest {
				if !strings.Contains(e.Expr, `alertstate="firing"`) {
					continue
				}
				moments++
				now := map[string]bool{}
				for _, s := range e.ExpSamples {
					if m := name.FindStringSubmatch(s.Labels); m != nil {
						now[m[1]] = true
					}
				}
				for alert := range now {
					ever[alert]++
				}
			}
			for alert, n := range ever {
				fires[alert] = true
				if n < moments {
					silent[alert] = true
				}
			}
		}
	}
	s, _ := readSource(t)
	for _, a := range s.alerts() {
		if !fires[a.Alert] || !silent[a.Alert] {
			t.Errorf("%s: tested for firing: %v; for not firing in the same test: %v", a.Alert, fires[a.Alert], silent[a.Alert])
		}
	}
}

// TestConventions holds the rules to what is said of them at the top of rules.yaml.
func TestConventions(t *testing.T) {
	s, _ := readSource(t)
	alerts := map[string]bool{}
	records := map[string]bool{}
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				if records[r.Record] {
					t.Errorf("%s is recorded twice", r.Record)
				}
				records[r.Record] = true
				continue
			}
			if alerts[r.Alert] {
				t.Errorf("%s: two alerts have this name; a critical one would mute the other in the whole namespace", r.Alert)
			}
			alerts[r.Alert] = true
			if d, err := time.ParseDuration(r.For); err != nil || d <= 10*time.Minute {
				t.Errorf("%s: for is %q, which a restart of Prometheus begins anew: --rules.alert.for-grace-period is 10m", r.Alert, r.For)
			}
			if r.KeepFiringFor == "" && r.Labels["severity"] != "info" && r.Alert != "EdgegaugeAbsent" {
				t.Errorf("%s: without keep_firing_for, a scrape that fails ends it", r.Alert)
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
				t.Errorf("%s: severity %q is none of kube-prometheus'", r.Alert, r.Labels["severity"])
			}
			for _, a := range []string{"summary", "description"} {
				if !strings.HasSuffix(r.Annotations[a], ".") {
					t.Errorf("%s: the %s %q is no sentence", r.Alert, a, r.Annotations[a])
				}
			}
			for _, costly := range []string{"topk", "bottomk", "quantile", "sort"} {
				if strings.Contains(r.Expr, costly) {
					t.Errorf("%s runs %s, which belongs in a recording rule", r.Alert, costly)
				}
			}
		}
	}
	// Every aggregation keeps what tells two clusters, namespaces and jobs apart.
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(r.Expr, -1) {
				want := "cluster, namespace, job"
				if strings.Contains(r.Expr, "kube_") {
					want = "cluster" // whose namespace and job are kube-state-metrics'
				}
				if !strings.HasPrefix(by[1], want) {
					t.Errorf("%s%s aggregates by %s, which must begin with %s", r.Record, r.Alert, by[1], want)
				}
			}
			// What is recorded must be used by something.
			if r.Record == "" {
				continue
			}
		}
	}
	for i, rule := range s.Inhibit {
		for _, side := range []string{rule.Source, rule.Target} {
			matched := false
			pattern := regexp.MustCompile("^(?:" + side + ")$")
			for alert := range alerts {
				matched = matched || pattern.MatchString(alert)
			}
			for _, one := range strings.Split(side, "|") {
				if !strings.Contains(one, ".") && !alerts[one] {
					t.Errorf("inhibit[%d] names %s, which there is not", i, one)
				}
			}
			if !matched {
				t.Errorf("inhibit[%d]: no alert matches %s", i, side)
			}
		}
	}
}

// TestRunbooks holds docs/runbooks to the alerts: a page for each, with what it
// means, what to type and what to do, and queries that promtool can read.
func TestRunbooks(t *testing.T) {
	const folder = "../../docs/runbooks"
	s, _ := readSource(t)
	if *update {
		if err := os.WriteFile(filepath.Join(folder, "README.md"), []byte(runbookIndex(&s)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, filepath.Join(folder, "README.md")) != runbookIndex(&s) {
		t.Errorf("%s/README.md is out of date; `make docs` writes it anew", folder)
	}
	pages, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{"README": true}
	for _, a := range s.alerts() {
		missing[a.Alert] = true
	}
	type query struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var queries []query
	block := regexp.MustCompile("(?ms)^```promql\n(.*?)^```")
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if !missing[name] {
			t.Errorf("%s is about no alert", page)
		}
		delete(missing, name)
		if name == "README" {
			continue
		}
		text := read(t, page)
		for _, part := range []string{"# " + name + "\n", "\n## What it means\n", "\n## What to type\n", "\n## What to do\n"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q", page, strings.TrimSpace(part))
			}
		}
		found := 0
		for _, m := range block.FindAllStringSubmatch(text, -1) {
			for _, line := range strings.Split(strings.TrimSpace(m[1]), "\n") {
				found++
				line = regexp.MustCompile(`^(.*)\[2h\]$`).ReplaceAllString(line, "count_over_time($1[2h])")
				queries = append(queries, query{"runbook:" + name, line})
			}
		}
		if found == 0 {
			t.Errorf("%s has no query", page)
		}
	}
	for name := range missing {
		t.Errorf("%s/%s.md is missing", folder, name)
	}
	checkQueries(t, queries)
}

// checkQueries has promtool parse queries, as recording rules.
func checkQueries(t *testing.T, queries any) {
	t.Helper()
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": queries}}})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "queries.yaml"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, folder, "check", "rules", "--lint=none", "queries.yaml")
}

// runbookIndex lists the alerts.
func runbookIndex(s *source) string {
	var b strings.Builder
	b.WriteString(`# Runbooks

A page for each alert of [` + "`manifests/rules`" + `](../../manifests/rules): what it means, what to type, what to do. In what there is to type, NODE, MOUNTPOINT and CLOUDCORE stand for yours.

| Alert | Severity | After | Says |
|---|---|---|---|
`)
	template := regexp.MustCompile(`\{\{ *\$(labels\.)?([a-z]+)[^}]*\}\}`)
	for _, a := range s.alerts() {
		says := template.ReplaceAllStringFunc(a.Annotations["summary"], func(m string) string {
			return "*" + template.FindStringSubmatch(m)[2] + "*"
		})
		b.WriteString("| [" + a.Alert + "](" + a.Alert + ".md) | " + a.Labels["severity"] + " | " + a.For + " | " + says + " |\n")
	}
	return b.String()
}
