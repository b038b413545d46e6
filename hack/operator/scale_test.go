//go:build e2e

package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	registry "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/hack/programs"
)

// Samples that may be read, per node of the fleet: by all rules within a minute, and
// by a panel about the fleet. A panel about one node reads its series alone, at every
// step. Other than times, these are the same on every machine.
const (
	ruleSamples  = 40
	fleetSamples = 6
	nodeSamples  = 12_000
)

// TestScale has a real Prometheus scrape two cloudcores with a fleet, evaluate the
// rules and answer every query of the dashboards. It holds each group, and the rules
// of a minute by their intervals, to a second of the processor, each query to one, and
// those about one node to a tenth of one; and all of them to the samples that they read.
// How many nodes SCALE_NODES says, and which Prometheus SCALE_PROMETHEUS, else the one
// in PATH.
func TestScale(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("SCALE_NODES"))
	if err != nil {
		t.Skip("SCALE_NODES says how many nodes, 600 or 10000; `make scale` runs both")
	}
	nodes := fleet.New(fleet.Options{Nodes: count})
	first, addressA := cloudcore(t, nodes, time.Hour)
	second, addressB := cloudcore(t, nodes, 5*time.Second) // after which those expected are overdue
	for i := range count {                                 // each expects every node
		if err := second.Expect(nodes.Name(i)); err != nil {
			t.Fatal(err)
		}
	}
	report := func(from, to int) {
		for i := from; i < to; i++ {
			d := nodes.Document(i, time.Now(), time.Minute)
			if i >= 100 { // what no rule looks at is there for some only
				d.GPUs, d.Custom, d.Disks, d.Networks = nil, nil, nil, nil
			}
			content, err := json.Marshal(d)
			if err != nil {
				t.Error(err)
			}
			send(t, first, nodes.Name(i), string(content), true)
		}
		for range 20 {
			send(t, first, nodes.Name(0), `{"cpu":`, false)
			send(t, first, nodes.Name(0), `{"cpu":{"load1":"many"}}`, true)
		}
	}
	report(0, count)
	for i := range max(count/200, 3) { // some are down; node 7 moved to the other cloudcore
		first.Disconnected(nodes.Name(100 + i))
	}
	send(t, second, nodes.Name(7), string(nodes.AppendJSON(nil, 7, time.Now(), time.Minute)), true)

	ctx, cancel := context.WithCancel(context.Background())
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		for tick := time.NewTicker(5 * time.Second); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				report(0, 100)
				send(t, second, nodes.Name(7), string(nodes.AppendJSON(nil, 7, time.Now(), time.Minute)), true)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-reported })

	prometheus := startPrometheus(t, addressA, addressB)
	url := prometheus.url
	await := func(what, expr string) {
		t.Helper()
		programs.WaitUpTo(t, 10*time.Minute, what, func() bool {
			return len(ask(t, url+"/api/v1/query?query="+escape(expr))) > 0
		}, nil)
	}
	await("all nodes", fmt.Sprintf("count(edge_node_up) == %d", 2*count))
	await("the rules", fmt.Sprintf("sum(job:edge_nodes:count) == %d", count))
	await("a third scrape", `count_over_time(up[10m]) >= 3`)
	await("an alert that waits", `ALERTS`)
	await("the rules of file systems", `job:edge_node_filesystem_usage_ratio:top10`)
	await("the rules of the fleet", `job:edge_node_info:count`)

	// A scrape that failed would leave little to read.
	await("a scrape of everything", fmt.Sprintf("count(edge_node_up) == %d", 2*count))
	wall := rulesTime(t, url)
	// What counts is the time of the processor, for the machine may have other work, and
	// of nothing but the queries: scrapes and rules end, and what they brought is asked
	// for as of then.
	then := time.Now().Unix()
	prometheus.rest(t)
	idle, _ := prometheus.cost(t, "/api/v1/query?query=1")
	var minute, round, longest time.Duration
	var samples float64
	source, _ := readSource(t)
	for _, g := range source.Groups {
		every := time.Minute // what Prometheus has if it is told nothing
		if g.Interval != "" {
			if every, err = time.ParseDuration(g.Interval); err != nil {
				t.Fatal(err)
			}
		}
		var all time.Duration
		for _, r := range g.Rules {
			path := "/api/v1/query?query=" + escape("count("+strings.NewReplacer("<sampleLimit>", "1", "<bodySizeLimit>", "1").Replace(r.Expr)+")") + at(then)
			cost, _ := prometheus.cost(t, path)
			samples += prometheus.samples(t, path) * float64(time.Minute) / float64(every)
			if all += max(0, cost-idle); cost > 100*time.Millisecond {
				t.Logf("%s%s takes %v", r.Record, r.Alert, cost.Round(time.Millisecond))
			}
		}
		t.Logf("%s takes %v, every %v", g.Name, all.Round(time.Millisecond), every)
		minute += time.Duration(float64(all) * float64(time.Minute) / float64(every))
		round += all
		longest = max(longest, all)
	}
	t.Logf("%d nodes, %v series, Prometheus %s: one evaluation of all groups takes %v of the processor, of the longest %v; those of a minute take %v and read %.0f samples; by the clock, one of all took %v", count,
		ask(t, url+"/api/v1/query?query="+escape("sum(scrape_samples_scraped)")+at(then))[0].(map[string]any)["value"].([]any)[1],
		prometheus.version(t), round.Round(time.Millisecond), longest.Round(time.Millisecond), minute.Round(time.Millisecond), samples, wall.Round(time.Millisecond))
	if longest > time.Second || minute > time.Second {
		t.Errorf("the longest group takes %v, the rules of a minute %v, want a second at most", longest, minute)
	}
	if most := float64(ruleSamples*count) + 5000; samples > most {
		t.Errorf("the rules of a minute read %.0f samples, want %.0f at most", samples, most)
	}

	// None has anything to say of a quiet fleet.
	quiet := []string{"Going up and down", "GPU", "Errors per second"}
	var slowest time.Duration
	var heaviest float64
	queries := 0
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				expr := filled(q.Expr, ".*")
				limit := time.Second
				if d.UID == "edgegauge-node" {
					expr, limit = filled(q.Expr, nodes.Name(7)), 100*time.Millisecond
				}
				path := "/api/v1/query?query=" + escape(expr) + at(then)
				if p.Type == "timeseries" || p.Type == "state-timeline" {
					// As many steps as three hours by the minute, over the time that there is.
					path = fmt.Sprintf("/api/v1/query_range?query=%s&start=%d&end=%d&step=0.33", escape(expr), then-60, then)
				}
				best, result := prometheus.cost(t, path)
				read, most := prometheus.samples(t, path), float64(fleetSamples*count)+5000
				if d.UID == "edgegauge-node" {
					most = nodeSamples
				}
				if heaviest = max(heaviest, read); read > most {
					t.Errorf("%s, %s: %s reads %.0f samples, want %.0f at most", d.UID, p.Title, expr, read, most)
				}
				queries++
				slowest = max(slowest, best)
				if best > limit {
					t.Errorf("%s, %s: %v for %s, want %v at most", d.UID, p.Title, best, expr, limit)
				}
				if len(result) == 0 && !slices.Contains(quiet, p.Title) {
					t.Errorf("%s, %s: no data for %s", d.UID, p.Title, expr)
				}
				if best > limit/3 {
					t.Logf("%s, %s: %v", d.UID, p.Title, best.Round(time.Millisecond))
				}
			}
		}
	}
	t.Logf("%d queries of the dashboards, the slowest takes %v, the heaviest reads %.0f samples", queries, slowest.Round(time.Millisecond), heaviest)
	// One value for the node that both cloudcores show, by the one with the newest report.
	if r := ask(t, url+"/api/v1/query?query="+escape(fmt.Sprintf(`instance_node:edge_node_newest_report:marker{node=%q}`, nodes.Name(7)))+at(then)); len(r) != 1 {
		t.Errorf("the marker of a node on both cloudcores has %d series", len(r))
	}
}

// cloudcore serves a module with room for the fleet.
func cloudcore(t *testing.T, nodes *fleet.Fleet, ttl time.Duration) (m *nodemetrics.Module, address string) {
	t.Helper()
	return cloudcoreWith(t, func(c *nodemetrics.Config) {
		c.NodeTTL.Duration = ttl
		c.Limits.Nodes = max(c.Limits.Nodes, nodes.Len())
	})
}

// cloudcoreWith serves a module as cloudcore would.
func cloudcoreWith(t *testing.T, change func(*nodemetrics.Config)) (m *nodemetrics.Module, address string) {
	t.Helper()
	host := registry.NewRegistry()
	connected := registry.NewGauge(registry.GaugeOpts{Name: "KubeEdge_CloudHub_connected_nodes", Help: "Stands in for KubeEdge's."})
	host.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), connected)
	c := nodemetrics.DefaultConfig()
	c.BindAddress, c.Host = programs.FreeAddress(t), host
	c.DisconnectGrace.Duration = time.Second
	c.Limits.ReportsPerSecond = 1000
	change(&c)
	m, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	programs.WaitFor(t, "the page", func() bool {
		response, err := http.Get("http://" + c.BindAddress + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	}, nil)
	return m, c.BindAddress
}

func send(t *testing.T, m *nodemetrics.Module, node, content string, good bool) {
	_, err := m.Handle(&model.Message{
		Header:  model.MessageHeader{Timestamp: time.Now().UnixMilli()},
		Router:  model.MessageRoute{Resource: "node/" + node + "/default/user/sysinfo"},
		Content: []byte(content),
	})
	if good && err != nil {
		t.Errorf("%s: %v", node, err)
	}
}

// server is a Prometheus.
type server struct {
	url, config string
	pid         int
}

// rest has it scrape nothing and evaluate nothing from now on. Since the jobs are gone
// as a whole, nothing marks their series as ended.
func (s server) rest(t *testing.T) {
	t.Helper()
	write(t, s.config, "global: {}\n")
	response, err := http.Post(s.url+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("reloading: %s", response.Status)
	}
}

// version is what the Prometheus says it is, or was built by.
func (s server) version(t *testing.T) string {
	t.Helper()
	var answer struct {
		Data struct{ Version, GoVersion string }
	}
	if err := programs.GetJSON(s.url+"/api/v1/status/buildinfo", &answer); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer.Data.Version + " of " + answer.Data.GoVersion)
}

// at is the parameter of a query as of a moment.
func at(then int64) string { return fmt.Sprintf("&time=%d", then) }

func startPrometheus(t *testing.T, targets ...string) server {
	t.Helper()
	folder, address := t.TempDir(), programs.FreeAddress(t)
	// Nobody waits for minutes: the groups are all evaluated every 30 s.
	rules := filepath.Join(folder, "rules.yaml")
	write(t, rules, regexp.MustCompile(`(?m)^  interval: .*$`).ReplaceAllString(read(t, filepath.Join(manifests, "rules/edgegauge.rules.yaml")), "  interval: 30s"))
	for _, target := range targets {
		if _, _, err := net.SplitHostPort(target); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(folder, "prometheus.yaml")
	write(t, config, fmt.Sprintf(`global: {scrape_interval: 60s, scrape_timeout: 60s, evaluation_interval: 30s}
rule_files: [%q]
scrape_configs:
- job_name: cloudcore
  static_configs: [{targets: ["%s", "%s"], labels: {namespace: kubeedge}}]
`, rules, targets[0], targets[1]))
	binary := os.Getenv("SCALE_PROMETHEUS")
	if binary == "" {
		binary = program(t, "prometheus")
	}
	cmd := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--web.enable-lifecycle", "--log.level=warn")
	programs.Start(t, cmd)
	url := "http://" + address
	programs.WaitFor(t, "Prometheus to be ready", func() bool {
		return programs.GetJSON(url+"/api/v1/query?query=1", &struct{}{}) == nil
	}, nil)
	return server{url, config, cmd.Process.Pid}
}

// cost asks for a path and returns how much of the processor the answer takes: the
// least of some tries, since scrapes and rules go on meanwhile.
func (s server) cost(t *testing.T, path string) (least time.Duration, result []any) {
	t.Helper()
	least = time.Hour
	for range 4 {
		begin := s.processor(t)
		result = ask(t, s.url+path)
		least = min(least, s.processor(t)-begin)
	}
	return least, result
}

// samples are how many a query reads.
func (s server) samples(t *testing.T, path string) float64 {
	t.Helper()
	var answer struct {
		Data struct {
			Stats struct {
				Samples struct {
					Total float64 `json:"totalQueryableSamples"`
				}
			}
		}
	}
	if err := programs.GetJSON(s.url+path+"&stats=all", &answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return answer.Data.Stats.Samples.Total
}

// processor is the time that all threads of Prometheus have spent on processors.
func (s server) processor(t *testing.T) (sum time.Duration) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads of Prometheus found, error %v", err)
	}
	for _, thread := range threads {
		var ns time.Duration
		if data, err := os.ReadFile(thread); err == nil { // it may have ended
			if _, err := fmt.Sscan(string(data), &ns); err != nil {
				t.Fatal(err)
			}
		}
		sum += ns
	}
	return sum
}

func escape(expr string) string { return url.QueryEscape(expr) }

func ask(t *testing.T, url string) []any {
	t.Helper()
	var answer struct{ Data struct{ Result []any } }
	if err := programs.GetJSON(url, &answer); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return answer.Data.Result
}

// rulesTime is how long all groups took when they were evaluated last.
func rulesTime(t *testing.T, url string) (sum time.Duration) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Name           string
				EvaluationTime float64
				Rules          []struct{ Name, Health, LastError string }
			}
		}
	}
	if err := programs.GetJSON(url+"/api/v1/rules", &answer); err != nil {
		t.Fatal(err)
	}
	for _, g := range answer.Data.Groups {
		sum += time.Duration(g.EvaluationTime * float64(time.Second))
		for _, r := range g.Rules {
			if r.Health == "err" {
				t.Errorf("%s: %s", r.Name, r.LastError)
			}
		}
	}
	return sum
}
