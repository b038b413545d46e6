package exposition

import (
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// base returns the name that a counter's family has in OpenMetrics.
func base(name string) string { return strings.TrimSuffix(name, "_total") }

// claims returns the names that a family takes up on a page, in the way of its
// strictest readers: no two families may have one in common. In OpenMetrics a
// counter x_total is a family x that might have a sample x_created; a summary or
// histogram x might have that too, and in every format has x_count and the like.
func claims(name string, kind dto.MetricType, format format) []string {
	open := format == openMetrics
	switch kind {
	case dto.MetricType_COUNTER:
		if base := base(name); open && base != name && base != "" {
			return []string{name, base, base + "_created"}
		}
	case dto.MetricType_SUMMARY, dto.MetricType_HISTOGRAM:
		all := []string{name, name + "_count", name + "_sum"}
		if kind == dto.MetricType_HISTOGRAM {
			all = append(all, name+"_bucket")
		}
		if open {
			all = append(all, name+"_created")
		}
		return all
	}
	return []string{name}
}

// claimsOf returns those of a mapped family in OpenMetrics, for which of several
// are shown must not depend on the format.
func claimsOf(f *mapping.Family) []string {
	kind := dto.MetricType_GAUGE
	if f.Type == mapping.Counter {
		kind = dto.MetricType_COUNTER
	}
	return claims(f.Name, kind, openMetrics)
}

// names are those that are taken on a page.
type names map[string]bool

// free reports whether none of these is taken.
func (n names) free(all []string) bool {
	for _, name := range all {
		if n[name] {
			return false
		}
	}
	return true
}

func (n names) take(all []string) {
	for _, name := range all {
		n[name] = true
	}
}
