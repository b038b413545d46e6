//go:build go1.25

//go:debug asynctimerchan=0

package registry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

const justBefore = -time.Nanosecond

// swept runs test twice in a bubble of its own: with memory that is swept at
// every step and with memory that never is. What a scrape shows is the same.
func swept(t *testing.T, o registry.Options, test func(n *nodes, after func(time.Duration))) {
	for name, sweep := range map[string]bool{"swept": true, "unswept": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, o)
				test(n, func(d time.Duration) {
					time.Sleep(d)
					if sweep {
						n.Sweep()
					}
				})
			})
		})
	}
}

func TestLife(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute, Retention: time.Hour}
	swept(t, o, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"time": 946684799.5, "interval": 10, "value": 7, "values": {"x": 1, "y": 2}}`)
		fresh := []string{
			`a_value{node="n"} 7`,
			`edge_node_clock_skew_seconds{node="n"} -0.500`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`,
			`edge_node_report_interval_seconds{node="n"} 10`,
			`edge_node_up{node="n"} 1`,
			`z_values{node="n",key="x"} 1`,
			`z_values{node="n",key="y"} 2`,
		}
		expired := []string{
			`edge_node_last_report_timestamp_seconds{node="n"} 946684800.000`,
			`edge_node_up{node="n"} 0`,
		}
		n.shows(fresh...)
		after(time.Minute + justBefore)
		n.shows(fresh...)
		after(-justBefore)
		n.shows(expired...)
		after(time.Hour + justBefore)
		n.shows(expired...)
		after(-justBefore)
		n.shows()
		if got := n.Stats(); got != (registry.Stats{}) {
			t.Errorf("of a forgotten node there is left %+v", got)
		}
	})
}

func TestReturn(t *testing.T) {
	for name, test := range map[string]struct {
		silence time.Duration
		want    registry.Change
	}{
		"after expiry":    {time.Minute, registry.Returned},
		"after retention": {time.Hour + time.Minute, registry.Appeared},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour}, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"value": 1, "volatile": 1}`)
				after(test.silence)
				before := n.Count(test.want)
				n.report("n", `{"value": 2}`)
				if got := n.Count(test.want) - before; got != 1 {
					t.Errorf("a report after %v counted %d times as %q", test.silence, got, test.want)
				}
				n.shows(
					`a_value{node="n"} 2`,
					`edge_node_last_report_timestamp_seconds{node="n"} `+map[string]string{
						"after expiry": "946684860.000", "after retention": "946688460.000"}[name],
					`edge_node_up{node="n"} 1`)
				after(time.Minute + justBefore)
				n.life("n", "fresh")
				after(-justBefore)
				n.life("n", "expired")
			})
		})
	}
}

// A report replaces all of the one before, and starts the TTL anew.
func TestReplace(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1, "values": {"x": 1, "y": 1}, "volatile": 1}`)
		after(59 * time.Second)
		n.report("n", `{"value": 2, "values": {"y": 2}}`)
		after(59 * time.Second)
		n.shows(
			`a_value{node="n"} 2`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684859.000`,
			`edge_node_report_interval_seconds{node="n"} 59`, // measured, as none is declared
			`edge_node_up{node="n"} 1`,
			`z_values{node="n",key="y"} 2`)
		after(time.Second)
		n.life("n", "expired")
	})
}

// Run sweeps with nobody scraping, and ends with its context.
func TestRun(t *testing.T) {
	for name, ttl := range map[string]time.Duration{
		"a short TTL": time.Second, "a TTL of minutes": 3 * time.Minute, "a TTL of hours": 10 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{NodeTTL: ttl, Retention: time.Hour})
				n.report("n", `{"value": 1}`)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- n.Run(ctx) }()
				slack := min(ttl/8, 10*time.Second)

				time.Sleep(ttl + justBefore)
				synctest.Wait()
				n.told("n: appeared")
				time.Sleep(slack - justBefore)
				synctest.Wait()
				n.told("n: expired")
				time.Sleep(time.Hour - slack + justBefore)
				synctest.Wait()
				n.told()
				time.Sleep(slack - justBefore)
				synctest.Wait()
				n.told("n: forgotten")

				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("Run returned %v", err)
				}
			})
		})
	}
}

// A silent node expires by our clock, whatever its own says.
func TestExpiryIgnoresTheirClock(t *testing.T) {
	for name, message := range map[string]string{
		"long ago": `{"time": 1000, "value": 1}`,
		"far off":  `{"time": 4000000000, "value": 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
				n.report("n", message)
				after(time.Minute + justBefore)
				n.life("n", "fresh")
				after(-justBefore)
				n.life("n", "expired")
			})
		})
	}
}

// However short the TTL, it sweeps ten times a second, and no less than every ten
// seconds however long.
func TestRunPeriod(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		time.Millisecond: 100 * time.Millisecond, time.Second: 125 * time.Millisecond, 8 * time.Second: time.Second,
		80 * time.Second: 10 * time.Second, time.Hour: 10 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNodes(t, registry.Options{NodeTTL: ttl, DisconnectGrace: time.Nanosecond})
			n.report("n", `{"value": 1}`)
			n.Disconnected("n")
			n.told("n: appeared")
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- n.Run(ctx) }()
			for range 3 {
				time.Sleep(want - 1)
				synctest.Wait()
				n.told()
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				n.told("n: expired after disconnect")
				n.report("n", `{"value": 1}`)
				n.Disconnected("n")
				n.told("n: returned")
			}
			cancel()
			<-ended
		})
	}
}
