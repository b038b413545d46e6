package mapping

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// samples makes the report's samples of its hits, now that all labels are
// known. Hits come in the order of the message; they are dealt out by family.
func (w *walker) samples() {
	r := w.report
	// Counts become the index at which each family's samples begin.
	sum := int32(0)
	for i, n := range r.counts {
		r.counts[i] = sum
		sum += n
	}
	r.Samples = slices.Grow(r.Samples, int(sum))[:sum]
	for i := range r.hits {
		h := &r.hits[i]
		s := &r.Samples[r.counts[h.family]]
		r.counts[h.family]++
		w.sample(h, s)
	}
	if w.empty {
		r.Samples = withoutEmpty(r.Samples)
	}
	if !w.unique() {
		r.Samples = withoutEmpty(r.Samples)
	}
}

// withoutEmpty closes the gaps of samples that sample left empty. It runs for
// every report of a node that gives an info family no label, and a general
// function would copy each sample twice.
func withoutEmpty(samples []Sample) []Sample {
	n := 0
	for i := range samples {
		if samples[i].Value == nil {
			continue
		}
		if n != i {
			samples[n] = samples[i]
		}
		n++
	}
	return samples[:n]
}

// sample writes one sample. One that is dropped is left empty, and so is that
// of an info family whose object gives it no label.
func (w *walker) sample(h *hit, s *Sample) {
	r := w.report
	fp := &w.plan.families[h.family]
	start := len(r.text)
	if wrong := w.labels(fp, h.instance); wrong.kind == kindBad {
		s.Value, w.empty = nil, true
		w.dropBad(wrong, h.family)
		return
	}
	text := r.text
	middle := len(text)
	text = append(text, "} "...)
	value := len(text)
	if fp.info != nil {
		if middle-start == fp.constant {
			s.Value, w.empty = nil, true
			return
		}
		text = append(text, fp.info...)
	} else {
		var d drop
		if text, d = w.number(text, h.value, fp.enum, fp.scale); d != drops {
			s.Value, w.empty = nil, true
			if w.drop(d) {
				w.noteNumber(d, h.value, int(h.family))
			}
			return
		}
		if fp.counter && !countable(text[value:]) {
			s.Value, w.empty = nil, true
			if w.drop(dropInvalidCounter) {
				w.note(dropInvalidCounter, h.value.start, int(h.family), "a counter of %s, which is not 0 or more", excerpt(text[value:]))
			}
			return
		}
	}
	text = append(text, '\n')
	r.text = text
	end := len(text) - 1
	// The labels' capacity reaches to the end of the line: see Line.
	s.Family, s.offset = int(h.family), int(h.value.start)
	s.Labels, s.Value = text[start:middle:len(text)], text[value:end:end]
}

// countable reports whether the value, as number writes it, is one that a
// counter can have.
func countable(value []byte) bool {
	switch value[0] {
	case 'N': // NaN
		return false
	case '-':
		return parseFloat(value) == 0
	}
	return true
}

// Line returns the rest of the sample's line in the text formats, from behind
// the label node and, if there are labels, the comma: labels, brace, value and
// line feed in one piece.
func (s *Sample) Line() []byte { return s.Labels[:cap(s.Labels)] }

var seed = maphash.MakeSeed()

// unique empties each sample whose series the report has already, and returns
// whether there is none. Families have few samples each, where comparing all
// pairs is cheapest; in a large one hashes are sorted, and only equal ones
// compared.
func (w *walker) unique() bool {
	r := w.report
	before := r.Dropped[dropDuplicateSeries]
	for start := 0; start < len(r.Samples); {
		end := start + 1
		for end < len(r.Samples) && r.Samples[end].Family == r.Samples[start].Family {
			end++
		}
		family := r.Samples[start:end]
		start = end
		if len(family) <= 8 {
			for i := range family {
				for j := range i {
					if bytes.Equal(family[i].Labels, family[j].Labels) {
						w.duplicate(&family[i])
						break
					}
				}
			}
			continue
		}
		r.hashes = r.hashes[:0]
		for i := range family {
			// The low bits carry the index: of equal hashes the first
			// sample of the message comes first.
			h := maphash.Bytes(seed, family[i].Labels)
			r.hashes = append(r.hashes, h&^hashIndex|uint64(i))
		}
		slices.Sort(r.hashes)
		for i := range r.hashes {
			for j := i - 1; j >= 0 && r.hashes[j]&^hashIndex == r.hashes[i]&^hashIndex; j-- {
				a, b := &family[r.hashes[i]&hashIndex], &family[r.hashes[j]&hashIndex]
				if bytes.Equal(a.Labels, b.Labels) {
					w.duplicate(a)
					break
				}
			}
		}
	}
	return r.Dropped[dropDuplicateSeries] == before
}

const hashIndex = MaxSamples - 1

// duplicate empties a sample, but for its labels: a third of the series is
// compared with them.
func (w *walker) duplicate(s *Sample) {
	if w.drop(dropDuplicateSeries) {
		w.note(dropDuplicateSeries, uint32(s.offset), s.Family, "a second series %s with the labels %s in one report",
			w.mapping.families[s.Family].Name, shorten(s.Labels, 10*mostOfText))
	}
	s.Value = nil
}
