package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// TestNames looks for metric names in what is written for operators that the
// exporter does not have.
func TestNames(t *testing.T) {
	known := map[string]bool{
		"nodemetrics_routes": true, "nodemetrics_foreign_certificate_reports_total": true, // cloud/cmd/cloudcore's
		// Samples of histograms, by the name of their family.
		"nodemetrics_report_bytes_bucket": true, "nodemetrics_report_duration_seconds_bucket": true, "nodemetrics_scrape_duration_seconds_bucket": true,
	}
	for _, f := range mapping.Version1().Families() {
		known[f.Name] = true
	}
	c := nodemetrics.DefaultConfig()
	c.Host = prometheus.NewRegistry()
	m, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		known[f.GetName()] = true
	}

	// What the rules record has colons in its name.
	rules, err := os.ReadFile(filepath.Join(root, "manifests/rules/edgegauge.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ *- record: (\S+)$`).FindAllStringSubmatch(string(rules), -1) {
		known[m[1]] = true
	}
	name := regexp.MustCompile(`\b([a-z_]+:)?(edge_node|nodemetrics)_[a-z0-9_]*[a-z0-9](:[a-z0-9]+)?\b`)
	files := documents(t)
	for _, file := range []string{"manifests/dashboard/edgegauge-fleet.json", "manifests/dashboard/edgegauge-node.json", "manifests/rules/prometheusrule.yaml"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		files[file] = string(data)
	}
	// Mapping files in the documents make names of their own.
	for _, text := range files {
		for _, m := range regexp.MustCompile(`\bname: (edge_node_[a-z0-9_]+)`).FindAllStringSubmatch(text, -1) {
			known[m[1]] = true
		}
	}
	found := map[string]int{}
	for file, text := range files {
		for _, n := range name.FindAllString(text, -1) {
			found[file]++
			if !known[n] && n != "edge_node_fan_rpm" && n != "edge_node_door_open" {
				t.Errorf("%s names %s, which there is not", file, n)
			}
		}
	}
	for _, file := range []string{
		"manifests/dashboard/edgegauge-fleet.json", "manifests/dashboard/edgegauge-node.json", "manifests/rules/prometheusrule.yaml", "README.md",
		"edge/README.md", "docs/metrics.md", "docs/queries.md",
	} {
		if found[file] == 0 {
			t.Errorf("%s names no metric", file)
		}
	}
}
