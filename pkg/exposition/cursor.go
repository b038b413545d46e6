package exposition

import (
	"math"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// cursor stands before the next piece of one node's block.
//
// A page takes one family of all nodes before the next family of any, which
// in a large fleet is one cache miss after the other. The cursors stand in a
// row and say what comes next and how long it is, so that only what is copied
// is fetched, and the processor, which need not wait for one node to know
// where the next one's lines go, fetches several nodes' lines at once.
type cursor struct {
	offset uint32 // in the block, of the next piece's lines
	length uint32 // of the next piece
	family uint32 // of the next piece; done behind the last one
}

const done = math.MaxUint32

// begin moves c to the first piece of b.
func (c *cursor) begin(b registry.Block) {
	*c = cursor{}
	c.header(b)
}

// lines returns the lines of the next piece of b, and moves past it.
func (c *cursor) lines(b registry.Block) []byte {
	end := c.offset + c.length
	lines := b[c.offset:end]
	c.offset = end
	c.header(b)
	return lines
}

// skip moves past the pieces of families before the given one, which are not
// shown: those of a node that is down, or of a mapping that is being replaced.
func (c *cursor) skip(b registry.Block, family uint32) {
	for c.family < family {
		c.lines(b)
	}
}

// header reads the header at the offset.
func (c *cursor) header(b registry.Block) {
	rest := b[c.offset:]
	if len(rest) == 0 {
		c.family, c.length = done, 0
		return
	}
	family, length, body := rest.Next()
	c.family, c.length = uint32(family), uint32(length)
	c.offset += uint32(len(rest) - len(body))
}

const (
	// fetchAhead is how many nodes' pieces are fetched at once.
	fetchAhead = 32
	// cached is how many nodes' blocks, of some 2 KiB each, are in a core's
	// cache anyway.
	cached = 1000
)

// fetch reads a byte of each cache line of the pieces of family that come next,
// and of the header behind them, and by that brings them into the cache: loads
// that depend on nothing but the cursors overlap, while copying piece after
// piece waits for most of them.
func fetch(cursors []cursor, blocks []registry.Block, family uint32) (sum byte) {
	const cacheLine = 64
	for i := range cursors {
		c := &cursors[i]
		if c.family != family {
			continue
		}
		lines := blocks[i][c.offset : c.offset+c.length]
		for o := 0; o < len(lines); o += cacheLine {
			sum += lines[o]
		}
		sum += lines[len(lines)-1]
	}
	return sum
}
