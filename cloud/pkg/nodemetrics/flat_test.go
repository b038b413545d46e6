package nodemetrics

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Neither goroutines nor memory grow with the number of reports.
func TestReportsLeaveNothingBehind(t *testing.T) {
	m := newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	stop := run(t, m)
	reports := func(n int) {
		for i := range n {
			node := fmt.Sprintf("edge-%d", i%100)
			accept(t, m, message(node, []byte(fmt.Sprintf(`{"timestamp":%d,"unknown":%d,"memory":{"totalBytes":%[1]d},"temperatures":[{"sensor":"s%[1]d","celsius":1}]}`, i+1, i))))
			_, _ = m.Handle(message(node, []byte(fmt.Sprintf(`{"memory":{"totalBytes":"%d is no number"}}`, i))))
		}
	}
	// Each round has the same timestamps, so the nodes begin anew.
	round := func() { m.forgetAll(100); reports(10_000) }
	round()
	goroutines, heap := runtime.NumGoroutine(), heapInUse()
	round()
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	const slack = 512 << 10
	if n := heapInUse(); n > heap+slack {
		t.Errorf("%d bytes of heap, %d before", n, heap)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func (m *Module) forgetAll(n int) {
	for i := range n {
		node := fmt.Sprintf("edge-%d", i)
		m.Forget(node)
		m.Connected(node) // so that it may report at once
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what pools held is let go by the second
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// All methods at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	const turns = 200
	var all sync.WaitGroup
	for _, work := range []func(i int){
		func(i int) { _, _ = m.Handle(message(fmt.Sprintf("edge-%d", i%10), memory("1"))) },
		func(i int) { _, _ = m.Handle(message(fmt.Sprintf("edge-%d", i%10), memory("{}"))) },
		func(i int) { page(m) },
		func(i int) { get(m, "/") },
		func(i int) { _ = m.Expect(fmt.Sprintf("edge-%d", i%10)) },
		func(i int) { m.Disconnected(fmt.Sprintf("edge-%d", i%10)); m.Connected("edge-1") },
		func(i int) { m.Forget(fmt.Sprintf("edge-%d", i%10)) },
		func(i int) {
			if i%50 == 0 {
				write(t, mnt.path("nodemetrics.yaml"), inSection(fmt.Sprintf("nodeTTL: %dm", 1+i/50)))
			}
			settle(m)
		},
	} {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range turns {
				work(i)
			}
		}()
	}
	all.Wait()
}
