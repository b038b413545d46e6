package nodemetrics

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

// statusPages show people what state the whole and each node is in.
func (m *Module) statusPages() http.Handler { return statuspage.New(m.registry, statusHost{m}) }

// statusHost tells the status pages what the registry does not know.
type statusHost struct{ *Module }

// Rejection returns the newest report of a node that was rejected.
func (h statusHost) Rejection(node string) (statuspage.Rejection, bool) {
	return h.nodeRefusals.get(node)
}

// Overview returns what there is to tell of the whole.
func (h statusHost) Overview() statuspage.Overview {
	c := h.config.Load()
	rejected := map[string]float64{}
	for reason, counter := range h.metrics.rejected {
		rejected[reason] = value(counter)
	}
	o := statuspage.Overview{
		Version:    Version(),
		ConfigFile: c.from,
		ConfigTime: h.metrics.reloadedAt(),
		Settings: []statuspage.Setting{
			{Name: "identity", Value: c.Identity},
			{Name: "topics", Value: strings.Join(c.Topics, ", ")},
			{Name: "mappingFile", Value: orElse(c.MappingFile, "sysInfo version 1")},
			{Name: "nodeTTL", Value: c.NodeTTL.String()},
			{Name: "missedReports", Value: strconv.Itoa(c.MissedReports)},
			{Name: "disconnectGrace", Value: c.DisconnectGrace.String()},
			{Name: "retention", Value: c.Retention.String()},
		},
		Rejected: problems(rejected, h.refusals.list()),
	}
	for _, v := range c.NodeTTLOverrides {
		o.Settings = append(o.Settings, statuspage.Setting{Name: "nodeTTLOverrides", Value: fmt.Sprintf("%s: %v", v.Nodes, v.TTL)})
	}
	o.Settings = append(o.Settings,
		statuspage.Setting{Name: "limits.samplesPerNode", Value: strconv.Itoa(c.Limits.SamplesPerNode)},
		statuspage.Setting{Name: "limits.reportBytes", Value: strconv.Itoa(c.Limits.ReportBytes)},
		statuspage.Setting{Name: "limits.labelValueBytes", Value: strconv.Itoa(c.Limits.LabelValueBytes)},
		statuspage.Setting{Name: "limits.reportsPerSecond", Value: fmt.Sprint(c.Limits.ReportsPerSecond)},
	)
	if refused := h.configRefused.Load(); refused != nil {
		o.ConfigError = *refused
	}
	o.Limits = h.budget()
	dropped := map[string]float64{reasonOverShare: float64(h.registry.Shed())}
	for i, reason := range dropReasons {
		dropped[string(reason)] = value(h.metrics.drops.samples[i])
	}
	o.Dropped = problems(dropped, h.drops.list())
	return o
}

// problems are the reasons whose count is not 0, the most frequent first.
func problems(counts map[string]float64, examples []refused) []statuspage.Problem {
	var all []statuspage.Problem
	for reason, n := range counts {
		if n == 0 {
			continue
		}
		p := statuspage.Problem{Reason: reason, Count: uint64(n)}
		for _, e := range examples {
			if e.Reason == reason {
				p.Newest = &statuspage.Example{Time: e.Time, Resource: e.Resource, Error: e.Error}
			}
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b statuspage.Problem) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	return all
}

// value reads a counter or a gauge.
func value(m prometheus.Metric) float64 {
	var v dto.Metric
	_ = m.Write(&v) // what client_golang counts itself can always be read
	return v.GetCounter().GetValue() + v.GetGauge().GetValue()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
