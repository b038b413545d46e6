//go:build e2e

package command_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/programs"
)

// The TTL is short to have a short test, and long against a scrape, so that
// what is seen at its end is due to it.
const (
	ttl            = 6 * time.Second
	scrapeInterval = time.Second
	patience       = time.Minute
)

func TestPrometheusSeesNodesComeAndGo(t *testing.T) {
	metrics, send := startNodemetrics(t)
	prom := startPrometheus(t, metrics, "")

	report := func(value float64) {
		send(map[string]any{
			"header": map[string]any{"timestamp": time.Now().UnixMilli()},
			"route":  map[string]any{"resource": "node/edge-a/default/user/sysinfo"},
			"content": map[string]any{"cpu": map[string]any{"load1": value},
				"networks": []any{map[string]any{"device": "eth0", "receiveBytesTotal": 4096}}},
		})
	}

	report(0.75)
	prom.Wait(t, `edge_node_load1{node="edge-a"} == 0.75`, 1)
	prom.Wait(t, `edge_node_network_receive_bytes_total{node="edge-a",device="eth0"} == 4096`, 1)
	prom.Wait(t, `edge_node_up{node="edge-a"} == 1`, 1)
	prom.Wait(t, `up{job="nodemetrics"} == 1`, 1)
	prom.Wait(t, `go_goroutines{job="nodemetrics"} > 0`, 1)

	report(0.5)
	last := time.Now()
	prom.Wait(t, `edge_node_load1{node="edge-a"} == 0.5`, 1)
	// Silence. The series must end with the first scrape after the TTL, not
	// five minutes later, when Prometheus gives up on its own.
	prom.Wait(t, `edge_node_up{node="edge-a"} == 0`, 1)
	prom.Wait(t, `edge_node_load1{node="edge-a"}`, 0)
	gone := time.Since(last)
	if gone < ttl {
		t.Errorf("the series ended %v after the report, before its TTL of %v", gone, ttl)
	}
	newest := prom.Number(t, `max_over_time(timestamp(edge_node_load1{node="edge-a"})[1m:500ms])`)
	if end := newest - float64(last.UnixMilli())/1e3; end > (ttl + scrapeInterval).Seconds() {
		t.Errorf("the newest sample is %.1f s younger than the report, more than the TTL of %v and a scrape", end, ttl)
	}
	prom.Wait(t, `edge_node_last_report_timestamp_seconds{node="edge-a"}`, 1)
	prom.Wait(t, `nodemetrics_nodes{state="expired"} == 1`, 1)

	// On a slow machine the node may have been away before.
	returned := prom.Number(t, `nodemetrics_node_changes_total{change="returned"}`)
	report(0.25)
	prom.Wait(t, `edge_node_up{node="edge-a"} == 1`, 1)
	prom.Wait(t, `edge_node_load1{node="edge-a"} == 0.25`, 1)
	prom.Wait(t, fmt.Sprintf(`nodemetrics_node_changes_total{change="returned"} == %v`, returned+1), 1)

	// Prometheus took every sample that the page had.
	prom.Wait(t, `scrape_samples_scraped{job="nodemetrics"} == scrape_samples_post_metric_relabeling{job="nodemetrics"}`, 1)
}

// TestShippedScrapeLimits scrapes with the limits of manifests/scrape what nodes
// send at worst: what is over a limit costs its sample, never the scrape.
func TestShippedScrapeLimits(t *testing.T) {
	shipped, err := os.ReadFile("../../manifests/scrape/prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	limits := strings.Join(regexp.MustCompile(`(?m)^  [a-z_]+_limit: .*\n`).FindAllString(string(shipped), -1), "")
	if strings.Count(limits, "\n") != 5 {
		t.Fatalf("the shipped limits are\n%s", limits)
	}
	metrics, send := startNodemetricsWith(t, "    limits: {labelValueBytes: 512}\n")
	prom := startPrometheus(t, metrics, limits)
	custom := func(name string, labels map[string]string) map[string]any {
		return map[string]any{"name": name, "value": 1, "labels": labels}
	}
	most := map[string]string{}
	for i := range 16 {
		most[fmt.Sprintf("%s%02d", strings.Repeat("l", 126), i)] = strings.Repeat("v", 512)
	}
	for _, node := range []string{"edge", strings.Repeat("n", 253)} {
		send(map[string]any{
			"header": map[string]any{"timestamp": time.Now().UnixMilli()},
			"route":  map[string]any{"resource": "node/" + node + "/default/user/sysinfo"},
			"content": map[string]any{"custom": []any{
				custom(strings.Repeat("c", 512), most),
				custom("a name of 200 bytes", map[string]string{strings.Repeat("a", 200): "v"}),
				custom("a value of 600 bytes", map[string]string{"l": strings.Repeat("v", 600)}),
				custom("a label of the target", map[string]string{"job": "other"}),
			}},
		})
	}
	prom.Wait(t, `edge_node_custom`, 2)
	prom.Wait(t, `edge_node_up == 1`, 2)
	prom.Wait(t, `up{job="nodemetrics"} == 1`, 1)
	prom.Wait(t, `nodemetrics_samples_dropped_total{reason="invalid_label_name"} == 4`, 1)
	prom.Wait(t, `nodemetrics_samples_dropped_total{reason="label_too_long"} == 2`, 1)
}

// TestPromtoolLikesThePage has the field's own linter look at names and help of
// a page with every family of sysInfo version 1.
func TestPromtoolLikesThePage(t *testing.T) {
	metrics, _ := startNodemetrics(t, "--simulate-nodes", "3", "--report-interval", "1s")
	var page []byte
	programs.WaitFor(t, "a page with a simulated node's series", func() bool {
		var err error
		page, err = programs.Get("http://" + metrics + "/metrics")
		return err == nil && strings.Contains(string(page), `edge_node_gpu_info{`)
	}, nil)
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(string(page))
	out, err := check.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
