package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Each and Lookup tell the same of every node, in each of its states.
func TestLooks(t *testing.T) {
	r, err := registry.New(registry.Options{NodeTTL: time.Hour, ExpectGrace: time.Nanosecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	odd := "edge \"\\\n\u202e"
	for _, name := range []string{"fresh", odd} {
		rep := one(t)
		rep.Timestamp, rep.Interval = float64(time.Now().Unix()-120), 60
		if err := r.Put(name, rep); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Expect("overdue"); err != nil {
		t.Fatal(err)
	}
	seen := map[string]registry.Look{}
	r.Each(func(l *registry.Look) {
		copied := *l
		copied.Name = strings.Clone(l.Name)
		seen[copied.Name] = copied
	})
	if len(seen) != 3 {
		t.Fatalf("%d nodes, want 3: %v", len(seen), seen)
	}
	for name, l := range seen {
		found, families, lines, ok := r.Lookup(name)
		if !ok || found.State != l.State || found.Series != l.Series || found.Expected != l.Expected ||
			found.Interval != l.Interval || found.Received.Sub(l.Received).Abs() > time.Minute {
			t.Errorf("%q: Each says %+v, Lookup %+v, %v", name, l, found, ok)
		}
		n := 0
		for _, rest := lines.Split(); rest.Family() >= 0; n++ {
			if rest.Family() >= len(families) {
				t.Fatalf("%q: a line of family %d of %d", name, rest.Family(), len(families))
			}
			_, rest = rest.Next()
		}
		if n != l.Series {
			t.Errorf("%q has %d lines, and %d series it says", name, n, l.Series)
		}
	}
	for _, name := range []string{"fresh", odd} {
		l := seen[name]
		if l.State != registry.Fresh || l.Interval != time.Minute || !l.Timed || (l.Skew+2*time.Minute).Abs() > time.Minute ||
			time.Until(l.Expires) > time.Hour || time.Until(l.Expires) < 59*time.Minute || time.Since(l.Received) > time.Minute {
			t.Errorf("%q is %+v", name, l)
		}
	}
	if l := seen["overdue"]; l.State != registry.Expired || !l.Expected || !l.Received.IsZero() || l.Series != 1 {
		t.Errorf("overdue is %+v", l)
	}
	if _, _, _, ok := r.Lookup("stranger"); ok {
		t.Error("an unknown node is known")
	}
}

func BenchmarkEach(b *testing.B) {
	r, err := registry.New(registry.Options{Nodes: 100_000}, nil)
	if err != nil {
		b.Fatal(err)
	}
	rep := one(b)
	for i := range 100_000 {
		if err := r.Put(fmt.Sprintf("edge-node-%06d", i), rep); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		n := 0
		r.Each(func(*registry.Look) { n++ })
		if n != 100_000 {
			b.Fatal(n)
		}
	}
}

func one(tb testing.TB) *mapping.Report {
	return report(tb, mapping.Version1(), `{"cpu":{"load1":0.5}}`)
}
