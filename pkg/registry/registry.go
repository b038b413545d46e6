package registry

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Registry holds the nodes. All its methods may be called by any number of
// goroutines at once; none blocks for longer than it takes to visit the nodes
// of one shard.
type Registry struct {
	start   time.Time    // the clock's zero
	seed    maphash.Seed // of the nodes' hashes
	options atomic.Pointer[Options]
	changed func(name string, c Change) // told what becomes of a node, with no lock held

	// snapshots counts those that are not released. While there are any, no
	// block is overwritten.
	snapshots atomic.Int64
	shards    [shardCount]shard

	// What all nodes have together, within the limits of the options.
	nodes  atomic.Int64 // places that are taken, or promised to a node
	used   budget       // series and bytes
	claims claims       // nodes that only their own reports name
	room   room         // how more is made when there is none

	// What has happened so far.
	events    [changeCount]atomic.Uint64 // by Change
	shed      atomic.Uint64              // samples left out because their nodes had more than their share
	conflicts atomic.Uint64              // reports of nodes under whose name two machines report
}

// shardCount keeps the nodes that one lock guards few, even in a fleet of
// 100,000: a walk through a shard then holds its lock for some 50 µs.
const shardCount = 64

// shard is a part of the nodes under one lock.
type shard struct {
	mu sync.Mutex
	table
	strangers strangers                // the rates of names that are not in table
	gone      map[string]time.Duration // deleted nodes, and until when their reports are refused
}

// New returns an empty registry. changed, if not nil, is told what becomes of
// each node; it is called without any lock held, by whoever caused the change
// or noticed it, and must not block. If several changes are noticed at once, such
// as the expiry of a node and its return, it is told only the last. New starts no
// goroutine: see [Registry.Run].
func New(o Options, changed func(name string, c Change)) (*Registry, error) {
	o = o.WithDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if changed == nil {
		changed = func(string, Change) {}
	}
	r := &Registry{start: time.Now(), seed: maphash.MakeSeed(), changed: changed}
	r.options.Store(&o)
	return r, nil
}

// Options returns the options in force, defaults filled in.
func (r *Registry) Options() Options { return *r.options.Load() }

// SetOptions takes up new options while running. The TTL of every fresh node
// is worked out anew from the receipt of its newest report; an expired node
// stays expired. On an error the old options stay.
func (r *Registry) SetOptions(o Options) error {
	o = o.WithDefaults()
	if err := o.check(); err != nil {
		return err
	}
	r.Sweep() // by the old options, so that no forgotten node comes back
	rated := o.ReportsPerSecond != r.options.Load().ReportsPerSecond
	r.options.Store(&o)
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		o := r.options.Load() // another goroutine's may have come since
		now := r.now()
		if rated {
			s.strangers = strangers{}
		}
		s.each(func(n *node) {
			n.override = o.override(n.name())
			if rated {
				n.admit = min(n.admit, now)
			}
			if n.state(now, o.Retention) == stateFresh {
				n.renew(o)
			}
		})
		s.mu.Unlock()
	}
	r.lookAgain()
	if over := r.used.now().minus(o.limit()).positive(); over != (use{}) {
		r.used.give(r.makeRoom(over))
	}
	r.expectWaiting()
	return nil
}

func (r *Registry) now() time.Duration { return time.Since(r.start) }

// shard returns where a node is kept, and the hash by which it is found there.
func (r *Registry) shard(name string) (*shard, uint64) {
	hash := maphash.String(r.seed, name) | 1<<63
	return &r.shards[hash%shardCount], hash
}

// add makes a node known whose place and use have been acquired. The shard's lock is held.
func (r *Registry) add(s *shard, hash uint64, name string, b Block) *node {
	n := s.table.add(hash)
	n.block, n.escaped = b, len(b.label()) != len(name)
	n.override = r.options.Load().override(name)
	n.admit = r.now()
	return n
}

// known returns what is known of a node, nil if that is nothing, or nothing any
// more. The shard's lock is held.
func (r *Registry) known(s *shard, hash uint64, name string, now time.Duration) *node {
	n := s.get(hash, name)
	if n != nil && n.state(now, r.options.Load().Retention) == stateForgotten {
		r.retire(s, n, now)
		r.events[ForgottenByRetention].Add(1)
		return nil
	}
	return n
}

// retire removes a node whose retention has ended. The shard's lock is held.
func (r *Registry) retire(s *shard, n *node, now time.Duration) {
	if n.unnoticed(now) {
		r.events[n.expiry()].Add(1)
	}
	r.remove(s, n)
}

// remove forgets a node and frees its place. The shard's lock is held.
func (r *Registry) remove(s *shard, n *node) {
	r.nodes.Add(-1)
	r.evict(s, n)
}

// evict forgets a node whose place another one gets. The shard's lock is held.
func (r *Registry) evict(s *shard, n *node) {
	r.used.give(n.use())
	s.table.remove(n)
}

// Conflicts returns how many reports came of nodes under whose name two machines
// report, which is told by their clocks.
func (r *Registry) Conflicts() uint64 { return r.conflicts.Load() }

// Shed returns how many samples were left out because their nodes had more than
// their share of Options.Series and Options.Bytes.
func (r *Registry) Shed() uint64 { return r.shed.Load() }
