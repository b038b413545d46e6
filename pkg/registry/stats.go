package registry

// Stats counts nodes by state, and their series.
type Stats struct {
	Fresh   int
	Expired int // expired, or expected and overdue
	Pending int // expected, and not yet overdue
	Series  int // exposed now, the status families' included
}

// Stats counts what is there now.
func (r *Registry) Stats() Stats {
	var st Stats
	retention := r.options.Load().Retention
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		now := r.now()
		s.each(func(n *node) {
			switch n.state(now, retention) {
			case stateFresh:
				st.Fresh++
				st.Series += int(n.samples) + int(n.status)
			case stateExpired:
				st.Expired++
				st.Series += n.downLines()
			case statePending:
				st.Pending++
			}
		})
		s.mu.Unlock()
	}
	return st
}

// Usage is what all nodes take together of the limits.
type Usage struct {
	Nodes  int
	Series int64 // of Options.Series; those of nodes that are not shown yet count too
	Bytes  int64 // of Options.Bytes
}

// Used returns what is taken now.
func (r *Registry) Used() Usage {
	u := r.used.now()
	return Usage{int(r.nodes.Load()), u.series, u.bytes}
}
