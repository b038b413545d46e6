package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"slices"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/exposition/linezip"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// The compressors that are compared on one page.
const (
	ours      = "linezip"
	klauspost = "klauspost/compress, level 1"
	standard  = "compress/gzip, level 1"
)

var compressors = []string{ours, klauspost, standard}

// compressorResult is what compressing a fleet's page costs.
type compressorResult struct {
	Seconds float64 `json:"seconds"` // CPU, median
	Bytes   int     `json:"bytes"`   // of the result
}

// compressor is a gzip writer that is used again, as for one page after the other.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

func newCompressor(name string) (compressor, error) {
	switch name {
	case ours:
		return linezip.NewWriter(nil), nil
	case klauspost:
		return kgzip.NewWriterLevel(nil, kgzip.BestSpeed)
	}
	return gzip.NewWriterLevel(nil, gzip.BestSpeed)
}

// measureCompressors has each compress the same page, in pieces as the listener
// writes them, in turn: what slows the machine slows all.
func measureCompressors(nodes int, base time.Time) (map[string]compressorResult, error) {
	page, err := ownPage(nodes, base)
	if err != nil {
		return nil, err
	}
	all := map[string]compressor{}
	for _, name := range compressors {
		z, err := newCompressor(name)
		if err != nil {
			return nil, err
		}
		all[name] = z
	}
	// A small page is compressed as many times as a large one takes, for a machine
	// that others use too is slower for a second now and then, and not for all alike.
	rounds := max(compressorRounds, 250_000_000/len(page))
	seconds, sizes := map[string][]float64{}, map[string]int{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for round := range rounds + 1 {
		for _, name := range compressors {
			before := threadTime()
			n, err := compress(all[name], page)
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first one warms up
				seconds[name] = append(seconds[name], threadTime()-before)
			}
			sizes[name] = n
		}
	}
	results := map[string]compressorResult{}
	for _, name := range compressors {
		results[name] = compressorResult{median(seconds[name]), sizes[name]}
	}
	return results, nil
}

// ownPage is the page of the listener, uncompressed, of a fleet that has reported
// once.
func ownPage(nodes int, base time.Time) ([]byte, error) {
	data := contender.NewData(nodes, base)
	nodesOf, err := registry.New(registry.Options{Nodes: nodes}, nil)
	if err != nil {
		return nil, err
	}
	decoder, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		return nil, err
	}
	var report mapping.Report
	for i := range nodes {
		one := data.Report(i, 0)
		if err := decoder.Decode(one.Message, &report); err != nil {
			return nil, err
		}
		if err := nodesOf.Put(one.Node, &report); err != nil {
			return nil, err
		}
	}
	var page writer
	request, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	exposition.NewHandler(nodesOf, exposition.HandlerOptions{}).ServeHTTP(&page, request)
	return page.Bytes(), nil
}

// writer is a ResponseWriter that keeps the page.
type writer struct {
	bytes.Buffer
	header http.Header
}

func (w *writer) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *writer) WriteHeader(int) {}

func compress(z compressor, page []byte) (int, error) {
	const piece = 64 << 10
	var n counter
	z.Reset(&n)
	for b := range slices.Chunk(page, piece) {
		if _, err := z.Write(b); err != nil {
			return 0, err
		}
	}
	err := z.Close()
	return int(n), err
}

// threadTime is the CPU time of this thread, in seconds. Neither other processes nor
// this one's collector, which clears up after the contenders before, count in it.
// getrusage would tell a thread's time in steps of the scheduler's ticks.
func threadTime() float64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano()).Seconds()
}

// lead is how many times as fast linezip is as the fastest library; 0 if that was
// not measured.
func (f *fleetResult) lead() float64 {
	own, ok := f.Compressors[ours]
	if !ok {
		return 0
	}
	best := 0.0
	for name, c := range f.Compressors {
		if name != ours && (best == 0 || c.Seconds < best) {
			best = c.Seconds
		}
	}
	return best / own.Seconds
}
