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

// Forty times the families take some forty times as long to parse and compile;
// what is quadratic takes 1,600 times as long. The bounds of these tests lie far
// from both, for the machine may be doing something else.
func TestCompilingIsLinear(t *testing.T) {
	best := func(n int) time.Duration {
		file, message := largeMapping(n)
		best := time.Hour
		for range 5 {
			start := time.Now()
			d := newDecoder(t, parse(t, file), "", mapping.Limits{})
			if err := d.Decode(message, &mapping.Report{}); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	small, large := best(50), best(2000)
	if large > 300*small {
		t.Errorf("50 families take %v, 2,000 take %v", small, large)
	}
}

// However many keys a message has beside the mapped ones, and in whatever order
// the mapped ones come, the time for a key does not depend on how many there are.
func TestDecodingIsLinear(t *testing.T) {
	best := func(n int) time.Duration {
		file, message := largeMapping(n)
		d := newDecoder(t, parse(t, file), "", mapping.Limits{Samples: n})
		best := time.Hour
		for range 20 {
			start := time.Now()
			if err := d.Decode(message, &mapping.Report{}); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	small, large := best(50), best(2000)
	if large > 300*small {
		t.Errorf("50 keys take %v, 2,000 take %v", small, large)
	}
}

// Nor does a report of equal series take longer than one of different ones by
// more than what it says.
func TestEqualSeriesAreLinear(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: "x[].v", labels: {l: l}}]`), "", mapping.Limits{Bytes: 1 << 24, Samples: 1 << 18})
	best := func(n int) time.Duration {
		message := `{"x":[` + strings.TrimSuffix(strings.Repeat(`{"v":1,"l":"same"},`, n), ",") + `]}`
		var r mapping.Report
		best := time.Hour
		for range 3 {
			start := time.Now()
			if err := d.Decode(message, &r); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		if len(r.Samples) != 1 || r.Dropped.Total() != n-1 {
			t.Fatalf("%d samples, %d dropped", len(r.Samples), r.Dropped.Total())
		}
		return best
	}
	small, large := best(1_000), best(100_000)
	if large > 2_000*small {
		t.Errorf("1,000 equal series take %v, 100,000 take %v", small, large)
	}
}
