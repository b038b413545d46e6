package nodemetrics

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Gather gathers the module's own metrics and those of the host, sorted by
// name. Where both have a family, which is when the host's registry holds the
// module's Collector, the host's is left out.
func (m *Module) Gather() ([]*dto.MetricFamily, error) {
	own, _ := m.metrics.registry.Gather() // its collectors never fail
	names := map[string]bool{}
	for _, f := range own {
		names[f.GetName()] = true
	}
	host, err := m.config.Load().Host.Gather()
	for _, f := range host {
		if !names[f.GetName()] {
			own = append(own, f)
		}
	}
	slices.SortFunc(own, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return own, err
}
