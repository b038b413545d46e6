//go:build go1.25

package registry_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// looks wants that Each and Lookup tell just this of the node, and Lookup these
// lines.
func (n *nodes) looks(node string, want registry.Look, lines ...string) {
	n.tb.Helper()
	want.Name = node
	same := func(l registry.Look) bool {
		return l.Received.Equal(want.Received) && l.Expires.Equal(want.Expires) &&
			l.Name == want.Name && l.State == want.State && l.Expected == want.Expected && l.Interval == want.Interval &&
			l.Skew == want.Skew && l.Timed == want.Timed && l.Series == want.Series
	}
	found := 0
	n.Each(func(l *registry.Look) {
		if l.Name != node {
			return
		}
		if found++; !same(*l) {
			n.tb.Errorf("Each tells %+v, want %+v", *l, want)
		}
	})
	if found != 1 {
		n.tb.Errorf("Each visits %q %d times", node, found)
	}
	l, families, block, ok := n.Lookup(node)
	if !ok || !same(l) {
		n.tb.Errorf("Lookup tells %+v, %v, want %+v", l, ok, want)
	}
	var got []string
	if block != nil {
		got = shown(registry.Group{Families: families}, block)
	}
	if !slices.Equal(got, lines) {
		n.tb.Errorf("Lookup of %q has the lines %q, want %q", node, got, lines)
	}
}

// What is told of a node in each state, to the millisecond.
func TestLooksInEachState(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, ExpectGrace: 2 * time.Minute, Retention: time.Hour}, func(n *nodes, after func(time.Duration)) {
		start := time.Now()
		n.report("n", `{"time": 946684797.2504, "interval": 10.5, "value": 1}`)
		n.report("untimed", `{"value": 1}`)
		expect(t, n, "e")
		timed := registry.Look{Received: start, Expires: start.Add(time.Minute), Interval: 10500 * time.Millisecond,
			Skew: -2750 * time.Millisecond, Timed: true, Series: 5}
		overdue := registry.Look{State: registry.Pending, Expected: true, Expires: start.Add(2 * time.Minute)}
		untimed := registry.Look{Received: start, Expires: start.Add(time.Minute), Series: 3}
		after(30 * time.Second)
		n.looks("n", timed, `a_value{node="n"} 1`,
			`edge_node_clock_skew_seconds{node="n"} -2.750`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`,
			`edge_node_report_interval_seconds{node="n"} 10.5`,
			`edge_node_up{node="n"} 1`)
		n.looks("untimed", untimed, `a_value{node="untimed"} 1`,
			`edge_node_last_report_timestamp_seconds{node="untimed"} 946684800.000`,
			`edge_node_up{node="untimed"} 1`)
		n.looks("e", overdue)
		after(30 * time.Second)
		timed.State, timed.Series = registry.Expired, 2
		n.looks("n", timed, `edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`, `edge_node_up{node="n"} 0`)
		after(time.Minute)
		overdue.State, overdue.Series = registry.Expired, 1
		n.looks("e", overdue, `edge_node_up{node="e"} 0`)
		after(time.Hour - time.Minute)
		if l, families, block, ok := n.Lookup("n"); ok || families != nil || block != nil || l != (registry.Look{}) {
			t.Errorf("of a node that is forgotten Lookup tells %+v", l)
		}
		n.Each(func(l *registry.Look) {
			if l.Name != "e" {
				t.Errorf("Each visits %q", l.Name)
			}
		})
	})
}

// Nodes that expire together keep their own names and times.
func TestManyExpireAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fleet = 1000
		n := newNodes(t, registry.Options{NodeTTL: time.Minute})
		var want []string
		for i := range fleet {
			n.report(fmt.Sprintf("n%04d", i), `{"value": 1}`)
			want = append(want,
				fmt.Sprintf(`edge_node_last_report_timestamp_seconds{node="n%04d"} 946684800.000`, i),
				fmt.Sprintf(`edge_node_up{node="n%04d"} 0`, i))
		}
		slices.Sort(want)
		time.Sleep(time.Minute)
		n.Sweep()
		n.shows(want...)
		n.counted()
		if got := n.Count(registry.ExpiredByTTL); got != fleet {
			t.Errorf("%d are counted as expired", got)
		}
	})
}

// A node for which there was no room on the page gets some as soon as others have
// expired, by the sweep alone.
func TestExpectWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 10, Series: 3, NodeTTL: time.Minute, ExpectGrace: time.Nanosecond})
		n.report("a", `{"value": 1}`)
		if got := reason(t, n.Expect("b")); got != registry.NoRoom {
			t.Fatalf("beyond all series a node is refused as %q", got)
		}
		time.Sleep(time.Minute)
		n.Sweep()
		time.Sleep(time.Second)
		n.life("b", "overdue")
		n.life("a", "expired")
		n.counted()
	})
}

// Of two reports received nearly at once, either may come first.
func TestReceivedAtOnce(t *testing.T) {
	for _, test := range []struct {
		earlier time.Duration
		want    registry.Reason
	}{{100 * time.Millisecond, ""}, {100*time.Millisecond + 1, registry.Late}} {
		synctest.Test(t, func(t *testing.T) {
			n := newNodes(t, registry.Options{})
			n.report("n", `{"value": 1}`)
			err := n.PutReceived("n", report(t, n.mapping, `{"value": 2}`), time.Now().Add(-test.earlier))
			if got := reason(t, err); got != test.want {
				t.Errorf("a report received %v before the one shown is refused as %q, want %q", test.earlier, got, test.want)
			}
			n.counted()
		})
	}
}

// The interval that a node does not declare is measured to the millisecond, from
// the report before if that still counted.
func TestIntervalMeasured(t *testing.T) {
	for _, test := range []struct {
		apart time.Duration
		want  string
	}{
		{59*time.Second + 400*time.Microsecond, "59"},
		{59*time.Second + 600*time.Microsecond, "59.001"},
		{1500 * time.Millisecond, "1.5"},
		{0, ""},
		{3*time.Minute - 1, "180"},
		{3 * time.Minute, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNodes(t, registry.Options{})
			n.report("n", `{"value": 1}`)
			time.Sleep(test.apart)
			n.report("n", `{"value": 2}`)
			if got := value(n, "edge_node_report_interval_seconds", "n"); got != test.want {
				t.Errorf("after %v the interval is %q, want %q", test.apart, got, test.want)
			}
			l, _, _, _ := n.Lookup("n")
			if l.Interval != 0 {
				t.Errorf("declared is %v", l.Interval)
			}
		})
	}
}

// How many samples were left out is counted to the last, those of a report that did
// not fit and those that gave way.
func TestShedIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 4, Series: 40})
		n.report("greedy", values(60, "1"))
		got, dropped := n.has("greedy")
		if got+dropped != 61 || got != 40-3 { // two status lines and that of the dropped ones
			t.Errorf("%d samples and %d dropped of 61, want 37 shown", got, dropped)
		}
		if shed := n.Shed(); shed != uint64(dropped) {
			t.Errorf("%d are counted as left out, want %d", shed, dropped)
		}
		n.report("small", values(5, "1"))
		n.counted()
		got, now := n.has("greedy")
		if got+now != 61 {
			t.Errorf("%d samples and %d dropped of 61", got, now)
		}
		if shed := n.Shed(); shed != uint64(now) {
			t.Errorf("%d are counted as left out, want %d", shed, now)
		}
		if got != 40-8-3-1 { // room for the line of the dropped ones is kept, though it had one
			t.Errorf("the greedy one has %d samples left, want what the small one leaves it", got)
		}
	})
}

// Machines that report once an hour are told apart too.
func TestNameConflictOfSlowNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		for i := range 7 {
			own := float64(time.Now().Unix()) + float64(90*(i%2))
			n.report("n", fmt.Sprintf(`{"time": %f, "interval": 3600, "value": 1}`, own))
			time.Sleep(time.Hour)
		}
		if got := value(n, "edge_node_name_conflict", "n"); got != "1" {
			t.Errorf("a conflict of two clocks is shown as %q", got)
		}
	})
}

// A conflict is shown for a quarter of an hour after the second machine's last report
// at least, and no longer than four TTLs if that is more.
func TestNameConflictEnds(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{time.Minute: 15 * time.Minute, 4 * time.Minute: 16 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			n := newNodes(t, registry.Options{NodeTTL: ttl})
			start := time.Now()
			for i := range 200 {
				off := 0
				if i < 6 {
					off = 90 * (i % 2)
				}
				n.report("n", fmt.Sprintf(`{"time": %d, "value": 1}`, time.Now().Unix()+int64(off)))
				// The last change is that to the seventh report, after a minute.
				since := time.Since(start) - time.Minute
				if got := value(n, "edge_node_name_conflict", "n"); (got == "1") != (since > -30*time.Second && since <= want) {
					t.Errorf("with a TTL of %v, %v after the last change a conflict is shown as %q", ttl, since, got)
				}
				time.Sleep(10 * time.Second)
			}
		})
	}
}

// From where on two clocks are those of two machines.
func TestNameConflictBounds(t *testing.T) {
	const noTime = 1
	for name, test := range map[string]struct {
		offsets []int // milliseconds
		want    string
	}{
		"the fourth change":                {[]int{0, 90000, 0, 90000, 0}, "1"},
		"the third change":                 {[]int{0, 90000, 0, 90000}, ""},
		"just a jump":                      {[]int{0, 3010, 0, 3010, 0}, "1"},
		"less than a jump":                 {[]int{0, 2990, 0, 2990, 0, 2990, 0}, ""},
		"clocks that drift":                {[]int{0, 90000, 950, 90950, 1900}, "1"},
		"clocks that drift too far":        {[]int{0, 90000, 1050, 91050, 2100, 92100, 3150}, ""},
		"some without a time":              {[]int{0, noTime, 0, noTime, 0, noTime, 0, noTime, 0}, ""},
		"late ones of another clock":       {[]int{0, 0, -4000, 0, -4000, 0, -4000, 0, -4000, 0, -4000}, "1"},
		"late ones of a clock that drifts": {[]int{0, 0, -4000, 0, -5050, 0, -4000, 0, -5050, 0, -4000, 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{})
				for _, off := range test.offsets {
					own := float64(time.Now().UnixMilli()+int64(off)) / 1e3
					if off == noTime {
						own = 0
					}
					_ = n.Put("n", report(t, n.mapping, fmt.Sprintf(`{"time": %f, "value": 1}`, own)))
					time.Sleep(map[string]time.Duration{"late": time.Second, "some": time.Second / 4}[name[:4]])
					if name[:4] != "late" && name[:4] != "some" {
						time.Sleep(time.Minute)
					}
				}
				if got := value(n, "edge_node_name_conflict", "n"); got != test.want {
					t.Errorf("a conflict is shown as %q, want %q", got, test.want)
				}
			})
		})
	}
}

// A node whose session had ended before the restart has what was left of its grace,
// and its expiry is counted as one after a disconnect.
func TestRestoredGrace(t *testing.T) {
	for name, test := range map[string]struct {
		grace        time.Duration // of the options after the restart
		pause, fresh time.Duration
	}{
		"the rest of it":      {90 * time.Second, 20 * time.Second, 70 * time.Second},
		"no more than it is":  {30 * time.Second, 20 * time.Second, 30 * time.Second},
		"a moment of it left": {90 * time.Second, 90*time.Second - 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{})
				n.report("n", `{"value": 1}`)
				n.Disconnected("n")
				next := restored(t, n, registry.Options{DisconnectGrace: test.grace}, test.pause)
				next.life("n", "fresh")
				time.Sleep(test.fresh + justBefore)
				next.life("n", "fresh")
				time.Sleep(-justBefore)
				next.life("n", "expired")
				next.Sweep()
				next.told("n: expired after disconnect")
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		n.report("n", `{"value": 1}`)
		n.Disconnected("n")
		next := restored(t, n, registry.Options{}, 90*time.Second) // just over
		next.life("n", "pending")
		time.Sleep(3 * time.Minute)
		next.life("n", "expired")
		next.Sweep()
		next.told("n: expired") // it was not heard for its grace, not for the session's
		next.report("n", `{"value": 1}`)
		time.Sleep(3*time.Minute + justBefore)
		next.life("n", "fresh")
	})
}

// A look at a node that is down, and a snapshot of it, take the memory that they
// return and no more.
func TestLooksGiveBack(t *testing.T) {
	synctest.Test(t, looksGiveBack)
}

func looksGiveBack(t *testing.T) {
	n := newNodes(t, registry.Options{NodeTTL: time.Nanosecond})
	n.report("n", `{"value": 1}`)
	time.Sleep(time.Nanosecond)
	for what, test := range map[string]struct {
		look func()
		most float64
	}{
		"Lookup": {func() { n.Lookup("n") }, 2}, // its lines, its name
		"Snapshot": {func() {
			var s registry.Snapshot
			n.Snapshot(&s)
			s.Release()
		}, 4},
		"Sweep": {n.Sweep, 3},
	} {
		if got := testing.AllocsPerRun(200, test.look); got > test.most && !raceDetector {
			t.Errorf("%s makes %v allocations, want at most %v", what, got, test.most)
		}
	}
}
