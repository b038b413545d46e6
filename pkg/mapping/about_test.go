package mapping_test

import (
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// The fields that speak of the report itself: timestamp, interval, node.
func TestDecodeAbout(t *testing.T) {
	type about struct {
		Timestamp, Interval float64
		Node                string
	}
	const plain = "timestamp: {path: t}\ninterval: {path: i.s}\n"
	const scaled = "timestamp: {path: t, scale: 0.001}\ninterval: {path: i.s, scale: 60}\n"
	for name, test := range map[string]struct {
		fields, message string
		want            about
	}{
		"none":                      {plain, ``, about{}},
		"null":                      {plain, `"t": null, "i": {"s": null}, "n": null,`, about{}},
		"numbers":                   {plain, `"t": 1732362000.123, "i": {"s": 60}, "n": "edge-1",`, about{1732362000.123, 60, "edge-1"}},
		"numbers in strings":        {plain, `"t": "1732362000.5", "i": {"s": "1e1"},`, about{1732362000.5, 10, ""}},
		"milliseconds, minutes":     {scaled, `"t": 1732362000123, "i": {"s": 2},`, about{1732362000.123, 120, ""}},
		"RFC 3339":                  {plain, `"t": "2024-11-23T11:40:00Z",`, about{Timestamp: 1732362000}},
		"RFC 3339 with a fraction":  {plain, `"t": "2024-11-23T11:40:00.123456Z",`, about{Timestamp: 1732362000.123456}},
		"RFC 3339 with a zone":      {plain, `"t": "2024-11-23T13:40:00+02:00",`, about{Timestamp: 1732362000}},
		"RFC 3339, the + escaped":   {plain, `"t": "2024-11-23T13:40:00\u002B02:00",`, about{Timestamp: 1732362000}},
		"RFC 3339 is never scaled":  {scaled, `"t": "2024-11-23T11:40:00Z",`, about{Timestamp: 1732362000}},
		"the zero time of Go":       {plain, `"t": "0001-01-01T00:00:00Z",`, about{Timestamp: -62135596800}},
		"the greatest interval":     {plain, `"i": {"s": 2678400},`, about{Interval: sysinfo.MaxInterval}},
		"the longest node name":     {plain, `"n": "` + strings.Repeat("é", 126) + `x",`, about{Node: strings.Repeat("é", 126) + "x"}},
		"a node name with escapes":  {plain, `"n": "a\u002db",`, about{Node: "a-b"}},
		"of equal keys the last":    {plain, `"n": "a", "t": 1, "n": "b", "t": 2,`, about{Timestamp: 2, Node: "b"}},
		"a time before the year 0":  {plain, `"t": -1e11,`, about{Timestamp: -1e11}},
		"an interval that is bool":  {plain, `"i": {"s": true},`, about{Interval: 1}},
		"an interval of no seconds": {plain, `"i": {"s": 0},`, about{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, test.fields+"families: [{name: a, help: h, path: v}]")
			d := newDecoder(t, m, "n", mapping.Limits{})
			var r mapping.Report
			if err := d.Decode("{"+test.message+`"v": 1}`, &r); err != nil {
				t.Fatal(err)
			}
			if got := (about{r.Timestamp, r.Interval, r.Node}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if r.Ignored > 0 {
				t.Errorf("%d keys were ignored", r.Ignored)
			}
		})
	}
}

// A timestamp may be a sample as well.
func TestDecodeAboutAndSample(t *testing.T) {
	m := parse(t, "timestamp: {path: t, scale: 0.001}\nfamilies: [{name: a, help: h, path: t, labels: {l: t}}]")
	d := newDecoder(t, m, "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"t": 2000}`, &r); err != nil {
		t.Fatal(err)
	}
	if got := series(&r); r.Timestamp != 2 || len(got) != 1 || got[0] != `a{l="2000"} 2000` {
		t.Errorf("got %v and %v, want 2 and a{l=\"2000\"} 2000", r.Timestamp, got)
	}
}

func TestDecodeWithoutNodeField(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: v}]`), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"node": "n", "v": 1}`, &r); err != nil {
		t.Fatal(err)
	}
	if r.Node != "" || r.Ignored != 1 {
		t.Errorf("node %q, %d keys ignored; want none, and 1", r.Node, r.Ignored)
	}
}
