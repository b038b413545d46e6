package exposition

import (
	"bytes"
	"math"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

func ptr[T any](v T) *T { return &v }

// A family of the host that cannot stand on the page as it is loses no sample when
// it is split into families without a type.
func TestSplitKeepsAll(t *testing.T) {
	label := []*dto.LabelPair{{Name: ptr("l"), Value: ptr("v")}}
	for name, test := range map[string]struct {
		kind   dto.MetricType
		metric *dto.Metric
		want   string
	}{
		"a gauge":   {dto.MetricType_GAUGE, &dto.Metric{Label: label, Gauge: &dto.Gauge{Value: ptr(1.5)}}, "# HELP x Help.\n# TYPE x untyped\nx{l=\"v\"} 1.5\n"},
		"a counter": {dto.MetricType_COUNTER, &dto.Metric{Counter: &dto.Counter{Value: ptr(-1.0)}}, "# HELP x Help.\n# TYPE x untyped\nx -1\n"},
		"untyped":   {dto.MetricType_UNTYPED, &dto.Metric{Untyped: &dto.Untyped{Value: ptr(2.0)}}, "# HELP x Help.\n# TYPE x untyped\nx 2\n"},
		"a summary": {dto.MetricType_SUMMARY, &dto.Metric{Label: label, Summary: &dto.Summary{SampleSum: ptr(7.0), SampleCount: ptr(uint64(3)),
			Quantile: []*dto.Quantile{{Quantile: ptr(0.5), Value: ptr(2.0)}, {Quantile: ptr(0.99), Value: ptr(4.0)}}}},
			"# HELP x Help.\n# TYPE x untyped\nx{l=\"v\",quantile=\"0.5\"} 2\nx{l=\"v\",quantile=\"0.99\"} 4\n" +
				"# HELP x_sum Help.\n# TYPE x_sum untyped\nx_sum{l=\"v\"} 7\n# HELP x_count Help.\n# TYPE x_count untyped\nx_count{l=\"v\"} 3\n"},
		"a histogram": {dto.MetricType_HISTOGRAM, &dto.Metric{Histogram: &dto.Histogram{SampleSum: ptr(-7.0), SampleCount: ptr(uint64(3)),
			Bucket: []*dto.Bucket{{UpperBound: ptr(1.0), CumulativeCount: ptr(uint64(2))}, {UpperBound: ptr(math.Inf(1)), CumulativeCount: ptr(uint64(3))}}}},
			"# HELP x_bucket Help.\n# TYPE x_bucket untyped\nx_bucket{le=\"1\"} 2\nx_bucket{le=\"+Inf\"} 3\n" +
				"# HELP x_sum Help.\n# TYPE x_sum untyped\nx_sum -7\n# HELP x_count Help.\n# TYPE x_count untyped\nx_count 3\n"},
	} {
		parts, err := split(&dto.MetricFamily{Name: ptr("x"), Help: ptr("Help."), Type: &test.kind, Metric: []*dto.Metric{test.metric}}, names{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got bytes.Buffer
		for _, part := range parts {
			if _, err := expfmt.MetricFamilyToText(&got, part); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got.String() != test.want {
			t.Errorf("%s became\n%s\nwant\n%s", name, &got, test.want)
		}
	}
}

// Of a part whose name another family has is told, and the others stay.
// TestOdd: a histogram or summary that no reader of the format would take is told from
// one that is as it should be.
func TestOdd(t *testing.T) {
	bucket := func(bound float64, count uint64) *dto.Bucket {
		return &dto.Bucket{UpperBound: &bound, CumulativeCount: &count}
	}
	histogram := func(sum float64, count uint64, buckets ...*dto.Bucket) *dto.Metric {
		return &dto.Metric{Histogram: &dto.Histogram{SampleSum: &sum, SampleCount: &count, Bucket: buckets}}
	}
	summary := func(sum, quantile, value float64) *dto.Metric {
		return &dto.Metric{Summary: &dto.Summary{SampleSum: &sum, Quantile: []*dto.Quantile{{Quantile: &quantile, Value: &value}}}}
	}
	inf, nan := math.Inf(1), math.NaN()
	for name, test := range map[string]struct {
		metric *dto.Metric
		want   bool
	}{
		"a histogram":                {histogram(0, 3, bucket(0, 1), bucket(0.5, 1), bucket(inf, 3)), false},
		"one that ends before +Inf":  {histogram(7, 3, bucket(1, 2)), false},
		"one without buckets":        {histogram(7, 3), false},
		"a sum below zero":           {histogram(-0.5, 3, bucket(1, 2)), true},
		"no sum":                     {histogram(nan, 3, bucket(1, 2)), true},
		"a bound below zero":         {histogram(7, 3, bucket(-0.5, 1), bucket(1, 2)), true},
		"the same bound twice":       {histogram(7, 3, bucket(1, 1), bucket(1, 2)), true},
		"no bound":                   {histogram(7, 3, bucket(nan, 1)), true},
		"fewer in a larger bucket":   {histogram(7, 3, bucket(1, 2), bucket(2, 1)), true},
		"more in a bucket than all":  {histogram(7, 3, bucket(1, 4)), true},
		"fewer than all below +Inf":  {histogram(7, 3, bucket(1, 1), bucket(inf, 2)), true},
		"a summary":                  {summary(0, 0, 0), false},
		"its greatest quantile":      {summary(7, 1, 3), false},
		"a quantile not known yet":   {summary(7, 0.5, nan), false},
		"a quantile above 1":         {summary(7, 1.5, 3), true},
		"a quantile below 0":         {summary(7, -0.5, 3), true},
		"no quantile":                {summary(7, nan, 3), true},
		"a quantile's value below 0": {summary(7, 0.5, -0.5), true},
		"a summary's sum below 0":    {summary(-0.5, 0.5, 3), true},
		"a counter":                  {&dto.Metric{Counter: &dto.Counter{Value: ptr(0.0)}}, false},
		"a counter below 0":          {&dto.Metric{Counter: &dto.Counter{Value: ptr(-0.5)}}, true},
		"a counter of nothing":       {&dto.Metric{Counter: &dto.Counter{Value: &nan}}, true},
	} {
		kind := dto.MetricType_COUNTER
		if test.metric.Histogram != nil {
			kind = dto.MetricType_HISTOGRAM
		} else if test.metric.Summary != nil {
			kind = dto.MetricType_SUMMARY
		}
		if got := odd(&dto.MetricFamily{Name: ptr("x"), Type: &kind, Metric: []*dto.Metric{test.metric}}); got != test.want {
			t.Errorf("%s: odd says %v", name, got)
		}
	}
}

func TestSplitTaken(t *testing.T) {
	for suffix, parts := range map[string]int{"": 2, "_sum": 2, "_count": 2, "_bucket": 3} {
		kind := dto.MetricType_SUMMARY
		f := &dto.MetricFamily{Name: ptr("x"), Type: &kind, Metric: []*dto.Metric{{Summary: &dto.Summary{Quantile: []*dto.Quantile{{Quantile: ptr(0.5), Value: ptr(2.0)}}}}}}
		taken := names{"x" + suffix: true}
		got, err := split(f, taken)
		want := ""
		if parts < 3 {
			want = "family x of the host: another family has the name x" + suffix
		}
		if len(got) != parts || want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q is taken: %d parts, error %v; want %d and %q", suffix, len(got), err, parts, want)
		}
		if !taken["x_sum"] || !taken["x_count"] || !taken["x"] || taken["x_bucket"] != (suffix == "_bucket") {
			t.Errorf("%q is taken: then %v", suffix, taken)
		}
	}
}
