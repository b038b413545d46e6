//go:build e2e

package operator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	registry "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/hack/programs"
)

const fromPushgateway = manifests + "/from-pushgateway"

// TestFromPushgateway goes the way of docs/from-pushgateway.md with a real Pushgateway
// and a real Prometheus: both side by side, with the document's own queries that show
// them equal, for two cloudcores by rules and for one by relabelling; then without the
// Pushgateway, where a node that is dead ends.
func TestFromPushgateway(t *testing.T) {
	gateway := startPushgateway(t)
	ttl := 12 * time.Second
	a, addressA := compatible(t, "mapping.yaml", ttl)
	b, addressB := compatible(t, "mapping.yaml", ttl)
	old, addressOld := compatible(t, "mapping-old-names.yaml", ttl)

	// Each node sends the same to cloudcore, which pushes it as it always did, and to the
	// modules: edge-2 is connected to the second one.
	alive := map[string]bool{"edge-1": true, "edge-2": true, "edge-3": true}
	turn := 0
	report := func() {
		turn++
		for i, node := range []string{"edge-1", "edge-2", "edge-3"} {
			if !alive[node] {
				continue
			}
			m := map[string]any{"period": 4, "cpu": map[string]any{"usage": 10*(i+1) + 1}, "mem": map[string]any{"freeKB": 1000 * (i + 1)},
				"disks": []any{map[string]any{"path": "/", "free": 5e9}, map[string]any{"path": "/data", "free": 7e9 + float64(i)}},
				"net":   map[string]any{"eth0": map[string]any{"rx": 1e6 * float64(i+1)}}}
			content, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if gateway != "" {
				pushAsBefore(t, gateway, node, m)
			}
			module := a
			if node == "edge-2" {
				module = b
			}
			send(t, module, node, string(content), true)
			send(t, old, node, string(content), true)
		}
	}
	// As with Node objects: each expects all, so that edge_node_up is 0 on the other.
	for node := range alive {
		for _, m := range []*nodemetrics.Module{a, b} {
			if err := m.Expect(node); err != nil {
				t.Fatal(err)
			}
		}
	}

	cloudcores := fmt.Sprintf(`
- job_name: cloudcore
  static_configs: [{targets: [%q, %q], labels: {namespace: kubeedge}}]
`, addressA, addressB)
	pushed := fmt.Sprintf(`
- job_name: pushgateway
  honor_labels: true
  static_configs: [{targets: [%q]}]
`, strings.TrimPrefix(gateway, "http://"))
	relabelled := fmt.Sprintf(`
- job_name: cloudcore
  static_configs: [{targets: [%q], labels: {namespace: kubeedge}}]
`, addressOld) + indent(read(t, filepath.Join(fromPushgateway, "relabel.yaml")), "  ")
	both := follow(t, []string{"rules-parallel.yaml"}, pushed+cloudcores)
	one := follow(t, nil, relabelled)

	await := func(s prometheusFile, what, expr string, want int) {
		t.Helper()
		var r []any
		programs.WaitFor(t, what, func() bool {
			report()
			r = ask(t, s.url+"/api/v1/query?query="+escape(expr))
			return len(r) == want
		}, func() string { return fmt.Sprintf("%s has %d results, want %d: %v", expr, len(r), want, r) })
	}
	names := []string{"cpu_usage", "mem_free_kb", "disk_free_bytes", "net_rx_bytes", "push_time_seconds"}
	for _, name := range names {
		want := 3
		if name == "disk_free_bytes" {
			want = 6 // of two file systems each
		}
		await(both, "in parallel", "edgegauge:"+name, want)
	}
	// The queries of the document.
	compared := regexp.MustCompile("(?s)<!-- compare -->\n```promql\n(.*?)```").FindStringSubmatch(read(t, "../../docs/from-pushgateway.md"))
	if compared == nil {
		t.Fatal("the document has no queries that compare")
	}
	for _, q := range strings.Split(strings.TrimSpace(compared[1]), "\n") {
		q, _, _ = strings.Cut(q, " #")
		await(both, "equal", q, 0)
	}
	// And they would show a difference.
	if r := ask(t, both.url+"/api/v1/query?query="+escape(`abs(cpu_usage + 1 - on (job) edgegauge:cpu_usage) > 0.01`)); len(r) != 3 {
		t.Errorf("with a difference, the query has %d results, want 3", len(r))
	}
	// The labels are the same, one by one.
	series := func(url, name string) (all []string) {
		for _, r := range ask(t, url+"/api/v1/query?query="+escape(name)) {
			labels := r.(map[string]any)["metric"].(map[string]any)
			delete(labels, "__name__")
			text, _ := json.Marshal(labels)
			all = append(all, string(text))
		}
		slices.Sort(all)
		return all
	}
	for _, name := range names {
		want := series(both.url, name)
		if got := series(both.url, "edgegauge:"+name); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("by rules %s is %v, the Pushgateway has %v", name, got, want)
		}
		if name == "push_time_seconds" {
			continue // not by relabelling
		}
		await(one, "relabelled", "count("+name+") > 2", 1)
		if got := series(one.url, name); !slices.Equal(got, want) {
			t.Errorf("relabelled %s is %v, the Pushgateway has %v", name, got, want)
		}
	}
	// However often it is asked, a node is up: no series flaps between two cloudcores.
	if r := ask(t, both.url+"/api/v1/query?query="+escape(`min_over_time(node:edge_node_up:max[10s]) == 1`)); len(r) != 3 {
		t.Errorf("%d of 3 nodes were up all the time: %v", len(r), r)
	}

	// A node dies. The Pushgateway keeps it, edgegauge does not.
	delete(alive, "edge-3")
	await(both, "the dead node ends", `edgegauge:cpu_usage{job="edge-3"}`, 0)
	await(both, "the others stay", `edgegauge:cpu_usage`, 2)
	await(both, "the Pushgateway keeps it", `cpu_usage{job="edge-3"}`, 1)
	await(both, "and it is told", `node:edge_node_up:max{node="edge-3"} == 0`, 1)

	// The switch: the Pushgateway and its job go, and the names are edgegauge's.
	both.become(t, []string{"rules.yaml"}, cloudcores)
	gateway = ""
	await(both, "the old names go on", `cpu_usage{job="edge-1"}`, 1)
	await(both, "the parallel ones end", `edgegauge:cpu_usage`, 0)
	// A job that is gone leaves its last values for five minutes, and nothing new.
	await(both, "the dead node gets no more", `count_over_time(cpu_usage{job="edge-3"}[5s])`, 0)
	for _, name := range names {
		want := 2
		if name == "disk_free_bytes" {
			want = 4
		}
		await(both, "after the switch", name+`{job!="edge-3"}`, want)
	}
	if r := ask(t, both.url+"/api/v1/query?query="+escape(`count_over_time(cpu_usage{job="edge-1"}[20s])`)); len(r) != 1 {
		t.Errorf("the series of edge-1 did not go on as one: %v", r)
	}
}

// TestParallelRules holds rules-parallel.yaml to the commands that the document makes
// it by, run as they stand there.
func TestParallelRules(t *testing.T) {
	commands := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(read(t, "../../docs/from-pushgateway.md"))
	if commands == nil || !strings.Contains(commands[1], "rules-parallel.yaml") {
		t.Fatal("the document has no commands that make rules-parallel.yaml")
	}
	folder := t.TempDir()
	to := filepath.Join(folder, "manifests/from-pushgateway")
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(to, "rules.yaml"), read(t, filepath.Join(fromPushgateway, "rules.yaml")))
	cmd := exec.Command("sh", "-ec", commands[1])
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	groups := func(text string) string { return text[strings.Index(text, "groups:"):] }
	made := read(t, filepath.Join(to, "rules-parallel.yaml"))
	if got := read(t, filepath.Join(fromPushgateway, "rules-parallel.yaml")); groups(got) != groups(made) {
		t.Errorf("rules-parallel.yaml is another than is made of rules.yaml:\n%s", made)
	}
}

// TestOldConfigKey says what becomes of a file that still has the old key.
func TestOldConfigKey(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "cloudcore.yaml")
	write(t, file, "pushGateway: http://pushgateway:9091\nmodules:\n  pushGateway: {url: http://pushgateway:9091}\n  nodeMetrics: {nodeTTL: 4m}\n")
	if c, err := nodemetrics.LoadConfig(file); err != nil || c.NodeTTL.Duration != 4*time.Minute {
		t.Errorf("beside the section: %v, error %v", c.NodeTTL, err)
	}
	write(t, file, "modules:\n  nodeMetrics: {pushGateway: http://pushgateway:9091}\n")
	if _, err := nodemetrics.LoadConfig(file); err == nil || !strings.Contains(err.Error(), "pushGateway") {
		t.Errorf("within the section: error %v", err)
	}
}

func startPushgateway(t *testing.T) (url string) {
	t.Helper()
	address := programs.FreeAddress(t)
	programs.Start(t, exec.Command(program(t, "prometheus-pushgateway"), "--web.listen-address="+address, "--log.level=warn"))
	url = "http://" + address
	programs.Ready(t, url+"/-/ready")
	return url
}

// pushAsBefore does what the old code in cloudcore did for each message.
func pushAsBefore(t *testing.T, url, node string, m map[string]any) {
	t.Helper()
	r := registry.NewRegistry()
	set := func(name string, v float64, labels ...string) {
		l := registry.Labels{}
		for i := 0; i < len(labels); i += 2 {
			l[labels[i]] = labels[i+1]
		}
		g := registry.NewGauge(registry.GaugeOpts{Name: name, Help: "As before.", ConstLabels: l})
		g.Set(v)
		r.MustRegister(g)
	}
	set("cpu_usage", float64(m["cpu"].(map[string]any)["usage"].(int)))
	set("mem_free_kb", float64(m["mem"].(map[string]any)["freeKB"].(int)))
	for _, d := range m["disks"].([]any) {
		d := d.(map[string]any)
		set("disk_free_bytes", d["free"].(float64), "path", d["path"].(string))
	}
	set("net_rx_bytes", m["net"].(map[string]any)["eth0"].(map[string]any)["rx"].(float64), "device", "eth0")
	if err := push.New(url, node).Gatherer(r).Push(); err != nil {
		t.Fatal(err)
	}
}

// compatible is a cloudcore with one of the overlay's mappings.
func compatible(t *testing.T, mapping string, ttl time.Duration) (*nodemetrics.Module, string) {
	t.Helper()
	return cloudcoreWith(t, func(c *nodemetrics.Config) {
		c.MappingFile = filepath.Join(fromPushgateway, mapping)
		c.NodeTTL.Duration = ttl
	})
}

// prometheusFile is a Prometheus whose configuration changes.
type prometheusFile struct{ url, config string }

func follow(t *testing.T, rules []string, scrapes string) prometheusFile {
	t.Helper()
	folder, address := t.TempDir(), programs.FreeAddress(t)
	s := prometheusFile{"http://" + address, filepath.Join(folder, "prometheus.yaml")}
	s.write(t, rules, scrapes)
	programs.Start(t, exec.Command(program(t, "prometheus"), "--config.file="+s.config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--web.enable-lifecycle", "--log.level=warn"))
	programs.WaitFor(t, "Prometheus to be ready", func() bool { return programs.GetJSON(s.url+"/api/v1/query?query=1", &struct{}{}) == nil }, nil)
	return s
}

func (s prometheusFile) write(t *testing.T, rules []string, scrapes string) {
	t.Helper()
	files := []string{filepath.Join(manifests, "rules/edgegauge.rules.yaml")}
	for _, r := range rules {
		files = append(files, filepath.Join(fromPushgateway, r))
	}
	text := "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files:\n"
	for _, f := range files {
		path, err := filepath.Abs(f)
		if err != nil {
			t.Fatal(err)
		}
		text += "- " + path + "\n"
	}
	if err := os.WriteFile(s.config, []byte(text+"scrape_configs:"+scrapes), 0o600); err != nil {
		t.Fatal(err)
	}
}

// become has it take up another configuration.
func (s prometheusFile) become(t *testing.T, rules []string, scrapes string) {
	t.Helper()
	s.write(t, rules, scrapes)
	response, err := http.Post(s.url+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("reloading: %s", response.Status)
	}
}
