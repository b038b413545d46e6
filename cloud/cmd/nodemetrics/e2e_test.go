//go:build e2e

// This test starts the built command and a real Prometheus, both from PATH or
// where NODEMETRICS says, and asks Prometheus what a person would ask it.
// `make test` runs it with all it needs.

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
	prom := startPrometheus(t, metrics)

	report := func(value float64) {
		send(map[string]any{
			"header": map[string]any{"timestamp": time.Now().UnixMilli()},
			"route":  map[string]any{"resource": "node/edge-a/default/user/sysinfo"},
			"content": map[string]any{"cpu": map[string]any{"load1": value},
				"networks": []any{map[string]any{"device": "eth0", "receiveBytesTotal": 4096}}},
		})
	}

	report(0.75)
	prom.wait(t, `edge_node_load1{node="edge-a"} == 0.75`, 1)
	prom.wait(t, `edge_node_network_receive_bytes_total{node="edge-a",device="eth0"} == 4096`, 1)
	prom.wait(t, `edge_node_up{node="edge-a"} == 1`, 1)
	prom.wait(t, `up{job="nodemetrics"} == 1`, 1)
	prom.wait(t, `go_goroutines{job="nodemetrics"} > 0`, 1)

	report(0.5)
	last := time.Now()
	prom.wait(t, `edge_node_load1{node="edge-a"} == 0.5`, 1)
	// Silence. The series must end with the first scrape after the TTL, not
	// five minutes later, when Prometheus gives up on its own.
	prom.wait(t, `edge_node_up{node="edge-a"} == 0`, 1)
	prom.wait(t, `edge_node_load1{node="edge-a"}`, 0)
	gone := time.Since(last)
	if gone < ttl {
		t.Errorf("the series ended %v after the report, before its TTL of %v", gone, ttl)
	}
	newest := prom.number(t, `max_over_time(timestamp(edge_node_load1{node="edge-a"})[1m:500ms])`)
	if end := newest - float64(last.UnixMilli())/1e3; end > (ttl + scrapeInterval).Seconds() {
		t.Errorf("the newest sample is %.1f s younger than the report, more than the TTL of %v and a scrape", end, ttl)
	}
	prom.wait(t, `edge_node_last_report_timestamp_seconds{node="edge-a"}`, 1)
	prom.wait(t, `nodemetrics_nodes{state="expired"} == 1`, 1)

	// On a slow machine the node may have been away before.
	returned := prom.number(t, `nodemetrics_node_changes_total{change="returned"}`)
	report(0.25)
	prom.wait(t, `edge_node_up{node="edge-a"} == 1`, 1)
	prom.wait(t, `edge_node_load1{node="edge-a"} == 0.25`, 1)
	prom.wait(t, fmt.Sprintf(`nodemetrics_node_changes_total{change="returned"} == %v`, returned+1), 1)

	// Prometheus took every sample that the page had.
	prom.wait(t, `scrape_samples_scraped{job="nodemetrics"} == scrape_samples_post_metric_relabeling{job="nodemetrics"}`, 1)
}

// TestShippedScrapeLimits scrapes with the limits of manifests/scrape what nodes
// send at worst: what is over a limit costs its sample, never the scrape.
func TestShippedScrapeLimits(t *testing.T) {
	shipped, err := os.ReadFile("../../../manifests/scrape/prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	limits := strings.Join(regexp.MustCompile(`(?m)^  [a-z_]+_limit: .*\n`).FindAllString(string(shipped), -1), "")
	if strings.Count(limits, "\n") != 5 {
		t.Fatalf("the shipped limits are\n%s", limits)
	}
	metrics, send := startNodemetricsWith(t, "    limits: {labelValueBytes: 512}\n")
	prom := startPrometheusWith(t, metrics, limits)
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
	prom.wait(t, `edge_node_custom`, 2)
	prom.wait(t, `edge_node_up == 1`, 2)
	prom.wait(t, `up{job="nodemetrics"} == 1`, 1)
	prom.wait(t, `nodemetrics_samples_dropped_total{reason="invalid_label_name"} == 4`, 1)
	prom.wait(t, `nodemetrics_samples_dropped_total{reason="label_too_long"} == 2`, 1)
}

// TestPromtoolLikesThePage has the field's own linter look at names and help of
// a page with every family of sysInfo version 1.
func TestPromtoolLikesThePage(t *testing.T) {
	metrics, _ := startNodemetrics(t, "--simulate-nodes", "3", "--report-interval", "1s")
	var page []byte
	waitFor(t, "a page with a simulated node's series", func() bool {
		var err error
		page, err = get("http://" + metrics + "/metrics")
		return err == nil && strings.Contains(string(page), `edge_node_gpu_info{`)
	})
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(string(page))
	out, err := check.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestInterruptEndsQuietly wants Ctrl-C to be taken for what it is: no error, and
// nothing said but that it stopped.
func TestInterruptEndsQuietly(t *testing.T) {
	captured := filepath.Join(t.TempDir(), "captured.jsonl")
	write(t, captured, `{"route":{"resource":"node/a/default/user/sysinfo"},"content":{"cpu":{"load1":1}}}`+"\n")
	for name, args := range map[string][]string{
		"run":    {"--simulate-nodes", "3", "--report-interval", "1s"},
		"replay": {"replay", captured},
	} {
		t.Run(name, func(t *testing.T) {
			address := freeAddress(t)
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(nodemetricsBinary(), append(args, "--bind-address", address)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			waitFor(t, "nodemetrics to be ready", func() bool {
				_, err := get("http://" + address + "/readyz")
				return err == nil
			})
			for range 2 { // as when a wrapper passes on what the terminal has sent already
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
			kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
			if !strings.HasSuffix(stdout.String(), "Stopped.\n") {
				t.Errorf("standard output does not end with Stopped:\n%s", &stdout)
			}
			for _, line := range strings.Split(stderr.String(), "\n") {
				if strings.HasPrefix(line, "E") || strings.HasPrefix(line, "W") || strings.Contains(line, "signal") || strings.Contains(line, "goroutine") {
					t.Errorf("on standard error: %s", line)
				}
			}
		})
	}
}

// TestAddressesThatItNames opens the addresses of the start message as they are
// printed, with TLS and without.
func TestAddressesThatItNames(t *testing.T) {
	dir := t.TempDir()
	web := writeWebConfig(t, "")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 5 * time.Second}
	for scheme, web := range map[string]string{"http": "", "https": web} {
		config := filepath.Join(dir, scheme+".yaml")
		write(t, config, fmt.Sprintf("modules: {nodeMetrics: {bindAddress: %q, webConfigFile: %q}}", freeAddress(t), web))
		cmd := exec.Command(nodemetricsBinary(), "--config", config)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var named []string
		for len(named) < 3 && lines.Scan() {
			for _, word := range strings.Fields(lines.Text()) {
				if strings.Contains(word, "://") {
					named = append(named, word)
				}
			}
		}
		if len(named) != 3 {
			t.Errorf("%s: it names %q, want three addresses", scheme, named)
		}
		for _, address := range named {
			if !strings.HasPrefix(address, scheme+"://") {
				t.Errorf("it names %s, want %s", address, scheme)
			}
			waitFor(t, address, func() bool {
				response, err := client.Get(address)
				if err != nil {
					return false
				}
				response.Body.Close()
				return response.StatusCode == http.StatusOK
			})
		}
		_ = cmd.Process.Signal(os.Interrupt)
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// nodemetricsBinary is the command to test.
func nodemetricsBinary() string {
	if binary := os.Getenv("NODEMETRICS"); binary != "" {
		return binary
	}
	return "nodemetrics"
}

// startNodemetrics starts the command with messages from standard input, and
// returns its address and a function that sends a message.
func startNodemetrics(t *testing.T, args ...string) (address string, send func(message any)) {
	t.Helper()
	return startNodemetricsWith(t, "", args...)
}

// startNodemetricsWith is startNodemetrics with more lines in the config.
func startNodemetricsWith(t *testing.T, lines string, args ...string) (address string, send func(message any)) {
	t.Helper()
	address = freeAddress(t)
	config := filepath.Join(t.TempDir(), "cloudcore.yaml")
	write(t, config, fmt.Sprintf("modules:\n  nodeMetrics:\n    bindAddress: %s\n    nodeTTL: %v\n%s", address, ttl, lines))
	cmd := exec.Command(nodemetricsBinary(), append([]string{"--config", config, "--replay", "-"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	t.Cleanup(func() { in.Close() })
	waitFor(t, "nodemetrics to be ready", func() bool {
		_, err := get("http://" + address + "/readyz")
		return err == nil
	})
	return address, func(message any) {
		t.Helper()
		if err := json.NewEncoder(in).Encode(message); err != nil {
			t.Fatal(err)
		}
	}
}

type prometheus struct{ address string }

func startPrometheus(t *testing.T, target string) prometheus {
	t.Helper()
	return startPrometheusWith(t, target, "")
}

// startPrometheusWith is startPrometheus with more lines in the scrape's config.
func startPrometheusWith(t *testing.T, target, lines string) prometheus {
	t.Helper()
	dir := t.TempDir()
	address := freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	write(t, config, fmt.Sprintf(`global: {scrape_interval: %v, scrape_timeout: %v}
scrape_configs:
- job_name: nodemetrics
  static_configs: [{targets: [%q]}]
%s`, scrapeInterval, scrapeInterval, target, lines))
	start(t, exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn"))
	waitFor(t, "Prometheus to be ready", func() bool {
		_, err := get("http://" + address + "/-/ready")
		return err == nil
	})
	return prometheus{address}
}

// wait waits until a query has n results.
func (p prometheus) wait(t *testing.T, query string, n int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%s to have %d results", query, n), func() bool {
		results, err := p.query(query)
		return err == nil && len(results) == n
	})
}

// number returns the value of a query with one result.
func (p prometheus) number(t *testing.T, query string) float64 {
	t.Helper()
	results, err := p.query(query)
	if err != nil || len(results) != 1 {
		t.Fatalf("%s: %d results, error %v", query, len(results), err)
	}
	return results[0]
}

func (p prometheus) query(query string) ([]float64, error) {
	body, err := get("http://" + p.address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var values []float64
	for _, r := range answer.Data.Result {
		v, err := strconv.ParseFloat(r.Value[1].(string), 64)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// start starts a process, has its output in the test's log, and ends it.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			t.Logf("%s: %s", filepath.Base(cmd.Path), lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		<-done
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s did not end cleanly: %v", cmd.Path, err)
		}
		kill.Stop()
	})
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v for %s", patience, what)
		case <-tick.C:
		}
	}
}

func get(url string) ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeWebConfig writes a web configuration file with a certificate for 127.0.0.1,
// and more lines, and returns its name.
func writeWebConfig(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, filepath.Join(dir, "key"), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})))
	file := filepath.Join(dir, "web.yaml")
	write(t, file, "tls_server_config: {cert_file: crt, key_file: key}\n"+more)
	return file
}
