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

// The two types there are. A counter only grows until its node restarts; a gauge
// does as it likes.
const (
	Gauge   Type = "gauge"
	Counter Type = "counter"
)

// Family is a metric family, and where in a message its samples stand.
type Family struct {
	// Name is that of the family and its samples, of the form
	// [a-zA-Z_:][a-zA-Z0-9_:]*. A counter's should end in _total, a gauge's
	// must not.
	Name string `json:"name"`
	// Help is the text of the HELP line, at most 1,024 bytes.
	Help string `json:"help"`
	// Type is gauge or counter; gauge unless given.
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
	// KeyLabel is the label that gets the key a * stood for; required with
	// one *.
	KeyLabel string `json:"keyLabel,omitempty"`
	// KeyLabels are the labels of a path with several *, from left to right.
	KeyLabels []string `json:"keyLabels,omitempty"`
	// ConstLabels are labels with a value that is the same for all samples
	// of all nodes.
	ConstLabels map[string]string `json:"constLabels,omitempty"`
	// LabelsFrom is the key, beside the value, of an object whose keys are
	// label names: labels that the node chooses. Such a label fills in
	// where the mapping's of the same name is missing; where both are
	// there the sample is dropped. In an info family it may be ".", the
	// object that the path leads to.
	LabelsFrom string `json:"labelsFrom,omitempty"`
	// Scale multiplies the value: 0.001 for milliseconds. It is 1 unless
	// given, and must not be 0.
	Scale float64 `json:"scale,omitempty"`
	// Value makes an info family: the path leads to an object ("." is the
	// message itself), labels are keys in that object, and the sample, of
	// this value, is there when one of the labels is.
	Value *float64 `json:"value,omitempty"`
	// Enum maps strings that a node sends to numbers. A sample with any other
	// string is dropped.
	Enum map[string]float64 `json:"enum,omitempty"`
}

// keyLabels returns the labels of the path's *, from left to right.
func (f *Family) keyLabels() []string {
	if f.KeyLabel != "" {
		return []string{f.KeyLabel}
	}
	return f.KeyLabels
}

// LabelNames returns the labels that the mapping gives to the family's samples,
// sorted. The node's own, of LabelsFrom, come in addition.
func (f *Family) LabelNames() []string {
	names := slices.Clone(f.keyLabels())
	for l := range f.Labels {
		names = append(names, l)
	}
	for l := range f.ConstLabels {
		names = append(names, l)
	}
	slices.Sort(names)
	return names
}

// totalSuffix is what the samples of a counter are called beyond its family, in
// OpenMetrics.
const totalSuffix = "_total"

// OpenMetrics returns the name and type of the family as OpenMetrics has them. A
// counter's family there is named without the _total of its samples. A counter
// whose samples have no _total cannot be called a counter, so it is of unknown
// type.
func (f *Family) OpenMetrics() (name, typ string) {
	base, total := strings.CutSuffix(f.Name, totalSuffix)
	switch {
	case f.Type == Counter && total && base != "":
		return base, string(Counter)
	case f.Type == Counter:
		return f.Name, "unknown"
	}
	return f.Name, string(f.Type)
}

// Field is where a number about the report itself stands in a message.
type Field struct {
	// Path leads to the number; in it stand only keys.
	Path string `json:"path"`
	// Scale multiplies the number to give seconds. It is 1 unless given.
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

// Version1 returns the mapping of sysInfo version 1, the form of
// [sysinfo.Document].
var Version1 = sync.OnceValue(func() *Mapping {
	m, err := Parse(version1)
	if err != nil {
		panic("mapping: the built-in mapping: " + err.Error()) // a test parses it
	}
	return m
})

// MaxFamilies is how many families a mapping can have. It is far beyond what a
// report can hold, and a few percent of what the registry can number.
const MaxFamilies = 2000

// The registry numbers families with 16 bits. This does not compile if they
// could be more.
const _ = uint(1<<16 - 1 - MaxFamilies - len(Status))

// Parse reads a mapping file, YAML or JSON, and checks all of it: the error
// joins everything that is wrong, each with the family it is wrong in.
func Parse(data []byte) (*Mapping, error) {
	var f file
	if errs := unmarshal(data, &f); errs != nil {
		for i, err := range errs {
			errs[i] = fmt.Errorf("mapping: %w", err)
		}
		return nil, errors.Join(errs...)
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
	indexes := make([]int, 0, len(m.families))
	if m.order == nil { // not sorted yet
		for i := range m.families {
			indexes = append(indexes, i)
		}
	}
	byName := make(map[string]int, len(m.families))
	for i := range m.families {
		byName[m.families[i].Name] = i
	}
	for _, name := range m.order {
		indexes = append(indexes, byName[name])
	}
	return indexes
}

// Families returns all families of a node sorted by name: the mapping's own
// and, recognizable by their empty Path, those of [Status]. A [Sample] names
// its family by the index here. The caller must not change them.
func (m *Mapping) Families() []Family { return m.families }

// Status returns where in Families those of [Status] are, in its order.
func (m *Mapping) Status() [len(Status)]int { return m.status }
