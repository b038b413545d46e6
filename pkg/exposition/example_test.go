package exposition_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A page with a node's report and a metric of the process.
func Example() {
	nodes, err := registry.New(registry.Options{}, nil)
	if err != nil {
		panic(err)
	}
	decoder, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		panic(err)
	}
	var report mapping.Report
	if err := decoder.Decode(`{"cpu": {"load1": 0.5}, "temperatures": [{"sensor": "cpu", "celsius": 52.1}]}`, &report); err != nil {
		panic(err)
	}
	if err := nodes.Put("edge-1", &report); err != nil {
		panic(err)
	}

	host := prometheus.NewRegistry()
	host.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tasks"}, func() float64 { return 3 }))
	page := exposition.NewHandler(nodes, exposition.HandlerOptions{Host: host})

	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range strings.Split(w.Body.String(), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") && !strings.Contains(line, "timestamp") {
			fmt.Println(line)
		}
	}
	// Output:
	// edge_node_load1{node="edge-1"} 0.5
	// edge_node_temperature_celsius{node="edge-1",sensor="cpu"} 52.1
	// edge_node_up{node="edge-1"} 1
	// tasks 3
}
