//go:build go1.24

package registry_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

var fleets = []int{600, 10_000, 100_000}

// decode returns a report of the fleet's first node.
func decode(b *testing.B, d *mapping.Decoder, f *fleet.Fleet) *mapping.Report {
	b.Helper()
	var report mapping.Report
	if err := d.Decode(f.AppendJSON(nil, 0, time.Now(), time.Minute), &report); err != nil {
		b.Fatal(err)
	}
	return &report
}

// perSeries reports the time of one series, of those that all iterations took.
func perSeries(b *testing.B, series int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
}

func load(b *testing.B, nodes int) (*registry.Registry, *fleet.Fleet, *mapping.Decoder) {
	b.Helper()
	f := fleet.New(fleet.Options{Nodes: nodes, Shape: fleet.Baseline})
	r, err := registry.New(registry.Options{Nodes: nodes, ReportsPerSecond: 1e9}, nil)
	if err != nil {
		b.Fatal(err)
	}
	d, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	var report mapping.Report
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
			var report mapping.Report
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
			perSeries(b, fleet.BaselineSeries)
		})
	}
}

// BenchmarkPut takes decoded reports, each of another node.
func BenchmarkPut(b *testing.B) {
	for _, nodes := range fleets {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			r, f, d := load(b, nodes)
			report := decode(b, d, f)
			names := make([]string, nodes)
			for i := range names {
				names[i] = f.Name(i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := r.Put(names[i], report); err != nil {
					b.Fatal(err)
				}
				if i++; i == len(names) {
					i = 0
				}
			}
			perSeries(b, fleet.BaselineSeries)
		})
	}
}

// BenchmarkSnapshot takes what a scrape shows, with the memory of the scrape
// before.
func BenchmarkSnapshot(b *testing.B) {
	for _, nodes := range fleets {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			r, _, _ := load(b, nodes)
			var s registry.Snapshot
			b.ReportAllocs()
			for b.Loop() {
				r.Snapshot(&s)
			}
			perSeries(b, nodes*fleet.BaselineSeries)
		})
	}
}

// BenchmarkSweep sweeps a fleet that expires all at once, while one more node
// reports all the time. Of each 1,000 of its reports one took longer than p99.9,
// and the longest of all max.
func BenchmarkSweep(b *testing.B) {
	for _, nodes := range fleets {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			r, f, d := load(b, nodes)
			report, another := decode(b, d, f), decode(b, d, f)
			long, short := r.Options(), r.Options()
			long.Nodes, short.Nodes = nodes+1, nodes+1
			report.Interval = 0 // so that it has no part in the TTL
			short.Overrides = []registry.Override{{Nodes: "*", TTL: time.Nanosecond}}
			var waits []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				if err := r.SetOptions(long); err != nil {
					b.Fatal(err)
				}
				for i := range nodes {
					if err := r.Put(f.Name(i), report); err != nil {
						b.Fatal(err)
					}
				}
				if err := r.SetOptions(short); err != nil {
					b.Fatal(err)
				}
				runtime.GC() // what the preparation left behind
				swept, put := make(chan struct{}), make(chan []time.Duration)
				go func() {
					var waits []time.Duration
					for {
						begin := time.Now()
						_ = r.Put("one more", another)
						waits = append(waits, time.Since(begin))
						select {
						case <-swept:
							put <- waits
							return
						default:
						}
					}
				}()
				b.StartTimer()
				r.Sweep()
				b.StopTimer()
				close(swept)
				waits = append(waits, <-put...)
				b.StartTimer()
			}
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)*999/1000].Nanoseconds()), "p99.9-put-ns")
			b.ReportMetric(float64(waits[len(waits)-1].Nanoseconds()), "max-put-ns")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(nodes), "ns/node")
		})
	}
}
