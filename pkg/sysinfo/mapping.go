package sysinfo

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v2"
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

// file is the form of a mapping file.
type file struct {
	Timestamp *Field   `json:"timestamp,omitempty"`
	Interval  *Field   `json:"interval,omitempty"`
	Families  []Family `json:"families"`
}

// Mapping says what each field of a message means. It never changes and may
// be used by any number of goroutines.
type Mapping struct {
	timestamp, interval *Field
	families            []Family // by name, those of Status among them
	status              [len(Status)]int
}

//go:embed version1.yaml
var version1 []byte

// Version1 returns the mapping of sysInfo version 1, the form of [Document].
var Version1 = sync.OnceValue(func() *Mapping {
	m, err := ParseMapping(version1)
	if err != nil {
		panic("sysinfo: the built-in mapping: " + err.Error()) // a test parses it
	}
	return m
})

// Version1YAML returns the file of [Version1], to start one's own from.
func Version1YAML() []byte { return slices.Clone(version1) }

// ParseMapping reads a mapping file, YAML or JSON, and checks all of it: the
// error joins everything that is wrong, each with the family it is wrong in.
func ParseMapping(data []byte) (*Mapping, error) {
	var f file
	if err := unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	for i := range f.Families {
		if f.Families[i].Type == "" {
			f.Families[i].Type = Gauge
		}
		if f.Families[i].Scale == 0 {
			f.Families[i].Scale = 1
		}
	}
	_, err := compile(&Mapping{timestamp: f.Timestamp, interval: f.Interval, families: f.Families}, "")
	if err := errors.Join(f.check(), err); err != nil {
		return nil, err
	}
	f.Families = append(f.Families, Status[:]...)
	slices.SortFunc(f.Families, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	m := &Mapping{timestamp: f.Timestamp, interval: f.Interval, families: f.Families}
	for i := range Status {
		m.status[i] = slices.IndexFunc(m.families, func(f Family) bool { return f.Name == Status[i].Name })
	}
	return m, nil
}

const quote = "(y, n, on, off, yes and no are bools in YAML unless they stand in quotes)"

// unmarshal is yaml.UnmarshalStrict, but refuses the bools that would become
// the string "true" or "false": an enum {on: 1, off: 0} should say so at once.
func unmarshal(data []byte, f *file) error {
	var tree any
	if err := goyaml.UnmarshalStrict(data, &tree); err != nil {
		return err
	}
	if err := noBoolKey(tree); err != nil {
		return err
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(f)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: a %s where a %s is expected %s", wrong.Field, wrong.Value, wrong.Type, quote)
	}
	return err
}

func noBoolKey(tree any) error {
	switch v := tree.(type) {
	case []any:
		for _, element := range v {
			if err := noBoolKey(element); err != nil {
				return err
			}
		}
	case map[any]any:
		for key, value := range v {
			if b, ok := key.(bool); ok {
				return fmt.Errorf("a key that is the bool %v %s", b, quote)
			}
			if err := noBoolKey(value); err != nil {
				return fmt.Errorf("%v: %w", key, err)
			}
		}
	}
	return nil
}

// Families returns all families of a node sorted by name: the mapping's own
// and, recognizable by their empty Path, those of [Status]. A [Sample] names
// its family by the index here. The caller must not change them.
func (m *Mapping) Families() []Family { return m.families }

// Status returns where in Families those of [Status] are, in its order.
func (m *Mapping) Status() [len(Status)]int { return m.status }

// Status are the families that every known node has whatever the mapping says,
// sorted by name. They are the registry's, so no mapping may define them.
var Status = [...]Family{
	{Name: "edge_node_clock_skew_seconds", Type: Gauge, Help: "The newest report's own time minus the time it was received."},
	{Name: "edge_node_last_report_timestamp_seconds", Type: Gauge, Help: "When the newest report was received, in seconds since the Unix epoch."},
	{Name: "edge_node_report_interval_seconds", Type: Gauge, Help: "Time between reports that the newest report declared, else that between the last two."},
	{Name: "edge_node_up", Type: Gauge, Help: "Whether the node reported within its TTL."},
}

const reservedPrefix = "nodemetrics_" // the exporter's own metrics

func (f *file) check() error {
	var errs []error
	wrong := func(where, format string, args ...any) {
		errs = append(errs, fmt.Errorf("mapping: %s: %s", where, fmt.Sprintf(format, args...)))
	}
	if len(f.Families) == 0 {
		wrong("families", "none given, at least one is needed")
	}
	// OpenMetrics names a counter's family without _total, so what must be
	// unique is the name without it.
	seen := map[string]string{}
	for _, s := range Status {
		seen[s.Name] = s.Name
	}
	for i, fam := range f.Families {
		where := fmt.Sprintf("families[%d] %s", i, fam.Name)
		base := strings.TrimSuffix(fam.Name, "_total")
		switch {
		case !legalName(fam.Name):
			wrong(where, "name %q, not of the form [a-zA-Z_][a-zA-Z0-9_]*", fam.Name)
		case strings.HasPrefix(fam.Name, reservedPrefix):
			wrong(where, "the prefix %s is the exporter's own", reservedPrefix)
		case seen[base] != "":
			wrong(where, "the name is taken by %s", seen[base])
		}
		seen[base] = fam.Name
		switch {
		case fam.Type != Gauge && fam.Type != Counter:
			wrong(where, "type %q, not gauge or counter", fam.Type)
		case (fam.Type == Counter) != (base != fam.Name):
			wrong(where, "type %s: names of counters, and only those, end in _total", fam.Type)
		}
		if fam.Path == "" {
			wrong(where, "path is missing")
		}
		if fam.Help == "" {
			wrong(where, "help is missing")
		}
		if !finite(fam.Scale) {
			wrong(where, "scale %v, not a finite number", fam.Scale)
		}
		for word, v := range fam.Enum {
			if !finite(v * fam.Scale) {
				wrong(where, "enum %q: %v times scale %v is out of range", word, v, fam.Scale)
			}
		}
		if fam.Value != nil && (len(fam.Enum) > 0 || fam.Scale != 1) {
			wrong(where, "value goes with neither enum nor scale")
		}
		if fam.Value != nil && len(fam.Labels) == 0 && fam.LabelsFrom == "" {
			wrong(where, "value without labels would say nothing")
		}
		labels := []string{}
		for l := range fam.Labels {
			labels = append(labels, l)
		}
		if fam.KeyLabel != "" {
			labels = append(labels, fam.KeyLabel)
		}
		slices.Sort(labels)
		for j, l := range labels {
			if err := checkLabelName(l); err != nil {
				wrong(where, "%v", err)
			}
			if j > 0 && labels[j-1] == l {
				wrong(where, "label %s is given twice", l)
			}
		}
	}
	for _, fld := range []struct {
		name string
		*Field
	}{{"timestamp", f.Timestamp}, {"interval", f.Interval}} {
		if fld.Field == nil {
			continue
		}
		if fld.Scale == 0 {
			fld.Scale = 1
		}
		if fld.Path == "" {
			wrong(fld.name, "path is missing")
		}
		if !finite(fld.Scale) || fld.Scale < 0 {
			wrong(fld.name, "scale %v, not a positive number", fld.Scale)
		}
	}
	return errors.Join(errs...)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// legalName reports whether s is a metric or label name of the classic
// character set; colons, which are for recording rules, are left out.
func legalName[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(s) > 0
}

// taken are the labels that Prometheus attaches to its targets (a sample's
// own would be renamed to exported_…) and the one that names the node.
var taken = []string{"node", "instance", "job", "pod", "namespace"}

func checkLabelName[T string | []byte](l T) error {
	switch {
	case !legalName(l):
		return fmt.Errorf("label %s, not of the form [a-zA-Z_][a-zA-Z0-9_]*", excerpt([]byte(l)))
	case len(l) >= 2 && l[0] == '_' && l[1] == '_':
		return fmt.Errorf("label %s: names that begin with __ are Prometheus' own", excerpt([]byte(l)))
	case slices.Contains(taken, string(l)):
		return fmt.Errorf("label %s is set by Prometheus or the exporter", l)
	}
	return nil
}
