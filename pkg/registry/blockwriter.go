package registry

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// blockWriter writes a block line by line. The block is the writer's own until it
// writes the next.
type blockWriter struct {
	b        Block
	families []mapping.Family // of b's lines
	node     int              // length of the part that all lines share
	bytes    int              // of the lines on the page

	translation translation // of the newest node that was restored
}

var writers = sync.Pool{New: func() any { return new(blockWriter) }}

// report writes the block of a report, with the given samples of it.
func (w *blockWriter) report(name string, report *mapping.Report, samples []mapping.Sample, st status) Block {
	w.begin(name, report.Mapping.Families())
	for i, at := range report.Mapping.Status() {
		samples = w.samples(samples, at)
		if st.known(i) {
			w.status(at, i, st)
		}
	}
	w.samples(samples, math.MaxInt)
	return w.b
}

// down writes the block of a node that is down and has never reported. Its
// families are those of mapping.Status alone.
func (w *blockWriter) down(name string) Block {
	w.begin(name, mapping.Status[:])
	w.status(mapping.StatusUp, mapping.StatusUp, status{})
	return w.b
}

// shed writes the block of a node that is down and whose newest report is b, a
// block by mapping m. Its families are those of mapping.Status alone.
func (w *blockWriter) shed(b Block, m *mapping.Mapping) Block {
	_, lines := b.Split()
	w.beginLike(b, mapping.Status[:])
	for i, at := range m.Status() {
		for lines.Family() >= 0 && lines.Family() < at {
			_, lines = lines.Next()
		}
		switch {
		case i == mapping.StatusUp:
			w.status(i, i, status{})
		case lines.Family() == at && shownDown(i):
			end, _ := lines.Next()
			w.line(i, end)
		}
	}
	return w.b
}

// begin begins the block of a node.
func (w *blockWriter) begin(name string, families []mapping.Family) {
	b := append(w.b[:0], 0, 0, 0, 0)
	b = append(mapping.AppendEscaped(append(b, labelBegin...), name), labelEnd...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-nodeHeader))
	w.b, w.families, w.node, w.bytes = b, families, len(b)-nodeHeader, 0
}

// beginLike begins another block of the node that b is of.
func (w *blockWriter) beginLike(b Block, families []mapping.Family) {
	node, _ := b.Split()
	w.b = append(w.b[:0], b[:nodeHeader+len(node)]...)
	w.families, w.node, w.bytes = families, len(node), 0
}

// header begins a line of family and returns where its end begins.
func (w *blockWriter) header(family int) (at int) {
	w.b = append(w.b, byte(family), byte(family>>8), 0, 0, 0, 0)
	return len(w.b)
}

// length writes the length of the line of family that begins at, now that it is
// known.
func (w *blockWriter) length(family, at int) {
	end := len(w.b) - at
	binary.LittleEndian.PutUint32(w.b[at-4:], uint32(end))
	w.bytes += len(w.families[family].Name) + w.node + end
}

// line writes a line of family with that end.
func (w *blockWriter) line(family int, end []byte) {
	at := w.header(family)
	w.b = append(w.b, end...)
	w.length(family, at)
}

// status writes the i-th status line as one of family.
func (w *blockWriter) status(family, i int, st status) {
	at := w.header(family)
	w.b = append(st.append(append(w.b, "} "...), i), '\n')
	w.length(family, at)
}

// samples writes the samples of the families before index end, and returns
// those that remain.
func (w *blockWriter) samples(samples []mapping.Sample, end int) []mapping.Sample {
	// In variables on the stack, where storing a slice costs no write barrier.
	b, bytes := w.b, w.bytes
	rest := samples[:0:0]
	for i := range samples {
		s := &samples[i]
		if s.Family >= end {
			rest = samples[i:]
			break
		}
		b = append(b, byte(s.Family), byte(s.Family>>8), 0, 0, 0, 0)
		at := len(b)
		if len(s.Labels) > 0 {
			b = append(b, ',')
		}
		b = append(b, s.Line()...)
		binary.LittleEndian.PutUint32(b[at-4:], uint32(len(b)-at))
		bytes += len(w.families[s.Family].Name) + w.node + len(b) - at
	}
	w.b, w.bytes = b, bytes
	return rest
}
