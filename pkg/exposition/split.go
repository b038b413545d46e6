package exposition

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// odd reports whether a family has values that OpenMetrics does not allow its
// type: what counts is neither NaN nor negative, quantiles are ranks from 0 to 1
// and not negative, and buckets are in order.
func odd(f *dto.MetricFamily) bool {
	for _, m := range f.GetMetric() {
		switch f.GetType() {
		case dto.MetricType_COUNTER:
			if v := m.GetCounter().GetValue(); !(v >= 0) {
				return true
			}
		case dto.MetricType_SUMMARY:
			if s := m.GetSummary(); !(s.GetSampleSum() >= 0) {
				return true
			}
			for _, q := range m.GetSummary().GetQuantile() {
				if !(q.GetQuantile() >= 0 && q.GetQuantile() <= 1) || q.GetValue() < 0 {
					return true
				}
			}
		case dto.MetricType_HISTOGRAM:
			h := m.GetHistogram()
			if !(h.GetSampleSum() >= 0) {
				return true
			}
			last, count := math.Inf(-1), uint64(0)
			for _, b := range h.GetBucket() {
				bound := b.GetUpperBound()
				if !(bound > last) || bound < 0 || b.GetCumulativeCount() < count {
					return true
				}
				last, count = bound, b.GetCumulativeCount()
			}
			if count > h.GetSampleCount() || math.IsInf(last, 1) && count != h.GetSampleCount() {
				return true
			}
		}
	}
	return false
}

// split returns the samples of a family as families of their own without a type,
// so that no series is lost, and takes their names. The error tells of the names
// that another family has.
func split(f *dto.MetricFamily, taken names) (parts []*dto.MetricFamily, err error) {
	kind := dto.MetricType_UNTYPED
	var errs []error
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		name := f.GetName() + suffix
		part := &dto.MetricFamily{Name: &name, Help: f.Help, Type: &kind}
		for _, m := range f.GetMetric() {
			part.Metric = append(part.Metric, samples(m, suffix)...)
		}
		switch {
		case len(part.Metric) == 0:
		case taken[name]:
			errs = append(errs, fmt.Errorf("family %s of the host: another family has the name %s", f.GetName(), name))
		default:
			taken[name] = true
			parts = append(parts, part)
		}
	}
	return parts, errors.Join(errs...)
}

// samples returns what a metric has under its family's name with a suffix.
func samples(m *dto.Metric, suffix string) (all []*dto.Metric) {
	add := func(v float64, label string, value float64) {
		sample := &dto.Metric{Label: m.GetLabel(), Untyped: &dto.Untyped{Value: &v}, TimestampMs: m.TimestampMs}
		if label != "" {
			text := strconv.FormatFloat(value, 'g', -1, 64)
			sample.Label = append(m.GetLabel()[:len(m.GetLabel()):len(m.GetLabel())], &dto.LabelPair{Name: &label, Value: &text})
		}
		all = append(all, sample)
	}
	alone := func(v float64) { add(v, "", 0) }
	s, h := m.GetSummary(), m.GetHistogram()
	switch {
	case suffix == "" && m.GetCounter() != nil:
		alone(m.GetCounter().GetValue())
	case suffix == "" && m.GetGauge() != nil:
		alone(m.GetGauge().GetValue())
	case suffix == "" && m.GetUntyped() != nil:
		alone(m.GetUntyped().GetValue())
	case suffix == "" && s != nil:
		for _, q := range s.GetQuantile() {
			add(q.GetValue(), "quantile", q.GetQuantile())
		}
	case suffix == "_sum" && s != nil:
		alone(s.GetSampleSum())
	case suffix == "_count" && s != nil:
		alone(float64(s.GetSampleCount()))
	case suffix == "_bucket" && h != nil:
		for _, b := range h.GetBucket() {
			if !math.IsInf(b.GetUpperBound(), 1) {
				add(float64(b.GetCumulativeCount()), "le", b.GetUpperBound())
			}
		}
		add(float64(h.GetSampleCount()), "le", math.Inf(1))
	case suffix == "_sum" && h != nil:
		alone(h.GetSampleSum())
	case suffix == "_count" && h != nil:
		alone(float64(h.GetSampleCount()))
	}
	return all
}
