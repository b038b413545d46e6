package exposition

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Collector offers the nodes to a registry of client_golang: the same samples as
// the page of [NewHandler], at the cost of an object per sample and scrape. It
// describes nothing beforehand, since mappings may change while it runs, so
// register it only once.
func Collector(r *registry.Registry) prometheus.Collector {
	return collector{r, func([]string) map[string]bool { return nil }}
}

// CollectorExcept is a [Collector] without the families that refused returns. At each
// scrape it is given the names of all families, and it may be called by several
// goroutines at once.
func CollectorExcept(r *registry.Registry, refused func(families []string) map[string]bool) prometheus.Collector {
	return collector{r, refused}
}

type collector struct {
	registry *registry.Registry
	refused  func([]string) map[string]bool
}

// Describe sends nothing: the collector is an unchecked one.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the samples of all nodes.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	var s registry.Snapshot
	c.registry.Snapshot(&s)
	defer s.Release()
	cols := columns(&s)
	names := make([]string, len(cols))
	for i := range cols {
		names[i] = cols[i].Name
	}
	refused := c.refused(names)
	var line []byte
	for g := range s.Groups {
		group := &s.Groups[g]
		byIndex := make([]*family, len(group.Families))
		for _, col := range cols {
			if col.index[g] >= 0 && !refused[col.Name] {
				byIndex[col.index[g]] = &family{Family: col.Family, descs: map[string]*prometheus.Desc{}}
			}
		}
		for _, b := range group.Blocks {
			node, lines := b.Split()
			for len(lines) > 0 {
				f := byIndex[lines.Family()]
				end, rest := lines.Next()
				lines = rest
				if f != nil {
					line = append(append(line[:0], node...), end...)
					f.collect(ch, line)
				}
			}
		}
	}
}

// family is a metric family with the descriptions made for it so far, by the
// names of their labels.
type family struct {
	*mapping.Family
	descs map[string]*prometheus.Desc
}

// collect sends the sample of a line without its family.
func (f *family) collect(ch chan<- prometheus.Metric, line []byte) {
	valueType := prometheus.GaugeValue
	if f.Type == mapping.Counter {
		valueType = prometheus.CounterValue
	}
	var names, values []string
	value := registry.ReadLine(line, func(name, value string) {
		names, values = append(names, name), append(values, value)
	})
	v, _ := strconv.ParseFloat(value, 64) // checked when it was written
	key := strings.Join(names, " ")
	if f.descs[key] == nil {
		f.descs[key] = prometheus.NewDesc(f.Name, f.Help, names, nil)
	}
	m, err := prometheus.NewConstMetric(f.descs[key], valueType, v, values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(f.descs[key], err)
	}
	ch <- m
}
