package linezip

import (
	"bytes"
	"encoding/binary"
	mathbits "math/bits"
)

// A line is compressed together with the line feed before it, and without its
// own: so the line feed is part of a match. Its head ends before the quote that
// ends its first label value, which is the node's name; its tail, the other
// labels and the value, begins there. All are positions in Writer.in.
type line struct {
	start int
	quote int // behind the first quote
	tail  int
	value int // behind the last space
}

const (
	// candidates is how many lines back a tail is looked for: the families of
	// a node's devices have a line for each, so that the same device's tail
	// stands a few lines back.
	candidates = 4
	// shortest is the shortest match worth a length and a distance.
	shortest = 4
)

// token is a line in other words: twice a match, or none, and then literals.
type token [2]struct{ match, distance, literals uint16 }

// line makes a token of the line of n bytes at z.start: of the head what it has
// in common with the line before, of the tail what it has in common with the most
// similar one of those before, and the rest as literals.
func (z *Writer) line(n int) (t token) {
	text := z.in[z.start : z.start+n]
	before := z.back(0)
	same := common(text, z.in[before.start:z.start])
	this := z.split(text, same)

	head := this.tail - z.start
	if same = min(same, head); same < shortest {
		same = 0
	}
	t[0].match, t[0].distance, t[0].literals = uint16(same), uint16(z.start-before.start), uint16(head-same)

	tail := text[this.tail-z.start:]
	like := z.back(z.stride)
	same = common(tail, z.in[like.tail:z.start])
	if labels := like.value - like.tail; labels > 0 && same >= labels {
		this.value = this.tail + labels
	} else {
		for i := range uint(candidates) {
			l := z.back(i)
			if m := common(tail, z.in[l.tail:z.start]); m > same {
				like, same, z.stride = l, m, i
			}
		}
		this.value = this.tail + bytes.LastIndexByte(tail, ' ') + 1
	}
	if same < shortest {
		same = 0
	}
	t[1].match, t[1].distance, t[1].literals = uint16(same), uint16(this.tail-like.tail), uint16(len(tail)-same)

	z.newest++
	*z.back(0) = this
	z.start += n
	return t
}

// back returns the line that is i lines before the newest one.
func (z *Writer) back(i uint) *line { return &z.lines[(z.newest-i)%candidates] }

// split finds the parts of the line at z.start, which has its first bytes in
// common with the line before: what lies in those is known.
func (z *Writer) split(text []byte, same int) line {
	before := z.back(0)
	l := line{start: z.start}
	switch {
	case same > before.tail-before.start: // the same node
		l.quote = z.start + before.quote - before.start
		l.tail = z.start + before.tail - before.start
	case before.quote > before.start && same >= before.quote-before.start: // the same family
		l.quote = z.start + before.quote - before.start
		if i := before.tail - before.start; i < len(text) && text[i] == '"' {
			l.tail = z.start + i // a name as long as the one before
		} else {
			l.tail = z.start + find(text, same, '"')
		}
	default:
		i := find(text, 0, '"')
		l.quote = z.start + min(i+1, len(text))
		l.tail = z.start + find(text, min(i+1, len(text)), '"')
	}
	return l
}

// find returns where c stands in b from position i on, len(b) if nowhere.
func find(b []byte, i int, c byte) int {
	if j := bytes.IndexByte(b[i:], c); j >= 0 {
		return i + j
	}
	return len(b)
}

// common returns how many bytes a and b have in common at their beginnings.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	// Half a line at a time, without a branch in between.
	for len(a) >= 32 && len(b) >= 32 {
		if (word(a, 0)^word(b, 0))|(word(a, 8)^word(b, 8))|(word(a, 16)^word(b, 16))|(word(a, 24)^word(b, 24)) != 0 {
			break
		}
		a, b = a[32:], b[32:]
	}
	for len(a) >= 8 && len(b) >= 8 {
		if x := word(a, 0) ^ word(b, 0); x != 0 {
			return n - len(a) + mathbits.TrailingZeros64(x)/8
		}
		a, b = a[8:], b[8:]
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return n - len(a)
}

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }
