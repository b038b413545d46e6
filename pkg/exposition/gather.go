package exposition

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// guard gathers a host's metrics for scrapes that must not depend on it: one
// gathering at a time, shared by the scrapes that come meanwhile, and one that
// does not end is waited for once and then passed over until it does.
type guard struct {
	gatherer prometheus.Gatherer

	mu      sync.Mutex
	running *gathering // nil while there is none
}

// gathering is one call of Gather. Its result can be read once done is closed.
type gathering struct {
	start    time.Time
	done     chan struct{}
	families []*dto.MetricFamily
	err      error
}

// begin returns the gathering under way, or a new one.
func (g *guard) begin() *gathering {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == nil {
		g.running = &gathering{start: time.Now(), done: make(chan struct{})}
		go g.gather(g.running)
	}
	return g.running
}

var errNothing = errors.New("gathering the host's metrics: it returned nothing")

func (g *guard) gather(one *gathering) {
	defer func() {
		// Only the gatherer's own panics come here: those of a collector in a
		// prometheus.Registry are on a goroutine of that registry.
		if p := recover(); p != nil {
			one.families, one.err = nil, fmt.Errorf("gathering the host's metrics: panic: %v", p)
		}
		g.mu.Lock()
		g.running = nil
		g.mu.Unlock()
		close(one.done)
	}()
	one.families, one.err = g.gatherer.Gather()
	if one.families == nil && one.err == nil {
		one.err = errNothing
	}
}

// wait returns what was gathered, or an error once the gathering has taken
// patience.
func (g *gathering) wait(patience time.Duration) ([]*dto.MetricFamily, error) {
	select {
	case <-g.done:
		return g.families, g.err
	default:
	}
	timer := time.NewTimer(patience - time.Since(g.start))
	defer timer.Stop()
	select {
	case <-g.done:
		return g.families, g.err
	case <-timer.C:
		return nil, fmt.Errorf("gathering the host's metrics takes longer than %v", patience)
	}
}
