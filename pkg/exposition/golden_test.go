//go:build go1.25

//go:debug asynctimerchan=0

package exposition_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

var update = flag.Bool("update", false, "write the golden pages anew")

const goldenMapping = `
timestamp: {path: time}
interval: {path: interval}
families:
  - {name: aa_first, help: "Before all others.", path: first}
  - {name: edge_node_info, help: "Quotes \"so\", a backslash \\ and\na line feed.", path: host, value: 1, labels: {os: os, arch: arch}}
  - {name: edge_node_network_bytes_total, type: counter, help: "A counter.", path: "networks[].bytes", labels: {device: device}}
  - {name: edge_node_temperature_celsius, help: "Degrees.", path: temperatures.*, keyLabel: sensor}
  - {name: zz_unused, help: "Nobody reports this.", path: unused}
`

// aged returns a registry with nodes in every state.
func aged(t *testing.T) *registry.Registry {
	r := newRegistry(t, registry.Options{NodeTTL: time.Minute})
	m := parse(t, goldenMapping)
	const message = `{"time": 946684799.75, "interval": 10, "first": 1, "host": {"os": "linux"}, "networks": [{"device": "eth0", "bytes": 5}]}`
	expect := func(node string) {
		if err := r.Expect(node); err != nil {
			t.Fatal(err)
		}
	}
	expect("overdue")
	put(t, r, m, "swept", message)
	put(t, r, m, "forgotten", message)
	r.Forget("forgotten")
	time.Sleep(time.Minute)
	r.Sweep()
	put(t, r, m, "unswept", message)
	time.Sleep(time.Minute)
	expect("pending")
	put(t, r, m, "edge-1", `{
		"time": 946684919.5, "interval": 10, "first": -1.50e3,
		"host": {"os": "\"Debian\"\\12\n", "arch": "arm64"},
		"networks": [{"device": "eth0", "bytes": 12345678901234567890}, {"device": "é{},=", "bytes": 0}],
		"temperatures": {"nan": "NaN", "plus": "+Inf", "minus": "-Inf"}}`)
	put(t, r, m, "edge \"2\"\\\n", `{"first": 2}`)
	return r
}

// ordered sorts the sample lines within each family, for the nodes come in an
// order of chance.
func ordered(page string) string {
	lines := strings.SplitAfter(page, "\n")
	for begin := 0; begin < len(lines); {
		end := begin + 1
		if !strings.HasPrefix(lines[begin], "#") {
			for end < len(lines) && lines[end] != "" && !strings.HasPrefix(lines[end], "#") {
				end++
			}
			slices.Sort(lines[begin:end])
		}
		begin = end
	}
	return strings.Join(lines, "")
}

func TestGolden(t *testing.T) {
	for file, accept := range map[string]string{
		"text-0.0.4.txt":        "text/plain;version=0.0.4",
		"text-1.0.0.txt":        acceptText100,
		"openmetrics-1.0.0.txt": acceptOpenMetrics,
	} {
		t.Run(file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := prometheus.NewRegistry()
				requests := prometheus.NewCounter(prometheus.CounterOpts{Name: "host_requests_total", Help: "Requests."})
				host.MustRegister(requests)
				requests.Add(3)
				h := exposition.NewHandler(aged(t), exposition.HandlerOptions{Host: host})
				got := ordered(scrape(t, h, accept))
				path := "testdata/" + file
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("the page is no longer that of %s:\n%s", path, got)
				}
			})
		})
	}
}

// What is asked for need not be there: no nodes, no host.
func TestEmptyPage(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	for accept, want := range map[string]string{"": "", acceptText100: "", acceptOpenMetrics: "# EOF\n"} {
		if got := page(t, r, accept); got != want {
			t.Errorf("for %q the empty page is %q, want %q", accept, got, want)
		}
	}
}

// The Collector and the page agree about nodes in every state.
func TestCollectorOfEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { agree(t, aged(t)) })
}
