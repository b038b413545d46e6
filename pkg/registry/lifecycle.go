package registry

// Expect makes a node known that has a Node object, whether or not it ever
// reports: without a report its edge_node_up is 0 once Options.ExpectGrace
// has passed. An expected node is not forgotten until [Registry.Forget]. The
// error is a [*Refusal]. Calling it again changes nothing.
func (r *Registry) Expect(name string) error {
	s, hash := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := r.now()
	n := r.known(s, hash, name, now)
	if n == nil {
		if err := r.admitNode(name); err != nil {
			return err
		}
		n = r.add(s, hash, name, new(blockWriter).down(name).clone())
		n.status = 1
		n.expires = now + r.options.Load().ExpectGrace
	}
	n.expected = true
	return nil
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
	n := s.get(hash, name)
	if n == nil || n.graceEnd == 0 || r.now() >= n.expires {
		return
	}
	n.graceEnd = 0
	n.renew(r.options.Load())
}

// Forget removes every trace of a node at once: its Node object was deleted.
func (r *Registry) Forget(name string) {
	s, hash := r.shard(name)
	s.mu.Lock()
	n := s.get(hash, name)
	if n != nil {
		r.remove(s, n)
		s.fit()
	}
	s.mu.Unlock()
	if n != nil {
		r.notify(name, ForgottenByDeletion)
	}
}
