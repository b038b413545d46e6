package registry

import (
	"context"
	"time"
)

// sweepStep is how many slots are visited in one hold of a lock: few enough that
// a report never waits noticeably, even when the whole fleet expires at once.
const sweepStep = 16

// Sweep frees the memory of samples that have expired and of nodes that are to
// be forgotten. What a scrape shows does not depend on it.
//
// It takes a step in each shard in turn. Step after step in the same one, a
// report that waits for its lock would wake up too late each time and find it
// taken again.
func (r *Registry) Sweep() {
	var sweeps [shardCount]sweep
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	for left := shardCount; left > 0; {
		for i := range sweeps {
			s := &sweeps[i]
			if s.done {
				continue
			}
			if r.step(&r.shards[i], s, w); s.done {
				left--
			}
			for _, e := range s.found {
				r.notify(e.node, e.change)
			}
			s.found = s.found[:0]
		}
	}
}

// sweep is how far a sweep of one shard has come.
type sweep struct {
	begun, done bool
	at, left    int // the slot visited last, and how many are to come
	found       []swept
}

// swept is a node that was found to have changed.
type swept struct {
	node   string
	change Change
}

// begin begins behind a free slot. Going backwards from there, what a removal
// moves up into the gap has always been visited. (A node that is added meanwhile
// may disturb that; then the next sweep finds what this one misses.)
func (s *sweep) begin(t *table) {
	s.begun, s.left = true, len(t.slots)
	for s.at < s.left && t.slots[s.at].hash != 0 {
		s.at++
	}
}

// step visits up to sweepStep slots of a shard, and gathers the nodes that it
// finds changed.
func (r *Registry) step(t *shard, s *sweep, w *blockWriter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.begun {
		s.begin(&t.table)
	}
	now, retention := r.now(), r.options.Load().Retention
	for range min(sweepStep, s.left, len(t.slots)) {
		s.left--
		s.at = (s.at - 1) & (len(t.slots) - 1)
		e := &t.slots[s.at]
		if e.hash == 0 {
			continue
		}
		switch st := e.state(now, retention); {
		case st == stateForgotten:
			s.found = append(s.found, swept{e.name, ForgottenByRetention})
			r.retire(t, e)
		case st == stateExpired && e.reported && !e.expired:
			s.found = append(s.found, swept{e.name, expiry(e)})
			e.expired, e.block, e.mapping, e.samples = true, w.shed(e.block, e.mapping).clone(), nil, 0
		}
	}
	if s.left == 0 || len(t.slots) == 0 {
		s.done = true
		t.fit()
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
