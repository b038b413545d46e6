package exposition

import (
	"io"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// chunk is how many bytes go to the writer at once: enough that the cost of a
// write does not count, and few enough to stay in a core's cache.
const chunk = 64 << 10

// scratch is the memory of one page being written.
type scratch struct {
	chunk   [chunk]byte
	cursors []cursor
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// WriteNodes writes the families of all nodes in s to w, in writes of up to
// 64 KiB. For OpenMetrics the caller ends the page with "# EOF\n".
func WriteNodes(w io.Writer, s *registry.Snapshot, format Format) error {
	mem := scratches.Get().(*scratch)
	cursors := mem.cursors[:0]
	for i := range s.Groups {
		for _, b := range s.Groups[i].Blocks {
			var c cursor
			c.advance(b)
			cursors = append(cursors, c)
		}
	}
	p := pageWriter{w: w, buf: mem.chunk[:0]}
	for _, c := range columns(s) {
		p.head = appendMetadata(p.head[:0], c.Family, format)
		rest := cursors
		for g, index := range c.index {
			group := rest[:len(s.Groups[g].Blocks)]
			rest = rest[len(group):]
			switch {
			case index < 0:
			case s.Groups[g].Down:
				p.down(group, uint32(index), statusIndex(c.Name) == up)
			default:
				p.column(group, uint32(index))
			}
		}
	}
	p.flush()
	clear(cursors) // they hold blocks
	mem.cursors = cursors[:0]
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
func (p *pageWriter) column(cursors []cursor, family uint32) {
	for len(cursors) > 0 {
		batch := cursors[:min(len(cursors), fetchAhead)]
		cursors = cursors[len(batch):]
		p.fetched += fetch(batch, family)
		for i := range batch {
			c := &batch[i]
			if c.family != family {
				continue
			}
			lines := c.lines()
			if len(lines) > cap(p.buf)-len(p.buf) || len(p.head) > 0 {
				if p.write(lines); p.err != nil {
					return
				}
				continue
			}
			p.buf = append(p.buf, lines...)
		}
	}
}

// down writes the pieces of one status family of nodes that are down. What
// stands between, in a block that is not swept yet, is passed over. The block
// has the edge_node_up of a node that is up.
func (p *pageWriter) down(cursors []cursor, family uint32, up bool) {
	for i := range cursors {
		c := &cursors[i]
		for c.family < family {
			c.lines()
		}
		if c.family != family {
			continue
		}
		lines := c.lines()
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
