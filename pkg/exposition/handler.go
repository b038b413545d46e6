package exposition

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/exposition/linezip"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// HandlerOptions are for [NewHandler]. The zero value serves the nodes alone.
type HandlerOptions struct {
	// Host are the process's own metrics, put behind the nodes'. Families
	// that a mapping defines too are left out of it.
	Host prometheus.Gatherer
	// MaxInFlight is how many scrapes are served at once; a further one gets
	// status 503. Default 10.
	MaxInFlight int
	// Timeout ends a scrape whose reader is too slow, and with it the hold on
	// the blocks it is shown. A shorter X-Prometheus-Scrape-Timeout-Seconds
	// header counts instead. Default 30s.
	Timeout time.Duration
	// HostError, if not nil, is told when the host's metrics could not all
	// be gathered or written; those that could are on the page all the same.
	HostError func(error)
	// Written, if not nil, is told the size of each page that was written
	// whole, uncompressed.
	Written func(bytes int)
}

// NewHandler returns the handler of the page: GET and HEAD, in the format and
// coding that the request prefers. It may serve any number of requests at once.
func NewHandler(r *registry.Registry, o HandlerOptions) http.Handler {
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 10
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.HostError == nil {
		o.HostError = func(error) {}
	}
	if o.Written == nil {
		o.Written = func(int) {}
	}
	return &handler{registry: r, HandlerOptions: o, inFlight: make(chan struct{}, o.MaxInFlight)}
}

type handler struct {
	registry *registry.Registry
	HandlerOptions
	inFlight  chan struct{}
	snapshots sync.Pool
}

// ServeHTTP writes the page.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
		return
	}
	format, contentType := Negotiate(r.Header.Get("Accept"))
	compress := acceptsGzip(r.Header.Get("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Vary", "Accept, Accept-Encoding")
	header.Set("Cache-Control", "no-store")
	if compress {
		header.Set("Content-Encoding", "gzip")
	}
	if r.Method == http.MethodHead {
		return
	}
	select {
	case h.inFlight <- struct{}{}:
		defer func() { <-h.inFlight }()
	default:
		header.Del("Content-Encoding")
		header.Set("Retry-After", "1")
		http.Error(w, strconv.Itoa(h.MaxInFlight)+" scrapes are in flight, which is the limit", http.StatusServiceUnavailable)
		return
	}
	// Not every ResponseWriter has deadlines; those of net/http do.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.timeout(r)))

	out, size := io.Writer(w), netChunk
	if compress {
		z := compressors.Get().(*linezip.Writer)
		z.Reset(w)
		defer func() {
			_ = z.Close() // an error here is one of w, and then nobody reads
			z.Reset(nil)
			compressors.Put(z)
		}()
		out, size = z, chunk
	}
	h.page(out, format, size)
}

var compressors = sync.Pool{New: func() any { return linezip.NewWriter(nil) }}

// page writes the nodes, the host's metrics and the end, in writes of up to size
// bytes.
func (h *handler) page(w io.Writer, format Format, room int) {
	s, _ := h.snapshots.Get().(*registry.Snapshot)
	if s == nil {
		s = &registry.Snapshot{}
	}
	defer func() {
		s.Release()
		h.snapshots.Put(s)
	}()
	h.registry.Snapshot(s)
	nodes := columns(s)
	p := begin(w, room)
	p.nodes(s, nodes, format)
	if h.Host != nil && p.err == nil { // else the scraper went away
		if err := p.host(h.Host, nodes, format); err != nil {
			h.HostError(err)
		}
	}
	if format == OpenMetrics {
		p.write([]byte("# EOF\n"))
	}
	size, err := p.end()
	if err == nil { // else nobody is left to be told
		h.Written(size)
	}
}

// base returns a family's name as OpenMetrics has it, where a counter x_total
// and a gauge x would be the same family.
func base(name string) string { return strings.TrimSuffix(name, "_total") }

// timeout is how long the scraper waits, as far as it says.
func (h *handler) timeout(r *http.Request) time.Duration {
	s, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(s > 0 && s < h.Timeout.Seconds()) {
		return h.Timeout
	}
	return time.Duration(s * float64(time.Second))
}
