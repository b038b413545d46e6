package registry

import (
	"fmt"
	"time"
)

// Expect makes a node known that has a Node object, whether or not it ever
// reports: without a report its edge_node_up is 0 once Options.ExpectGrace
// has passed. An expected node is not forgotten until [Registry.Forget]. Calling
// it again changes nothing.
//
// If there are too many nodes, one that nobody expects makes room. If all are
// expected the error is a [*Refusal], and the node gets the next place that becomes
// free.
func (r *Registry) Expect(name string) error {
	err := r.expect(name)
	if err != nil {
		r.wait(name)
	}
	return err
}

func (r *Registry) expect(name string) error {
	s, hash := r.shard(name)
	var c credit
	defer func() { r.giveBack(c) }()
	for {
		s.mu.Lock()
		need, err := r.expectIn(s, hash, name, &c)
		s.mu.Unlock()
		if err != nil || !need.any() {
			return err
		}
		if err := r.meet(need, &c, name, true); err != nil {
			return err
		}
	}
}

// expectIn is Expect under the shard's lock. It returns what it needs.
func (r *Registry) expectIn(s *shard, hash uint64, name string, c *credit) (needs, error) {
	delete(s.gone, name)
	now := r.now()
	n := r.known(s, hash, name, now)
	if n == nil {
		w := new(blockWriter)
		b := w.down(name)
		cost := use{1, int64(w.bytes)}
		if need := r.acquire(cost, true, c); need.any() {
			return need, nil
		}
		n = r.add(s, hash, name, b.clone())
		n.status, n.bytes = 1, int32(w.bytes)
		n.expires = now + n.grace(r.options.Load())
	}
	n.expected = true
	return needs{}, nil
}

// Disconnected shortens the life of the node's newest report to
// Options.DisconnectGrace from now: its session ended, and it may be reporting
// elsewhere already. The next report takes that back. Unknown nodes are ignored,
// and calling it again changes nothing.
func (r *Registry) Disconnected(name string) {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.get(hash, name)
	now := r.now()
	if n == nil || !n.reported || n.graceEnd > 0 || now >= n.expires {
		return
	}
	n.graceEnd = now + r.options.Load().DisconnectGrace
	n.expires = min(n.expires, n.graceEnd)
}

// Connected takes back a Disconnected whose grace has not ended: the node's
// session is there again, and its newest report counts for its whole TTL.
func (r *Registry) Connected(name string) {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.gone, name)
	n := s.get(hash, name)
	if n == nil || n.graceEnd == 0 || r.now() >= n.expires {
		return
	}
	n.graceEnd = 0
	n.renew(r.options.Load())
}

// deletedFor is how long a deleted node's reports are refused.
const deletedFor = 2 * time.Second

// Forget removes every trace of a node at once: its Node object was deleted. A
// report that was still on its way does not bring it back: for two seconds the
// node's reports are refused, unless it is expected or connected again.
func (r *Registry) Forget(name string) {
	r.waits(name)
	s, hash := r.shard(name)
	s.mu.Lock()
	now := r.now()
	if s.gone == nil {
		s.gone = map[string]time.Duration{}
	}
	s.purge(now)
	s.gone[name] = now + deletedFor
	n := s.get(hash, name)
	if n != nil {
		r.remove(s, n)
		s.fit()
	}
	s.mu.Unlock()
	if n != nil {
		r.notify(name, ForgottenByDeletion)
	}
	r.expectWaiting()
}

// deleted returns an error for a node that was deleted a moment ago. The shard's
// lock is held.
func (s *shard) deleted(name string, now time.Duration) error {
	if len(s.gone) == 0 || now >= s.gone[name] {
		return nil
	}
	return &Refusal{Forgotten, fmt.Sprintf("node %q was deleted a moment ago", name)}
}

// purge lets go of the deletions that no report can follow any more.
func (s *shard) purge(now time.Duration) {
	for name, until := range s.gone {
		if now >= until {
			delete(s.gone, name)
		}
	}
}
