package registry

import (
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// State is where in its life a node stands.
type State uint8

// The states of a node that is known.
const (
	Fresh   State = iota // reported within its TTL
	Pending              // expected, no report yet, and not overdue
	Expired              // silent for its TTL, or expected and overdue
)

// String returns the state's name for people and metrics.
func (s State) String() string { return [...]string{"fresh", "pending", "expired"}[s] }

// Look is what is known of a node at one moment, for people. Times are by the
// wall clock as it is now.
type Look struct {
	Name     string
	State    State
	Expected bool          // has a Node object
	Received time.Time     // of the newest report; zero if there was none
	Expires  time.Time     // when that ends, or ended, to count; of a node without any: when it should have come
	Interval time.Duration // between reports as the newest declares it; 0 if it declares none
	Skew     time.Duration // the newest report's own time minus Received; 0 if the report gave none
	Timed    bool          // whether it gave one
	Series   int           // on the page now
}

// Each calls visit for every node that is known, in no order. No lock is held
// meanwhile: a shard is copied first, so what is visited is at most that old. The
// Look is visit's until it returns; what it keeps of the name, it must clone.
func (r *Registry) Each(visit func(*Look)) {
	var (
		looks []Look
		names []byte
		ends  []int
	)
	retention := r.options.Load().Retention
	for i := range r.shards {
		looks, names, ends = looks[:0], names[:0], ends[:0]
		s := &r.shards[i]
		s.mu.Lock()
		now, wall := r.now(), time.Now()
		s.each(func(n *node) {
			state, ok := n.shown(now, retention)
			if !ok {
				return
			}
			if n.escaped {
				names = append(names, n.name()...)
			} else {
				names = append(names, n.block.label()...)
			}
			looks, ends = append(looks, n.look(state, now, wall)), append(ends, len(names))
		})
		s.mu.Unlock()
		all, begin := string(names), 0 // one string for all of a shard
		for i := range looks {
			looks[i].Name = all[begin:ends[i]]
			begin = ends[i]
			visit(&looks[i])
		}
	}
}

// Knows says whether a node is known, in whatever state.
func (r *Registry) Knows(name string) bool {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.get(hash, name)
	if n == nil {
		return false
	}
	_, ok := n.shown(r.now(), r.options.Load().Retention)
	return ok
}

// Lookup returns what is known of one node, and its lines: what they mean is told
// by the families, as in a [Group]. ok is false if nothing is known of it.
func (r *Registry) Lookup(name string) (l Look, families []mapping.Family, lines Block, ok bool) {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.get(hash, name)
	if n == nil {
		return Look{}, nil, nil, false
	}
	now := r.now()
	state, ok := n.shown(now, r.options.Load().Retention)
	if !ok {
		return Look{}, nil, nil, false
	}
	if state == Expired {
		w := writers.Get().(*blockWriter)
		defer writers.Put(w)
		r.shedNode(n, w, nil)
	}
	l = n.look(state, now, time.Now())
	l.Name = strings.Clone(name)
	if state == Pending {
		return l, nil, nil, true
	}
	families = mapping.Status[:]
	if n.mapping != nil {
		families = n.mapping.Families()
	}
	return l, families, n.block.clone(), true
}

// shown returns the state of a node, and false if it is to be forgotten.
func (n *node) shown(now, retention time.Duration) (State, bool) {
	switch n.state(now, retention) {
	case stateFresh:
		return Fresh, true
	case statePending:
		return Pending, true
	case stateExpired:
		return Expired, true
	}
	return 0, false
}

// look returns what is known of a node but its name.
func (n *node) look(state State, now time.Duration, wall time.Time) Look {
	l := Look{State: state, Expected: n.expected, Expires: wall.Add(n.expires - now)}
	if n.reported {
		l.Received = wall.Add(n.received - now)
		l.Interval = time.Duration(n.interval * float64(time.Second))
		if n.time != 0 {
			sent := time.UnixMilli(int64(n.time * 1e3))
			l.Skew, l.Timed = sent.Sub(l.Received).Round(time.Millisecond), true
		}
	}
	switch state {
	case Fresh:
		l.Series = int(n.samples) + int(n.status)
	case Expired:
		l.Series = n.downLines()
	}
	return l
}
