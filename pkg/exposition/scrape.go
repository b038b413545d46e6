package exposition

import (
	"io"
	"net/http"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition/linezip"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// scrape is one page on its way to one reader.
type scrape struct {
	*handler
	w        io.Writer // to the reader
	slot     *slot
	form     form
	compress bool
	host     *gathering // nil without a host

	// mu is held while the page is put together, not while the reader takes
	// a part of it: only then can the snapshot be let go of.
	mu       sync.Mutex
	snapshot *registry.Snapshot // nil once it is let go of
	rest     *kept              // the whole page, if it was let go of too early
	sent     int64              // bytes that the reader took
	ended    bool               // nothing is put together for the reader any more
	timer    *time.Timer        // calls keep

	// What stands behind the nodes. It is gathered once, by whichever of stream
	// and keep comes to it first.
	gathered   sync.Once
	own        []*dto.MetricFamily // HandlerOptions.Own's
	families   []*dto.MetricFamily // the host's
	incomplete bool                // HostError was told
}

// setHeader says what the page is.
func (s *scrape) setHeader(h http.Header) {
	h.Set("Content-Type", s.form.contentType())
	h.Set("Vary", "Accept, Accept-Encoding")
	h.Set("Cache-Control", "no-store")
	if s.compress {
		h.Set("Content-Encoding", "gzip")
	}
}

// serve writes the page to the reader.
func (s *scrape) serve() {
	s.take()
	size, err := s.stream()
	if s.rest != nil {
		size, err = s.rest.size, s.finish()
	}
	if err == nil {
		s.Written(size)
	}
}

// take takes a snapshot of the nodes.
func (s *scrape) take() {
	s.snapshot, _ = s.snapshots.Get().(*registry.Snapshot)
	if s.snapshot == nil {
		s.snapshot = &registry.Snapshot{}
	}
	s.registry.Snapshot(s.snapshot)
}

// stream writes the page to the reader as it is put together. If the reader takes
// too long, the page is kept, and stream ends early.
func (s *scrape) stream() (size int, err error) {
	s.mu.Lock()
	s.timer = time.AfterFunc(s.hold, s.keep)
	size, err = s.render(s, s.compress)
	s.release()
	s.ended = true
	s.timer.Stop()
	s.mu.Unlock() // not deferred: a Write that panics has it unlocked already
	return size, err
}

var compressors = sync.Pool{New: func() any { return linezip.NewWriter(nil) }}

// render writes the page to w. Of one scrape it is the same every time.
func (s *scrape) render(w io.Writer, compress bool) (size int, err error) {
	if !compress {
		return s.text(w, netChunk)
	}
	z := compressors.Get().(*linezip.Writer)
	z.Reset(w)
	size, err = s.text(z, chunk)
	if bad := z.Close(); err == nil {
		err = bad
	}
	z.Reset(nil)
	compressors.Put(z)
	return size, err
}

// text writes the nodes, the module's and the host's metrics and the end, in
// writes of up to room bytes.
func (s *scrape) text(w io.Writer, room int) (size int, err error) {
	nodes := columns(s.snapshot)
	p := begin(w, room)
	p.nodes(s.snapshot, nodes, s.form.format)
	if p.err == nil { // else the reader went away
		s.gathered.Do(s.gather)
		s.missing(p.others(s.own, s.families, nodes, s.form))
	}
	if s.form.format == openMetrics {
		p.write([]byte("# EOF\n"))
	}
	return p.end()
}

// gather gathers the module's own metrics, and waits for the host's.
func (s *scrape) gather() {
	if s.Own != nil {
		var err error
		s.own, err = s.Own.Gather()
		s.missing(err)
	}
	if s.host != nil {
		var err error
		s.families, err = s.host.wait(s.HostTimeout)
		s.missing(err)
	}
}

// missing tells, once a scrape, that something is not on its page.
func (s *scrape) missing(err error) {
	if err != nil && !s.incomplete {
		s.incomplete = true
		s.HostError(err)
	}
}

// Write passes b on to the reader.
func (s *scrape) Write(b []byte) (int, error) {
	s.mu.Unlock()
	n, err := s.pass(b)
	s.mu.Lock()
	s.sent += int64(n)
	if err == nil && s.rest != nil {
		err = errLetGo
	}
	return n, err
}

// pass writes b to the reader, and notes how long that takes.
func (s *scrape) pass(b []byte) (int, error) {
	s.slot.writing()
	defer s.slot.written()
	return s.w.Write(b)
}

// release lets go of the snapshot.
func (s *scrape) release() {
	if s.snapshot != nil {
		s.snapshot.Release()
		s.snapshots.Put(s.snapshot)
		s.snapshot = nil
	}
}
