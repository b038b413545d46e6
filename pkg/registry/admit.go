package registry

import (
	"fmt"
	"sync"
	"time"
)

// Admit counts a report of a node before it is decoded. Three kinds are refused
// this early and cheaply: reports over the node's rate, those of new nodes while
// there is no place for any, and those of a node that was deleted a moment ago. The
// error is a [*Refusal].
func (r *Registry) Admit(name string) error {
	s, hash := r.shard(name)
	known, err := r.admit(s, hash, name)
	if err != nil || known {
		return err
	}
	if o := r.options.Load(); r.nodes.Load() >= int64(o.Nodes) && !r.canMakePlace() {
		return tooManyNodes(name, o)
	}
	return nil
}

func (r *Registry) admit(s *shard, hash uint64, name string) (known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := r.now()
	rate := r.options.Load().ReportsPerSecond
	n := s.get(hash, name)
	if n == nil {
		if err := s.deleted(name, now); err != nil {
			return false, err
		}
		if usedUp := *s.strangers.of(hash); !spend(&usedUp, rate, time.Second, now) {
			return false, rateLimited(name, rate)
		}
		return false, nil
	}
	if !spend(&n.admit, rate, time.Second, now) {
		return true, rateLimited(name, rate)
	}
	return true, nil
}

// Refused tells that a report that was admitted could not be used. A node that
// is not known, because none of its reports ever could, is held to the rate by
// these.
func (r *Registry) Refused(name string) {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.get(hash, name) == nil {
		spend(s.strangers.of(hash), r.options.Load().ReportsPerSecond, time.Second, r.now())
	}
}

// claims bound how many nodes become known that only their own reports name.
type claims struct {
	sync.Mutex
	usedUp time.Duration // when this minute's are used up (GCRA)
}

// Claimed counts a node that only its own report names: nothing vouches for that
// it exists, so those that become known in a minute are limited. The error is a
// [*Refusal].
func (r *Registry) Claimed(name string) error {
	s, hash := r.shard(name)
	s.mu.Lock()
	known := s.get(hash, name) != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	perMinute := r.options.Load().NewNodesPerMinute
	r.claims.Lock()
	defer r.claims.Unlock()
	if !spend(&r.claims.usedUp, float64(perMinute)/60, time.Minute, r.now()) {
		return &Refusal{TooManyNewNodes, fmt.Sprintf("node %q is one more than the %d that may become known in a minute", name, perMinute)}
	}
	return nil
}

func rateLimited(name string, rate float64) error {
	return &Refusal{RateLimited, fmt.Sprintf("node %q sends more than %v reports per second, which is the limit", name, rate)}
}

func tooManyNodes(name string, o *Options) error {
	return &Refusal{TooManyNodes, fmt.Sprintf("node %q is one more than %d, which is the limit", name, o.Nodes)}
}
