package exposition

import (
	"compress/gzip"
	"errors"
	"io"
	"time"
)

// holdAtMost is how long a scrape holds its snapshot for a slow reader, and with it
// the blocks that newer reports have replaced since. A reader that has the page by
// then never notices. For the others the page is kept compressed from then on, at a
// tenth of its size.
const holdAtMost = 2 * time.Second

// errLetGo ends the putting together of a page of which the rest is kept.
var errLetGo = errors.New("the snapshot was let go of")

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
