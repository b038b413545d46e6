package registry_test

import (
	"fmt"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A report goes in, and a scrape reads what the node shows.
func Example() {
	nodes, err := registry.New(registry.Options{NodeTTL: 3 * time.Minute}, func(name string, c registry.Change) {
		fmt.Println(name, c)
	})
	if err != nil {
		panic(err)
	}
	decoder, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		panic(err)
	}

	var report mapping.Report
	if err := decoder.Decode(`{"cpu": {"load1": 0.5}, "temperatures": [{"sensor": "cpu", "celsius": 52}]}`, &report); err != nil {
		panic(err)
	}
	if err := nodes.Put("edge-1", &report); err != nil {
		panic(err)
	}

	var s registry.Snapshot
	nodes.Snapshot(&s)
	defer s.Release()
	for _, group := range s.Groups {
		for _, block := range group.Blocks {
			node, lines := block.Split()
			for len(lines) > 0 {
				family := group.Families[lines.Family()]
				var end []byte
				if end, lines = lines.Next(); family.Name != "edge_node_last_report_timestamp_seconds" {
					fmt.Printf("%s%s%s", family.Name, node, end)
				}
			}
		}
	}
	// Output:
	// edge-1 appeared
	// edge_node_load1{node="edge-1"} 0.5
	// edge_node_temperature_celsius{node="edge-1",sensor="cpu"} 52
	// edge_node_up{node="edge-1"} 1
}
