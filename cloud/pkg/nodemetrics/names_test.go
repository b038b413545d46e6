package nodemetrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

// The exporter's own families, and the values of their labels that are there
// from the start.
var ownFamilies = map[string]struct {
	kind   dto.MetricType
	labels []string
}{
	"nodemetrics_nodes":  {dto.MetricType_GAUGE, []string{"state=expired", "state=fresh", "state=pending"}},
	"nodemetrics_series": {dto.MetricType_GAUGE, nil},
	"nodemetrics_node_changes_total": {dto.MetricType_COUNTER, []string{
		"change=appeared,reason=report", "change=returned,reason=report",
		"change=expired,reason=ttl", "change=expired,reason=disconnect",
		"change=forgotten,reason=retention", "change=forgotten,reason=deletion", "change=forgotten,reason=room",
	}},
	"nodemetrics_snapshot_file_last_success_timestamp_seconds": {dto.MetricType_GAUGE, nil},
	"nodemetrics_snapshot_file_errors_total":                   {dto.MetricType_COUNTER, nil},
	"nodemetrics_limit":                                        {dto.MetricType_GAUGE, []string{"limit=nodes", "limit=series", "limit=bytes", "limit=pendingBytes"}},
	"nodemetrics_used":                                         {dto.MetricType_GAUGE, []string{"limit=nodes", "limit=series", "limit=bytes", "limit=pendingBytes"}},
	"nodemetrics_name_conflict_reports_total":                  {dto.MetricType_COUNTER, nil},
	"nodemetrics_node_ttl_seconds":                             {dto.MetricType_GAUGE, nil},
	"nodemetrics_time_seconds":                                 {dto.MetricType_GAUGE, nil},
	"nodemetrics_reports_total":                                {dto.MetricType_COUNTER, []string{"reason=,result=accepted"}}, // and every reason
	"nodemetrics_reports_with_ignored_fields_total":            {dto.MetricType_COUNTER, nil},
	"nodemetrics_identity_mismatches_total":                    {dto.MetricType_COUNTER, nil},
	"nodemetrics_samples_dropped_total": {dto.MetricType_COUNTER, []string{
		"reason=wrong_type", "reason=number_range", "reason=invalid_counter", "reason=invalid_utf8", "reason=label_too_long",
		"reason=invalid_label_name", "reason=too_many_labels", "reason=duplicate_series", "reason=too_many_samples", "reason=over_share",
	}},
	"nodemetrics_reports_without_samples_total":                {dto.MetricType_COUNTER, nil},
	"nodemetrics_report_bytes":                                 {dto.MetricType_HISTOGRAM, nil},
	"nodemetrics_report_duration_seconds":                      {dto.MetricType_HISTOGRAM, nil},
	"nodemetrics_scrapes_total":                                {dto.MetricType_COUNTER, []string{"code=200", "code=401", "code=403", "code=405", "code=503"}},
	"nodemetrics_connections":                                  {dto.MetricType_GAUGE, nil},
	"nodemetrics_connections_closed_total":                     {dto.MetricType_COUNTER, []string{"reason=refused", "reason=replaced", "reason=stalled"}},
	"nodemetrics_scrapes_in_flight":                            {dto.MetricType_GAUGE, nil},
	"nodemetrics_scrape_duration_seconds":                      {dto.MetricType_HISTOGRAM, nil},
	"nodemetrics_page_bytes":                                   {dto.MetricType_GAUGE, nil},
	"nodemetrics_host_gather_errors_total":                     {dto.MetricType_COUNTER, nil},
	"nodemetrics_config_last_reload_successful":                {dto.MetricType_GAUGE, nil},
	"nodemetrics_config_last_reload_success_timestamp_seconds": {dto.MetricType_GAUGE, nil},
	"nodemetrics_route_missing":                                {dto.MetricType_GAUGE, nil},
	"nodemetrics_build_info":                                   {dto.MetricType_GAUGE, nil},
}

func TestOwnMetrics(t *testing.T) {
	m := newModule(t, nil)
	families, err := m.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		want, ok := ownFamilies[f.GetName()]
		if !ok {
			t.Errorf("%s is not in the list", f.GetName())
			continue
		}
		if f.GetType() != want.kind {
			t.Errorf("%s is a %v", f.GetName(), f.GetType())
		}
		if !strings.HasPrefix(f.GetName(), "nodemetrics_") || f.GetHelp() == "" {
			t.Errorf("%s: wrong prefix, or no help", f.GetName())
		}
		if f.GetName() == "nodemetrics_reports_total" {
			for _, r := range reasons() {
				want.labels = append(want.labels, "reason="+r+",result=rejected")
			}
		}
		have := map[string]bool{}
		for _, x := range f.GetMetric() {
			var labels []string
			for _, l := range x.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
				switch l.GetName() {
				case "node", "instance", "job", "pod", "namespace":
					t.Errorf("%s has a label %s", f.GetName(), l.GetName())
				}
			}
			have[strings.Join(labels, ",")] = true
		}
		for _, l := range want.labels {
			if !have[l] {
				t.Errorf("%s{%s} is not there from the start", f.GetName(), l)
			}
		}
		if want.labels != nil && len(have) != len(want.labels) {
			t.Errorf("%s has %d series, want %d", f.GetName(), len(have), len(want.labels))
		}
	}
	if len(families) != len(ownFamilies) {
		t.Errorf("%d families, want %d", len(families), len(ownFamilies))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

func TestReasonsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range reasons() {
		if seen[r] || r == "" || strings.ToLower(r) != r {
			t.Errorf("reason %q: twice, empty or not in lower case", r)
		}
		seen[r] = true
	}
}
