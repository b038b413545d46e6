package mapping

import (
	"github.com/edgegauge/edgegauge/pkg/sysinfo"

	"bytes"
	"slices"
)

// Labels that the node chooses: the keys of the object that a family's
// LabelsFrom names.

// pair is such a label. Its name stands in Report.text, unescaped.
type pair struct {
	name  []byte
	value span
}

// chosenLabel reads the value of one key of a labelsFrom object at p. child is
// the key's own place, if a path or label of the mapping leads there too.
func (w *walker) chosenLabel(p, child *place, instance int32, key span) *Error {
	switch c := w.next(); c {
	case '{', '[':
		return w.fail(WrongType, "an object or array where a label value is expected")
	case 0:
		return w.unexpected("a value")
	default:
		value, err := w.scan(c)
		if err != nil || value.kind == kindNone {
			return err
		}
		r := w.report
		slot := &r.slots[int(r.instances[instance].slots)+p.names]
		if slot.end-slot.start == sysinfo.MaxChosenLabels {
			return w.fail(TooManySamples, "more than %d labels, which is the limit", sysinfo.MaxChosenLabels)
		}
		name := w.unescape(key)
		if err := sysinfo.CheckLabelName(name); err != nil {
			return w.fail(InvalidLabelName, "%v", err)
		}
		start := len(r.text)
		r.text = append(r.text, name...)
		r.names = append(r.names, pair{r.text[start:], value})
		slot.end = uint32(len(r.names))
		if child != nil {
			return w.scalar(child, instance, value)
		}
		return nil
	}
}

// sortChosen sorts the labels of the object at p that was just read.
func (w *walker) sortChosen(p *place, instance int32) *Error {
	r := w.report
	slot := r.slots[int(r.instances[instance].slots)+p.names]
	pairs := r.names[slot.start:slot.end]
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(pairs); i++ {
		if bytes.Equal(pairs[i-1].name, pairs[i].name) {
			return w.twice(pairs[i].name)
		}
	}
	return nil
}

func (w *walker) twice(name []byte) *Error {
	return w.fail(InvalidLabelName, "label %s is given twice", name)
}

// chosen returns the labels of the node's choice for a sample of instance.
func (w *walker) chosen(instance int32, names *labelPlan) []pair {
	r := w.report
	slot := r.slots[int(r.up(instance, names.up).slots)+names.slot]
	if slot.kind != kindNames {
		return nil
	}
	return r.names[slot.start:slot.end]
}

// appendChosen appends those of pairs that sort before the label called
// before, all if it is "", and returns the rest. The sample's labels begin at
// start.
func (w *walker) appendChosen(text []byte, start int, pairs []pair, before string) ([]byte, []pair, *Error) {
	for ; len(pairs) > 0; pairs = pairs[1:] {
		p := &pairs[0]
		switch {
		case before == "" || string(p.name) < before:
		case string(p.name) == before:
			w.i = int(p.value.start)
			return text, pairs, w.twice(p.name)
		default:
			return text, pairs, nil
		}
		if p.value.start == p.value.end {
			continue
		}
		if len(text) > start {
			text = append(text, ',')
		}
		text = append(append(text, p.name...), '=', '"')
		var err *Error
		if text, err = w.label(text, p.value); err != nil {
			return text, pairs, err
		}
		text = append(text, '"')
	}
	return text, pairs, nil
}
