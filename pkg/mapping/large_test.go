package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// largeMapping returns a mapping file of n families below one object, and a
// message with a value for each, in the opposite order.
func largeMapping(n int) (file, message string) {
	var families, values []string
	for i := range n {
		families = append(families, fmt.Sprintf("{name: f%d, help: h, path: x.k%d, labels: {l%d: l, m: m}}", i, i, i%7))
		values = append(values, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	slices.Reverse(values)
	return "families: [" + strings.Join(families, ",\n") + "]", `{"x":{"l":"L","m":"M",` + strings.Join(values, ",") + `}}`
}

func TestMaxFamilies(t *testing.T) {
	file, message := largeMapping(mapping.MaxFamilies)
	m := parse(t, file)
	if got := len(m.Families()); got != mapping.MaxFamilies+len(mapping.Status) {
		t.Errorf("%d families", got)
	}
	d := newDecoder(t, m, "", mapping.Limits{Samples: 2 * mapping.MaxFamilies})
	var r mapping.Report
	for range 2 { // as it comes, and with the order learnt
		if err := d.Decode(message, &r); err != nil || len(r.Samples) != mapping.MaxFamilies || r.Ignored > 0 || r.Dropped.Total() > 0 {
			t.Fatalf("%d samples, %d ignored, %v dropped, error %v", len(r.Samples), r.Ignored, r.Dropped, err)
		}
		for i := range r.Samples {
			s := &r.Samples[i]
			name := m.Families()[s.Family].Name
			if want := strings.TrimPrefix(name, "f"); string(s.Value) != want {
				t.Fatalf("%s is %s", name, s.Value)
			}
		}
	}

	file, _ = largeMapping(mapping.MaxFamilies + 1)
	if _, err := mapping.Parse([]byte(file)); err == nil || err.Error() != "mapping: families: 2001, at most 2000 are possible" {
		t.Errorf("got %v", err)
	}
}

// linear has work done many times for a few things, and once for factor times as
// many, and wants the second to take no longer than the first, or not much: what is
// quadratic takes factor times as long.
func linear(t *testing.T, factor int, few, many func()) {
	t.Helper()
	small, large := time.Duration(1<<62), time.Duration(1<<62)
	for range 3 {
		small = min(small, took(t, func() {
			for range factor {
				few()
			}
		}))
		large = min(large, took(t, many))
	}
	if large > time.Duration(factor)*small/5 {
		t.Errorf("%d times few take %v, once %d times as many %v", factor, small, factor, large)
	}
}

func TestCompilingIsLinear(t *testing.T) {
	compile := func(n int) func() {
		file, message := largeMapping(n)
		return func() {
			d := newDecoder(t, parse(t, file), "", mapping.Limits{})
			if err := d.Decode(message, &mapping.Report{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	linear(t, 40, compile(50), compile(2000))
}

// However many keys a message has beside the mapped ones, and in whatever order
// the mapped ones come, the time for a key does not depend on how many there are.
func TestDecodingIsLinear(t *testing.T) {
	decode := func(n int) func() {
		file, message := largeMapping(n)
		d := newDecoder(t, parse(t, file), "", mapping.Limits{Samples: n})
		return func() {
			if err := d.Decode(message, &mapping.Report{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	linear(t, 40, decode(50), decode(2000))
}

// Nor does a report of equal series take longer than one of different ones by
// more than what it says.
func TestEqualSeriesAreLinear(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: "x[].v", labels: {l: l}}]`), "", mapping.Limits{Bytes: 1 << 24, Samples: 1 << 18})
	equal := func(n int) func() {
		message := `{"x":[` + strings.TrimSuffix(strings.Repeat(`{"v":1,"l":"same"},`, n), ",") + `]}`
		var r mapping.Report
		return func() {
			if err := d.Decode(message, &r); err != nil {
				t.Fatal(err)
			}
			if len(r.Samples) != 1 || r.Dropped.Total() != n-1 {
				t.Fatalf("%d samples, %d dropped", len(r.Samples), r.Dropped.Total())
			}
		}
	}
	linear(t, 100, equal(1_000), equal(100_000))
}
