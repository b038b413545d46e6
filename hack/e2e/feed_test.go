package e2e

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// feed publishes a report at an edge every interval, until the test ends.
type feed struct {
	edge   *stack.Edge
	load   atomic.Uint64
	paused atomic.Bool
}

// carry sets the load that the reports carry from now on.
func (f *feed) carry(load float64) { f.load.Store(math.Float64bits(load)) }

// startFeeds has every edge report; the load tells them apart. The first edge
// is left to the reporter, which sends what this machine really is.
func (s *suite) startFeeds(t *testing.T) {
	t.Helper()
	for i, edge := range s.edges {
		f := &feed{edge: edge}
		f.carry(float64(100 * (i + 1)))
		s.feeds = append(s.feeds, f)
		if i == 0 {
			if err := edge.StartReporter(interval); err != nil {
				t.Fatal(err)
			}
			continue
		}
		done, ended := make(chan struct{}), make(chan struct{})
		t.Cleanup(func() {
			close(done)
			<-ended
		})
		go func() {
			defer close(ended)
			f.run(done)
		}()
	}
}

func (f *feed) run(done <-chan struct{}) {
	publisher := f.edge.Publisher()
	defer publisher.Close()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		if f.paused.Load() {
			continue
		}
		// An edge that was killed has no broker; the next report tries again.
		_ = publisher.Publish(stack.NewReport(math.Float64frombits(f.load.Load()), interval))
	}
}
