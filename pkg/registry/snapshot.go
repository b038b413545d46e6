package registry

import (
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// Snapshot is what a scrape shows: references to the blocks of the nodes as
// they were at one moment. It stays as it is whatever comes later, and keeps
// in memory only blocks that have been replaced since.
//
// It belongs to one goroutine. Its memory can be used again with the next
// [Registry.Snapshot]; call Release in between so that it holds no old block.
type Snapshot struct {
	// Groups are the fresh nodes' blocks by the mapping they were made
	// with; the mapping of the newest report is in the first. More than one
	// there is only while a new mapping is taken up.
	Groups []Group
	// Expired are the blocks of expected or expired nodes, of which only
	// the status lines count, and of edge_node_up the value is 0.
	Expired []Block
}

// Group is the blocks of one mapping.
type Group struct {
	Mapping *sysinfo.Mapping
	Blocks  []Block

	newest time.Duration
}

// Snapshot fills s with the nodes as they are now.
func (r *Registry) Snapshot(s *Snapshot) {
	s.Release()
	retention := r.options.Load().Retention
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		now := r.now()
		var group *Group
		for _, e := range sh.dense {
			switch e.state(now, retention) {
			case stateFresh:
				if group == nil || group.Mapping != e.mapping {
					group = s.group(e.mapping)
				}
				group.Blocks = append(group.Blocks, e.block)
				group.newest = max(group.newest, e.received)
			case stateExpired:
				s.Expired = append(s.Expired, e.block)
			}
		}
		sh.mu.Unlock()
	}
	for i := range s.Groups {
		if s.Groups[i].newest > s.Groups[0].newest {
			s.Groups[0], s.Groups[i] = s.Groups[i], s.Groups[0]
		}
	}
}

func (s *Snapshot) group(m *sysinfo.Mapping) *Group {
	for i := range s.Groups {
		if s.Groups[i].Mapping == m {
			return &s.Groups[i]
		}
	}
	if n := len(s.Groups); n < cap(s.Groups) {
		s.Groups = s.Groups[:n+1] // with the memory of an earlier one
	} else {
		s.Groups = append(s.Groups, Group{})
	}
	g := &s.Groups[len(s.Groups)-1]
	g.Mapping = m
	return g
}

// Release lets go of all blocks.
func (s *Snapshot) Release() {
	for i := range s.Groups {
		g := &s.Groups[i]
		clear(g.Blocks)
		*g = Group{Blocks: g.Blocks[:0]}
	}
	s.Groups = s.Groups[:0]
	clear(s.Expired)
	s.Expired = s.Expired[:0]
}
