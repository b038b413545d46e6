package sysinfo

import (
	"fmt"
	"slices"
	"strconv"
)

// Explanation says of a message which field became what.
type Explanation struct {
	// Samples and the path each one's value stands at.
	Samples []Explained
	// Ignored are the paths that no family maps, whole objects and arrays
	// as one, in the order of the message.
	Ignored []string
	// Report is the decoded message.
	Report Report
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
	if err := d.Decode(content, &e.Report); err != nil {
		return nil, err
	}
	data, _ := d.bytes(content)
	fields := outline(data)
	for i := range e.Report.Samples {
		s := &e.Report.Samples[i]
		series := d.mapping.families[s.Family].Name
		if len(s.Labels) > 0 {
			series += "{" + string(s.Labels) + "}"
		}
		e.Samples = append(e.Samples, Explained{Path: pathAt(fields, s.offset), Series: series, Value: string(s.Value)})
	}
	skip := ""
	for _, f := range fields {
		if skip != "" && len(f.path) > len(skip) && f.path[:len(skip)] == skip && (f.path[len(skip)] == '.' || f.path[len(skip)] == '[') {
			continue
		}
		skip = ""
		if !d.plan.knows(f.steps) {
			e.Ignored = append(e.Ignored, f.path)
			skip = f.path
		}
	}
	return e, nil
}

// knows reports whether a path goes through, or ends at, the place that steps
// lead to.
func (p *plan) knows(steps []step) bool {
	here := p.root
	for _, s := range steps {
		if here.names >= 0 {
			return true // its keys are labels
		}
		var next *place
		if s.kind == stepElem {
			next = here.elem
		} else if i := slices.IndexFunc(here.children, func(c *place) bool { return c.key == s.key }); i >= 0 {
			next = here.children[i]
		} else {
			next = here.any
		}
		if next == nil {
			return false
		}
		here = next
	}
	return true
}

// field is one value of a message, whether mapped or not.
type field struct {
	offset int
	path   string
	steps  []step
}

// locate puts into err the path of the value at s. Only errors found after the
// walk need it: during the walk every level puts its own key before the path.
func (w *walker) locate(err *Error, s span) *Error {
	err.Offset = int(s.start)
	err.Path = pathAt(outline(w.data), err.Offset)
	return err
}

func pathAt(fields []field, offset int) string {
	for _, f := range fields {
		if f.offset == offset {
			return f.path
		}
	}
	return ""
}

// outline lists the values of a message that has been found to be JSON, parents
// before their children, without the root.
func outline(data []byte) []field {
	o := outliner{walker: walker{data: data, report: &Report{}}}
	o.value(nil, "")
	return o.fields
}

type outliner struct {
	walker
	fields []field
}

func (o *outliner) value(steps []step, path string) {
	c := o.next()
	if len(steps) > 0 {
		offset := o.i
		if c == '"' {
			offset++ // spans of strings leave the quotes out
		}
		o.fields = append(o.fields, field{offset: offset, path: path, steps: slices.Clone(steps)})
	}
	switch c {
	case '{':
		o.i++
		for o.next() == '"' {
			span, _ := o.string()
			key := string(o.unescape(span))
			o.next()
			o.i++ // the colon
			sub := key
			if path != "" {
				sub = path + "." + key
			}
			o.value(append(steps, step{kind: stepKey, key: key}), sub)
			if o.next() == ',' {
				o.i++
			}
		}
		o.i++
	case '[':
		o.i++
		for n := 0; o.next() != ']'; n++ {
			o.value(append(steps, step{kind: stepElem}), fmt.Sprintf("%s[%s]", path, strconv.Itoa(n)))
			if o.next() == ',' {
				o.i++
			}
		}
		o.i++
	default:
		if _, err := o.scan(c); err != nil {
			o.i = len(o.data) // cannot be: the message was walked before
		}
	}
}
