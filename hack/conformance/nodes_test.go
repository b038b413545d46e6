package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

const spec = `
timestamp: {path: t}
families:
- {name: conf_gauge, help: "A \"gauge\",\nits \\ help \u0000\u0001\t é # EOF", path: "gauges[].v", labels: {aa: a, zz: b, up: ../site}}
- {name: conf_seconds_total, type: counter, help: A counter., path: "counters.*", keyLabel: mode}
- {name: conf_info, help: Text., path: ., value: 1, labels: {site: site}}
- {name: "conf:site:readings", help: A name with colons., path: site_readings}
- {name: conf_plain, type: counter, help: A counter without a suffix., path: "stars.*.*", keyLabels: [outer, inner], constLabels: {const: '"é"'}}
- {name: conf_chosen, help: The node's own labels., path: "own[].v", labels: {name: a}, labelsFrom: l}
`

// page is what should be on a page: values by series.
type page map[string]float64

// series names a series so that two can be compared; an empty label is one
// that is not there.
func series(name string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, l := range slices.Sorted(maps.Keys(labels)) {
		if labels[l] != "" {
			fmt.Fprintf(&b, " %s=%q", l, labels[l])
		}
	}
	return b.String()
}

// world is a registry and what it should expose.
type world struct {
	t        testing.TB
	registry *registry.Registry
	decoder  *mapping.Decoder
	want     page
}

func newWorld(t testing.TB) *world {
	t.Helper()
	m, err := mapping.Parse([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(registry.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, registry: r, decoder: d, want: page{}}
}

// labeled is a value with the labels that a node gave it.
type labeled struct {
	value  string // as in JSON
	labels map[string]string
}

// report puts a report of node into the registry. Of two equal series the
// message has only the first, for a node must not send the same one twice.
func (w *world) report(node, site string, gauges, own []labeled, counters map[string]string) {
	w.t.Helper()
	message := map[string]any{"t": 1732362000.5, "site": site}
	add := func(name string, labels map[string]string, value string) bool {
		labels["node"] = node
		s := series(name, labels)
		if _, ok := w.want[s]; ok {
			return false
		}
		f, err := strconv.ParseFloat(strings.Trim(value, `"`), 64)
		if err != nil {
			w.t.Fatal(err)
		}
		w.want[s] = f
		return true
	}
	var elements []any
	for _, g := range gauges {
		if add("conf_gauge", map[string]string{"aa": g.labels["a"], "zz": g.labels["b"], "up": site}, g.value) {
			elements = append(elements, map[string]any{"v": json.RawMessage(g.value), "a": g.labels["a"], "b": g.labels["b"]})
		}
	}
	message["gauges"], elements = elements, nil
	for _, o := range own {
		labels := maps.Clone(o.labels)
		labels["name"] = "é\n"
		if add("conf_chosen", labels, o.value) {
			elements = append(elements, map[string]any{"v": json.RawMessage(o.value), "a": "é\n", "l": o.labels})
		}
	}
	message["own"] = elements
	modes := map[string]json.RawMessage{}
	for mode, value := range counters {
		if f, err := strconv.ParseFloat(strings.Trim(value, `"`), 64); err == nil && !(f >= 0) {
			modes[mode] = json.RawMessage(value) // no counter has such a value, so it is dropped
			continue
		}
		if add("conf_seconds_total", map[string]string{"mode": mode}, value) {
			modes[mode] = json.RawMessage(value)
		}
	}
	message["counters"] = modes
	stars := map[string]any{}
	for i, g := range gauges {
		f, err := strconv.ParseFloat(strings.Trim(g.value, `"`), 64)
		if err != nil || !(f >= 0) {
			continue
		}
		outer := fmt.Sprint(i, g.labels["a"])
		if len(outer) <= mapping.DefaultLimits.LabelValueBytes &&
			add("conf_plain", map[string]string{"outer": outer, "inner": site, "const": "\"é\""}, g.value) {
			stars[outer] = map[string]any{site: json.RawMessage(g.value)}
		}
	}
	message["stars"] = stars
	if add("conf:site:readings", map[string]string{}, "3") {
		message["site_readings"] = 3
	}
	if site != "" {
		add("conf_info", map[string]string{"site": site}, "1")
	}
	add("edge_node_up", map[string]string{}, "1")

	var r mapping.Report
	if err := w.decoder.Decode(message, &r); err != nil {
		w.t.Fatalf("%v: %v", message, err)
	}
	if err := w.registry.Put(node, &r); err != nil {
		w.t.Fatal(err)
	}
}

// compare reports what of the page is missing, strange or of another value.
// Status families but edge_node_up depend on the time and are left out.
func (w *world) compare(got page) {
	w.t.Helper()
	for s, want := range w.want {
		v, ok := got[s]
		switch {
		case !ok:
			w.t.Errorf("missing: %s", s)
		case math.Float64bits(v) != math.Float64bits(want) && !(math.IsNaN(v) && math.IsNaN(want)):
			w.t.Errorf("%s is %v, want %v", s, v, want)
		}
	}
	for s := range got {
		name, _, _ := strings.Cut(s, " ")
		status := slices.ContainsFunc(mapping.Status[:], func(f mapping.Family) bool { return f.Name == name })
		if _, ok := w.want[s]; !ok && (!status || name == "edge_node_up") {
			w.t.Errorf("strange: %s", s)
		}
	}
}

var pieces = func() []string {
	p := []string{`"`, `\`, "\n", `\n`, `\"`, `\\`, "{", "}", ",", "=", "# EOF\n", "\r\n", " ", "a", "é", "ü", "語", "😀",
		"\u2028", "\uFEFF", "\uFFFD", "\U0010FFFF", "\u0085", "\u00a0", "\x7f", `a="b"`, "} 1\n", "e\u0301", "👩‍🚀", "eth0"}
	for c := range 0x20 {
		p = append(p, string(rune(c)))
	}
	return p
}()

// odd returns a label value that is meant to break a parser.
func odd(rnd *rand.Rand) string {
	var b strings.Builder
	n := rnd.Intn(6)
	if rnd.Intn(20) == 0 {
		n = 300
	}
	for range n {
		p := pieces[rnd.Intn(len(pieces))]
		if b.Len()+len(p) > mapping.DefaultLimits.LabelValueBytes {
			break
		}
		b.WriteString(p)
	}
	return b.String()
}

var values = []string{
	"0", "-0", "1", "-1.5", "0.1000", "1e3", "1E-7", "1.7976931348623157e308", "5e-324", "1e-999", "18446744073709551615",
	"123456789012345678901234", "12345678901234567890123456789012345678901234567890", "0.30000000000000004", `"NaN"`, `"+Inf"`, `"-Inf"`, `"0012"`, `"+7"`, `"5."`, `".5"`,
}

func value(rnd *rand.Rand) string {
	if rnd.Intn(2) == 0 {
		return values[rnd.Intn(len(values))]
	}
	return strconv.FormatFloat(rnd.NormFloat64()*math.Pow(10, float64(rnd.Intn(40)-20)), 'g', -1, 64)
}

// random reports for some nodes with odd names and labels.
func (w *world) random(rnd *rand.Rand) {
	w.t.Helper()
	some := func() (all []labeled) {
		for range rnd.Intn(8) {
			all = append(all, labeled{value(rnd), map[string]string{"a": odd(rnd), "b": odd(rnd)}})
		}
		return all
	}
	for i := range 1 + rnd.Intn(20) {
		counters := map[string]string{}
		for range rnd.Intn(8) {
			counters[odd(rnd)] = value(rnd)
		}
		w.report(fmt.Sprintf("%d%s", i, odd(rnd)), odd(rnd), some(), some(), counters)
	}
}

func TestPiecesAreUTF8(t *testing.T) {
	for _, p := range pieces {
		if !utf8.ValidString(p) {
			t.Errorf("%q is not UTF-8", p)
		}
	}
}
