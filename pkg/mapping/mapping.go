package mapping

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Type is the type of a metric family.
type Type string

// The two types there are: a counter only grows until its node restarts, and
// its name ends in _total; a gauge does as it likes.
const (
	Gauge   Type = "gauge"
	Counter Type = "counter"
)

// Family is a metric family and where in a message its samples stand.
type Family struct {
	// Name of the family, in the classic character set
	// [a-zA-Z_][a-zA-Z0-9_]*. A counter's ends in _total, a gauge's does not.
	Name string `json:"name"`
	// Help is the text of the HELP line.
	Help string `json:"help"`
	// Type is Gauge unless given.
	Type Type `json:"type,omitempty"`
	// Path leads to the value: "memory.availableBytes",
	// "filesystems[].availBytes" (one series per element) or
	// "cpu.secondsTotal.*" (one series per key that no other path or label
	// of the mapping names). A number counts as itself, a bool as 0 or 1, a
	// string as the number it holds, null as missing.
	Path string `json:"path"`
	// Labels maps label names to the keys, beside the value in the same
	// object, that hold their values. A key may be a path down ("spec.model")
	// or, with ../, up and down. A missing key leaves the label out.
	Labels map[string]string `json:"labels,omitempty"`
	// KeyLabel is the label that gets the key a * stood for; required with *.
	KeyLabel string `json:"keyLabel,omitempty"`
	// LabelsFrom is the key, beside the value, of an object whose every key
	// is a label name: labels that the node chooses. With Value it may be
	// ".", the object at Path.
	LabelsFrom string `json:"labelsFrom,omitempty"`
	// Scale multiplies the value: 0.001 for milliseconds. 0 means 1.
	Scale float64 `json:"scale,omitempty"`
	// Value makes an info family: Path names an object ("." is the message
	// itself), Labels are keys in that object, and the sample, of this
	// value, is there when one of the labels is.
	Value *float64 `json:"value,omitempty"`
	// Enum maps the strings a node sends to numbers; any other is an error.
	Enum map[string]float64 `json:"enum,omitempty"`
}

// Field is where a number about the report itself stands in a message.
type Field struct {
	// Path leads to the number; in it stand only keys.
	Path string `json:"path"`
	// Scale multiplies it to give seconds. 0 means 1.
	Scale float64 `json:"scale,omitempty"`
}

// Mapping says what each field of a message means. It never changes and may
// be used by any number of goroutines.
type Mapping struct {
	timestamp, interval *Field
	families            []Family // by name, those of Status among them
	status              [len(Status)]int
	order               []string // the names of the mapping's own families, as the file has them
}

//go:embed version1.yaml
var version1 []byte

// Version1 returns the mapping of sysInfo version 1, the form of [Document].
var Version1 = sync.OnceValue(func() *Mapping {
	m, err := Parse(version1)
	if err != nil {
		panic("mapping: the built-in mapping: " + err.Error()) // a test parses it
	}
	return m
})

// Version1YAML returns the file of [Version1], to start one's own from.
func Version1YAML() []byte { return slices.Clone(version1) }

// Parse reads a mapping file, YAML or JSON, and checks all of it: the
// error joins everything that is wrong, each with the family it is wrong in.
func Parse(data []byte) (*Mapping, error) {
	var f file
	if errs := unmarshal(data, &f); errs != nil {
		for i, err := range errs {
			errs[i] = fmt.Errorf("mapping: %w", err)
		}
		return nil, errors.Join(errs...)
	}
	for i := range f.families {
		if f.families[i].Type == "" {
			f.families[i].Type = Gauge
		}
		if f.families[i].Scale == 0 {
			f.families[i].Scale = 1
		}
	}
	var order []string
	for _, family := range f.families {
		order = append(order, family.Name)
	}
	_, err := compile(&Mapping{timestamp: f.timestamp, interval: f.interval, families: f.families}, "")
	if err := errors.Join(f.check(), err); err != nil {
		return nil, err
	}
	f.families = append(f.families, Status[:]...)
	slices.SortFunc(f.families, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	m := &Mapping{timestamp: f.timestamp, interval: f.interval, families: f.families, order: order}
	for i := range Status {
		m.status[i] = slices.IndexFunc(m.families, func(f Family) bool { return f.Name == Status[i].Name })
	}
	return m, nil
}

// inFileOrder returns the indexes of the mapping's own families in the order of
// the file, which is likely that of the message.
func (m *Mapping) inFileOrder() []int {
	var indexes []int
	if m.order == nil { // not sorted yet
		for i := range m.families {
			indexes = append(indexes, i)
		}
	}
	for _, name := range m.order {
		indexes = append(indexes, slices.IndexFunc(m.families, func(f Family) bool { return f.Name == name }))
	}
	return indexes
}

// Families returns all families of a node sorted by name: the mapping's own
// and, recognizable by their empty Path, those of [Status]. A [Sample] names
// its family by the index here. The caller must not change them.
func (m *Mapping) Families() []Family { return m.families }

// Status returns where in Families those of [Status] are, in its order.
func (m *Mapping) Status() [len(Status)]int { return m.status }
