//go:build go1.24

package exposition_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/fleet"
	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// loaded returns a registry in which every node of a baseline fleet has
// reported once.
func loaded(tb testing.TB, nodes int) *registry.Registry {
	tb.Helper()
	f := fleet.New(fleet.Options{Nodes: nodes, Shape: fleet.Baseline})
	r, err := registry.New(registry.Options{Nodes: nodes}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	var report mapping.Report
	var message []byte
	for i := range nodes {
		message = f.AppendJSON(message[:0], i, time.Now(), time.Minute)
		if err := d.Decode(message, &report); err != nil {
			tb.Fatal(err)
		}
		if err := r.Put(f.Name(i), &report); err != nil {
			tb.Fatal(err)
		}
	}
	return r
}

type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { d.n += len(b); return len(b), nil }

// BenchmarkPage serves a whole page to a reader that throws it away, and tells
// how much of that is taking the snapshot.
func BenchmarkPage(b *testing.B) {
	for _, nodes := range []int{600, 10_000, 100_000} {
		r := loaded(b, nodes)
		h := exposition.NewHandler(r, exposition.HandlerOptions{})
		for _, coding := range []string{"identity", "gzip"} {
			b.Run(fmt.Sprintf("%d/%s", nodes, coding), func(b *testing.B) {
				request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				request.Header.Set("Accept-Encoding", coding)
				w := &discard{header: http.Header{}}
				b.ReportAllocs()
				for b.Loop() {
					w.n = 0
					h.ServeHTTP(w, request)
				}
				b.SetBytes(int64(w.n))
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(nodes*fleet.BaselineSeries), "ns/series")
			})
		}
		b.Run(fmt.Sprintf("%d/snapshot", nodes), func(b *testing.B) {
			var s registry.Snapshot
			b.ReportAllocs()
			for b.Loop() {
				r.Snapshot(&s)
			}
		})
	}
}
