package registry

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Registry holds the nodes. All its methods may be called by any number of
// goroutines at once; none blocks for longer than it takes to visit the nodes
// of one shard.
type Registry struct {
	start   time.Time // the clock's zero
	seed    maphash.Seed
	options atomic.Pointer[Options]
	changed func(node string, c Change)
	nodes   atomic.Int64
	// snapshots counts those that are not released. While there are any, no
	// block is overwritten.
	snapshots atomic.Int64
	shards    [shardCount]shard
	events  [changeCount]atomic.Uint64
}

// shardCount keeps the nodes that one lock guards few, even in a fleet of
// 100,000: whoever walks a shard holds its lock for some 50 µs then.
const shardCount = 64

// shard is a part of the nodes under one lock.
type shard struct {
	mu    sync.Mutex
	nodes map[string]*entry
	// dense has the same entries in an order that removals alone disturb:
	// walking it is faster than walking the map, and two scrapes see the
	// nodes in the same order.
	dense []*entry
}

// entry is a node. Times are nanoseconds since Registry.start.
//
// The fields are in an order and of sizes that make an entry two cache lines:
// in a large fleet each report finds them out of the cache.
type entry struct {
	name    string
	block   Block            // of the newest report; after expiry only the status lines
	mapping *sysinfo.Mapping // of block's samples; nil without any

	received time.Duration
	expires  time.Duration // of a node without any report: when it should have come
	// graceEnd is when the grace after a disconnect ends; 0 while connected.
	graceEnd time.Duration
	admit    time.Duration // when the node has used up its share of reports (GCRA)
	override time.Duration
	time     float64 // the newest report's own time, 0 if unknown
	interval float64 // as it declared, in seconds

	samples      int32 // in block, beside its status lines
	index        int32 // in shard.dense
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
	r := &Registry{start: time.Now(), seed: maphash.MakeSeed(), changed: changed}
	r.options.Store(&o)
	for i := range r.shards {
		r.shards[i].nodes = map[string]*entry{}
	}
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
		for _, e := range s.dense {
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

func (r *Registry) shard(node string) *shard {
	return &r.shards[maphash.String(r.seed, node)%shardCount]
}

// add makes a node known. The shard's lock is held.
func (r *Registry) add(s *shard, node string) (*entry, error) {
	o := r.options.Load()
	if n := r.nodes.Add(1); n > int64(o.Nodes) {
		r.nodes.Add(-1)
		return nil, tooManyNodes(node, o)
	}
	e := &entry{name: node, override: o.override(node), index: int32(len(s.dense))}
	s.nodes[node] = e
	s.dense = append(s.dense, e)
	return e, nil
}

// known returns what is known of a node, nil if that is nothing, or nothing any
// more. The shard's lock is held.
func (r *Registry) known(s *shard, node string, now time.Duration) *entry {
	e := s.nodes[node]
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
	delete(s.nodes, e.name)
	last := len(s.dense) - 1
	s.dense[e.index] = s.dense[last]
	s.dense[e.index].index = e.index
	s.dense[last] = nil
	s.dense = s.dense[:last]
	if room := cap(s.dense); room > 16 && last < room/4 {
		s.shrink()
	}
}

// shrink gives back the room of nodes that are gone, which neither maps nor
// slices do by themselves.
func (s *shard) shrink() {
	s.dense = slices.Clone(s.dense)
	s.nodes = make(map[string]*entry, len(s.dense))
	for _, e := range s.dense {
		s.nodes[e.name] = e
	}
}
