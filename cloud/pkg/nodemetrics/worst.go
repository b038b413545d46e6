package nodemetrics

import (
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Worst is the most that the limits of a config let onto a page. Prometheus
// drops a whole scrape for one sample over its limits, so the limits of a scrape
// must be at least these, and those of the target's own labels.
type Worst struct {
	Series         int // of nodes
	Labels         int // of one series, its name among them
	LabelNameBytes int
	ValueBytes     int // of a label, or of a series' name
	Bytes          int // of the nodes' part of the page, uncompressed
}

// Worst returns what nodes can bring onto a page at worst.
func (c *Config) Worst() Worst {
	all := c.registryOptions().WithDefaults()
	return Worst{
		Series:         min(all.Nodes*(c.Limits.SamplesPerNode+len(mapping.Status)), all.Series),
		Labels:         len([]string{"__name__", "node"}) + sysinfo.MaxFamilyLabels + sysinfo.MaxChosenLabels,
		LabelNameBytes: sysinfo.MaxLabelName,
		ValueBytes:     max(c.Limits.LabelValueBytes, sysinfo.MaxNodeName, sysinfo.MaxMetricName, sysinfo.MaxLabelValue),
		Bytes:          int(all.Bytes) + mapping.MaxMetadata,
	}
}
