package exposition

import (
	"strconv"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// escaping is what becomes of names beyond the classic character set, by the word
// for it in a request: see "Escaping schemes" in Prometheus' documentation. The
// library has it from prometheus/common 0.48 on, which KubeEdge has not before
// v1.21.
type escaping string

// The escapings there are.
const (
	asTheyAre       escaping = "allow-utf-8"
	withUnderscores escaping = "underscores" // one for each character
	withDots        escaping = "dots"        // dots can be told from the others
	withValues      escaping = "values"      // can be undone
)

// known reports whether there is such an escaping.
func (e escaping) known() bool {
	return e == asTheyAre || e == withUnderscores || e == withDots || e == withValues
}

// family returns f with names of the classic character set. f itself is not changed.
func (e escaping) family(f *dto.MetricFamily) *dto.MetricFamily {
	if e == asTheyAre || classic(f) {
		return f
	}
	name := e.name(f.GetName())
	out := &dto.MetricFamily{Name: &name, Help: f.Help, Type: f.Type}
	for _, m := range f.Metric {
		escaped := &dto.Metric{Gauge: m.Gauge, Counter: m.Counter, Summary: m.Summary, Untyped: m.Untyped,
			Histogram: m.Histogram, TimestampMs: m.TimestampMs}
		taken := make(names, len(m.Label))
		for _, l := range m.Label {
			if classicName(l.GetName()) {
				taken[l.GetName()] = true
			}
		}
		for _, l := range m.Label {
			name := l.GetName()
			if !classicName(name) {
				// Prometheus drops a whole scrape with a label that stands there
				// twice, as a.b and a_b would.
				for name = e.name(name); taken[name]; {
					name += "_"
				}
				taken[name] = true
			}
			escaped.Label = append(escaped.Label, &dto.LabelPair{Name: &name, Value: l.Value})
		}
		out.Metric = append(out.Metric, escaped)
	}
	return out
}

// name returns a name of the classic character set; one that is of it stays.
func (e escaping) name(name string) string {
	if classicName(name) || name == "" {
		return name
	}
	var out strings.Builder
	if e == withValues {
		out.WriteString("U__")
	}
	for i, c := range name {
		switch legal := c < utf8.RuneSelf && classicName(string(c)) || c >= '0' && c <= '9' && i > 0; {
		case e == withUnderscores && !legal:
			out.WriteByte('_')
		case e == withUnderscores:
			out.WriteRune(c)
		case c == '_':
			out.WriteString("__")
		case legal:
			out.WriteRune(c)
		case e == withDots && c == '.':
			out.WriteString("_dot_")
		case e == withDots:
			out.WriteString("__")
		case c == utf8.RuneError:
			out.WriteString("_FFFD_")
		default:
			out.WriteString("_" + strconv.FormatInt(int64(c), 16) + "_")
		}
	}
	return out.String()
}

// classic reports whether all names of f are of the classic character set.
func classic(f *dto.MetricFamily) bool {
	if !classicName(f.GetName()) {
		return false
	}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !classicName(l.GetName()) {
				return false
			}
		}
	}
	return true
}

// classicName reports whether a name is of the form [a-zA-Z_:][a-zA-Z0-9_:]*. (The
// library's function for it takes another type from one version to the next.)
func classicName(name string) bool {
	for i, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':', c >= '0' && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}
