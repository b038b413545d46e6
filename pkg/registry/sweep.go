package registry

import (
	"context"
	"math"
	"time"
)

// sweepStep is how many nodes are swept in one hold of a lock: few enough that
// a report never waits noticeably, even when the whole fleet expires at once.
const sweepStep = 128

// Sweep frees the memory of samples that have expired and of nodes that are to
// be forgotten. What a scrape shows does not depend on it.
func (r *Registry) Sweep() {
	type event struct {
		node   string
		change Change
	}
	var events []event
	for i := range r.shards {
		s := &r.shards[i]
		// From the end to the beginning: a removal moves an entry from the
		// end, which has been visited, into the gap.
		for next := math.MaxInt; next > 0; {
			s.mu.Lock()
			now, retention := r.now(), r.options.Load().Retention
			next = min(next, len(s.dense))
			for stop := max(0, next-sweepStep); next > stop; next-- {
				e := s.dense[next-1]
				switch st := e.state(now, retention); {
				case st == stateForgotten:
					r.retire(s, e)
					events = append(events, event{e.name, ForgottenByRetention})
				case st == stateExpired && e.reported && !e.expired:
					events = append(events, event{e.name, expiry(e)})
					e.expired, e.block, e.mapping, e.samples = true, e.block.shed(e.mapping), nil, 0
				}
			}
			s.mu.Unlock()
			for _, ev := range events {
				r.notify(ev.node, ev.change)
			}
			events = events[:0]
		}
	}
}

// Run sweeps until ctx is done, and returns its error.
func (r *Registry) Run(ctx context.Context) error {
	for {
		// Often enough that expired samples are held for a fraction of the
		// TTL; a sweep that finds nothing costs some ns per node.
		period := min(max(r.options.Load().NodeTTL/8, 100*time.Millisecond), 10*time.Second)
		timer := time.NewTimer(period)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
			r.Sweep()
		}
	}
}
