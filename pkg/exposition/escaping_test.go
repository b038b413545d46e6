package exposition

import (
	"testing"

	dto "github.com/prometheus/client_model/go"
)

func TestEscaping(t *testing.T) {
	for _, test := range []struct{ name, underscores, dots, values string }{
		{"http_requests:rate5m", "http_requests:rate5m", "http_requests:rate5m", "http_requests:rate5m"},
		{"", "", "", ""},
		{"http.requests_total", "http_requests_total", "http_dot_requests__total", "U__http_2e_requests__total"},
		{"5xx", "_xx", "__xx", "U___35_xx"},
		{"a5-b", "a5_b", "a5__b", "U__a5_2d_b"},
		{"größe", "gr__e", "gr____e", "U__gr_f6__df_e"},
		{"気温.c", "___c", "_____dot_c", "U___6c17__6e29__2e_c"},
		{"a\xffb", "a_b", "a__b", "U__a_FFFD_b"},
	} {
		for scheme, want := range map[escaping]string{withUnderscores: test.underscores, withDots: test.dots, withValues: test.values} {
			if got := scheme.name(test.name); got != want {
				t.Errorf("%q with %s: got %q, want %q", test.name, scheme, got, want)
			}
			if got := scheme.name(test.name); got != "" && !classicName(got) {
				t.Errorf("%q with %s is %q, which is not classic", test.name, scheme, got)
			}
		}
	}
}

func TestEscapingLeavesTheFamilyAlone(t *testing.T) {
	name, label, value := "http.requests", "http.method", "GET"
	f := &dto.MetricFamily{Name: &name, Metric: []*dto.Metric{{Label: []*dto.LabelPair{{Name: &label, Value: &value}}, Gauge: &dto.Gauge{}}}}
	got := withUnderscores.family(f)
	if got.GetName() != "http_requests" || got.Metric[0].Label[0].GetName() != "http_method" || got.Metric[0].Label[0].GetValue() != "GET" || got.Metric[0].Gauge == nil {
		t.Errorf("got %v", got)
	}
	if f.GetName() != "http.requests" || f.Metric[0].Label[0].GetName() != "http.method" {
		t.Errorf("the family itself became %v", f)
	}
	if asTheyAre.family(f) != f {
		t.Error("a family that may stay as it is was copied")
	}
}

// Names are escaped where one of them wants it, be it a label's alone, and a family
// that wants none stays as it is.
func TestEscapingWhereItIsWanted(t *testing.T) {
	family := func(name string, labels ...string) *dto.MetricFamily {
		m := &dto.Metric{Gauge: &dto.Gauge{}}
		for _, l := range labels {
			m.Label = append(m.Label, &dto.LabelPair{Name: &l, Value: &l})
		}
		return &dto.MetricFamily{Name: &name, Metric: []*dto.Metric{{Gauge: &dto.Gauge{}}, m}}
	}
	if got := withUnderscores.family(family("requests", "a", "x.y")); got.GetName() != "requests" || got.Metric[1].Label[0].GetName() != "a" || got.Metric[1].Label[1].GetName() != "x_y" {
		t.Errorf("got %v", got)
	}
	if got := withUnderscores.family(family("http.requests", "a")); got.GetName() != "http_requests" || got.Metric[1].Label[0].GetName() != "a" {
		t.Errorf("got %v", got)
	}
	if f := family("requests", "a", "b"); withUnderscores.family(f) != f {
		t.Error("a family that is classic was copied")
	}
}

// Labels that would have one name after the escaping keep apart, and those that
// need none keep theirs.
func TestEscapedLabelsKeepApart(t *testing.T) {
	name := "http.requests"
	m := &dto.Metric{Gauge: &dto.Gauge{}}
	for _, l := range []string{"a-b", "a.b", "a_b", "c"} {
		m.Label = append(m.Label, &dto.LabelPair{Name: &l, Value: &l})
	}
	got := withUnderscores.family(&dto.MetricFamily{Name: &name, Metric: []*dto.Metric{m}}).Metric[0].Label
	for i, want := range []string{"a_b_", "a_b__", "a_b", "c"} {
		if got[i].GetName() != want || got[i].GetValue() != m.Label[i].GetValue() {
			t.Errorf("label %s became %s with the value %s, want %s", m.Label[i].GetName(), got[i].GetName(), got[i].GetValue(), want)
		}
	}
}
