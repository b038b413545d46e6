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
	// tokensRoom is how many lines are encoded together.
	tokensRoom = 2048
	// longestBlock is how much text shares its codes: on a large page, where a
	// family goes on for longer, making codes is time that can be saved. A block
	// is an eighth of the text before it, so that on a small page the codes follow
	// the text from family to family.
	longestBlock = 256 << 10
)

// Writer is a gzip writer. It is for one goroutine; its memory, about 160 KiB,
// can be used for the next page after Reset.
type Writer struct {
	w   io.Writer
	err error

	in     [inputRoom + spare]byte
	start  int // of the input that is not compressed yet
	end    int
	lines  [candidates]line // before start, in a ring
	newest uint             // of them
	stride uint             // which of them the tail of the last line was like
	tokens []token          // of the lines that are not encoded yet

	out  bits
	code codes
	open bool // a block has begun
	left int  // input until it ends

	crc  uint32
	size uint32
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	z := &Writer{tokens: make([]token, 0, tokensRoom)}
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
	z.open, z.left = false, 0
}

// Write compresses p. What it returns is an error of the underlying writer.
func (z *Writer) Write(p []byte) (int, error) {
	n := len(p)
	z.crc = crc32.Update(z.crc, crc32.IEEETable, p)
	z.size += uint32(n)
	for len(p) > 0 && z.err == nil {
		m := copy(z.in[z.end:inputRoom], p)
		z.end += m
		p = p[m:]
		if z.end == inputRoom {
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
	if z.open {
		z.code.end(&z.out)
	}
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
	begin := z.start
	for z.start < z.end {
		text := z.in[z.start:min(z.end, z.start+longestLine)]
		n := find(text, 1, '\n')
		if n == len(text) && n < longestLine && !last {
			break // the rest of the line is still to come
		}
		if z.tokens = append(z.tokens, z.line(n)); len(z.tokens) == tokensRoom {
			z.encode(begin)
			begin = z.start
		}
	}
	z.encode(begin)
	// The oldest candidate and all behind it stay.
	keep := z.back(candidates - 1).start
	copy(z.in[:], z.in[keep:z.end])
	z.start -= keep
	z.end -= keep
	for i := range z.lines {
		l := &z.lines[i]
		l.start -= keep
		l.quote -= keep
		l.tail -= keep
		l.value -= keep
	}
}

// encode writes the lines from begin to z.start, which are those of z.tokens.
func (z *Writer) encode(begin int) {
	if z.left <= 0 && len(z.tokens) > 0 {
		if z.open {
			z.code.end(&z.out)
		}
		z.code.adapt(z.in[begin:z.start], z.tokens)
		z.code.begin(&z.out)
		z.open, z.left = true, min(int(z.size/8), longestBlock)
	}
	text := z.in[begin:]
	for i := range z.tokens {
		// No code is longer than 15 bits, so a line cannot more than double.
		if z.out.len() > outputRoom-4*longestLine {
			z.flush()
		}
		text = z.code.token(&z.out, &z.tokens[i], text)
	}
	z.tokens = z.tokens[:0]
	z.left -= z.start - begin
}
