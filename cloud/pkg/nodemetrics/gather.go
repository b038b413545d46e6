package nodemetrics

import (
	"errors"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Gather gathers the module's own metrics and those of the host, sorted by
// name. Where both have a family, which is when the host's registry holds the
// module's Collector, the host's is left out.
func (m *Module) Gather() ([]*dto.MetricFamily, error) {
	all, err := m.metrics.Gather()
	own := len(all)
	host, hostErr := m.config.Load().Host.Gather()
	for _, f := range host {
		if _, mine := slices.BinarySearchFunc(all[:own], f.GetName(), byName); !mine {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, errors.Join(err, hostErr)
}

func byName(f *dto.MetricFamily, name string) int { return strings.Compare(f.GetName(), name) }
