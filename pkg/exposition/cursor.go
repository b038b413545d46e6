package exposition

import "github.com/edgegauge/edgegauge/pkg/registry"

// cursor stands before the next line of one node's block.
//
// A page takes one family of all nodes before the next family of any, which in a
// large fleet is one cache miss after the other. Offsets are kept in one array so
// that the CPU can prefetch many nodes' lines at once.
type cursor struct {
	offset uint32 // in the block, of the next line
	family uint32 // of the next line; behind the last one higher than any
}

// begin moves c to the first line of b.
func (c *cursor) begin(b registry.Block) {
	_, lines := b.Split()
	c.to(b, lines)
}

// line returns the end of the next line of b, and moves past it.
func (c *cursor) line(b registry.Block) []byte {
	end, rest := registry.Lines(b[c.offset:]).Next()
	c.to(b, rest)
	return end
}

// skip moves past the lines of families before the given one, which are not
// shown: those of a mapping that is being replaced.
func (c *cursor) skip(b registry.Block, family uint32) {
	for c.family < family {
		c.line(b)
	}
}

// to moves c to the first of lines, with which b ends. (Without any, Family is -1.)
func (c *cursor) to(b registry.Block, lines registry.Lines) {
	c.offset, c.family = uint32(len(b)-len(lines)), uint32(lines.Family())
}

const (
	// fetchAhead is how many nodes' lines are fetched at once.
	fetchAhead = 32
	// cached is how many nodes' blocks, of some 1 KiB each, are in a core's
	// cache anyway.
	cached = 1000
)

// fetch brings each node's label and its next line of family into the cache, by
// reading a byte of them. These loads depend on nothing but the cursors, so they
// overlap; copying line after line would wait for most of them.
func fetch(cursors []cursor, blocks []registry.Block, family uint32) (sum byte) {
	const cacheLine = 64 // few lines' ends are longer
	for i := range cursors {
		c := &cursors[i]
		if c.family != family {
			continue
		}
		b := blocks[i]
		sum += b[0] + b[c.offset] + b[min(int(c.offset)+cacheLine, len(b)-1)]
	}
	return sum
}
