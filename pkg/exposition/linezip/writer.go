package linezip

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

const (
	inputRoom  = 64 << 10
	outputRoom = 64 << 10
	// longestLine is how long a line may be to serve as reference: all
	// candidates must be within the 32 KiB that a distance can reach.
	longestLine = 4 << 10
	// A block is a 32nd of the text before it, within these bounds: short
	// enough that the codes follow the text from family to family on a small
	// page, and long enough not to spend the time on making codes on a large one.
	shortestBlock, longestBlock = 32 << 10, 256 << 10
)

// Writer is a gzip writer. It is for one goroutine; its memory, about 140 KiB,
// can be used for the next page after Reset.
type Writer struct {
	w   io.Writer
	err error

	in     [inputRoom]byte
	start  int // of the input that is not compressed yet
	end    int
	lines  [candidates]line // before start, the nearest first
	stride int              // which of them the tail of the last line was like

	out  bits
	code codes
	left int // input until the block ends

	crc  uint32
	size uint32
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	z := &Writer{}
	z.Reset(w)
	return z
}

// Reset begins a new gzip member to w.
func (z *Writer) Reset(w io.Writer) {
	z.w, z.err = w, nil
	z.start, z.end, z.lines, z.stride = 0, 0, [candidates]line{}, 0
	z.crc, z.size = 0, 0
	z.out.reset()
	z.out.raw(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255) // fastest algorithm, unknown system
	z.code.reset()
	z.left = shortestBlock
	z.code.begin(&z.out)
}

// Write compresses p. What it returns is an error of the underlying writer.
func (z *Writer) Write(p []byte) (int, error) {
	n := len(p)
	z.crc = crc32.Update(z.crc, crc32.IEEETable, p)
	z.size += uint32(n)
	for len(p) > 0 && z.err == nil {
		m := copy(z.in[z.end:], p)
		z.end += m
		p = p[m:]
		if z.end == len(z.in) {
			z.compress(false)
		}
	}
	if z.err != nil {
		return 0, z.err
	}
	return n, nil
}

// Close compresses what is left and ends the gzip member. It does not close
// the underlying writer.
func (z *Writer) Close() error {
	z.compress(true)
	z.code.end(&z.out)
	z.code.finish(&z.out)
	z.out.align()
	var tail [8]byte
	binary.LittleEndian.PutUint32(tail[:], z.crc)
	binary.LittleEndian.PutUint32(tail[4:], z.size)
	z.out.raw(tail[:]...)
	z.flush()
	return z.err
}

func (z *Writer) flush() {
	if z.err == nil {
		_, z.err = z.w.Write(z.out.bytes())
	}
	z.out.drop()
}

// compress compresses the whole lines of the input, and all of it if it is the
// last or has no whole line, and makes room.
func (z *Writer) compress(last bool) {
	for z.start < z.end {
		if z.left <= 0 {
			z.code.end(&z.out)
			z.code.adapt()
			z.code.begin(&z.out)
			z.left = min(max(int(z.size/32), shortestBlock), longestBlock)
		}
		// No code is longer than 15 bits, so a line cannot more than double.
		if z.out.len() > outputRoom-4*longestLine {
			z.flush()
		}
		text := z.in[z.start:min(z.end, z.start+longestLine)]
		n := find(text, 1, '\n')
		if n == len(text) && n < longestLine && !last {
			break // the rest of the line is still to come
		}
		z.line(n)
		z.left -= n
	}
	// The oldest candidate and all behind it stay.
	keep := z.lines[candidates-1].start
	copy(z.in[:], z.in[keep:z.end])
	z.start -= keep
	z.end -= keep
	for i := range z.lines {
		l := &z.lines[i]
		*l = line{l.start - keep, l.quote - keep, l.tail - keep, l.value - keep}
	}
}
