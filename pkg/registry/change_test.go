//go:build go1.25

package registry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

var changes = []registry.Change{registry.Appeared, registry.Returned, registry.ExpiredByTTL,
	registry.ExpiredByDisconnect, registry.ForgottenByRetention, registry.ForgottenByDeletion}

// Every change is counted, and just once, whether the sweep notices it or, as
// later as may be, the node's next report.
func TestCount(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1}`) // appeared
		n.report("n", `{"value": 1}`)
		after(time.Minute)            // expired
		n.report("n", `{"value": 1}`) // returned
		n.Disconnected("n")
		after(time.Minute)            // expired: its TTL ends before the grace
		n.report("n", `{"value": 1}`) // returned
		if err := n.SetOptions(registry.Options{NodeTTL: time.Minute, DisconnectGrace: time.Second, Retention: time.Hour}); err != nil {
			t.Fatal(err)
		}
		n.Disconnected("n")
		after(time.Hour + time.Second) // expired after disconnect, forgotten
		n.report("n", `{"value": 1}`)  // appeared
		n.Forget("n")                  // forgotten after deletion
		n.Forget("n")
		n.Sweep()
		for i, want := range []uint64{2, 2, 2, 1, 1, 1} {
			if got := n.Count(changes[i]); got != want {
				t.Errorf("%q counted %d times, want %d", changes[i], got, want)
			}
		}
	})
}

// What is told of may call back, from wherever it is told.
func TestChangedHoldsNoLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		told := map[registry.Change]bool{}
		o := registry.Options{NodeTTL: time.Minute, Retention: time.Hour}
		var r *registry.Registry
		r, err := registry.New(o, func(node string, c registry.Change) {
			told[c] = true
			var s registry.Snapshot
			r.Snapshot(&s)
			r.Stats()
			r.Disconnected("none")
			_ = r.Admit(node)
			_ = r.Expect("another")
			if c == registry.Appeared || c == registry.Returned {
				_ = r.Put(node, report(t, n.mapping, `{"value": 2}`))
			}
			if err := r.SetOptions(o); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		put := func() {
			if err := r.Put("n", report(t, n.mapping, `{"value": 1}`)); err != nil {
				t.Error(err)
			}
		}
		put()
		time.Sleep(time.Minute)
		r.Sweep()
		put()
		r.Disconnected("n")
		time.Sleep(time.Minute)
		if err := r.SetOptions(o); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		r.Sweep()
		put()
		if o.DisconnectGrace = time.Second; r.SetOptions(o) != nil {
			t.Error("a shorter grace is refused")
		}
		r.Disconnected("n")
		time.Sleep(time.Second)
		r.Sweep()
		r.Forget("n")
		for _, c := range changes {
			if !told[c] {
				t.Errorf("never told of %q", c)
			}
		}
	})
}
