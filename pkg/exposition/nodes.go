package exposition

import (
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// nodes writes the families of all nodes in s.
func (p *page) nodes(s *registry.Snapshot, families []column, format format) {
	p.start(s)
	for _, c := range families {
		if p.err != nil {
			return // and the blocks may be let go of
		}
		p.head = appendMetadata(p.head[:0], c.Family, format)
		rest := p.cursors
		for g, index := range c.index {
			blocks := s.Groups[g].Blocks
			cursors := rest[:len(blocks)]
			rest = rest[len(blocks):]
			if index >= 0 {
				p.column(cursors, blocks, uint32(index), c.Name)
			}
		}
	}
}

// start puts a cursor before the first line of each block, in the order of s.
func (p *page) start(s *registry.Snapshot) {
	nodes := 0
	for i := range s.Groups {
		nodes += len(s.Groups[i].Blocks)
	}
	if cap(p.cursors) < nodes {
		p.cursors = make([]cursor, nodes)
	}
	rest := p.cursors
	for i := range s.Groups {
		for _, b := range s.Groups[i].Blocks {
			rest[0].begin(b)
			rest = rest[1:]
		}
	}
}

// column writes the lines of one family. A line that fits is copied right here,
// where buf stays on the stack: storing a slice elsewhere costs a write barrier. The
// others, and the family's first, which has its metadata before it, go by line.
func (p *page) column(cursors []cursor, blocks []registry.Block, family uint32, name string) {
	buf := p.buf
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
			node, _ := b.Split()
			for c.family == family {
				end := c.line(b)
				if len(name)+len(node)+len(end) <= cap(buf)-len(buf) && len(p.head) == 0 {
					buf = append(append(append(buf, name...), node...), end...)
					continue
				}
				p.buf = buf
				p.line(name, node, end)
				if buf = p.buf; p.err != nil {
					return
				}
			}
		}
		cursors, blocks = cursors[n:], blocks[n:]
	}
	p.buf = buf
}

// line writes a line, and the family's metadata before the first of them.
func (p *page) line(name string, node, end []byte) {
	p.write(p.head)
	p.head = p.head[:0]
	p.write([]byte(name))
	p.write(node)
	p.write(end)
}
