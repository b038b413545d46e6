package registry

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// blockWriter writes a block line by line. The block is the writer's own until it
// writes the next.
type blockWriter struct{ b Block }

var writers = sync.Pool{New: func() any { return new(blockWriter) }}

// report writes the block of a report.
func (w *blockWriter) report(name string, report *mapping.Report, st status) Block {
	samples := report.Samples
	w.begin(name)
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
	w.begin(name)
	w.status(mapping.StatusUp, mapping.StatusUp, status{})
	return w.b
}

// shed writes the block of a node that is down and whose newest report is b, a
// block by mapping m. Its families are those of mapping.Status alone.
func (w *blockWriter) shed(b Block, m *mapping.Mapping) Block {
	node, lines := b.Split()
	w.b = append(w.b[:0], b[:nodeHeader+len(node)]...)
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
func (w *blockWriter) begin(name string) {
	b := append(w.b[:0], 0, 0, 0, 0)
	b = append(mapping.AppendEscaped(append(b, labelBegin...), name), labelEnd...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-nodeHeader))
	w.b = b
}

// header begins a line of family and returns where its end begins.
func (w *blockWriter) header(family int) (at int) {
	w.b = append(w.b, byte(family), byte(family>>8), 0, 0, 0, 0)
	return len(w.b)
}

// length writes the length of the line that begins at, now that it is known.
func (w *blockWriter) length(at int) {
	binary.LittleEndian.PutUint32(w.b[at-4:], uint32(len(w.b)-at))
}

// line writes a line of family with that end.
func (w *blockWriter) line(family int, end []byte) {
	at := w.header(family)
	w.b = append(w.b, end...)
	w.length(at)
}

// status writes the i-th status line as one of family.
func (w *blockWriter) status(family, i int, st status) {
	at := w.header(family)
	w.b = append(st.append(append(w.b, "} "...), i), '\n')
	w.length(at)
}

// samples writes the samples of the families before index end, and returns
// those that remain.
func (w *blockWriter) samples(samples []mapping.Sample, end int) []mapping.Sample {
	for i := range samples {
		s := &samples[i]
		if s.Family >= end {
			return samples[i:]
		}
		at := w.header(s.Family)
		if len(s.Labels) > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, s.Line()...)
		w.length(at)
	}
	return nil
}
