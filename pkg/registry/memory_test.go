//go:build go1.25

package registry_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what is in pools goes with the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Sweeping frees the samples of expired nodes, and all of forgotten ones.
func TestSweepFreesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fleet = 10_000
		n := newNodes(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour})
		empty := heap()
		r := report(t, n.mapping, `{"value": 1, "values": {`+many(100)+`}}`)
		for i := range fleet {
			if err := n.Put(fmt.Sprint("n", i), r); err != nil {
				t.Fatal(err)
			}
		}
		n.changes = nil
		perNode := func() int64 { n.changes = nil; return (heap() - empty) / fleet }
		if got := perNode(); got < 2500 {
			t.Fatalf("a fresh node takes %d bytes, which is less than its lines", got)
		}
		time.Sleep(time.Minute)
		n.Sweep()
		if got := perNode(); got > 1000 {
			t.Errorf("an expired node takes %d bytes", got)
		}
		time.Sleep(time.Hour)
		n.Sweep()
		if got := perNode(); got > 10 {
			t.Errorf("a forgotten node takes %d bytes", got)
		}
		runtime.KeepAlive(n)
	})
}

// many returns so many members of an object.
func many(n int) string {
	b := []byte(`"0": 0`)
	for i := range n {
		b = fmt.Appendf(b, `, "k%d": %d`, i, i)
	}
	return string(b)
}
