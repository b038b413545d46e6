package exposition

import (
	"bytes"
	"io"
	"sync"
)

const (
	// chunk is how many bytes go to a compressor or any other writer at once: few
	// enough to stay in a core's cache.
	chunk = 64 << 10
	// netChunk is how many bytes go to the network at once. What costs there is
	// not the bytes but the calls, each of which also wakes up the reader.
	netChunk = 1 << 20
)

// page gathers the small pieces of a page into chunks. After an error of its
// writer it drops all.
type page struct {
	w   io.Writer
	buf []byte // the chunk
	n   int    // bytes in the chunks before
	err error

	// What writing needs, kept for the next page.
	memory  []byte
	cursors []cursor
	head    []byte       // metadata, which goes before a family's first line, if there is one
	family  bytes.Buffer // one of the host's
	fetched byte         // keeps the compiler from leaving out what fetch does
}

var pages = sync.Pool{New: func() any { return new(page) }}

// begin returns an empty page, to be written to w in chunks of up to size
// bytes. It must be ended.
func begin(w io.Writer, size int) *page {
	p := pages.Get().(*page)
	if cap(p.memory) < size {
		p.memory = make([]byte, 0, size)
	}
	p.w, p.buf, p.n, p.err = w, p.memory[:0:size], 0, nil
	return p
}

// end writes what is left and returns the page's size. The error is the first
// one of the page's writer.
func (p *page) end() (size int, err error) {
	p.flush()
	size, err = p.n, p.err
	p.w, p.buf, p.err = nil, nil, nil
	pages.Put(p)
	return size, err
}

func (p *page) write(b []byte) {
	for len(b) > 0 && p.err == nil {
		if len(p.buf) == cap(p.buf) {
			p.flush()
		}
		n := min(len(b), cap(p.buf)-len(p.buf))
		p.buf = append(p.buf, b[:n]...)
		b = b[n:]
	}
}

func (p *page) flush() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
		p.n += len(p.buf)
	}
	p.buf = p.buf[:0]
}
