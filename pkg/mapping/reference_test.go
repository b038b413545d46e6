package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// The reference decoder: the meaning of a mapping written down a second time,
// plainly and slowly, on a tree that encoding/json reads. The Decoder is
// tested against it.

// node is a value of a message: nil, a bool, a json.Number, a string, []node
// or object.
type node any

type object []member // in the order of the message, equal keys and all

type member struct {
	key   string
	value node
}

func readTree(message []byte) (node, int, error) {
	d := json.NewDecoder(bytes.NewReader(message))
	d.UseNumber()
	n, depth, err := readNode(d)
	if err != nil {
		return nil, 0, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, 0, errors.New("more than one value")
	}
	return n, depth, nil
}

func readNode(d *json.Decoder) (node, int, error) {
	token, err := d.Token()
	if err != nil {
		return nil, 0, err
	}
	deepest := 0
	read := func() (node, error) {
		n, depth, err := readNode(d)
		deepest = max(deepest, depth)
		return n, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, 0, err
			}
			value, err := read()
			if err != nil {
				return nil, 0, err
			}
			o = append(o, member{key.(string), value})
		}
		_, err := d.Token()
		return o, deepest + 1, err
	case json.Delim('['):
		a := []node{}
		for d.More() {
			value, err := read()
			if err != nil {
				return nil, 0, err
			}
			a = append(a, value)
		}
		_, err := d.Token()
		return a, deepest + 1, err
	}
	return token, 0, nil
}

// rule is something that the mapping has at a path.
type rule struct {
	what  string // value, object, label, names, about
	steps []step
}

func rulesOf(m *Mapping, nodeField string) []rule {
	steps := func(s []step, err error) []step {
		if err != nil {
			panic(err)
		}
		return s
	}
	var rules []rule
	for i := range m.families {
		f := &m.families[i]
		if f.Path == "" {
			continue
		}
		path := steps(parsePath(f.Path))
		what := "value"
		if f.Value != nil {
			what = "object"
		}
		rules = append(rules, rule{what, path})
		for _, ref := range f.Labels {
			rules = append(rules, rule{"label", steps(resolve(baseOf(f, path), ref))})
		}
		if f.LabelsFrom != "" {
			rules = append(rules, rule{"names", steps(resolve(baseOf(f, path), f.LabelsFrom))})
		}
	}
	for _, path := range []string{pathOf(m.timestamp), pathOf(m.interval), nodeField} {
		if path != "" {
			rules = append(rules, rule{"about", steps(parsePath(path))})
		}
	}
	return rules
}

// baseOf returns the object that a family's labels are keys of.
func baseOf(f *Family, path []step) []step {
	if f.Value != nil {
		return path
	}
	if path[len(path)-1].kind == stepElem {
		return path[:len(path)-2]
	}
	return path[:len(path)-1]
}

// below returns the rules that go on with s, without it.
func below(rules []rule, s step) (left []rule) {
	for _, r := range rules {
		if len(r.steps) > 0 && r.steps[0] == s {
			left = append(left, rule{r.what, r.steps[1:]})
		}
	}
	return left
}

func belowKey(rules []rule, key string) []rule {
	if named := below(rules, step{kind: stepKey, key: key}); named != nil {
		return named
	}
	return below(rules, step{kind: stepAny})
}

func ends(rules []rule, what ...string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return len(r.steps) == 0 && slices.Contains(what, r.what) })
}

// matters reports whether anything but labels is at or below the rules.
func matters(rules []rule) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.what != "label" && r.what != "names" })
}

// lost counts what is dropped where a message has something that the rules have
// not: each value that should stand here, or one for all that is below.
func lost(rules []rule) int {
	n := 0
	for _, r := range rules {
		if len(r.steps) == 0 && r.what == "value" {
			n++
		}
	}
	if n == 0 && matters(rules) {
		n = 1
	}
	return n
}

// misfit stands in a tree for a value that is not of the mapped type. No path
// leads through it, and a label that is one, or is below one, is bad.
type misfit struct{}

// fit replaces what does not have the form that the rules have by a misfit, and
// counts that, and the keys that no rule knows.
func (r *reportOf) fit(n node, rules []rule, root bool) node {
	if rules == nil {
		return n
	}
	miss := func() node {
		r.dropped[dropWrongType] += lost(rules)
		return misfit{}
	}
	switch n := n.(type) {
	case nil:
	case object:
		goesOn := slices.ContainsFunc(rules, func(r rule) bool { return len(r.steps) > 0 && r.steps[0].kind != stepElem })
		if !root && !goesOn && !ends(rules, "object", "names") {
			return miss()
		}
		fitted := object{}
		for _, m := range n {
			var sub []rule
			if ends(rules, "names") {
				sub = below(rules, step{kind: stepKey, key: m.key})
				if !isScalar(m.value) && m.value != nil {
					r.dropped[dropWrongType] += lost(sub)
					fitted = append(fitted, member{m.key, misfit{}})
					continue
				}
			} else if sub = belowKey(rules, m.key); sub == nil {
				r.ignored++
			}
			fitted = append(fitted, member{m.key, r.fit(m.value, sub, false)})
		}
		return fitted
	case []node:
		sub := below(rules, step{kind: stepElem})
		if sub == nil {
			return miss()
		}
		fitted := []node{}
		for _, e := range n {
			fitted = append(fitted, r.fit(e, sub, false))
		}
		return fitted
	default:
		if !ends(rules, "value", "label", "about") {
			return miss()
		}
	}
	return n
}

var (
	nameForm   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	numberForm = regexp.MustCompile(`^[-+.0-9eE]+$`)
)

// chosenProblem returns why labels of the node's choice cost their samples: the
// first that is wrong, in the order of the message; that one is given twice
// shows only in the end.
func chosenProblem(o object) (drop, bool) {
	seen := map[string]bool{}
	n := 0
	twice := false
	for _, m := range o {
		if _, wrong := m.value.(misfit); wrong {
			return dropWrongType, true
		}
		if text(m.value) == "" { // as if it were not there
			continue
		}
		if n++; n > sysinfo.MaxChosenLabels {
			return dropTooManyLabels, true
		}
		if !nameForm.MatchString(m.key) || strings.HasPrefix(m.key, "__") || len(m.key) > 128 || sysinfo.TakenLabel(m.key) {
			return dropInvalidLabelName, true
		}
		twice = twice || seen[m.key]
		seen[m.key] = true
	}
	return dropInvalidLabelName, twice
}

// found is a value that a path leads to, with the array elements and values
// behind a * that it is in, from the root on, and the keys of the *.
type found struct {
	value node
	in    []node
	keys  []string
}

func find(n node, rules []rule, steps []step, at found) []found {
	if len(steps) == 0 {
		at.value = n
		return []found{at}
	}
	var all []found
	switch n := n.(type) {
	case object:
		inNames := ends(rules, "names")
		for _, m := range n {
			sub, next := belowKey(rules, m.key), at
			switch s := steps[0]; {
			case s.kind == stepKey && s.key == m.key:
			case s.kind == stepAny && !inNames && below(rules, step{kind: stepKey, key: m.key}) == nil:
				next.in, next.keys = append(slices.Clip(at.in), m.value), append(slices.Clip(at.keys), m.key)
			default:
				continue
			}
			all = append(all, find(m.value, sub, steps[1:], next)...)
		}
	case []node:
		if steps[0].kind == stepElem {
			for _, e := range n {
				next := at
				next.in = append(slices.Clip(at.in), e)
				all = append(all, find(e, below(rules, steps[0]), steps[1:], next)...)
			}
		}
	}
	return all
}

// beside returns the last value that is not null at an absolute path, in the
// array elements and values behind a * that at is in: a misfit if one stands
// there or on the way.
func (at found) beside(path []step, want func(node) bool) node {
	depth, rest := 0, 0
	for i, s := range path {
		if s.kind != stepKey {
			depth, rest = depth+1, i+1
		}
	}
	var last node
	var look func(n node, steps []step)
	look = func(n node, steps []step) {
		if _, bad := n.(misfit); bad || len(steps) == 0 && want(n) {
			last = n
			return
		}
		if o, ok := n.(object); ok && len(steps) > 0 {
			for _, m := range o {
				if m.key == steps[0].key {
					look(m.value, steps[1:])
				}
			}
		}
	}
	look(at.in[depth], path[rest:])
	return last
}

func isObject(n node) bool { _, ok := n.(object); return ok }

func isScalar(n node) bool {
	switch n.(type) {
	case nil, object, []node, misfit:
		return false
	}
	return true
}

// sampleOf is a sample by the reference.
type sampleOf struct {
	series string
	value  float64
}

type reportOf struct {
	timestamp, interval float64
	node                string
	badNode             bool
	ignored             int
	dropped             Drops
	samples             []sampleOf
}

func decodeReference(m *Mapping, nodeField string, message []byte) (*reportOf, error) {
	root, depth, err := readTree(message)
	if err != nil {
		return nil, err
	}
	if _, ok := root.(object); !ok || depth > MaxDepth {
		return nil, errors.New("no object, or too deep")
	}
	r := &reportOf{}
	rules := rulesOf(m, nodeField)
	root = r.fit(root, rules, true)
	r.readAbout(m, nodeField, root)
	for i := range m.families {
		f := &m.families[i]
		if f.Path == "" {
			continue
		}
		path, _ := parsePath(f.Path)
		unique := map[string]bool{}
		for _, at := range find(root, rules, path, found{in: []node{root}}) {
			if f.Value != nil && !isObject(at.value) || f.Value == nil && !isScalar(at.value) {
				continue
			}
			labels, d := at.labels(f, path)
			if d != drops {
				r.dropped[d]++
				continue
			}
			s := sampleOf{series: f.Name + "{" + strings.Join(labels, ",") + "}"}
			if f.Value != nil {
				if len(labels) == len(f.ConstLabels) {
					continue
				}
				s.value = *f.Value
			} else {
				if s.value, d = number(at.value, f.Enum, f.Scale); d != drops {
					r.dropped[d]++
					continue
				}
				if f.Type == Counter && !(s.value >= 0) {
					r.dropped[dropInvalidCounter]++
					continue
				}
			}
			if unique[s.series] {
				r.dropped[dropDuplicateSeries]++
				continue
			}
			unique[s.series] = true
			r.samples = append(r.samples, s)
		}
	}
	return r, nil
}

// labels returns the labels of a sample, or why one of them costs it. They are
// looked at in the order of their names. A label of the node's choice fills in
// where the mapping's of the same name is missing; where both are there they must
// be one and the same value.
func (at found) labels(f *Family, path []step) ([]string, drop) {
	type label struct {
		value node
		twice bool
	}
	values := map[string]label{}
	for name, ref := range f.Labels {
		steps, _ := resolve(baseOf(f, path), ref)
		values[name] = label{value: at.beside(steps, isScalar)}
	}
	for i, name := range f.keyLabels() {
		values[name] = label{value: at.keys[i]}
	}
	for name, value := range f.ConstLabels {
		values[name] = label{value: value}
	}
	if f.LabelsFrom != "" {
		from, _ := resolve(baseOf(f, path), f.LabelsFrom)
		switch chosen := at.beside(from, isObject).(type) {
		case misfit:
			return nil, dropWrongType
		case object:
			if d, bad := chosenProblem(chosen); bad {
				return nil, d
			}
			for _, m := range chosen {
				if text(m.value) == "" {
					continue
				}
				own := values[m.key]
				if _, bad := own.value.(misfit); bad {
					continue
				}
				if text(own.value) == "" {
					values[m.key] = label{value: m.value}
					continue
				}
				steps, err := resolve(baseOf(f, path), f.Labels[m.key])
				same := f.Labels[m.key] != "" && err == nil && slices.Equal(steps, append(slices.Clip(from), step{kind: stepKey, key: m.key}))
				values[m.key] = label{value: own.value, twice: !same}
			}
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var labels []string
	for _, name := range names {
		l := values[name]
		if l.twice {
			return nil, dropInvalidLabelName
		}
		if _, bad := l.value.(misfit); bad {
			return nil, dropWrongType
		}
		if value := text(l.value); value != "" {
			labels = append(labels, name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)+`"`)
		}
	}
	return labels, drops
}

func text(n node) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(n)
}

func number(n node, enum map[string]float64, scale float64) (float64, drop) {
	switch n := n.(type) {
	case bool:
		if n {
			return scale, drops
		}
		return 0, drops
	case json.Number:
		f, err := strconv.ParseFloat(n.String(), 64)
		switch {
		case math.IsInf(f*scale, 0):
			return 0, dropNumberRange
		case err != nil:
			return 0, dropWrongType
		}
		return f * scale, drops
	case string:
		if enum != nil {
			f, ok := enum[n]
			if !ok {
				return 0, dropWrongType
			}
			return f * scale, drops
		}
		switch strings.ToLower(n) {
		case "nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity":
			f, _ := strconv.ParseFloat(n, 64)
			return f * scale, drops
		}
		if !numberForm.MatchString(n) {
			return 0, dropWrongType
		}
		return number(json.Number(n), nil, scale)
	}
	return 0, dropWrongType
}

func (r *reportOf) readAbout(m *Mapping, nodeField string, root node) {
	for _, f := range []struct {
		field *Field
		to    *float64
	}{{m.timestamp, &r.timestamp}, {m.interval, &r.interval}} {
		path, err := parsePath(pathOf(f.field))
		if err != nil {
			continue
		}
		for _, at := range find(root, nil, path, found{}) {
			if !isScalar(at.value) {
				continue
			}
			v, d := number(at.value, nil, 1)
			if s, ok := at.value.(string); d != drops && ok {
				if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
					v, d = float64(t.UnixMicro())/1e6, drops
				}
			} else {
				v *= f.field.Scale
			}
			if d == drops && (!finite(v) || f.field == m.interval && (v < 0 || v > sysinfo.MaxInterval)) {
				d = dropNumberRange
			}
			if d != drops {
				r.dropped[d]++
				continue
			}
			*f.to = v
		}
	}
	path, err := parsePath(nodeField)
	if err != nil {
		return
	}
	for _, at := range find(root, nil, path, found{}) {
		if at.value == nil {
			continue
		}
		name, ok := at.value.(string)
		r.node, r.badNode = "", true
		switch {
		case at.value == misfit{}: // counted by fit
		case !ok:
			r.dropped[dropWrongType]++
		case len(name) > sysinfo.MaxNodeName:
			r.dropped[dropLabelTooLong]++
		default:
			r.node, r.badNode = name, false
		}
	}
}
