package exposition

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// HandlerOptions are for [NewHandler]. The zero value serves the nodes alone.
type HandlerOptions struct {
	// Own are metrics that stand behind the nodes', of a gatherer that
	// answers at once.
	Own prometheus.Gatherer
	// Host are the process's other metrics, which stand behind Own. Families
	// that a mapping or Own has too are left out of it. It is gathered by one
	// goroutine at a time; if it hangs, panics or returns nothing, the page is
	// whole but for it.
	Host prometheus.Gatherer
	// HostTimeout is how long a gathering of Host may take. Default 2s.
	HostTimeout time.Duration
	// HostError, if not nil, is told of a scrape that lacks some of Own's or
	// Host's metrics.
	HostError func(error)
	// MaxInFlight is how many scrapes are served at once. A further one cuts
	// the one whose reader has stalled for longest; if none has, it waits, and
	// at last gets status 503. Default 10.
	MaxInFlight int
	// Timeout ends a scrape whose reader is too slow. A shorter
	// X-Prometheus-Scrape-Timeout-Seconds header counts instead. Default 30s.
	Timeout time.Duration
	// Waiting, if not nil, is told when a request begins and ends to wait for
	// others before it is served.
	Waiting func(r *http.Request, waits bool)
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
	if o.HostTimeout == 0 {
		o.HostTimeout = 2 * time.Second
	}
	if o.HostError == nil {
		o.HostError = func(error) {}
	}
	if o.Waiting == nil {
		o.Waiting = func(*http.Request, bool) {}
	}
	if o.Written == nil {
		o.Written = func(int) {}
	}
	h := &handler{registry: r, HandlerOptions: o, slots: newSlots(o.MaxInFlight), hold: holdAtMost}
	if o.Host != nil {
		h.guard = &guard{gatherer: o.Host}
	}
	return h
}

type handler struct {
	registry *registry.Registry
	HandlerOptions
	slots     *slots
	guard     *guard // nil without a host
	snapshots sync.Pool
	keeping   sync.Mutex // held while a page is kept: see scrape.keep
	hold      time.Duration
}

// ServeHTTP writes the page.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
		return
	}
	form := negotiate(r.Header.Get("Accept"))
	compress := acceptsGzip(r.Header.Get("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", form.contentType())
	header.Set("Vary", "Accept, Accept-Encoding")
	header.Set("Cache-Control", "no-store")
	if compress {
		header.Set("Content-Encoding", "gzip")
	}
	if r.Method == http.MethodHead {
		return
	}
	timeout := h.timeout(r)
	control := http.NewResponseController(w)
	past := time.Unix(1, 0)
	cut := func() error { return control.SetWriteDeadline(past) }
	const longestWait = 5 * time.Second
	wait := min(timeout/2, longestWait)
	// A deadline of whoever called ends an HTTP/2 scrape that waits, too.
	_ = control.SetWriteDeadline(time.Now().Add(wait + timeout))
	slot := h.slots.acquire(r.Context(), client(r), cut, wait, func(waits bool) { h.Waiting(r, waits) })
	if slot == nil {
		header.Del("Content-Encoding")
		header.Set("Retry-After", "1")
		header.Set("Connection", "close") // there are enough of those already
		http.Error(w, strconv.Itoa(h.MaxInFlight)+" scrapes are in flight, which is the limit", http.StatusServiceUnavailable)
		return
	}
	defer h.slots.release(slot)
	// Not every ResponseWriter has deadlines; those of net/http do. Nobody cuts
	// the scrape, which would be undone here, before its first write.
	_ = control.SetWriteDeadline(time.Now().Add(timeout))
	s := &scrape{handler: h, w: w, slot: slot, form: form, compress: compress}
	if h.guard != nil {
		s.host = h.guard.begin()
	}
	s.serve()
}

// client returns the address that a request comes from, without its port.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// timeout is how long the scraper waits, as far as it says.
func (h *handler) timeout(r *http.Request) time.Duration {
	s, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(s > 0 && s < h.Timeout.Seconds()) {
		return h.Timeout
	}
	return time.Duration(s * float64(time.Second))
}
