package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A plan is a mapping made ready for one pass over a message: the tree of all
// paths, walked along with the JSON.
//
// Array elements and the values behind a * come many times, each with labels
// of its own. Such a place is a scope; while decoding, each time it comes is
// an instance, which has a slot for every label that stands in it. A sample
// remembers its instance, so labels are found whatever the order of keys.
type plan struct {
	root     *place
	places   int // how many there are
	families []famPlan
	slots    []int // by scope: how many label slots an instance has
}

// place is what is known of one position in the message.
type place struct {
	id       int      // counted from 0
	children []*place // by key, in the mapping's order
	byKey    map[string]*place
	key      string
	quoted   string // key and colon as most messages have them; "" if the key wants escaping
	elem     *place // of an array's elements
	any      *place // of every key that is not among children

	values  []int // families whose value stands here
	objects []int // info families of the object here

	lost  int   // how many samples are lost where the message has something else
	below []int // the slots here and below that belong to the same instance

	only  int // the family whose value, and nothing else, stands here, or -1
	slot  int // of the label that stands here, or -1
	names int // slot of the label object that stands here, or -1
	about about

	scope int
	up    *place
}

// about marks the fields that speak of the report itself.
type about uint8

const (
	aboutSamples about = iota
	aboutTimestamp
	aboutInterval
	aboutNode
)

// famPlan is how to make the label text of a family's samples.
type famPlan struct {
	labels []labelPlan // by label name
	shared int         // slot of the text of labels, where other families have the same; or -1
	scope  int         // of the instances that samples belong to
	names  *labelPlan  // LabelsFrom
	info   []byte      // text of Value, for info families
	enum   map[string]float64
	scale  float64

	counter  bool
	constant int // length of the text of constant labels
}

type labelPlan struct {
	name     string
	text     string // name=" and, of a constant label, all the rest
	constant bool
	up       int  // how many instances up it stands
	slot     int  // in that instance
	byKey    bool // the value is the instance's key instead
}

func compile(m *Mapping, nodeField string) (*plan, error) {
	p := &plan{slots: []int{0}, families: make([]famPlan, len(m.families))}
	p.root = p.newPlace()
	var errs []error
	for _, i := range m.inFileOrder() {
		if err := p.addFamily(i, &m.families[i]); err != nil {
			errs = append(errs, fmt.Errorf("mapping: families[%d] %s: %w", i, m.families[i].Name, err))
		}
	}
	for _, f := range []struct {
		about about
		name  string
		path  string
	}{
		{aboutTimestamp, "mapping: timestamp", pathOf(m.timestamp)},
		{aboutInterval, "mapping: interval", pathOf(m.interval)},
		{aboutNode, "field of the node's name", nodeField},
	} {
		if f.path == "" {
			continue
		}
		if err := p.addAbout(f.about, f.path); err != nil {
			errs = append(errs, fmt.Errorf("%s: path %q: %w", f.name, f.path, err))
		}
	}
	p.root.finish()
	p.shareLabels()
	return p, errors.Join(errs...)
}

// finish notes of each place whether a family's value is all that stands there,
// and what is lost where a message has something else. It returns whether
// anything but labels stands at p or below.
func (p *place) finish() (matters bool) {
	if len(p.values) == 1 && p.slot < 0 && p.about == aboutSamples {
		p.only = p.values[0]
	}
	matters = len(p.values) > 0 || len(p.objects) > 0 || p.about != aboutSamples
	for _, slot := range []int{p.slot, p.names} {
		if slot >= 0 {
			p.below = append(p.below, slot)
		}
	}
	for _, c := range append([]*place{p.elem, p.any}, p.children...) {
		if c == nil {
			continue
		}
		if c.finish() {
			matters = true
		}
		if c.scope == p.scope {
			p.below = append(p.below, c.below...)
		}
	}
	if p.lost = len(p.values); p.lost == 0 && matters {
		p.lost = 1
	}
	return matters
}

// shareLabels gives the families whose labels are the same, as those of one
// device are, a slot for their text: it is written once for each instance.
func (p *plan) shareLabels() {
	first := map[string]int{} // family by its labels
	for i := range p.families {
		fp := &p.families[i]
		fp.shared = -1
		if len(fp.labels) == 0 || fp.names != nil {
			continue
		}
		key := fmt.Sprintf("%d %+v", fp.scope, fp.labels)
		at, there := first[key]
		if !there {
			first[key] = i
			continue
		}
		if p.families[at].shared < 0 {
			p.families[at].shared = p.newSlot(fp.scope)
		}
		fp.shared = p.families[at].shared
	}
}

func (p *plan) addAbout(a about, path string) error {
	steps, err := parsePath(path)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(steps, func(s step) bool { return s.kind != stepKey }) || len(steps) == 0 {
		return errors.New("one value is wanted, so only keys can stand in it")
	}
	at := p.at(steps)
	if at.about != aboutSamples {
		return errors.New("another field about the report stands there")
	}
	at.about = a
	return nil
}

func pathOf(f *Field) string {
	if f == nil {
		return ""
	}
	return f.Path
}

func (p *plan) addFamily(index int, f *Family) error {
	steps, err := parsePath(f.Path)
	if err != nil {
		return fmt.Errorf("path %q: %w", f.Path, err)
	}
	stars := 0
	for _, s := range steps {
		if s.kind == stepAny {
			stars++
		}
	}
	keyLabels := f.keyLabels()
	switch {
	case len(steps) > MaxDepth:
		return fmt.Errorf("path %.100q: %d steps, but a message is at most %d deep", f.Path, len(steps), MaxDepth)
	case stars == 1 && len(keyLabels) == 0:
		return fmt.Errorf("path %q: a * needs keyLabel, the label that its key becomes", f.Path)
	case stars == 0 && len(keyLabels) > 0:
		return fmt.Errorf("keyLabel %q without a * in the path %q", keyLabels[0], f.Path)
	case stars != len(keyLabels):
		return fmt.Errorf("path %q: %d * need as many keyLabels, %d are given", f.Path, stars, len(keyLabels))
	}

	here := p.at(steps)
	base := steps // the object that labels are keys of
	if f.Value != nil {
		here.objects = append(here.objects, index)
		p.families[index].info = appendFloat(nil, *f.Value)
	} else {
		if len(steps) == 0 {
			return fmt.Errorf("path %q: the message itself has no value", f.Path)
		}
		here.values = append(here.values, index)
		base = steps[:len(steps)-1]
		if steps[len(steps)-1].kind == stepElem { // a bare element stands in an array, which has no keys
			base = steps[:len(steps)-2]
		}
	}

	fp := &p.families[index]
	fp.scope, fp.enum, fp.scale, fp.counter = here.scope, f.Enum, f.Scale, f.Type == Counter
	names := make([]string, 0, len(f.Labels))
	for name := range f.Labels {
		names = append(names, name)
	}
	slices.Sort(names) // so that the plan is the same each time
	for _, name := range names {
		l, err := p.label(here, base, name, f.Labels[name])
		if err != nil {
			return err
		}
		fp.labels = append(fp.labels, l)
	}
	up := 0
	for at := here; len(keyLabels) > 0; at = at.up { // from the last * to the first
		if at.up.any == at {
			last := len(keyLabels) - 1
			fp.labels = append(fp.labels, labelPlan{name: keyLabels[last], text: keyLabels[last] + `="`, up: up, byKey: true})
			keyLabels = keyLabels[:last]
		}
		if at.scope != at.up.scope {
			up++
		}
	}
	for name, value := range f.ConstLabels {
		text := string(AppendEscaped([]byte(name+`="`), value)) + `"`
		fp.labels = append(fp.labels, labelPlan{name: name, text: text, constant: true})
		if fp.constant += len(text); len(text) < fp.constant {
			fp.constant++ // the comma
		}
	}
	slices.SortFunc(fp.labels, func(a, b labelPlan) int { return strings.Compare(a.name, b.name) })
	if f.LabelsFrom != "" {
		steps, err := resolve(base, f.LabelsFrom)
		if err != nil {
			return fmt.Errorf("labelsFrom %q: %w", f.LabelsFrom, err)
		}
		at := p.at(steps)
		for up := here; up != nil; up = up.up {
			if up == at && (up != here || f.Value == nil) {
				return fmt.Errorf("labelsFrom %q: the value itself stands in that object", f.LabelsFrom)
			}
		}
		if at.names < 0 {
			at.names = p.newSlot(at.scope)
		}
		fp.names = &labelPlan{slot: at.names, up: distance(here, at)}
	}
	return nil
}

func (p *plan) label(from *place, base []step, name, ref string) (labelPlan, error) {
	steps, err := resolve(base, ref)
	if err == nil && strings.TrimLeft(ref, "./") == "" {
		err = errors.New("a label's value stands at a key")
	}
	if err != nil {
		return labelPlan{}, fmt.Errorf("label %s: %q: %w", name, ref, err)
	}
	at := p.at(steps)
	if at.slot < 0 {
		at.slot = p.newSlot(at.scope)
	}
	return labelPlan{name: name, text: name + `="`, slot: at.slot, up: distance(from, at)}, nil
}

// distance counts the scopes between a value and a label above or beside it.
func distance(value, label *place) int {
	n := 0
	for at := value; at.scope != label.scope; at = at.up {
		if at.scope != at.up.scope {
			n++
		}
	}
	return n
}

func (p *plan) newSlot(scope int) int {
	p.slots[scope]++
	return p.slots[scope] - 1
}

func (p *plan) newPlace() *place {
	p.places++
	return &place{id: p.places - 1, only: -1, slot: -1, names: -1}
}

// at returns the place that steps lead to, making what is missing.
func (p *plan) at(steps []step) *place {
	here := p.root
	for _, s := range steps {
		var next **place
		switch s.kind {
		case stepElem:
			next = &here.elem
		case stepAny:
			next = &here.any
		default:
			c := here.byKey[s.key]
			next = &c
		}
		if *next == nil {
			n := p.newPlace()
			n.key, n.up, n.scope = s.key, here, here.scope
			if strings.IndexFunc(s.key, func(r rune) bool { return r < 0x80 && special[r] }) < 0 {
				n.quoted = `"` + s.key + `":`
			}
			if s.kind != stepKey {
				n.scope = len(p.slots)
				p.slots = append(p.slots, 0)
			}
			*next = n
			if s.kind == stepKey {
				here.child(n)
			}
		}
		here = *next
	}
	return here
}

// child adds a place below p.
func (p *place) child(c *place) {
	if p.byKey == nil {
		p.byKey = map[string]*place{}
	}
	p.byKey[c.key] = c
	p.children = append(p.children, c)
}
