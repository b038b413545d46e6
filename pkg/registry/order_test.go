//go:build go1.25

package registry_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A report that was overtaken on its way is refused; one of a clock that was
// set back is not.
func TestLateReports(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute}
	for name, test := range map[string]struct {
		first, second string
		after         time.Duration
		want          registry.Reason
	}{
		"newer":                           {`"time": 1000`, `"time": 1000.001`, 0, ""},
		"equal":                           {`"time": 1000`, `"time": 1000`, 0, ""},
		"older":                           {`"time": 1000`, `"time": 999.999`, 0, registry.Late},
		"older by seconds":                {`"time": 1000`, `"time": 990`, 0, registry.Late},
		"older by more than is overtaken": {`"time": 1000`, `"time": 989.999`, 0, ""},
		"older, of a node that reports each hour":                   {`"time": 10000, "interval": 3600`, `"time": 2800`, 0, ""},
		"older, just before the first one expires":                  {`"time": 1000`, `"time": 999`, time.Minute - 1, registry.Late},
		"older, after the first one expired":                        {`"time": 1000`, `"time": 999`, time.Minute, ""},
		"without time, after one with":                              {`"time": 1000`, `"value": 3`, 0, ""},
		"with time, after one without":                              {`"value": 3`, `"time": 1000`, 0, ""},
		"of a wrong clock that is right again, from the far future": {`"time": 4000000000`, `"time": 1000`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, o, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"values": {"x": 1}, `+test.first+`}`)
				after(test.after)
				err := n.Put("n", report(t, n.mapping, `{"values": {"x": 2}, `+test.second+`}`))
				if got := reason(t, err); got != test.want {
					t.Errorf("refused as %q (%v), want %q", got, err, test.want)
				}
				want := map[bool]string{true: "2", false: "1"}[err == nil]
				if got := value(n, "z_values", "n"); got != want {
					t.Errorf("the value is %q, want %q", got, want)
				}
			})
		})
	}
}

// sends reports every period by a clock that is off by a different amount each
// time, and wants that after a jump at the latest the second report is shown, and
// that the node is never down.
func TestClockJumps(t *testing.T) {
	const steady = 6 // reports by the clock of the one before
	for _, period := range []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Hour} {
		for name, offsets := range map[string][]time.Duration{
			"back by 2 s":                  {0, -2 * time.Second},
			"back by 2.5 s":                {0, -2500 * time.Millisecond},
			"back by 12 s":                 {0, -12 * time.Second},
			"back by 65 s":                 {0, -65 * time.Second},
			"back by 2 h":                  {0, -2 * time.Hour},
			"back by 50 years":             {0, -20 * 365 * 24 * time.Hour},
			"ahead by 5 s and back":        {0, 5 * time.Second, 0},
			"ahead by 30 s and back":       {0, 30 * time.Second, 0},
			"ahead by 2 min and back":      {0, 2 * time.Minute, 0},
			"ahead by 2 min 59 s and back": {0, 2*time.Minute + 59*time.Second, 0},
			"ahead by a day and back":      {0, 24 * time.Hour, 0},
			"back and back again":          {0, -3 * time.Second, -6 * time.Second, -9 * time.Second},
		} {
			for _, times := range []int{1, steady} { // how many reports come by each clock
				t.Run(fmt.Sprintf("%s, %d each %v", name, times, period), func(t *testing.T) {
					swept(t, registry.Options{NodeTTL: 3 * time.Minute}, func(n *nodes, after func(time.Duration)) {
						i, unseen := 0, 0
						for at, off := range offsets {
							reports := steady
							if at > 0 && at < len(offsets)-1 {
								reports = times
							}
							for range reports {
								i++
								own := float64(time.Now().Add(off).UnixMilli()) / 1e3
								_ = n.Put("n", report(t, n.mapping, fmt.Sprintf(`{"time": %f, "interval": %f, "value": %d}`, own, period.Seconds(), i)))
								if unseen++; value(n, "a_value", "n") == fmt.Sprint(i) {
									unseen = 0
								}
								if unseen > 1 {
									t.Errorf("after %v to an offset of %v the second report is not shown", period, off)
								}
								after(period)
								n.life("n", "fresh")
							}
						}
					})
				})
			}
		}
	}
}

// After a late report the next one is taken if it came three quarters of a second
// later, or half as long after it as its own time or the node's interval says.
func TestSecondLateReport(t *testing.T) {
	for _, test := range []struct {
		apart time.Duration // of the receipts
		own   float64       // after that of the late one
		rest  string        // of the second
		want  registry.Reason
	}{
		{1500 * time.Millisecond, 8, `"value": 3`, ""},
		{750 * time.Millisecond, 8, `"value": 3`, ""},
		{750*time.Millisecond - 1, 8, `"value": 3`, registry.Late},
		{500 * time.Millisecond, 1, `"value": 3`, ""},
		{500*time.Millisecond - 1, 1, `"value": 3`, registry.Late},
		{500 * time.Millisecond, -1, `"value": 3`, ""},
		{500*time.Millisecond - 1, -1, `"value": 3`, registry.Late},
		{400 * time.Millisecond, 8, `"value": 3, "interval": 0.8`, ""},
		{400*time.Millisecond - 1, 8, `"value": 3, "interval": 0.8`, registry.Late},
		{750*time.Millisecond - 1, 8, `"value": 3, "interval": 60`, registry.Late},
		{10*time.Second - 1, 0, `"value": 2`, registry.Late}, // the same one again
		{10 * time.Second, 0, `"value": 2`, ""},
		{750 * time.Millisecond, 0, `"value": 3`, ""}, // another of the same time
		{750 * time.Millisecond, 0, `"volatile": 2`, ""},
		{750*time.Millisecond - 1, 0, `"value": 3`, registry.Late},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNodes(t, registry.Options{})
			n.report("n", `{"time": 1000, "value": 1}`)
			time.Sleep(time.Second)
			if got := reason(t, n.Put("n", report(t, n.mapping, `{"time": 991, "value": 2}`))); got != registry.Late {
				t.Fatalf("a late report is refused as %q", got)
			}
			time.Sleep(test.apart)
			if got := reason(t, n.Put("n", report(t, n.mapping, fmt.Sprintf(`{"time": %f, %s}`, 991+test.own, test.rest)))); got != test.want {
				t.Errorf("another of %s %v after it, %v s later by its own time, is refused as %q, want %q", test.rest, test.apart, test.own, got, test.want)
			}
		})
	}
}

// Reports that overtake each other by up to some seconds leave the newest.
func TestOvertaking(t *testing.T) {
	for name, test := range map[string]struct {
		apart, delay time.Duration // of the reports' own times, and of their arrivals
		order        []int
	}{
		"one before the other":     {time.Second, time.Millisecond, []int{2, 1}},
		"by milliseconds":          {5 * time.Millisecond, 100 * time.Microsecond, []int{3, 1, 2}},
		"the last two first":       {time.Second, time.Millisecond, []int{4, 3, 1, 2}},
		"backwards":                {2 * time.Second, 10 * time.Millisecond, []int{4, 3, 2, 1}},
		"the newest in the middle": {time.Second, time.Millisecond, []int{1, 4, 2, 3}},
		"the same one twice":       {time.Second, 2 * time.Second, []int{2, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{})
				newest := 0
				for _, i := range test.order {
					own := 1000 + float64(i)*test.apart.Seconds()
					_ = n.Put("n", report(t, n.mapping, fmt.Sprintf(`{"time": %f, "value": %d}`, own, i)))
					newest = max(newest, i)
					if got := value(n, "a_value", "n"); got != fmt.Sprint(newest) {
						t.Errorf("after report %d the page shows %s, want %d", i, got, newest)
					}
					time.Sleep(test.delay)
				}
			})
		})
	}
}

// A late report keeps its node up, and no longer than any other.
func TestLateReportKeepsUp(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, DisconnectGrace: 20 * time.Second}, func(n *nodes, after func(time.Duration)) {
		late := func() {
			t.Helper()
			if got := reason(t, n.Put("n", report(t, n.mapping, `{"time": 990, "value": 2}`))); got != registry.Late {
				t.Fatalf("a late report is refused as %q", got)
			}
		}
		n.report("n", `{"time": 1000, "value": 1}`)
		after(30 * time.Second)
		late()
		after(time.Minute + justBefore)
		n.life("n", "fresh")
		after(-justBefore)
		n.life("n", "expired")

		n.report("n", `{"time": 1000, "value": 1}`)
		n.Disconnected("n")
		late() // of the session that ended
		after(20 * time.Second)
		n.life("n", "expired")
	})
}

// A report without a time does not let older ones in that come by after it,
// except the first.
func TestLateAfterUnknownTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		n.report("n", `{"time": 1000, "value": 1}`)
		n.report("n", `{"value": 2}`)
		n.report("n", `{"time": 990, "value": 3}`)
		if got := reason(t, n.Put("n", report(t, n.mapping, `{"time": 989, "value": 4}`))); got != registry.Late {
			t.Errorf("an older report is refused as %q", got)
		}
	})
}

// A report that has waited is counted from its receipt, and gives way to one that
// came later.
func TestPutReceived(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
		received := time.Now()
		after(10 * time.Second)
		if err := n.PutReceived("n", report(t, n.mapping, `{"time": 946684801, "value": 1}`), received); err != nil {
			t.Fatal(err)
		}
		n.shows(`a_value{node="n"} 1`,
			`edge_node_clock_skew_seconds{node="n"} 1.000`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`,
			`edge_node_up{node="n"} 1`)
		n.report("n", `{"time": 946684811, "value": 2}`)
		if got := reason(t, n.PutReceived("n", report(t, n.mapping, `{"time": 946684820, "value": 3}`), received.Add(time.Second))); got != registry.Late {
			t.Errorf("a report that came before the one shown is refused as %q", got)
		}
		after(time.Minute)
		n.life("n", "expired")
	})
}

// Two machines under one name are told by their clocks; a clock that jumps is not
// taken for them.
func TestNameConflict(t *testing.T) {
	const conflict = `edge_node_name_conflict{node="n"} 1`
	sends := func(t *testing.T, offsets []time.Duration, apart time.Duration, want bool) {
		swept(t, registry.Options{NodeTTL: 3 * time.Minute}, func(n *nodes, after func(time.Duration)) {
			for _, off := range offsets {
				own := float64(time.Now().Add(off).UnixMilli()) / 1e3
				_ = n.Put("n", report(t, n.mapping, fmt.Sprintf(`{"time": %f, "value": 1}`, own)))
				after(apart)
			}
			got := false
			for _, line := range lines(n.Registry) {
				got = got || line == conflict
			}
			if got != want || (n.Conflicts() > 0) != want {
				t.Errorf("by clocks that are off by %v, %v apart, a conflict is shown: %v, %d reports counted; want %v", offsets, apart, got, n.Conflicts(), want)
			}
			if !want {
				return
			}
			after(time.Hour) // and one machine is gone for good
			for range 3 {
				n.report("n", fmt.Sprintf(`{"time": %d, "value": 1}`, time.Now().Unix()))
				after(time.Second)
			}
			for _, line := range lines(n.Registry) {
				if line == conflict {
					t.Error("a conflict that has ended is still shown")
				}
			}
		})
	}
	for _, test := range []struct {
		offsets []time.Duration
		want    bool
	}{
		{[]time.Duration{0, 90, 0, 90, 0, 90, 0}, true},
		{[]time.Duration{0, -90, 0, 0, 0, -90, 0, -90, 0, -90}, true},
		{[]time.Duration{0, 0, -4, 0, -4, 0, -4, 0, -4, 0, -4}, true},
		{[]time.Duration{0, 3600, 0, 3600, 0, 3600, 0}, true},
		{[]time.Duration{0, 90, 0, 0, 0, 0, 0}, false},
		{[]time.Duration{0, -90, -90, -90, 0, 0}, false},
		{[]time.Duration{0, 90, 180, 270, 360}, false},
		{[]time.Duration{0, -12, 0, -25, 0, -14, 0, -31, 0}, false}, // delays
		{[]time.Duration{0, -1, 0, -1, 0, -1, 0}, false},
		{[]time.Duration{0, 0, 0}, false},
	} {
		for i := range test.offsets {
			test.offsets[i] *= time.Second
		}
		for _, apart := range []time.Duration{time.Second, 10 * time.Second, 30 * time.Second, time.Minute} {
			t.Run(fmt.Sprint(test.offsets, apart), func(t *testing.T) { sends(t, test.offsets, apart, test.want) })
		}
	}
}
