//go:build e2e

package scrapers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/programs"
)

const ttl = 6 * time.Second

// The gauges of a node that fell silent end in the store behind each scraper with
// its TTL, and its edge_node_up turns 0. Prometheus itself would keep a series that
// has just stopped for five minutes.
func TestDeadNodeEnds(t *testing.T) {
	for name, scrape := range map[string]func(t *testing.T, metrics string, store programs.Prometheus){
		"agent": func(t *testing.T, metrics string, store programs.Prometheus) {
			programs.StartPrometheus(t, program("prometheus"), everySecond+filled(t, "agent", metrics, store), "--agent")
		},
		"vmagent": func(t *testing.T, metrics string, store programs.Prometheus) {
			startVMAgent(t, everySecond+filled(t, "vmagent", metrics, store), store)
		},
		"opentelemetry": func(t *testing.T, metrics string, store programs.Prometheus) {
			config := filled(t, "opentelemetry", metrics, store)
			config = strings.Replace(config, "    config:\n", "    config:\n      global: {scrape_interval: 1s, scrape_timeout: 1s}\n", 1) +
				"  telemetry: {metrics: {level: none}}\n" // else it wants a port of its own
			programs.Start(t, exec.Command(program("otelcol"), "--config="+write(t, "otelcol.yaml", config)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			metrics, report := startNodemetrics(t)
			store := programs.StartPrometheus(t, program("prometheus"), "{}", "--web.enable-remote-write-receiver")
			scrape(t, metrics, store)
			endsWithItsTTL(t, store, report)
		})
	}
	t.Run("federation", func(t *testing.T) {
		metrics, report := startNodemetrics(t)
		first := programs.StartPrometheus(t, program("prometheus"),
			everySecond+fmt.Sprintf("scrape_configs: [{job_name: cloudcore, static_configs: [{targets: [%q]}]}]", metrics))
		config := everySecond + filled(t, "federation", metrics, first)
		second := programs.StartPrometheus(t, program("prometheus"), config)
		forgetful := programs.StartPrometheus(t, program("prometheus"), strings.Replace(config, "track_timestamps_staleness: true", "", 1))
		forgetful.Wait(t, `up{job="federate"} == 1`, 1)
		endsWithItsTTL(t, second, report)
		// What the line is for.
		if values, err := forgetful.Query(`edge_node_load1{node="edge-a"}`); err != nil || len(values) != 1 {
			t.Errorf("without track_timestamps_staleness the gauge of the dead node is %v (error %v); the document says that it stays", values, err)
		}
	})
}

// A page above 16 MiB is refused by vmagent as it comes, and taken as documented.
func TestVMAgentPageSize(t *testing.T) {
	address := programs.FreeAddress(t)
	programs.Start(t, exec.Command(program("nodemetrics"), "--bind-address", address, "--simulate-nodes", "5000", "--report-interval", "60s"))
	store := programs.StartPrometheus(t, program("prometheus"), "{}", "--web.enable-remote-write-receiver")
	var page []byte
	programs.WaitFor(t, "a page of more than 16 MiB", func() bool {
		page, _ = programs.Get("http://" + address + "/metrics")
		return len(page) > 16<<20
	}, func() string { return fmt.Sprint(len(page), " bytes") })

	config := "global: {scrape_interval: 5s, scrape_timeout: 5s}\n" + filled(t, "vmagent", address, store) +
		// All that is asked here is whether the page was taken.
		"  metric_relabel_configs: [{action: keep, source_labels: [__name__], regex: go_goroutines}]\n"
	for name, test := range map[string]struct{ config, health string }{
		"as documented":  {config, "up"},
		"by its default": {regexp.MustCompile(`(?m)^ *max_scrape_size.*\n`).ReplaceAllString(config, ""), "down"},
	} {
		t.Run(name, func(t *testing.T) {
			agent := startVMAgent(t, test.config, store)
			var last string
			programs.WaitFor(t, "the target's health to be "+test.health, func() bool {
				var answer struct {
					Data struct {
						ActiveTargets []struct{ Health, LastError, LastScrape string }
					}
				}
				if err := programs.GetJSON("http://"+agent+"/api/v1/targets", &answer); err != nil || len(answer.Data.ActiveTargets) != 1 {
					last = fmt.Sprint(answer, err)
					return false
				}
				target := answer.Data.ActiveTargets[0]
				last = fmt.Sprint(target)
				return target.Health == test.health && (test.health == "up" || strings.Contains(target.LastError, "max"))
			}, func() string { return last })
		})
	}
}

const everySecond = "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"

// endsWithItsTTL has a node report until the store knows it, and fall silent.
func endsWithItsTTL(t *testing.T, store programs.Prometheus, report func(node string, load float64)) {
	t.Helper()
	lives := make(chan struct{})
	beats := make(chan struct{})
	go func() { // edge-b goes on
		defer close(beats)
		for tick := time.NewTicker(time.Second); ; {
			report("edge-b", 2)
			select {
			case <-tick.C:
			case <-lives:
				tick.Stop()
				return
			}
		}
	}()
	defer func() { close(lives); <-beats }()
	programs.WaitFor(t, "the store to have the node", func() bool {
		report("edge-a", 0.75)
		values, err := store.Query(`edge_node_load1{node="edge-a"} == 0.75`)
		return err == nil && len(values) == 1
	}, nil)
	last := time.Now()
	store.Wait(t, `edge_node_up{node="edge-a"} == 0`, 1)
	store.Wait(t, `edge_node_load1{node="edge-a"}`, 0)
	newest := store.Number(t, `max_over_time(timestamp(edge_node_load1{node="edge-a"})[2m:500ms])`)
	// Two seconds for the scrape, another two for the way into the store.
	if end := newest - float64(last.UnixMilli())/1e3; end > (ttl + 4*time.Second).Seconds() {
		t.Errorf("the newest sample is %.1f s younger than the last report, whose TTL is %v", end, ttl)
	}
	store.Wait(t, `edge_node_load1{node="edge-b"} == 2`, 1)
	store.Wait(t, `edge_node_up{node="edge-b"} == 1`, 1)
}

// startNodemetrics returns its address, and a function that sends a report. The
// function may be called concurrently.
func startNodemetrics(t *testing.T) (address string, report func(node string, load float64)) {
	t.Helper()
	address = programs.FreeAddress(t)
	config := write(t, "cloudcore.yaml", fmt.Sprintf("modules: {nodeMetrics: {bindAddress: %q, nodeTTL: %v}}", address, ttl))
	cmd := exec.Command(program("nodemetrics"), "--config", config, "--replay", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	programs.Start(t, cmd)
	programs.Ready(t, "http://"+address+"/readyz")
	return address, func(node string, load float64) {
		message, err := json.Marshal(map[string]any{
			"header":  map[string]any{"timestamp": time.Now().UnixMilli()},
			"route":   map[string]any{"resource": "node/" + node + "/default/user/sysinfo"},
			"content": map[string]any{"cpu": map[string]any{"load1": load}},
		})
		if err == nil {
			_, err = in.Write(append(message, '\n')) // one write is one line, whoever else writes
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// startVMAgent writes to a store, and returns its own address.
func startVMAgent(t *testing.T, config string, store programs.Prometheus) (address string) {
	t.Helper()
	address = programs.FreeAddress(t)
	programs.Start(t, exec.Command(program("vmagent"), "-promscrape.config="+write(t, "vmagent.yaml", config), "-httpListenAddr="+address,
		"-remoteWrite.url=http://"+store.Address+"/api/v1/write", "-remoteWrite.tmpDataPath="+t.TempDir(), "-remoteWrite.flushInterval=1s"))
	programs.Ready(t, "http://"+address+"/health")
	return address
}

// filled is the config of that name in the document, with addresses that are
// there instead of those that stand there.
func filled(t *testing.T, name, metrics string, store programs.Prometheus) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/scrapers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml "+name+"\n")
	config, _, end := strings.Cut(rest, "```")
	if !found || !end {
		t.Fatalf("docs/scrapers.md has no config %q", name)
	}
	for from, to := range map[string]string{"cloudcore:10005": metrics, "store:9090": store.Address, "prometheus:9090": store.Address} {
		config = strings.ReplaceAll(config, from, to)
	}
	return config
}

// program is one of those that hack/scrapers/run.sh built.
func program(name string) string {
	return filepath.Join(os.Getenv("SCRAPERS_BIN"), name)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
