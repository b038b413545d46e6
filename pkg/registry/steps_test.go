//go:build go1.25

package registry_test

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A clock that steps from report to report, by any amount and in any direction:
// the second report after a step is shown, if the first was not, and the node is
// never down.
func TestClockSteps(t *testing.T) {
	for name, period := range map[string]struct {
		every, jitter time.Duration
		declared      bool
	}{
		"each second":              {time.Second, 0, true},
		"each second, not exactly": {time.Second, 100 * time.Millisecond, true},
		"each second, undeclared":  {time.Second, 100 * time.Millisecond, false},
		"each half second":         {500 * time.Millisecond, 20 * time.Millisecond, true},
		"each ten seconds":         {10 * time.Second, time.Second, true},
		"each minute":              {time.Minute, 10 * time.Second, true},
	} {
		for _, unit := range []time.Duration{time.Second, time.Millisecond} {
			t.Run(fmt.Sprint(name, " by units of ", unit), func(t *testing.T) {
				swept(t, registry.Options{NodeTTL: 3 * time.Minute}, func(n *nodes, after func(time.Duration)) {
					for seed := range int64(20) {
						random := rand.New(rand.NewSource(seed))
						node := fmt.Sprint("n", seed)
						offset, unseen := time.Duration(0), 0
						for i := range 40 {
							if random.Intn(2) == 0 {
								most := int(14 * time.Second / unit)
								offset += time.Duration(random.Intn(2*most)-most) * unit
							}
							interval := ""
							if period.declared {
								interval = fmt.Sprintf(`"interval": %f, `, period.every.Seconds())
							}
							own := float64(time.Now().Add(offset).UnixMilli()) / 1e3
							_ = n.Put(node, report(t, n.mapping, fmt.Sprintf(`{"time": %f, %s"value": %d}`, own, interval, i)))
							if unseen++; value(n, "a_value", node) == fmt.Sprint(i) {
								unseen = 0
							}
							if unseen > 1 {
								t.Fatalf("seed %d: report %d, the second that is not shown, at an offset of %v", seed, i, offset)
							}
							wait := period.every
							if period.jitter > 0 {
								wait += time.Duration(random.Int63n(int64(2*period.jitter))) - period.jitter
							}
							after(wait)
						}
						n.Forget(node)
					}
				})
			})
		}
	}
}
