package mapping

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// Float returns the sample's value.
func (s *Sample) Float() float64 { return parseFloat(s.Value) }

// samples makes the report's samples of its hits, now that all labels are
// known. Hits come in the order of the message; they are dealt out by family.
func (w *walker) samples() *Error {
	r := w.report
	if len(r.hits) == 0 {
		return w.fail(NoSamples, "no field that the mapping knows; %d keys ignored", r.Ignored)
	}
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
		if err := w.sample(h, s); err != nil {
			return w.locate(err)
		}
	}
	if w.empty {
		r.Samples = withoutEmpty(r.Samples)
	}
	if len(r.Samples) == 0 {
		return w.fail(NoSamples, "no field that the mapping knows has a value; %d keys ignored", r.Ignored)
	}
	return w.unique()
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

// sample writes one sample. That of an info family without a label is left
// empty.
func (w *walker) sample(h *hit, s *Sample) *Error {
	r := w.report
	fp := &w.plan.families[h.family]
	start := len(r.text)
	if err := w.labels(fp, h.instance); err != nil {
		return err
	}
	text := r.text
	middle := len(text)
	text = append(text, "} "...)
	value := len(text)
	if fp.info != nil {
		if middle == start {
			*s = Sample{}
			w.empty = true
			return nil
		}
		text = append(text, fp.info...)
	} else {
		var err *Error
		if text, err = w.number(text, h.value, fp.enum, fp.scale); err != nil {
			err.Offset = int(h.value.start)
			return err
		}
	}
	text = append(text, '\n')
	r.text = text
	end := len(text) - 1
	// The labels' capacity reaches to the end of the line: see Line.
	s.Family, s.offset = int(h.family), int(h.value.start)
	s.Labels, s.Value = text[start:middle:len(text)], text[value:end:end]
	return nil
}

// Line returns the rest of the sample's line in the text formats, from behind
// the label node and, if there are labels, the comma: labels, brace, value and
// line feed in one piece.
func (s *Sample) Line() []byte { return s.Labels[:cap(s.Labels)] }

var seed = maphash.MakeSeed()

// unique refuses two samples of one family with the same labels. Families
// have few samples each, where comparing all pairs is cheapest; in a large one
// hashes are sorted, and only equal ones compared.
func (w *walker) unique() *Error {
	r := w.report
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
						return w.duplicate(&family[i])
					}
				}
			}
			continue
		}
		r.hashes = r.hashes[:0]
		for i := range family {
			// The low bits carry the index, to find the sample again.
			h := maphash.Bytes(seed, family[i].Labels)
			r.hashes = append(r.hashes, h&^hashIndex|uint64(i))
		}
		slices.Sort(r.hashes)
		for i := range r.hashes {
			for j := i - 1; j >= 0 && r.hashes[j]&^hashIndex == r.hashes[i]&^hashIndex; j-- {
				a, b := &family[r.hashes[i]&hashIndex], &family[r.hashes[j]&hashIndex]
				if bytes.Equal(a.Labels, b.Labels) {
					return w.duplicate(a)
				}
			}
		}
	}
	return nil
}

const hashIndex = MaxSamples - 1

func (w *walker) duplicate(s *Sample) *Error {
	w.i = s.offset
	return w.locate(w.fail(DuplicateSeries, "a second series %s with the labels %s in one report",
		w.mapping.families[s.Family].Name, shorten(s.Labels, 10*mostOfText)))
}
