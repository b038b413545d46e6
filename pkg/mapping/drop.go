package mapping

import "fmt"

// Dropped is a sample that was left out of a report, or what cost it.
type Dropped struct {
	Error
	// Family is the name of the family that lacks a sample. It is empty
	// where the value that is wrong is none's: several samples stand below
	// it, or it says something about the report itself.
	Family string
}

// notes are what is said of dropped samples, for those who want to know more
// than how many there are.
type notes struct {
	most int // how many are noted of each reason
	said [drops]int
	list []Dropped
	why  map[uint32]string // of a bad span, by its start
	lost map[uint32]bool   // the starts of values that are not of the mapped type
}

func newNotes(most int) *notes {
	return &notes{most: most, why: map[uint32]string{}, lost: map[uint32]bool{}}
}

// wants reports whether another drop for the reason is to be noted.
func (n *notes) wants(d drop) bool { return n.said[d] < n.most }

// drop counts a sample as dropped. It returns whether more is to be said about
// it, with note. In everyday use nothing is, so that a drop costs no text.
func (w *walker) drop(d drop) bool {
	w.report.Dropped[d]++
	return w.notes != nil && w.notes.wants(d)
}

// noFamily is for what is no sample of one family.
const noFamily = -1

// note says what is wrong with the value, or the key, at offset.
func (w *walker) note(d drop, offset uint32, family int, format string, args ...any) {
	n := w.notes
	n.said[d]++
	dropped := Dropped{Error: Error{Reason: dropReasons[d], Offset: int(offset), Detail: fmt.Sprintf(format, args...)}}
	if family != noFamily {
		dropped.Family = w.mapping.families[family].Name
	}
	n.list = append(n.list, dropped)
}

// bad returns what stands in the slot of a label that cannot be used: each
// sample with that label is dropped. The reason is in the span's end.
func bad(d drop, offset uint32) span { return span{offset, uint32(d), kindBad} }

// explainBad keeps what is wrong with a bad span, until a sample is dropped for
// it.
func (w *walker) explainBad(s span, format string, args ...any) {
	w.notes.why[s.start] = fmt.Sprintf(format, args...)
}

// dropBad drops a sample of family for a label that is bad.
func (w *walker) dropBad(s span, family int32) {
	if d := drop(s.end); w.drop(d) {
		w.note(d, s.start, int(family), "%s", w.notes.why[s.start])
	}
}

// lose drops what would have stood at p or below it, had the message there what
// the mapping has. Labels there are bad from now on.
func (w *walker) lose(p *place, instance int32, got span) {
	if p.about == aboutNode {
		w.report.BadNode = true
	}
	if w.notes != nil {
		w.notes.lost[got.start] = true
	}
	for i := range p.lost {
		if w.drop(dropWrongType) {
			family := noFamily
			if i < len(p.values) {
				family = p.values[i]
			}
			w.note(dropWrongType, got.start, family, "%s where the mapping has %s", w.describe(got), p.wants())
		}
	}
	for _, slot := range p.below {
		w.report.slots[int(w.report.instances[instance].slots)+slot] = bad(dropWrongType, got.start)
		if w.notes != nil {
			w.explainBad(got, "%s where the mapping has %s", w.describe(got), p.wants())
		}
	}
}

// wants names what the mapping has at p.
func (p *place) wants() string {
	switch {
	case p.elem != nil:
		return "an array"
	case p.holdsObject():
		return "an object"
	}
	return "a value"
}
