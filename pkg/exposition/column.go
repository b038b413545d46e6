package exposition

import (
	"slices"
	"strings"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// column is one family of the page and its index in each of the snapshot's
// groups; -1 in a group that does not show it.
type column struct {
	*mapping.Family
	index []int
}

// columns returns the families of a page sorted by name. While a new mapping
// is taken up there are two groups of fresh nodes; then the first one's, the
// newest mapping's, type and help hold for all: sample lines do not depend on
// them. A family of the older mapping that has a name in common with another one in
// OpenMetrics, as a counter x_total beside a gauge x or x_created, is not shown.
func columns(s *registry.Snapshot) []column {
	var cols []column
	taken := names{}
	for g := range s.Groups {
		group := &s.Groups[g]
		cols = slices.Grow(cols, len(group.Families))
		room := make([]int, len(group.Families)*len(s.Groups)) // for the indexes of all
		for i := range group.Families {
			f := &group.Families[i]
			at := -1
			if g > 0 {
				at = slices.IndexFunc(cols, func(c column) bool { return c.Name == f.Name })
				if at < 0 && !taken.free(f.PageNames()) {
					continue
				}
			}
			if at < 0 {
				at = len(cols)
				index := room[i*len(s.Groups) : (i+1)*len(s.Groups)]
				for k := range index {
					index[k] = -1
				}
				cols = append(cols, column{f, index})
				if len(s.Groups) > 1 {
					taken.take(f.PageNames())
				}
			}
			cols[at].index[g] = i
		}
	}
	slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	return cols
}
