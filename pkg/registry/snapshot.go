package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Snapshot is what a scrape shows: references to the blocks of the nodes. Each
// node is shown as it was at one moment while the snapshot was taken. It stays as it is whatever comes later, and keeps
// in memory only blocks that have been replaced since.
//
// It belongs to one goroutine, which must call Release when it is done with the
// blocks: until then reports that come are kept in new memory. After that, its
// own memory can be used for the next [Registry.Snapshot].
type Snapshot struct {
	registry *Registry // whose blocks it holds

	// Groups are the blocks by what their family indexes mean. First come
	// the fresh nodes, by the mapping of their report, that of the newest
	// report first: more than one there is only while a new mapping is
	// taken up. Then come the nodes that are down.
	Groups []Group
}

// Group is blocks with the same families.
type Group struct {
	Families []mapping.Family
	Blocks   []Block

	// Down nodes are expired, or expected and overdue. Their families are
	// those of mapping.Status, of which they have edge_node_up, which is 0, and
	// when they reported last, if they ever did.
	Down bool

	mapping *mapping.Mapping
	newest  time.Duration
}

// Snapshot fills s with the nodes as they are now.
func (r *Registry) Snapshot(s *Snapshot) {
	s.Release()
	s.registry = r
	r.snapshots.Add(1) // before the first block is taken: see Registry.keep
	retention := r.options.Load().Retention
	nodes := int(r.nodes.Load())
	w := writers.Get().(*blockWriter)
	defer writers.Put(w)
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		now := r.now()
		var last *Group // most nodes belong to the same one as the node before
		sh.each(func(n *node) {
			switch n.state(now, retention) {
			case stateFresh:
			case stateExpired:
				r.shedNode(n, w, nil) // so that all that is in a block is on the page
			default:
				return
			}
			if last == nil || last.mapping != n.mapping {
				last = s.group(n.mapping, nodes)
			}
			last.Blocks = append(last.Blocks, n.block)
			last.newest = max(last.newest, n.received)
		})
		sh.mu.Unlock()
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		if a.Down != b.Down {
			if b.Down {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.newest, a.newest)
	})
}

// group returns the group of the blocks made with m, nil for those of nodes that
// are down. A new one gets room for all nodes at once: growing step by step
// would take several times the memory. The pointer is good until the next
// call, which may move the groups.
func (s *Snapshot) group(m *mapping.Mapping, nodes int) *Group {
	for i := range s.Groups {
		if g := &s.Groups[i]; g.mapping == m {
			return g
		}
	}
	if n := len(s.Groups); n < cap(s.Groups) {
		s.Groups = s.Groups[:n+1] // with the memory of an earlier one
	} else {
		s.Groups = append(s.Groups, Group{})
	}
	g := &s.Groups[len(s.Groups)-1]
	g.mapping, g.Down, g.Families = m, m == nil, mapping.Status[:]
	if m != nil {
		g.Families = m.Families()
	}
	if cap(g.Blocks) < nodes {
		g.Blocks = make([]Block, 0, nodes)
	}
	return g
}

// Release lets go of all blocks. Calling it again changes nothing.
func (s *Snapshot) Release() {
	for i := range s.Groups {
		g := &s.Groups[i]
		clear(g.Blocks)
		*g = Group{Blocks: g.Blocks[:0]}
	}
	s.Groups = s.Groups[:0]
	if s.registry != nil {
		s.registry.snapshots.Add(-1)
		s.registry = nil
	}
}
