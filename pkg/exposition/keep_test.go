package exposition

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// gate is a reader that takes nothing from its n-th write on until it is opened.
type gate struct {
	bytes.Buffer
	writes, n int
	waits     chan struct{} // closed when it waits
	open      chan struct{}
}

func (g *gate) Write(b []byte) (int, error) {
	if g.writes++; g.writes == g.n {
		close(g.waits)
		<-g.open
	}
	return g.Buffer.Write(b)
}

func filled(t *testing.T, nodes int) (r *registry.Registry, report func(round int)) {
	t.Helper()
	r, err := registry.New(registry.Options{ReportsPerSecond: 1e5, Nodes: nodes}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapping.Parse([]byte(`families: [{name: a, help: a, path: a}, {name: b, help: b, path: b.*, keyLabel: k}, {name: c_total, type: counter, help: c, path: c}]`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var one mapping.Report
	return r, func(round int) {
		for i := range nodes {
			if err := d.Decode(fmt.Sprintf(`{"a": %d, "b": {"x": %[1]d, "y": %[1]d}, "c": %[1]d}`, round), &one); err != nil {
				t.Fatal(err)
			}
			if err := r.Put(fmt.Sprint("node-", i), &one); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A reader that stalls for longer than a snapshot is held gets the rest of its page
// all the same, as it was, while the blocks are overwritten by newer reports.
func TestKeptPage(t *testing.T) {
	for name, compress := range map[string]bool{"plain": false, "gzip": true} {
		for _, n := range []int{1, 2} { // of the writes, the one that waits
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				r, report := filled(t, 20_000)
				report(1)
				host := prometheus.NewRegistry()
				requests := prometheus.NewCounter(prometheus.CounterOpts{Name: "host_total"})
				host.MustRegister(requests)
				h := NewHandler(r, HandlerOptions{Host: host, MaxInFlight: 1}).(*handler)
				h.hold = 5 * time.Millisecond
				g := &gate{n: n, waits: make(chan struct{}), open: make(chan struct{})}
				slot := h.slots.acquire(context.Background(), "", func() error { return nil }, time.Minute, nil)
				s := &scrape{handler: h, w: g, slot: slot, form: form{openMetrics, "", asTheyAre}, compress: compress, host: h.guard.begin()}
				done := make(chan struct{})
				go func() {
					defer close(done)
					s.serve()
				}()
				<-g.waits
				for begin := time.Now(); ; time.Sleep(time.Millisecond) {
					s.mu.Lock()
					kept := s.rest != nil && s.snapshot == nil
					s.mu.Unlock()
					if kept {
						break
					}
					if time.Since(begin) > 20*time.Second {
						t.Fatal("the snapshot is still held")
					}
				}
				requests.Inc()
				report(2) // overwrites every block
				close(g.open)
				<-done
				text := g.Bytes()
				if compress {
					z, err := gzip.NewReader(&g.Buffer)
					if err != nil {
						t.Fatal(err)
					}
					if text, err = io.ReadAll(z); err != nil {
						t.Fatal(err)
					}
				}
				lines := strings.Split(string(text), "\n")
				values := 0
				for _, line := range lines {
					if family, _, _ := strings.Cut(line, "{"); family == "a" || family == "b" || family == "c_total" {
						values++
						if !strings.HasSuffix(line, "} 1") {
							t.Fatalf("a line %q on a page of the first round", line)
						}
					}
				}
				if values != 80_000 || !strings.HasSuffix(string(text), "host_total 0.0\n# EOF\n") {
					t.Errorf("%d values, want 80000; the page ends with %q", values, text[max(0, len(text)-100):])
				}
			})
		}
	}
}

// A scrape lets go of its snapshot: the next report is written over the block it
// showed, without new memory.
func TestScrapeReleases(t *testing.T) {
	r, _ := filled(t, 1)
	m, err := mapping.Parse([]byte(`families: [{name: a, help: a, path: a}]`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	one := new(mapping.Report)
	if err := d.Decode(`{"a": 1}`, one); err != nil {
		t.Fatal(err)
	}
	put := func() {
		if err := r.Put("n", one); err != nil {
			t.Fatal(err)
		}
	}
	put()
	h := NewHandler(r, HandlerOptions{}).(*handler)
	host := prometheus.NewRegistry()
	host.MustRegister(Collector(r))
	for name, scrape := range map[string]func(){
		"page": func() {
			slot := h.slots.acquire(context.Background(), "", nil, time.Minute, nil)
			(&scrape{handler: h, w: io.Discard, slot: slot}).serve()
			h.slots.release(slot)
		},
		"reader that is gone": func() {
			slot := h.slots.acquire(context.Background(), "", nil, time.Minute, nil)
			(&scrape{handler: h, w: gone{}, slot: slot}).serve()
			h.slots.release(slot)
		},
		"Collector": func() {
			if _, err := host.Gather(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		scrape()
		if n := testing.AllocsPerRun(100, put); n > 0 && !raceDetector {
			t.Errorf("after a scrape by the %s a report takes %v allocations", name, n)
		}
	}
}

// Of a page that the reader has whole the size is told, before it was compressed; of
// one that went away nothing.
func TestWritten(t *testing.T) {
	r, report := filled(t, 100)
	report(1)
	sizes := []int{}
	h := NewHandler(r, HandlerOptions{Written: func(size int) { sizes = append(sizes, size) }}).(*handler)
	scrape := func(w io.Writer, compress bool) {
		slot := h.slots.acquire(context.Background(), "", nil, time.Minute, nil)
		(&scrape{handler: h, w: w, slot: slot, compress: compress}).serve()
		h.slots.release(slot)
	}
	var page, small bytes.Buffer
	scrape(&page, false)
	scrape(&small, true)
	scrape(gone{}, false)
	scrape(gone{}, true)
	if want := []int{page.Len(), page.Len()}; !slices.Equal(sizes, want) || small.Len() >= page.Len() {
		t.Errorf("told of pages of %d bytes, want %d; compressed it is %d", sizes, want, small.Len())
	}
}

// A scrape takes the memory of the one before: a page of 10,000 nodes costs a scrape
// far less than the 24 bytes a node that a snapshot has.
func TestScrapeTakesNoMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector throws away some of what is kept")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would let go of what is kept
	r, report := filled(t, 10_000)
	report(1)
	h := NewHandler(r, HandlerOptions{}).(*handler)
	for _, compress := range []bool{false, true} {
		scrape := func() {
			slot := h.slots.acquire(context.Background(), "", nil, time.Minute, nil)
			(&scrape{handler: h, w: io.Discard, slot: slot, compress: compress}).serve()
			h.slots.release(slot)
		}
		scrape()
		least := uint64(math.MaxUint64) // of ten, as others may allocate meanwhile
		for range 10 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			scrape()
			runtime.ReadMemStats(&after)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		if least > 100_000 {
			t.Errorf("a scrape of 10,000 nodes, compressed: %v, takes %d bytes of new memory", compress, least)
		}
	}
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
