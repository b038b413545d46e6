package mapping

import (
	"fmt"
	"math"
)

// Explanation says of a message which field became what.
type Explanation struct {
	// Samples and the path each one's value stands at.
	Samples []Explained
	// Dropped are the samples that cannot be used, in the order in which
	// they were noticed.
	Dropped []Dropped
	// Ignored are the paths that no family maps, whole objects and arrays
	// as one, in the order of the message.
	Ignored []string
	// Missing are the mapping's own families that got no sample, dropped
	// ones aside, sorted by name.
	Missing []Missing
	// Doubts are what is strange about the report's time and interval.
	Doubts []string
	// Report is the decoded message.
	Report Report
}

// Missing is a family that a message has nothing for.
type Missing struct {
	Family string
	Path   string // where its values would stand
	// Nearest is the field of the message that no family maps and whose
	// path is most like Path; "" if none is.
	Nearest string
}

// Explained is a sample with where it came from.
type Explained struct {
	Path   string
	Series string // as on the page, without the label node
	Value  string
}

// Explain decodes content like [Decoder.Decode], and tells where in the message
// everything came from. The error is that of Decode. It is for people trying a
// mapping, and slow.
func (d *Decoder) Explain(content any) (*Explanation, error) {
	e := &Explanation{}
	n := newNotes(math.MaxInt)
	data, err := d.explain(content, &e.Report, n)
	if err != nil {
		return nil, err
	}
	at := map[int][]int{} // indexes of samples by offset
	for i := range e.Report.Samples {
		s := &e.Report.Samples[i]
		series := d.mapping.families[s.Family].Name
		if len(s.Labels) > 0 {
			series += "{" + string(s.Labels) + "}"
		}
		e.Samples = append(e.Samples, Explained{Series: series, Value: string(s.Value)})
		at[s.offset] = append(at[s.offset], i)
	}
	var unknown fields
	outermost := 0 // of the values that no path leads to: how deep it stands
	visitValues(data, func(t *tour, offset int) bool {
		if !d.plan.knows(t) {
			if outermost == 0 || len(t.trail) <= outermost {
				outermost = len(t.trail)
				e.Ignored = append(e.Ignored, t.path())
			}
			unknown.add(t.pattern())
			return true
		}
		outermost = 0
		for _, i := range at[offset] {
			e.Samples[i].Path = t.path()
		}
		return !n.lost[uint32(offset)]
	})
	e.Dropped = n.list
	e.Missing = d.missing(e, &unknown)
	if f := d.mapping.timestamp; f != nil {
		e.doubt("timestamp", timeDoubt(e.Report.Timestamp, f.Scale))
	}
	if f := d.mapping.interval; f != nil {
		e.doubt("interval", intervalDoubt(e.Report.Interval, f.Scale))
	}
	return e, nil
}

func (e *Explanation) doubt(field, text string) {
	if text != "" {
		e.Doubts = append(e.Doubts, field+": "+text)
	}
}

// Examples decodes content once more and returns the first dropped sample for
// each reason. It is for showing people what Report.Dropped only counts.
func (d *Decoder) Examples(content any) []Dropped {
	n := newNotes(1)
	if _, err := d.explain(content, &Report{}, n); err != nil {
		return nil
	}
	return n.list
}

// explain decodes content, notes what was dropped, and where it stands.
func (d *Decoder) explain(content any, r *Report, n *notes) (data []byte, err error) {
	data, wrong := d.bytes(content)
	if wrong == nil {
		wrong = d.decode(data, r, n)
	}
	if wrong != nil {
		return nil, wrong
	}
	at := map[int][]int{} // indexes of n.list by offset
	for i := range n.list {
		at[n.list[i].Offset] = append(at[n.list[i].Offset], i)
	}
	left := len(n.list)
	visitValues(data, func(t *tour, offset int) bool {
		for _, o := range [...]int{offset, int(t.trail[len(t.trail)-1].key.start)} {
			for _, i := range at[o] {
				n.list[i].Path = t.path()
				left--
			}
			delete(at, o)
		}
		return left > 0
	})
	return data, nil
}

// knows reports whether a path goes through, or ends at, the place that t has
// come to.
func (p *plan) knows(t *tour) bool {
	here := p.root
	for _, s := range t.trail {
		if here.names >= 0 {
			return true // its keys are labels
		}
		next := here.elem
		if s.key.kind != kindNone {
			if next = t.child(here, s.key); next == nil {
				next = here.any
			}
		}
		if next == nil {
			return false
		}
		here = next
	}
	return true
}

// tour goes through the values of a message that is known to be JSON.
type tour struct {
	walker
	trail []crumb
	visit func(t *tour, offset int) bool
}

// crumb is one step of the way to where a tour is.
type crumb struct {
	key   span // kindNone in an array
	index int
}

// visitValues calls visit for each value but the root, parents before their
// children, with the offset that the value's span begins at. Into a value for
// which visit returns false it does not go.
func visitValues(data []byte, visit func(t *tour, offset int) bool) {
	t := tour{walker: walker{data: data, report: &Report{}}, visit: visit}
	t.into(t.next(), true)
}

// path returns where the tour is, in the notation of an Error's Path.
func (t *tour) path() string {
	return t.notation(func(index int) string { return fmt.Sprintf("[%d]", index) })
}

// pattern returns where the tour is, in the notation of mapping files.
func (t *tour) pattern() string { return t.notation(func(int) string { return "[]" }) }

func (t *tour) notation(element func(index int) string) string {
	e := &Error{}
	for i := len(t.trail) - 1; i >= 0; i-- {
		if s := t.trail[i]; s.key.kind == kindNone {
			e.under(element(s.index))
		} else {
			e.under(pathKey(t.unescape(s.key)))
		}
	}
	return e.Path
}

func (t *tour) step(c crumb, visited bool) {
	t.trail = append(t.trail, c)
	first := t.next()
	offset := t.i
	if first == '"' {
		offset++ // spans of strings leave the quotes out
	}
	t.into(first, visited && t.visit(t, offset))
	t.trail = t.trail[:len(t.trail)-1]
	if t.next() == ',' {
		t.i++
	}
}

func (t *tour) into(first byte, visited bool) {
	switch first {
	case '{':
		t.i++
		for t.next() == '"' {
			key, _ := t.string()
			t.next()
			t.i++ // the colon
			t.step(crumb{key: key}, visited)
		}
		t.i++
	case '[':
		t.i++
		for n := 0; t.next() != ']'; n++ {
			t.step(crumb{index: n}, visited)
		}
		t.i++
	default:
		if _, err := t.scan(first); err != nil {
			t.i = len(t.data) // cannot be: the message was walked before
		}
	}
}
