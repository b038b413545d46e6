package registry

import "time"

// Expect makes a node known that has a Node object, whether or not it ever
// reports: without a report its edge_node_up is 0 once Options.ExpectGrace
// has passed. An expected node is not forgotten until [Registry.Forget]. The
// error is a [*Refusal]. Calling it again changes nothing.
func (r *Registry) Expect(node string) error {
	s, k := r.shard(node)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := r.now()
	e := r.known(s, k, now)
	if e == nil {
		var err error
		if e, err = r.add(s, k, node); err != nil {
			return err
		}
		e.block, e.statusSeries = new(blockWriter).renderStatus(e.name, status{}).clone(), 1
		e.expires = now + r.options.Load().ExpectGrace
	}
	e.expected = true
	return nil
}

// Disconnected pulls the node's expiry in to Options.DisconnectGrace from now:
// its session ended, and it may be reporting elsewhere already. The next
// report takes that back. Unknown nodes are ignored, and calling it again
// changes nothing.
func (r *Registry) Disconnected(node string) {
	s, k := r.shard(node)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.get(k)
	now := r.now()
	if e == nil || !e.reported || e.graceEnd > 0 || now >= e.expires {
		return
	}
	e.graceEnd = now + r.options.Load().DisconnectGrace
	e.expires = min(e.expires, e.graceEnd)
}

// Connected takes back a Disconnected whose grace has not ended: the node's
// session is there again, and its newest report counts for its whole TTL.
func (r *Registry) Connected(node string) {
	s, k := r.shard(node)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.get(k)
	if e == nil || e.graceEnd == 0 || r.now() >= e.expires {
		return
	}
	e.graceEnd = 0
	e.expires = e.received + r.options.Load().ttl(e)
}

// Forget removes every trace of a node at once: its Node object was deleted.
func (r *Registry) Forget(node string) {
	s, k := r.shard(node)
	s.mu.Lock()
	e := s.get(k)
	if e != nil {
		r.remove(s, e)
		s.fit()
	}
	s.mu.Unlock()
	if e != nil {
		r.notify(node, ForgottenByDeletion)
	}
}

// state is where in its life a node stands.
type state uint8

const (
	stateFresh     state = iota
	statePending         // expected, no report yet, and not overdue
	stateExpired         // expired, or expected and overdue
	stateForgotten       // only its memory is still to be freed
)

func (e *entry) state(now, retention time.Duration) state {
	switch {
	case now < e.expires && e.reported && !e.expired:
		return stateFresh
	case now < e.expires && !e.reported:
		return statePending
	case !e.expected && now >= e.expires+retention:
		return stateForgotten
	}
	return stateExpired
}
