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
	guard     *guard        // nil without a host
	snapshots sync.Pool     // of *registry.Snapshot, for the next scrapes
	hold      time.Duration // holdAtMost, or less in a test
	keeping   sync.Mutex    // held while a page is kept: see scrape.keep
}

// ServeHTTP writes the page.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
		return
	}
	s := &scrape{handler: h, w: w, form: negotiate(r.Header.Get("Accept")), compress: acceptsGzip(r.Header.Get("Accept-Encoding"))}
	s.setHeader(w.Header())
	if r.Method == http.MethodHead {
		return
	}
	timeout := h.timeout(r)
	if s.slot = h.wait(w, r, timeout); s.slot == nil {
		h.refuse(w)
		return
	}
	defer h.slots.release(s.slot)
	// Nobody cuts the scrape, which would be undone here, before its first write.
	setWriteDeadline(w, time.Now().Add(timeout))
	if h.guard != nil {
		s.host = h.guard.begin()
	}
	s.serve()
}

// timeout is how long the scraper waits, as far as it says.
func (h *handler) timeout(r *http.Request) time.Duration {
	s, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(s > 0 && s < h.Timeout.Seconds()) {
		return h.Timeout
	}
	return time.Duration(s * float64(time.Second))
}

// longestWait is how long a scrape waits for others at most.
const longestWait = 5 * time.Second

// wait waits for a slot, for up to half of the scrape's time. It returns nil if
// there is none.
func (h *handler) wait(w http.ResponseWriter, r *http.Request, timeout time.Duration) *slot {
	patience := min(timeout/2, longestWait)
	// A deadline of whoever called ends an HTTP/2 scrape that waits, too.
	setWriteDeadline(w, time.Now().Add(patience+timeout))
	past := time.Unix(1, 0)
	cut := func() error { return http.NewResponseController(w).SetWriteDeadline(past) }
	return h.slots.acquire(r.Context(), client(r), cut, patience, func(waits bool) { h.Waiting(r, waits) })
}

// setWriteDeadline sets the deadline of an answer. Not every ResponseWriter has
// one; those of net/http do.
func setWriteDeadline(w http.ResponseWriter, t time.Time) {
	_ = http.NewResponseController(w).SetWriteDeadline(t)
}

// client returns the address that a request comes from, without its port.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// refuse answers a scrape for which there is no slot.
func (h *handler) refuse(w http.ResponseWriter) {
	w.Header().Del("Content-Encoding")
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Connection", "close") // there are enough of those already
	http.Error(w, strconv.Itoa(h.MaxInFlight)+" scrapes are in flight, which is the limit", http.StatusServiceUnavailable)
}
