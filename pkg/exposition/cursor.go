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
	rest   registry.Block // from the next piece's lines on
	length uint32         // of the next piece
	family uint32         // of the next piece; done behind the last one
}

const done = math.MaxUint32

// advance moves c to the first piece of rest.
func (c *cursor) advance(rest registry.Block) {
	if len(rest) == 0 {
		*c = cursor{family: done}
		return
	}
	family, length, body := rest.Next()
	c.rest, c.family, c.length = body, uint32(family), uint32(length)
}

// lines returns the lines of the next piece, and moves past it.
func (c *cursor) lines() []byte {
	lines, rest := c.rest[:c.length], c.rest[c.length:]
	c.advance(rest)
	return lines
}

// fetchAhead is how many nodes' pieces are fetched at once.
const fetchAhead = 32

// fetch reads a byte at both ends of each piece of family that comes next, and
// by that brings the pieces into the cache: loads that depend on nothing but
// the cursors overlap, while copying piece after piece waits for most of them.
func fetch(cursors []cursor, family uint32) (sum byte) {
	for i := range cursors {
		if c := &cursors[i]; c.family == family {
			sum += c.rest[0] + c.rest[c.length-1]
		}
	}
	return sum
}
