package registry

import (
	"context"
	"time"
)

// statusRoom is how many bytes the status lines of a node take whose name is not
// very long.
const statusRoom = 160

// Sweep frees the memory of samples that have expired and of nodes that are to
// be forgotten. What a scrape shows does not depend on it.
//
// It visits slotsPerVisit slots of each shard in turn, each time under the lock
// anew.
func (r *Registry) Sweep() {
	var sweeps [shardCount]sweep
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	room := make(Block, 0, statusRoom) // for the next block, made while no lock is held
	var noticed []noticed
	for left := shardCount; left > 0; {
		for i := range sweeps {
			s := &sweeps[i]
			if s.done {
				continue
			}
			noticed = r.visit(&r.shards[i], s, w, room, noticed[:0])
			for _, c := range noticed {
				r.notify(c.name, c.Change)
				room = make(Block, 0, statusRoom)
			}
			if s.done {
				left--
			}
		}
	}
	r.expectWaiting()
}

// slotsPerVisit is how many slots a sweep visits in one hold of a shard's lock. A
// visit of eight expired nodes takes some µs, about as long as a waiting report
// spins before it goes to sleep. More would shorten a sweep by little, while with
// one node per hold it takes half as long again (measured with BenchmarkSweep).
const slotsPerVisit = 8

// noticed is a change that a sweep noticed.
type noticed struct {
	name string
	Change
}

// sweep is how far a sweep of one shard has come.
type sweep struct {
	begun, done bool
	end, left   int // the slot visited last, and how many are to come
}

// begin starts after a free slot. From there the sweep walks backwards, so nodes
// that a removal moves up into its gap were visited already. (A node that is added
// meanwhile may disturb that; then the next sweep finds what this one misses.)
func (s *sweep) begin(t *table) {
	s.begun, s.left, s.end = true, len(t.slots), t.gap()
}

// visit visits the next slots of a shard, and appends what it finds changed there.
// The first block that is written anew takes room, if that is enough.
func (r *Registry) visit(t *shard, s *sweep, w *blockWriter, room Block, changes []noticed) []noticed {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.begun {
		s.begin(&t.table)
	}
	if s.left == 0 || len(t.slots) == 0 {
		s.done = true
		t.fit()
		t.purge(r.now())
		return changes
	}
	now, retention := r.now(), r.options.Load().Retention
	count := min(slotsPerVisit, s.left)
	t.walk(s.end, count, func(n *node) {
		switch st := n.state(now, retention); {
		case st == stateForgotten:
			changes = append(changes, noticed{n.name(), ForgottenByRetention})
			r.retire(t, n, now)
		case st == stateExpired && n.unnoticed(now):
			changes = append(changes, noticed{n.name(), n.expiry()})
			r.shedNode(n, w, room)
			n.expired, room = true, nil
		}
	})
	s.end, s.left = s.end-count, s.left-count
	return changes
}

// Run sweeps until ctx is done, and returns its error.
func (r *Registry) Run(ctx context.Context) error {
	for {
		// Often enough that expired samples are held for a fraction of the TTL.
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
