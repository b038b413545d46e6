package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// prometheusResult is what a real Prometheus pays for the page, for SCALE.md: as a
// server that stores it, and as an agent that only passes it on.
type prometheusResult struct {
	Version string         `json:"version"`
	Nodes   int            `json:"nodes"`
	Series  int            `json:"series"`
	Server  prometheusCost `json:"server"`
	Agent   prometheusCost `json:"agent"`
}

// prometheusCost is one Prometheus' cost in steady state.
type prometheusCost struct {
	// Scrape is how long a scrape took by its own account, in seconds; not
	// known of an agent, which answers no queries.
	Scrape float64 `json:"scrape,omitempty"`
	// CPU is seconds per sample, of all that it does.
	CPU    float64 `json:"cpu"`
	Memory float64 `json:"memory"` // resident, bytes
	// Sent is the remote write's bytes per sample, compressed.
	Sent float64 `json:"sent,omitempty"`
}

const (
	scrapeInterval = 5 * time.Second
	scrapes        = 4
)

func (b *bench) measurePrometheus(nodes int) (*prometheusResult, error) {
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		return nil, nil
	}
	p, err := b.serve(edgegauge, nodes)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if _, err := p.ask(request{Op: "load", Count: nodes}); err != nil {
		return nil, err
	}
	out := &prometheusResult{Nodes: nodes}
	if text, err := exec.Command(binary, "--version").CombinedOutput(); err == nil {
		if fields := strings.Fields(string(text)); len(fields) > 2 {
			out.Version = fields[2]
		}
	}
	if out.Server, out.Series, err = b.watch(p, binary, nodes, false); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if out.Agent, _, err = b.watch(p, binary, nodes, true); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	return out, nil
}

// watch lets a Prometheus scrape target for some scrapes, with new reports
// between them.
func (b *bench) watch(target *process, binary string, nodes int, agent bool) (c prometheusCost, series int, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return c, 0, err
	}
	defer os.RemoveAll(dir)

	// The existing store that an agent writes to: it takes everything.
	var sent atomic.Int64
	store, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return c, 0, err
	}
	defer store.Close()
	go func() {
		_ = http.Serve(store, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			sent.Add(n)
			w.WriteHeader(http.StatusNoContent)
		}))
	}()

	address, err := freeAddress()
	if err != nil {
		return c, 0, err
	}
	config := fmt.Sprintf("global: {scrape_interval: %[1]s, scrape_timeout: %[1]s}\nscrape_configs:\n- job_name: edgegauge\n  static_configs: [{targets: [%[2]q]}]\n", scrapeInterval, target.address)
	args := []string{"--web.listen-address=" + address, "--log.level=error", "--config.file=" + filepath.Join(dir, "prometheus.yml")}
	counter := "prometheus_tsdb_head_samples_appended_total"
	if agent {
		config += fmt.Sprintf("remote_write: [{url: \"http://%s/write\"}]\n", store.Addr())
		args = append(args, "--enable-feature=agent", "--storage.agent.path="+filepath.Join(dir, "data"))
		counter = "prometheus_agent_samples_appended_total"
	} else {
		args = append(args, "--storage.tsdb.path="+filepath.Join(dir, "data"))
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o644); err != nil {
		return c, 0, err
	}
	p := &process{address: address, path: "/metrics", stderr: new(bytes.Buffer), command: exec.Command(binary, args...)}
	p.command.Stderr = p.stderr
	if err := p.command.Start(); err != nil {
		return c, 0, err
	}
	defer p.stop()

	// Discovery takes seconds, and the first scrape makes the series: neither
	// is counted.
	first, err := p.await(counter, 0)
	if err != nil {
		return c, 0, err
	}
	before, err := p.await(counter, first)
	if err != nil {
		return c, 0, err
	}
	cpu, err := p.cpu()
	if err != nil {
		return c, 0, err
	}
	sentBefore, samples := float64(sent.Load()), before
	for range scrapes {
		if _, err := target.ask(request{Op: "load", Count: nodes}); err != nil {
			return c, 0, err
		}
		if samples, err = p.await(counter, samples); err != nil {
			return c, 0, err
		}
	}
	after, err := p.cpu()
	if err != nil {
		return c, 0, err
	}
	c.CPU = (after - cpu) / (samples - before)
	if c.Memory, err = p.memory("VmRSS"); err != nil {
		return c, 0, err
	}
	if agent {
		c.Sent = (float64(sent.Load()) - sentBefore) / (samples - before)
		return c, 0, nil
	}
	heads, err := p.metric("prometheus_tsdb_head_series")
	if err != nil {
		return c, 0, err
	}
	c.Scrape, err = p.query(`quantile_over_time(0.5, scrape_duration_seconds[1m])`)
	return c, int(heads), err
}

// await returns a counter of the process's own page once it is more than value
// and has stopped growing: the next scrape is over.
func (p *process) await(name string, value float64) (float64, error) {
	const patience = 10 * scrapeInterval
	last := value
	for end := time.Now().Add(patience); ; time.Sleep(time.Second) {
		switch now, err := p.metric(name); {
		case err == nil && now > value && now == last:
			return now, nil
		case time.Now().After(end):
			return 0, fmt.Errorf("%s of %s does not grow and stop within %v: %v: %s", name, p.address, patience, err, p.stderr)
		default:
			last = now
		}
	}
}

// metric reads a metric from a process's own page, summed over its labels.
func (p *process) metric(name string) (float64, error) {
	var page bytes.Buffer
	if _, err := scrape(context.Background(), p, "identity", &page); err != nil {
		return 0, err
	}
	sum, found := 0.0, false
	for line := range strings.Lines(page.String()) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		if err != nil {
			return 0, err
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, fmt.Errorf("%s has no %s", p.address, name)
	}
	return sum, nil
}

// query asks a Prometheus for one value.
func (p *process) query(expression string) (float64, error) {
	var page bytes.Buffer
	q := &process{address: p.address, path: "/api/v1/query?query=" + url.QueryEscape(expression)}
	if _, err := scrape(context.Background(), q, "identity", &page); err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(page.Bytes(), &answer); err != nil {
		return 0, err
	}
	if len(answer.Data.Result) != 1 {
		return 0, fmt.Errorf("%s: %s", expression, page.Bytes())
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	return strconv.ParseFloat(text, 64)
}
