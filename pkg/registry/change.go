package registry

// Change is something that happens to a node.
type Change uint8

// What can happen to a node.
const (
	unchanged            Change = iota
	Appeared                    // its first report was taken
	Returned                    // the first report after it had expired
	ExpiredByTTL                // nothing for its TTL
	ExpiredByDisconnect         // nothing for the grace after its session ended
	ForgottenByRetention        // expired for the retention
	ForgottenByDeletion         // deleted
	ForgottenForRoom            // there were too many nodes, and nobody expected it
	changeCount
)

// String returns the change's name for people and metrics.
func (c Change) String() string {
	return [changeCount]string{"unchanged", "appeared", "returned", "expired", "expired after disconnect",
		"forgotten", "forgotten after deletion", "forgotten to make room"}[c]
}

// Count returns how often c has happened to any node.
func (r *Registry) Count(c Change) uint64 { return r.events[c].Load() }

func (r *Registry) notify(name string, c Change) {
	r.events[c].Add(1)
	r.changed(name, c)
}
