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
// It visits a slot in each shard in turn, each under the lock anew. A report that
// finds the lock taken waits a few µs before it goes to sleep, and a visit, even
// to a node that is out of the cache, is over by then; a report that sleeps is
// woken by the machine's scheduler, which may take milliseconds.
func (r *Registry) Sweep() {
	var sweeps [shardCount]sweep
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	room := make(Block, 0, statusRoom) // for the next block, made while no lock is held
	for left := shardCount; left > 0; {
		for i := range sweeps {
			s := &sweeps[i]
			if s.done {
				continue
			}
			node, change := r.visit(&r.shards[i], s, w, room)
			if change != unchanged {
				r.notify(node, change)
				room = make(Block, 0, statusRoom)
			}
			if s.done {
				left--
			}
		}
	}
}

// sweep is how far a sweep of one shard has come.
type sweep struct {
	begun, done bool
	at, left    int // the slot visited last, and how many are to come
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

// visit visits the next slot of a shard, and returns what it finds changed there.
// A block that is written anew takes room, if that is enough.
func (r *Registry) visit(t *shard, s *sweep, w *blockWriter, room Block) (node string, change Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.begun {
		s.begin(&t.table)
	}
	if s.left == 0 || len(t.slots) == 0 {
		s.done = true
		t.fit()
		return "", unchanged
	}
	s.left--
	s.at = (s.at - 1) & (len(t.slots) - 1)
	e := &t.slots[s.at]
	if e.hash == 0 {
		return "", unchanged
	}
	now, retention := r.now(), r.options.Load().Retention
	switch st := e.state(now, retention); {
	case st == stateForgotten:
		node, change = e.name, ForgottenByRetention
		r.retire(t, e)
	case st == stateExpired && e.reported && !e.expired:
		node, change = e.name, expiry(e)
		e.block = append(room, w.shed(e.block, e.mapping)...)
		e.expired, e.mapping, e.samples = true, nil, 0
	}
	return node, change
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
