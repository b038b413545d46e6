package mapping

import (
	"github.com/edgegauge/edgegauge/pkg/sysinfo"

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

// checkTypes compares the form of a message with the rules, and counts the
// keys that no rule knows.
func checkTypes(n node, rules []rule, root bool, ignored *int) error {
	if rules == nil {
		return nil
	}
	switch n := n.(type) {
	case nil:
	case object:
		goesOn := slices.ContainsFunc(rules, func(r rule) bool { return len(r.steps) > 0 && r.steps[0].kind != stepElem })
		if !root && !goesOn && !ends(rules, "object", "names") {
			return errors.New("an object")
		}
		if ends(rules, "names") {
			return checkNames(n, rules)
		}
		for _, m := range n {
			sub := belowKey(rules, m.key)
			if sub == nil {
				*ignored++
			}
			if err := checkTypes(m.value, sub, false, ignored); err != nil {
				return err
			}
		}
	case []node:
		sub := below(rules, step{kind: stepElem})
		if sub == nil {
			return errors.New("an array")
		}
		for _, e := range n {
			if err := checkTypes(e, sub, false, ignored); err != nil {
				return err
			}
		}
	default:
		if !ends(rules, "value", "label", "about") {
			return fmt.Errorf("the scalar %v", n)
		}
	}
	return nil
}

var (
	nameForm   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	numberForm = regexp.MustCompile(`^[-+.0-9eE]+$`)
)

func checkNames(o object, rules []rule) error {
	seen := map[string]bool{}
	for _, m := range o {
		switch m.value.(type) {
		case nil:
			continue
		case object, []node:
			return errors.New("not a label value")
		}
		if !nameForm.MatchString(m.key) || strings.HasPrefix(m.key, "__") ||
			sysinfo.TakenLabel(m.key) || seen[m.key] {
			return errors.New("not a label name")
		}
		seen[m.key] = true
		if sub := below(rules, step{kind: stepKey, key: m.key}); sub != nil {
			if err := checkTypes(m.value, sub, false, new(int)); err != nil {
				return err
			}
		}
	}
	if len(seen) > sysinfo.MaxChosenLabels {
		return errors.New("too many labels")
	}
	return nil
}

// found is a value that a path leads to, with the array elements and values
// behind a * that it is in, from the root on, and the key of the *.
type found struct {
	value node
	in    []node
	key   string
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
				next.in, next.key = append(slices.Clip(at.in), m.value), m.key
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
// array elements and values behind a * that at is in.
func (at found) beside(path []step, want func(node) bool) node {
	depth, rest := 0, 0
	for i, s := range path {
		if s.kind != stepKey {
			depth, rest = depth+1, i+1
		}
	}
	var last node
	for _, f := range find(at.in[depth], nil, path[rest:], found{}) {
		if want(f.value) {
			last = f.value
		}
	}
	return last
}

func isObject(n node) bool { _, ok := n.(object); return ok }

func isScalar(n node) bool {
	switch n.(type) {
	case nil, object, []node:
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
	ignored             int
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
	if err := checkTypes(root, rules, true, &r.ignored); err != nil {
		return nil, err
	}
	if err := r.readAbout(m, nodeField, root); err != nil {
		return nil, err
	}
	for i := range m.families {
		f := &m.families[i]
		if f.Path == "" {
			continue
		}
		path, _ := parsePath(f.Path)
		unique := map[string]bool{}
		for _, at := range find(root, rules, path, found{in: []node{root}}) {
			labels, err := at.labels(f, path)
			if err != nil {
				return nil, err
			}
			s := sampleOf{series: f.Name + "{" + strings.Join(labels, ",") + "}"}
			switch {
			case f.Value != nil && isObject(at.value) && len(labels) > 0:
				s.value = *f.Value
			case f.Value == nil && isScalar(at.value):
				if s.value, err = number(at.value, f.Enum, f.Scale); err != nil {
					return nil, err
				}
			default:
				continue
			}
			if unique[s.series] {
				return nil, errors.New("twice")
			}
			unique[s.series] = true
			r.samples = append(r.samples, s)
		}
	}
	if len(r.samples) == 0 {
		return nil, errors.New("nothing")
	}
	return r, nil
}

func (at found) labels(f *Family, path []step) ([]string, error) {
	if !isScalar(at.value) && !isObject(at.value) || f.Value == nil == isObject(at.value) {
		return nil, nil // there will be no sample
	}
	values := map[string]string{}
	for name, ref := range f.Labels {
		steps, _ := resolve(baseOf(f, path), ref)
		values[name] = text(at.beside(steps, isScalar))
	}
	if f.KeyLabel != "" {
		values[f.KeyLabel] = at.key
	}
	if f.LabelsFrom != "" {
		steps, _ := resolve(baseOf(f, path), f.LabelsFrom)
		chosen, _ := at.beside(steps, isObject).(object)
		for _, m := range chosen {
			if _, taken := values[m.key]; taken && m.value != nil {
				return nil, errors.New("a label twice")
			}
			if m.value != nil {
				values[m.key] = text(m.value)
			}
		}
	}
	var labels []string
	for name, value := range values {
		if value != "" {
			labels = append(labels, name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)+`"`)
		}
	}
	slices.SortFunc(labels, func(a, b string) int {
		return strings.Compare(a[:strings.IndexByte(a, '=')], b[:strings.IndexByte(b, '=')])
	})
	return labels, nil
}

func text(n node) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(n)
}

func number(n node, enum map[string]float64, scale float64) (float64, error) {
	switch n := n.(type) {
	case bool:
		if n {
			return scale, nil
		}
		return 0, nil
	case json.Number:
		f, err := strconv.ParseFloat(n.String(), 64)
		if err == nil && math.IsInf(f*scale, 0) {
			err = errors.New("out of range")
		}
		return f * scale, err
	case string:
		if enum != nil {
			f, ok := enum[n]
			if !ok {
				return 0, errors.New("not in the enum")
			}
			return f * scale, nil
		}
		switch strings.ToLower(n) {
		case "nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity":
			f, _ := strconv.ParseFloat(n, 64)
			return f * scale, nil
		}
		if !numberForm.MatchString(n) {
			return 0, errors.New("no number")
		}
		return number(json.Number(n), nil, scale)
	}
	return 0, errors.New("not a scalar")
}

func (r *reportOf) readAbout(m *Mapping, nodeField string, root node) error {
	for _, f := range []struct {
		field *Field
		to    *float64
	}{{m.timestamp, &r.timestamp}, {m.interval, &r.interval}} {
		path, err := parsePath(pathOf(f.field))
		if err != nil {
			continue
		}
		for _, at := range find(root, nil, path, found{}) {
			if at.value == nil {
				continue
			}
			v, err := number(at.value, nil, 1)
			if s, ok := at.value.(string); err != nil && ok {
				var t time.Time
				if t, err = time.Parse(time.RFC3339Nano, s); err == nil {
					v = float64(t.UnixMicro()) / 1e6
				}
			} else {
				v *= f.field.Scale
			}
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || f.field == m.interval && (v < 0 || v > sysinfo.MaxInterval) {
				return errors.New("no time")
			}
			*f.to = v
		}
	}
	path, err := parsePath(nodeField)
	if err != nil {
		return nil
	}
	for _, at := range find(root, nil, path, found{}) {
		switch name, ok := at.value.(string); {
		case at.value == nil:
		case !ok || len(name) > sysinfo.MaxNodeName:
			return errors.New("no node name")
		default:
			r.node = name
		}
	}
	return nil
}
