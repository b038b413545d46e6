package registry

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Registry holds the nodes. All its methods may be called by any number of
// goroutines at once; none blocks for longer than it takes to visit the nodes
// of one shard.
type Registry struct {
	start   time.Time       // the clock's zero
	seeds   [2]maphash.Seed // of key's hashes
	options atomic.Pointer[Options]
	changed func(node string, c Change)
	nodes   atomic.Int64
	// snapshots counts those that are not released. While there are any, no
	// block is overwritten.
	snapshots atomic.Int64
	shards    [shardCount]shard
	events    [changeCount]atomic.Uint64
}

// shardCount keeps the nodes that one lock guards few, even in a fleet of
// 100,000: whoever walks a shard holds its lock for some 50 µs then.
const shardCount = 64

// shard is a part of the nodes under one lock.
type shard struct {
	mu sync.Mutex
	table
}

// entry is a node. Times are nanoseconds since Registry.start.
//
// Its size is two cache lines; the fields by which it is found come first.
type entry struct {
	key
	name    string
	block   Block            // of the newest report; after expiry only the status lines
	mapping *mapping.Mapping // of block's samples; nil without any

	received time.Duration
	expires  time.Duration // of a node without any report: when it should have come
	// graceEnd is when the grace after a disconnect ends; 0 while connected.
	graceEnd time.Duration
	admit    time.Duration // when the node has used up its share of reports (GCRA)
	override time.Duration
	time     float64 // the newest report's own time, 0 if unknown
	interval float64 // as it declared, in seconds

	samples      int32 // in block, beside its status lines
	statusSeries int8  // in block
	reported     bool  // there has been a report
	expired      bool  // noticed, its samples freed
	expected     bool  // has a Node object: only its deletion makes it forgotten
}

// New returns an empty registry. changed, if not nil, is told what becomes of
// each node; it is called without any lock held, by whoever caused the change
// or noticed it, and must not block. Of changes that are noticed together, such
// as the expiry of a node that is found when it returns, it is told the last. It starts no goroutine: see [Registry.Run].
func New(o Options, changed func(node string, c Change)) (*Registry, error) {
	o = o.WithDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if changed == nil {
		changed = func(string, Change) {}
	}
	r := &Registry{start: time.Now(), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, changed: changed}
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
	r.options.Store(&o)
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		o := r.options.Load() // another goroutine's may have come since
		now := r.now()
		for i := range s.slots {
			e := &s.slots[i]
			if e.hash == 0 {
				continue
			}
			e.override = o.override(e.name)
			if e.state(now, o.Retention) == stateFresh {
				e.expires = e.received + o.ttl(e)
				if e.graceEnd > 0 {
					e.expires = min(e.expires, e.graceEnd)
				}
			}
		}
		s.mu.Unlock()
	}
	return nil
}

func (r *Registry) now() time.Duration { return time.Since(r.start) }

// shard returns where a node is kept, and the key by which it is found there.
func (r *Registry) shard(node string) (*shard, key) {
	k := key{maphash.String(r.seeds[0], node) | 1<<63, maphash.String(r.seeds[1], node)}
	return &r.shards[k.hash%shardCount], k
}

// add makes a node known. The shard's lock is held.
func (r *Registry) add(s *shard, k key, node string) (*entry, error) {
	o := r.options.Load()
	if n := r.nodes.Add(1); n > int64(o.Nodes) {
		r.nodes.Add(-1)
		return nil, tooManyNodes(node, o)
	}
	e := s.table.add(k, strings.Clone(node))
	e.override = o.override(node)
	return e, nil
}

// known returns what is known of a node, nil if that is nothing, or nothing any
// more. The shard's lock is held.
func (r *Registry) known(s *shard, k key, now time.Duration) *entry {
	e := s.get(k)
	if e != nil && e.state(now, r.options.Load().Retention) == stateForgotten {
		r.retire(s, e)
		r.events[ForgottenByRetention].Add(1)
		return nil
	}
	return e
}

// retire removes a node whose retention is over. The shard's lock is held.
func (r *Registry) retire(s *shard, e *entry) {
	if e.reported && !e.expired {
		r.events[expiry(e)].Add(1) // nobody noticed, but it was off the page
	}
	r.remove(s, e)
}

func tooManyNodes(node string, o *Options) error {
	return &Refusal{TooManyNodes, fmt.Sprintf("node %q is one more than %d, which is the limit", node, o.Nodes)}
}

// remove forgets a node. The shard's lock is held.
func (r *Registry) remove(s *shard, e *entry) {
	r.nodes.Add(-1)
	s.table.remove(e)
}
