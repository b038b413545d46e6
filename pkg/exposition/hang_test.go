//go:build go1.25

package exposition_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition"
)

// A host that hangs is waited for once, by one goroutine, and is on the page again
// when it answers again.
func TestHostHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		var calls, atOnce, most atomic.Int32
		release := make(chan struct{})
		host := gathererFunc(func() ([]*dto.MetricFamily, error) {
			calls.Add(1)
			if n := atOnce.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer atOnce.Add(-1)
			if hang.Load() {
				<-release
			}
			return []*dto.MetricFamily{gauge("x", seven())}, nil
		})
		const timeout = 50 * time.Millisecond
		var told atomic.Int32
		h := exposition.NewHandler(small(t), exposition.HandlerOptions{Host: host, HostTimeout: timeout,
			HostError: func(err error) {
				told.Add(1)
				if !strings.Contains(err.Error(), timeout.String()) {
					t.Errorf("told of %v", err)
				}
			}})
		whole := func(want bool) {
			t.Helper()
			text := scrape(t, h, acceptOpenMetrics)
			if strings.Contains(text, "\nx 7") != want || !strings.Contains(text, "a{node=\"n\"} 1\n") || !strings.HasSuffix(text, "# EOF\n") {
				t.Errorf("the host's part should be there: %v. The page:\n%s", want, text)
			}
		}
		begin := time.Now()
		whole(true)
		hang.Store(true)
		whole(false)
		var scrapes sync.WaitGroup
		for range 20 {
			scrapes.Add(1)
			go func() {
				defer scrapes.Done()
				whole(false)
			}()
		}
		scrapes.Wait()
		if told.Load() != 21 || calls.Load() != 2 {
			t.Errorf("of 21 scrapes without the host %d were told of; it was gathered %d times, want 2", told.Load(), calls.Load())
		}
		if d := time.Since(begin); d != timeout {
			t.Errorf("21 scrapes waited %v for a host that hangs, want %v", d, timeout)
		}
		hang.Store(false)
		close(release)
		synctest.Wait()
		whole(true)
		if most.Load() != 1 {
			t.Errorf("%d goroutines gathered at once", most.Load())
		}
	})
}
