package exposition

import (
	"compress/gzip"
	"errors"
	"io"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition/linezip"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// holdAtMost is how long a scrape holds its snapshot for a slow reader, and with it
// the blocks that newer reports have replaced since. A reader that has the page by
// then never notices. For the others the page is kept compressed from then on, at a
// tenth of its size.
const holdAtMost = 2 * time.Second

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
	ended    bool
	timer    *time.Timer // for keep

	once       sync.Once           // for the rest: what stands behind the nodes
	own        []*dto.MetricFamily // HandlerOptions.Own's
	families   []*dto.MetricFamily // the host's
	incomplete bool                // HostError was told
}

// errLetGo ends the putting together of a page of which the rest is kept.
var errLetGo = errors.New("the snapshot was let go of")

// serve writes the page to the reader.
func (s *scrape) serve() {
	s.snapshot, _ = s.snapshots.Get().(*registry.Snapshot)
	if s.snapshot == nil {
		s.snapshot = &registry.Snapshot{}
	}
	s.registry.Snapshot(s.snapshot)

	s.mu.Lock()
	s.timer = time.AfterFunc(s.hold, s.keep)
	size, err := s.render(s, s.compress)
	s.release()
	s.ended = true
	s.timer.Stop()
	s.mu.Unlock()
	if s.rest != nil {
		size, err = s.rest.size, s.finish()
	}
	if err == nil {
		s.Written(size)
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

// keep writes the page into memory, compressed, and lets go of the snapshot. One
// scrape at a time does so.
func (s *scrape) keep() {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	if _, waited := s.slot.waits(); waited < time.Since(s.slot.begun)/2 {
		s.timer.Reset(s.hold / 4) // it is this machine that is slow, not the reader
		return
	}
	rest := &kept{}
	rest.size, _ = s.render(rest, true)
	s.rest = rest
	s.release()
	// All pages kept together are not more than one page: a page may be of a kind
	// that does not compress.
	s.slots.keep(s.slot, rest.bytes, int64(rest.size))
}

// finish writes what the reader has not taken of the kept page.
func (s *scrape) finish() error {
	var page io.Reader = s.rest
	if !s.compress {
		z, err := gzip.NewReader(page)
		if err != nil {
			return err
		}
		page = z
	}
	if _, err := io.CopyN(io.Discard, page, s.sent); err != nil {
		return err
	}
	_, err := io.CopyBuffer(passed{s}, page, make([]byte, chunk))
	return err
}

// passed is the writer to a scrape's reader when nothing is put together.
type passed struct{ *scrape }

func (p passed) Write(b []byte) (int, error) { return p.pass(b) }

// kept is a compressed page in memory.
type kept struct {
	chunks [][]byte
	bytes  int64 // in chunks
	size   int   // uncompressed
}

// Write appends a copy of b.
func (k *kept) Write(b []byte) (int, error) {
	k.chunks = append(k.chunks, append([]byte(nil), b...))
	k.bytes += int64(len(b))
	return len(b), nil
}

// Read reads the page from its beginning, once.
func (k *kept) Read(b []byte) (int, error) {
	for len(k.chunks) > 0 && len(k.chunks[0]) == 0 {
		k.chunks = k.chunks[1:]
	}
	if len(k.chunks) == 0 {
		return 0, io.EOF
	}
	n := copy(b, k.chunks[0])
	k.chunks[0] = k.chunks[0][n:]
	return n, nil
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
		s.once.Do(s.gather)
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
