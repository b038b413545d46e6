package registry

import (
	"context"
	"time"
)

// sweepStep is how many slots are visited in one hold of a lock. A report that
// finds it taken waits a few µs without going to sleep, and a step, each of whose
// nodes is out of the cache in a large fleet, has to be over by then: a report
// that sleeps is woken by the machine's scheduler, which may take milliseconds.
// For the same reason nothing is allocated meanwhile.
const sweepStep = 4

// statusRoom is how many bytes the status lines of a node take whose name is not
// very long.
const statusRoom = 160

// Sweep frees the memory of samples that have expired and of nodes that are to
// be forgotten. What a scrape shows does not depend on it.
//
// It takes a step in each shard in turn. Step after step in the same one, a
// report that waits for its lock would wake up too late each time and find it
// taken again.
func (r *Registry) Sweep() {
	var sweeps [shardCount]sweep
	w := new(sweeper)
	for left := shardCount; left > 0; {
		for i := range sweeps {
			s := &sweeps[i]
			if s.done {
				continue
			}
			if r.step(&r.shards[i], s, w); s.done {
				left--
			}
			for _, e := range w.found {
				r.notify(e.node, e.change)
			}
		}
	}
}

// sweep is how far a sweep of one shard has come.
type sweep struct {
	begun, done bool
	at, left    int // the slot visited last, and how many are to come
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

// sweeper is what a sweep has in hand from step to step.
type sweeper struct {
	blockWriter
	rooms [sweepStep]Block // for blocks to come
	found []swept          // in the step before
}

// prepare makes room for what a step finds.
func (w *sweeper) prepare() {
	if w.found == nil {
		w.found = make([]swept, 0, sweepStep)
	}
	w.found = w.found[:0]
	for i := range w.rooms {
		if w.rooms[i] == nil {
			w.rooms[i] = make(Block, 0, statusRoom)
		}
	}
}

// keep returns a copy of b in room prepared, if b is not too long for it.
func (w *sweeper) keep(b Block) Block {
	for i := range w.rooms {
		if room := w.rooms[i]; len(b) <= cap(room) {
			w.rooms[i] = nil
			return append(room, b...)
		}
	}
	return b.clone()
}

// step visits up to sweepStep slots of a shard, and gathers in w.found the nodes
// that it finds changed.
func (r *Registry) step(t *shard, s *sweep, w *sweeper) {
	w.prepare()
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
			w.found = append(w.found, swept{e.name, ForgottenByRetention})
			r.retire(t, e)
		case st == stateExpired && e.reported && !e.expired:
			w.found = append(w.found, swept{e.name, expiry(e)})
			e.expired, e.block, e.mapping, e.samples = true, w.keep(w.shed(e.block, e.mapping)), nil, 0
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
