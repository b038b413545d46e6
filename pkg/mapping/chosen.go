package mapping

import (
	"bytes"
	"slices"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Labels that the node chooses: the keys of the object that a family's
// LabelsFrom names.

// pair is such a label. Its name stands in Report.text, unescaped.
type pair struct {
	name  []byte
	value span
}

// chosenLabel reads the value of one key of a labelsFrom object at p. child is
// the key's own place, if a path or label of the mapping leads there too. What
// is wrong with one label costs each sample that has them.
func (w *walker) chosenLabel(p, child *place, instance int32, key span) *Error {
	r := w.report
	at := int(r.instances[instance].slots) + p.names
	switch c := w.next(); c {
	case '{', '[':
		got := span{uint32(w.i), uint32(w.i), kindArray}
		if c == '{' {
			got.kind = kindObject
		}
		if slot := &r.slots[at]; slot.kind != kindBad { // the first that is wrong counts
			*slot = bad(dropWrongType, got.start)
		}
		if w.notes != nil {
			w.explainBad(got, "%s where a label value is expected", w.describe(got))
		}
		if child != nil {
			w.lose(child, instance, got)
		}
		return w.value(nil, 0)
	case 0:
		return w.unexpected("a value")
	default:
		value, err := w.scan(c)
		if err != nil || value.kind == kindNone {
			return err
		}
		if r.slots[at].kind != kindBad {
			w.choose(&r.slots[at], key, value)
		}
		if child != nil {
			w.scalar(child, instance, value)
		}
		return nil
	}
}

// choose adds a label to those of slot. An empty one is as if it were not there.
func (w *walker) choose(slot *span, key, value span) {
	r := w.report
	if value.start == value.end {
		return
	}
	if slot.end-slot.start == sysinfo.MaxChosenLabels {
		*slot = bad(dropTooManyLabels, key.start)
		if w.notes != nil {
			w.explainBad(*slot, "more than %d labels, which is the limit", sysinfo.MaxChosenLabels)
		}
		return
	}
	name := w.unescape(key)
	if problem := sysinfo.LabelNameProblem(name); problem != "" {
		*slot = bad(dropInvalidLabelName, key.start)
		if w.notes != nil {
			w.explainBad(*slot, "label %s %s", excerpt(name), problem)
		}
		return
	}
	start := len(r.text)
	r.text = append(r.text, name...)
	r.names = append(r.names, pair{r.text[start:], value})
	slot.end = uint32(len(r.names))
}

// sortChosen sorts the labels of the object at p that was just read.
func (w *walker) sortChosen(p *place, instance int32) {
	r := w.report
	slot := &r.slots[int(r.instances[instance].slots)+p.names]
	if slot.kind != kindNames {
		return
	}
	pairs := r.names[slot.start:slot.end]
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(pairs); i++ {
		if bytes.Equal(pairs[i-1].name, pairs[i].name) {
			*slot = w.twice(&pairs[i])
			return
		}
	}
}

// twice returns the bad span of a label that is given twice.
func (w *walker) twice(p *pair) span {
	s := bad(dropInvalidLabelName, p.value.start)
	if w.notes != nil {
		w.explainBad(s, "label %s is given twice", p.name)
	}
	return s
}

// chosen returns the labels of the node's choice for a sample of instance, or
// the bad span that stands for them.
func (w *walker) chosen(instance int32, names *labelPlan) ([]pair, span) {
	r := w.report
	slot := r.slots[int(r.up(instance, names.up).slots)+names.slot]
	switch slot.kind {
	case kindNames:
		return r.names[slot.start:slot.end], span{}
	case kindBad:
		return nil, slot
	}
	return nil, span{}
}

// appendChosen appends those of pairs that sort before the label called
// before, all if it is "", and returns the rest. The sample's labels begin at
// start. If one is bad its span is returned too.
func (w *walker) appendChosen(text []byte, start int, pairs []pair, before string) ([]byte, []pair, span) {
	for ; len(pairs) > 0; pairs = pairs[1:] {
		p := &pairs[0]
		if before != "" && string(p.name) >= before {
			break
		}
		if len(text) > start {
			text = append(text, ',')
		}
		text = append(append(text, p.name...), '=', '"')
		var wrong span
		if text, wrong = w.label(text, p.value); wrong.kind == kindBad {
			return text, pairs, wrong
		}
		text = append(text, '"')
	}
	return text, pairs, span{}
}
