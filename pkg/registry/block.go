package registry

import (
	"encoding/binary"
	"math"
	"strconv"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Block is one node's report as the text of its sample lines, made once when the
// report comes and not changed while a [Snapshot] holds it. The text is the same
// in every text format:
//
//	family{node="…",device="sda"} 12.5
//	------ this is of all nodes, and in no block
//	      --------- of all lines of the node: Node, once
//	               ------------------- of one line: its end
//
// A block is the length of Node (4 bytes) and Node, then the lines in the order
// of the page, each as the index of its family (2 bytes), the length of its end (4
// bytes) and its end. Numbers are little endian. So a page, which takes the lines
// of one family from every block before those of the next from any, moves a cursor
// forward in each block.
//
// That a line's parts are put together only when it is shown takes a few ns a
// line, and saves more in a large fleet, where what a report and a scrape cost is
// mostly the memory that they touch.
type Block []byte

const (
	nodeHeader = 4
	lineHeader = 2 + 4
)

// Split returns the part that all lines of the node share, from the brace to the
// end of the node's label, and the lines.
func (b Block) Split() (node []byte, lines Lines) {
	end := nodeHeader + binary.LittleEndian.Uint32(b)
	return b[nodeHeader:end], Lines(b[end:])
}

// Lines are the lines of a block that are still to come.
type Lines []byte

// Family returns the index of the first line's family, -1 if there is no line.
func (l Lines) Family() int {
	if len(l) == 0 {
		return -1
	}
	return int(binary.LittleEndian.Uint16(l))
}

// Next returns the end of the first line, which is what stands behind the node's
// label, and the lines behind it. There must be a line.
func (l Lines) Next() (end []byte, rest Lines) {
	next := lineHeader + int(binary.LittleEndian.Uint32(l[2:]))
	return l[lineHeader:next], l[next:]
}

// The indexes of mapping.Status.
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
	for i := range mapping.Status {
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
func (w *blockWriter) render(node string, report *mapping.Report, st status) Block {
	samples := report.Samples
	w.begin(node)
	for i, at := range report.Mapping.Status() {
		samples = w.samples(samples, at)
		w.status(at, i, st)
	}
	w.samples(samples, math.MaxInt)
	return w.b
}

// renderStatus writes the block of a node without a report, whose families are
// those of mapping.Status alone.
func (w *blockWriter) renderStatus(node string, st status) Block {
	w.begin(node)
	for i := range mapping.Status {
		w.status(i, i, st)
	}
	return w.b
}

// shed writes a block like that of renderStatus with the status lines of b, a
// block by mapping m.
func (w *blockWriter) shed(b Block, m *mapping.Mapping) Block {
	node, lines := b.Split()
	w.b = append(w.b[:0], b[:nodeHeader+len(node)]...)
	status := m.Status()
	for len(lines) > 0 {
		family := lines.Family()
		end, rest := lines.Next()
		lines = rest
		for i := range status {
			if status[i] == family {
				at := w.line(i)
				w.b = append(w.b, end...)
				w.end(at)
			}
		}
	}
	return w.b
}

// blockWriter writes a block line by line.
type blockWriter struct{ b []byte }

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

// begin begins the block of a node.
func (w *blockWriter) begin(node string) {
	b := append(w.b[:0], 0, 0, 0, 0)
	b = append(mapping.AppendEscaped(append(b, `{node="`...), node), '"')
	binary.LittleEndian.PutUint32(b, uint32(len(b)-nodeHeader))
	w.b = b
}

// line begins a line of family and returns where its end begins.
func (w *blockWriter) line(family int) (at int) {
	w.b = append(w.b, byte(family), byte(family>>8), 0, 0, 0, 0)
	return len(w.b)
}

// end writes the length of the line that begins at, now that it is known.
func (w *blockWriter) end(at int) {
	binary.LittleEndian.PutUint32(w.b[at-4:], uint32(len(w.b)-at))
}

// status writes the i-th status line, if its value is known, as one of family.
func (w *blockWriter) status(family, i int, st status) {
	if !st.known(i) {
		return
	}
	at := w.line(family)
	w.b = append(st.append(append(w.b, "} "...), i), '\n')
	w.end(at)
}

// samples writes the samples of the families before index end, and returns
// those that remain.
func (w *blockWriter) samples(samples []mapping.Sample, end int) []mapping.Sample {
	for i := range samples {
		s := &samples[i]
		if s.Family >= end {
			return samples[i:]
		}
		at := w.line(s.Family)
		if len(s.Labels) > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, s.Line()...)
		w.end(at)
	}
	return nil
}
