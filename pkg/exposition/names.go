package exposition

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// base returns the name that a counter's family of the host has in OpenMetrics.
// For mapped families see mapping.Family.OpenMetrics.
func base(name string) string { return strings.TrimSuffix(name, "_total") }

// claims returns the names that a family of the host takes up on a page, in the
// way of its strictest readers, as mapping.Family.PageNames does for mapped ones:
// no two families may have one in common. In OpenMetrics a
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
