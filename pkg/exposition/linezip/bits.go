package linezip

import "encoding/binary"

// bits gathers bits, the first one lowest, into bytes. It flushes whole bytes
// without asking whether there are enough of them: how many bits have gathered
// is as good as random, and a branch on it would be mispredicted.
type bits struct {
	acc uint64
	n   uint // bits in acc, fewer than 8 between calls
	pos int
	buf [outputRoom]byte
}

func (b *bits) reset() { b.acc, b.n, b.pos = 0, 0, 0 }

// add appends the low n bits of v, n up to 57; the others must be 0.
func (b *bits) add(v uint64, n uint) {
	b.acc |= v << b.n
	b.n += n
	binary.LittleEndian.PutUint64(b.buf[b.pos:], b.acc)
	b.pos += int(b.n >> 3)
	b.acc >>= b.n &^ 7
	b.n &= 7
}

// align fills the last byte with zero bits.
func (b *bits) align() {
	if b.n > 0 {
		b.add(0, 8-b.n)
	}
}

// raw appends whole bytes; the bits before must be aligned.
func (b *bits) raw(p ...byte) { b.pos += copy(b.buf[b.pos:], p) }

func (b *bits) len() int      { return b.pos }
func (b *bits) bytes() []byte { return b.buf[:b.pos] }
func (b *bits) drop()         { b.pos = 0 }
