package registry

import (
	"context"
	"math"
	"time"
)

// sweepStep is how many nodes are swept in one hold of a lock: few enough that
// a report never waits noticeably, even when the whole fleet expires at once.
const sweepStep = 64

// Sweep frees the memory of samples that have expired and of nodes that are to
// be forgotten. What a scrape shows does not depend on it.
//
// It takes a step in each shard in turn. Step after step in the same one, a
// report that waits for its lock would wake up too late each time and find it
// taken again.
func (r *Registry) Sweep() {
	var next [shardCount]int // nodes of each shard that are still to be visited
	for i := range next {
		next[i] = math.MaxInt
	}
	var found []swept
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	for left := shardCount; left > 0; {
		for i := range r.shards {
			if next[i] == 0 {
				continue
			}
			if next[i], found = r.sweep(&r.shards[i], next[i], found[:0], w); next[i] == 0 {
				left--
			}
			for _, e := range found {
				r.notify(e.node, e.change)
			}
		}
	}
}

// swept is a node that was found to have changed.
type swept struct {
	node   string
	change Change
}

// sweep visits up to sweepStep nodes of s, from the next-th on towards the first:
// a removal moves a node from the end, which has been visited, into the gap. It
// returns how many are left, and appends those that changed to found.
func (r *Registry) sweep(s *shard, next int, found []swept, w *blockWriter) (int, []swept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, retention := r.now(), r.options.Load().Retention
	next = min(next, len(s.dense))
	for stop := max(0, next-sweepStep); next > stop; next-- {
		e := s.dense[next-1]
		switch st := e.state(now, retention); {
		case st == stateForgotten:
			r.retire(s, e)
			found = append(found, swept{e.name, ForgottenByRetention})
		case st == stateExpired && e.reported && !e.expired:
			found = append(found, swept{e.name, expiry(e)})
			e.expired, e.block, e.mapping, e.samples = true, w.shed(e.block, e.mapping).clone(), nil, 0
		}
	}
	return next, found
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
