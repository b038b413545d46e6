//go:build go1.24

package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/fleet"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var fleets = []int{600, 10_000, 100_000}

func load(b *testing.B, nodes int) (*registry.Registry, *fleet.Fleet, *sysinfo.Decoder) {
	b.Helper()
	f := fleet.New(fleet.Options{Nodes: nodes, Shape: fleet.Baseline})
	r, err := registry.New(registry.Options{Nodes: nodes, ReportsPerSecond: 1e9}, nil)
	if err != nil {
		b.Fatal(err)
	}
	d, err := sysinfo.NewDecoder(sysinfo.Version1(), "", sysinfo.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	var report sysinfo.Report
	var message []byte
	for i := range nodes {
		message = f.AppendJSON(message[:0], i, time.Now(), time.Minute)
		if err := d.Decode(message, &report); err != nil {
			b.Fatal(err)
		}
		if err := r.Put(f.Name(i), &report); err != nil {
			b.Fatal(err)
		}
	}
	return r, f, d
}

// BenchmarkReport takes a report from the message's bytes to the page, in the
// steady state of a fleet whose every node has reported before.
func BenchmarkReport(b *testing.B) {
	for _, nodes := range fleets {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			r, f, d := load(b, nodes)
			messages, names := make([][]byte, nodes), make([]string, nodes)
			for i := range nodes {
				messages[i] = f.AppendJSON(nil, i, time.Now(), time.Minute)
				names[i] = f.Name(i)
			}
			var report sysinfo.Report
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := r.Admit(names[i]); err != nil {
					b.Fatal(err)
				}
				if err := d.Decode(messages[i], &report); err != nil {
					b.Fatal(err)
				}
				if err := r.Put(names[i], &report); err != nil {
					b.Fatal(err)
				}
				if i++; i == nodes {
					i = 0
				}
			}
		})
	}
}
