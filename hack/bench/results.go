package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// results is everything a run measured, and all that RESULTS.md, the plots and
// SCALE.md are made from.
type results struct {
	Date     string            `json:"date"`
	Machine  string            `json:"machine"`
	Versions map[string]string `json:"versions"`
	// Load is the machine's load average of the last minute before the run:
	// other work makes single reports wait longer.
	Load    float64       `json:"load"`
	Missing []string      `json:"missing,omitempty"`
	Seconds float64       `json:"seconds"`
	Fleets  []fleetResult `json:"fleets"`
	Forms   []formResult  `json:"forms,omitempty"`
	Expiry  *expiry       `json:"expiry,omitempty"`
	Story   *story        `json:"story,omitempty"`
	// Prometheus is nil without Debian's package prometheus.
	Prometheus *prometheusResult `json:"prometheus,omitempty"`
}

// fleetResult is what was measured with a fleet of one size.
type fleetResult struct {
	Nodes        int                         `json:"nodes"`
	Series       int                         `json:"series"`
	MessageBytes int                         `json:"message_bytes"`
	Contenders   map[string]*contenderResult `json:"contenders"`
	// Compressors are what compressing the fleet's page alone costs, by name.
	Compressors map[string]compressorResult `json:"compressors,omitempty"`
}

// contenderResult is what was measured of one contender. Sizes are bytes,
// times seconds unless their type says otherwise.
type contenderResult struct {
	Load  float64     `json:"load"` // CPU of a node's first report
	Heap  float64     `json:"heap"`
	Plain measurement `json:"plain"`
	Gzip  measurement `json:"gzip"`
	// Peak… is the memory that scrapes add: one, and ten at once.
	Peak        float64 `json:"peak"`
	PeakGzip    float64 `json:"peak_gzip,omitempty"`
	PeakTen     float64 `json:"peak_ten,omitempty"`
	PeakTenGzip float64 `json:"peak_ten_gzip,omitempty"`
	// Compression is the compressed size as a multiple of level 6's.
	Compression float64 `json:"compression,omitempty"`
	Report      *cost   `json:"report,omitempty"`
	// Pusher is the part of a push's CPU that the pushing process pays.
	Pusher  float64   `json:"pusher,omitempty"`
	Idle    *quantile `json:"idle,omitempty"`
	Scraped *quantile `json:"scraped,omitempty"`
	Hung    *quantile `json:"hung,omitempty"`
}

// expiry is what happened when a whole fleet's TTL ended at one moment.
type expiry struct {
	Nodes      int      `json:"nodes"`
	Before     int      `json:"before"` // nodes with samples on the page
	After      int      `json:"after"`
	Wait       quantile `json:"wait"` // other nodes' reports meanwhile
	HeapBefore float64  `json:"heap_before"`
	HeapAfter  float64  `json:"heap_after"`
}

func (r *results) save(path string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func load(path string) (*results, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(results)
	err = json.Unmarshal(b, r)
	slices.SortFunc(r.Fleets, func(a, b fleetResult) int { return a.Nodes - b.Nodes })
	return r, err
}

// fleet returns what was measured with a fleet of that size, or nil.
func (r *results) fleet(nodes int) *fleetResult {
	for i := range r.Fleets {
		if r.Fleets[i].Nodes == nodes {
			return &r.Fleets[i]
		}
	}
	return nil
}

// machine describes the computer in a line.
func machine() string {
	cpu := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for _, line := range strings.Split(string(b), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	var u syscall.Utsname
	kernel := ""
	if syscall.Uname(&u) == nil {
		for _, c := range u.Release {
			if c == 0 {
				break
			}
			kernel += string(rune(c))
		}
	}
	number, _, _ := strings.Cut(kernel, "-")
	return cpu + ", " + plural(runtime.NumCPU(), "core") + ", Linux " + number
}

// loadAverage is that of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	load, _ := strconv.ParseFloat(first, 64) // 0 is as good as unknown
	return load
}

// versions are those of what was measured.
func versions() map[string]string {
	v := map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")}
	wanted := map[string]string{
		"github.com/prometheus/client_golang":   "client_golang",
		"k8s.io/kube-state-metrics/v2":          "kube-state-metrics",
		"github.com/VictoriaMetrics/metrics":    "VictoriaMetrics/metrics",
		"github.com/prometheus/statsd_exporter": "statsd_exporter",
		"github.com/klauspost/compress":         "klauspost/compress",
		"github.com/kubeedge/beehive":           "beehive",
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if name, ok := wanted[m.Path]; ok {
				v[name] = strings.TrimPrefix(m.Version, "v")
			}
		}
	}
	if out, err := exec.Command("prometheus-pushgateway", "--version").CombinedOutput(); err == nil {
		if fields := strings.Fields(string(out)); len(fields) > 2 {
			v["Pushgateway"] = fields[2]
		}
	}
	return v
}
