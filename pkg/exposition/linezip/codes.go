package linezip

import (
	"encoding/binary"
	mathbits "math/bits"
)

// The alphabets of DEFLATE (RFC 1951, section 3.2.5).
const (
	symbols    = 286 // literals, end of block, lengths
	distances  = 30
	endOfBlock = 256
	longest    = 258 // match
	near       = 512 // a distance of some lines

	spare = 2 // bytes behind the input that may be looked at, see token
)

// codes are the Huffman codes of the block being written.
type codes struct {
	literalCode  [symbols]packed
	lengthCode   [longest + 1]packed // with the extra bits
	distanceCode [distances]packed
	nearCode     [near + 1]packed // of the distances up to near, with the extra bits
	lengths      [symbols + distances]uint8
}

// packed is some bits and, in the low byte, how many.
type packed uint32

func (p packed) bits() uint64 { return uint64(p >> 8) }
func (p packed) n() uint      { return uint(p & 0xff) }

// token writes what t says of the beginning of text, and returns the rest. Behind
// what t speaks of, text must go on for spare bytes, whatever they are.
func (c *codes) token(b *bits, t *token, text []byte) []byte {
	acc, n, pos := b.acc, b.n, b.pos // in registers: this is bits.add, written out
	for i := range t {
		p := &t[i]
		if p.match > 0 {
			var back uint64 // the distance's code with the extra bits
			var width uint
			if p.distance <= near {
				d := c.nearCode[p.distance]
				back, width = d.bits(), d.n()
			} else {
				back, width = c.far(int(p.distance))
			}
			for left := int(p.match); left > 0; {
				m := part(left)
				l := c.lengthCode[m]
				acc |= (l.bits() | back<<(l.n()&63)) << (n & 63)
				n += l.n() + width
				binary.LittleEndian.PutUint64(b.buf[pos:], acc)
				pos += int(n >> 3)
				acc >>= n &^ 7 & 63
				n &= 7
				left -= m
			}
			text = text[p.match:]
		}
		// Literals go three at a time. Of the last three, those that are not wanted are
		// written in no bits: a branch on how many are left would be mispredicted.
		left := int(p.literals)
		for text := text; left > 0; left -= 3 {
			p0 := c.literalCode[text[0]]
			p1 := c.literalCode[text[1]] & packed((1-left)>>63)
			p2 := c.literalCode[text[2]] & packed((2-left)>>63)
			text = text[3:]
			acc |= p0.bits() << (n & 63)
			n += p0.n()
			acc |= p1.bits() << (n & 63)
			n += p1.n()
			acc |= p2.bits() << (n & 63)
			n += p2.n()
			binary.LittleEndian.PutUint64(b.buf[pos:], acc)
			pos += int(n >> 3)
			acc >>= n &^ 7 & 63
			n &= 7
		}
		text = text[p.literals:]
	}
	b.acc, b.n, b.pos = acc, n, pos
	return text
}

// far returns the code of distance d with the extra bits, and how many bits that is.
func (c *codes) far(d int) (uint64, uint) {
	symbol := distanceSymbol(d)
	p := c.distanceCode[symbol]
	extra := distanceExtra(symbol)
	return p.bits() | (uint64(d-1)&(1<<extra-1))<<p.n(), p.n() + extra
}

// part is the length of the first of the matches that make n bytes.
func part(n int) int {
	if n > longest && n < longest+3 {
		return n - 3 // a match has 3 bytes at least
	}
	return min(n, longest)
}

func distanceSymbol(d int) int {
	if d <= 4 {
		return d - 1
	}
	k := mathbits.Len(uint(d-1)) - 1 // the symbols of k differ in the bit below
	return 2*k + (d-1)>>(k-1)&1
}

func distanceExtra(symbol int) uint {
	if symbol < 4 {
		return 0
	}
	return uint(symbol/2 - 1)
}

// lengthSymbol and lengthExtra are the symbol of each length from 3 to 258,
// and the extra bits behind it.
var lengthSymbol, lengthExtra = func() (symbol [longest + 1]uint16, extra [longest + 1]packed) {
	n := 3
	for s := 257; s < 285; s++ {
		bits := uint(0)
		if s >= 265 {
			bits = uint(s-261) / 4
		}
		for v := range 1 << bits {
			symbol[n], extra[n] = uint16(s), packed(v<<8)|packed(bits)
			n++
		}
	}
	symbol[longest], extra[longest] = 285, 0
	return symbol, extra
}()

// begin writes the header of a block: dynamic codes, given by their lengths.
func (c *codes) begin(b *bits) {
	const dynamic = 2
	b.add(dynamic<<1, 3)
	b.add(symbols-257, 5)
	b.add(distances-1, 5)
	// The code of code lengths, of which 16, "the same again, 3 to 6 times", has
	// 1 bit and each length from 0 to 15 has 5. It is always this one: most
	// symbols of a page are rare, and the rare ones have the same length.
	b.add(19-4, 4)
	for i := range 19 {
		switch i {
		case 0: // 16
			b.add(1, 3)
		case 1, 2: // 17 and 18, which are not used
			b.add(0, 3)
		default:
			b.add(5, 3)
		}
	}
	for i := 0; i < len(c.lengths); {
		n := c.lengths[i]
		// A 1, for 16 has the 0, and the length with its highest bit first.
		b.add(1|uint64(mathbits.Reverse8(n)>>4)<<1, 5)
		i++
		for run := c.again(i); run >= 3; run = c.again(i) {
			b.add(uint64(run-3)<<1, 3)
			i += run
		}
	}
}

// again returns how often, up to 6 times, the length before i comes again there.
func (c *codes) again(i int) int {
	n := 0
	for n < 6 && i+n < len(c.lengths) && c.lengths[i+n] == c.lengths[i-1] {
		n++
	}
	return n
}

// end writes the end of the block.
func (c *codes) end(b *bits) {
	p := c.literalCode[endOfBlock]
	b.add(p.bits(), p.n())
}

// finish writes an empty last block, in fixed codes.
func (c *codes) finish(b *bits) {
	const last, fixed = 1, 1
	b.add(last|fixed<<1, 3)
	b.add(0, 7) // end of block
}

// sampled is how many lines there are for each that is counted to make the codes.
// Counting costs as much as encoding, and lines are alike. 5 is coprime to typical
// device counts, so sampling does not favour one device.
const sampled = 5

// adapt makes the codes that fit a text. What it does not hold counts as seen a
// little: it may come in the rest of the block, of which this is the beginning.
func (c *codes) adapt(text []byte, tokens []token) {
	var literals [symbols]uint32
	var distance [distances]uint32
	for i := range literals {
		literals[i] = 1
	}
	for i := range distance {
		distance[i] = 1
	}
	for i := range tokens {
		for j := range tokens[i] {
			p := &tokens[i][j]
			end := int(p.match) + int(p.literals)
			if i%sampled == 0 {
				for n := int(p.match); n > 0; n -= part(n) {
					literals[lengthSymbol[part(n)]] += sampled
					distance[distanceSymbol(int(p.distance))] += sampled
				}
				for _, v := range text[p.match:end] {
					literals[v] += sampled
				}
			}
			text = text[end:]
		}
	}
	codeLengths(c.lengths[:symbols], literals[:])
	codeLengths(c.lengths[symbols:], distance[:])
	assign(c.literalCode[:], c.lengths[:symbols])
	assign(c.distanceCode[:], c.lengths[symbols:])
	for n := 3; n <= longest; n++ {
		p, extra := c.literalCode[lengthSymbol[n]], lengthExtra[n]
		c.lengthCode[n] = packed((p.bits()|extra.bits()<<p.n())<<8) | packed(p.n()+extra.n())
	}
	for d := 1; d <= near; d++ {
		bits, n := c.far(d)
		c.nearCode[d] = packed(bits<<8) | packed(n)
	}
}
