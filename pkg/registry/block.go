package registry

import (
	"encoding/binary"
	"math"
	"strconv"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Block is one node's report as sample lines, which are the same in every text
// format, made once when the report comes and not changed while a [Snapshot]
// holds it.
//
// It is a sequence of pieces, one for each family that the node has, in the
// order of the page. A piece is the index of its family (2 bytes), its length
// (4 bytes), both little endian, and its lines. So a page, which takes one
// piece of every block before the next piece of any, moves a cursor forward
// in each block, and what it reads next stands beside what it has just read.
type Block []byte

const pieceHeader = 2 + 4

// Next reads the header of the first piece of b: the index of its family, the
// length of its lines, and body, which begins with them; the next piece is at
// body[length:], unless that is empty. b must not be empty.
func (b Block) Next() (family, length int, body Block) {
	return int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint32(b[2:])), b[pieceHeader:]
}

// The indexes of sysinfo.Status.
const (
	statusSkew = iota
	statusLastReport
	statusInterval
	statusUp
)

// status is what the registry itself knows of a node.
type status struct {
	received float64 // Unix seconds; 0: never
	interval float64 // seconds; 0: unknown
	time     float64 // Unix seconds by the node's clock; 0: unknown
}

// known reports whether there is a value for the i-th status family.
func (st *status) known(i int) bool {
	switch i {
	case statusSkew:
		return st.time != 0 && st.received != 0
	case statusLastReport:
		return st.received != 0
	case statusInterval:
		return st.interval != 0
	}
	return true
}

// series counts the values that are known.
func (st *status) series() int {
	n := 0
	for i := range sysinfo.Status {
		if st.known(i) {
			n++
		}
	}
	return n
}

// append writes the i-th status value.
func (st *status) append(b []byte, i int) []byte {
	switch i {
	case statusSkew:
		return appendMillis(b, st.time-st.received)
	case statusLastReport:
		return appendMillis(b, st.received)
	case statusInterval:
		return strconv.AppendFloat(b, st.interval, 'g', -1, 64)
	}
	return append(b, '1') // edge_node_up; see Group.Down
}

// appendMillis writes seconds with three decimals, as strconv.AppendFloat would
// in several times the time.
func appendMillis(b []byte, seconds float64) []byte {
	if !(math.Abs(seconds) < 1e12) {
		return strconv.AppendFloat(b, seconds, 'f', 3, 64)
	}
	ms := int64(math.Round(seconds * 1e3))
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	ms %= 1000
	return append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// render writes the block of a report, which is w's until it writes the next.
func (w *blockWriter) render(node string, report *sysinfo.Report, st status) Block {
	families, samples := report.Mapping.Families(), report.Samples
	w.reset(node)
	for i, at := range report.Mapping.Status() {
		samples = w.samples(families, samples, at)
		if st.known(i) {
			w.begin(at)
			w.line(sysinfo.Status[i].Name)
			w.b = append(st.append(w.b, i), '\n')
		}
	}
	w.samples(families, samples, len(families))
	return w.block()
}

// renderStatus writes the block of a node without a report, whose families are
// those of sysinfo.Status alone.
func (w *blockWriter) renderStatus(node string, st status) Block {
	w.reset(node)
	for i := range sysinfo.Status {
		if st.known(i) {
			w.begin(i)
			w.line(sysinfo.Status[i].Name)
			w.b = append(st.append(w.b, i), '\n')
		}
	}
	return w.block()
}

// shed writes a block like that of renderStatus with the status lines of b, a
// block by mapping m.
func (w *blockWriter) shed(b Block, m *sysinfo.Mapping) Block {
	w.b = w.b[:0]
	status := m.Status()
	for len(b) > 0 {
		family, length, body := b.Next()
		for i := range status {
			if status[i] == family {
				w.begin(i)
				w.b = append(w.b, body[:length]...)
			}
		}
		b = body[length:]
	}
	return w.block()
}

// blockWriter writes a block piece by piece.
type blockWriter struct {
	b     []byte
	node  []byte // {node="…", which comes behind the family in each line
	piece int    // where the piece being written begins
}

var writers = sync.Pool{New: func() any { return new(blockWriter) }}

// clone returns b in memory of its own that has no room to grow.
func (b Block) clone() Block { return append(Block(nil), b...) }

// over returns b in the memory of old if that has room, and not much more than
// is needed; nil if not.
func (b Block) over(old Block) Block {
	if room := cap(old); len(b) > room || room > 2*len(b) {
		return nil
	}
	return append(old[:0], b...)
}

// reset begins the block of a node.
func (w *blockWriter) reset(node string) {
	w.b = w.b[:0]
	w.node = append(sysinfo.AppendEscaped(append(w.node[:0], `{node="`...), node), '"')
}

// block ends the last piece and returns what was written.
func (w *blockWriter) block() Block {
	w.end()
	return w.b
}

// begin ends the piece before and begins that of family.
func (w *blockWriter) begin(family int) {
	w.end()
	w.piece = len(w.b)
	w.b = append(w.b, byte(family), byte(family>>8), 0, 0, 0, 0)
}

// end writes the length of the piece, now that it is known.
func (w *blockWriter) end() {
	if len(w.b) > 0 {
		binary.LittleEndian.PutUint32(w.b[w.piece+2:], uint32(len(w.b)-w.piece-pieceHeader))
	}
}

// line begins a status line, up to its value.
func (w *blockWriter) line(family string) {
	w.b = append(append(append(w.b, family...), w.node...), "} "...)
}

// samples writes the samples of the families before index end, and returns
// those that remain.
func (w *blockWriter) samples(families []sysinfo.Family, samples []sysinfo.Sample, end int) []sysinfo.Sample {
	last := -1
	for i := range samples {
		s := &samples[i]
		if s.Family >= end {
			return samples[i:]
		}
		if s.Family != last {
			last = s.Family
			w.begin(last)
		}
		b := append(w.b, families[last].Name...)
		b = append(b, w.node...)
		if len(s.Labels) > 0 {
			b = append(b, ',')
		}
		w.b = append(b, s.Line()...)
	}
	return nil
}
