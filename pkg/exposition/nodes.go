package exposition

import (
	"io"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

const (
	// chunk is how many bytes go to a compressor or any other writer at once: few
	// enough to stay in a core's cache.
	chunk = 64 << 10
	// netChunk is how many bytes go to the network at once. What costs there is
	// not the bytes but the calls, each of which also wakes up the reader.
	netChunk = 1 << 20
)

// scratch is the memory of one page being written.
type scratch struct {
	chunk   []byte
	cursors []cursor
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// WriteNodes writes the families of all nodes in s to w, in writes of up to
// 64 KiB. For OpenMetrics the caller ends the page with "# EOF\n".
func WriteNodes(w io.Writer, s *registry.Snapshot, format Format) error {
	return writeNodes(w, s, format, chunk)
}

// writeNodes is WriteNodes in writes of up to size bytes.
func writeNodes(w io.Writer, s *registry.Snapshot, format Format, size int) error {
	mem := scratches.Get().(*scratch)
	if cap(mem.chunk) < size {
		mem.chunk = make([]byte, 0, size)
	}
	nodes := 0
	for i := range s.Groups {
		nodes += len(s.Groups[i].Blocks)
	}
	if cap(mem.cursors) < nodes {
		mem.cursors = make([]cursor, nodes)
	}
	rest := mem.cursors
	for i := range s.Groups {
		for _, b := range s.Groups[i].Blocks {
			rest[0].begin(b)
			rest = rest[1:]
		}
	}
	p := pageWriter{w: w, buf: mem.chunk[:0:size]}
	for _, c := range columns(s) {
		p.head = appendMetadata(p.head[:0], c.Family, format)
		rest := mem.cursors
		for g, index := range c.index {
			blocks := s.Groups[g].Blocks
			cursors := rest[:len(blocks)]
			rest = rest[len(blocks):]
			switch {
			case index < 0:
			case s.Groups[g].Down:
				p.down(cursors, blocks, uint32(index), statusIndex(c.Name) == up)
			default:
				p.column(cursors, blocks, uint32(index))
			}
		}
	}
	p.flush()
	scratches.Put(mem)
	return p.err
}

// pageWriter gathers small pieces into chunks. After an error it drops all.
type pageWriter struct {
	w    io.Writer
	buf  []byte
	head []byte // metadata, which goes before a family's first line, if there is one
	err  error

	fetched byte // keeps the compiler from leaving out what fetch does
}

// column writes the pieces of one family.
func (p *pageWriter) column(cursors []cursor, blocks []registry.Block, family uint32) {
	buf := p.buf // on the stack, where storing it costs no write barrier
	ahead := len(blocks) > cached
	for len(cursors) > 0 {
		n := min(len(cursors), fetchAhead)
		if ahead {
			p.fetched += fetch(cursors[:n], blocks[:n], family)
		}
		for i, b := range blocks[:n] {
			c := &cursors[i]
			if c.family != family {
				if c.skip(b, family); c.family != family {
					continue
				}
			}
			lines := c.lines(b)
			if len(lines) <= cap(buf)-len(buf) && len(p.head) == 0 {
				buf = append(buf, lines...)
				continue
			}
			p.buf = buf
			p.write(lines)
			if buf = p.buf; p.err != nil {
				return
			}
		}
		cursors, blocks = cursors[n:], blocks[n:]
	}
	p.buf = buf
}

// down writes the pieces of one status family of nodes that are down. What
// stands between, in a block that is not swept yet, is passed over. The block
// has the edge_node_up of a node that is up.
func (p *pageWriter) down(cursors []cursor, blocks []registry.Block, family uint32, up bool) {
	for i := range cursors {
		c := &cursors[i]
		c.skip(blocks[i], family)
		if c.family != family {
			continue
		}
		lines := c.lines(blocks[i])
		if up {
			p.write(lines[:len(lines)-len("1\n")])
			lines = []byte("0\n")
		}
		if p.write(lines); p.err != nil {
			return
		}
	}
}

func (p *pageWriter) write(b []byte) {
	if len(p.head) > 0 {
		head := p.head
		p.head = p.head[:0]
		p.write(head)
	}
	for len(b) > 0 && p.err == nil {
		if len(p.buf) == cap(p.buf) {
			p.flush()
		}
		n := min(len(b), cap(p.buf)-len(p.buf))
		p.buf = append(p.buf, b[:n]...)
		b = b[n:]
	}
}

func (p *pageWriter) flush() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}
