package registry

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// room is how a registry that is full makes room.
type room struct {
	sync.Mutex
	hand uint // the shard where makeRoom goes on

	// oldest are nodes that nobody expects, those that expire first at the
	// front, as a look at all nodes found them. Until nextLook there is no use
	// in another one.
	oldest   []candidate
	nextLook time.Duration

	// full is until when, by Registry.now, there is no place for a new node that is
	// not expected. It is read without the lock.
	full atomic.Int64

	// waiting are the expected nodes for which there was no place.
	waiting map[string]struct{}
}

// candidate is a node that can give its place to another.
type candidate struct {
	shard   *shard
	hash    uint64
	name    string
	expires time.Duration
}

// mostCandidates is how many nodes one look at all nodes finds.
const mostCandidates = 64

// makePlace removes a node that nobody expects, to give its place to another: the
// one that expired first. For a node that is expected, it may be one that has not
// expired yet. It returns false if there is none. The place is still counted as
// taken.
func (r *Registry) makePlace(expected bool) bool {
	name, ok := r.displaceOldest(expected)
	if ok {
		r.notify(name, ForgottenForRoom)
	}
	return ok
}

func (r *Registry) displaceOldest(expected bool) (name string, ok bool) {
	r.room.Lock()
	defer r.room.Unlock()
	for now := r.now(); r.find(expected, now); {
		c := r.room.oldest[0]
		r.room.oldest = r.room.oldest[1:]
		if r.displace(c, now) {
			return c.name, true
		}
	}
	return "", false
}

// canMakePlace reports whether makePlace would remove a node, as far as is known.
func (r *Registry) canMakePlace() bool {
	now := r.now()
	if now < time.Duration(r.room.full.Load()) {
		return false
	}
	r.room.Lock()
	defer r.room.Unlock()
	return r.find(false, now)
}

// find reports whether the first of the candidates can give its place. If not, and
// it is time to look for others, it does.
func (r *Registry) find(expected bool, now time.Duration) bool {
	there := func() bool {
		return len(r.room.oldest) > 0 && (expected || r.room.oldest[0].expires <= now)
	}
	if there() {
		return true
	}
	if expected || now >= r.room.nextLook {
		r.look(now)
		if there() {
			return true
		}
	}
	r.room.full.Store(int64(r.room.nextLook))
	return false
}

// displace removes a candidate, if it is still what it was.
func (r *Registry) displace(c candidate, now time.Duration) bool {
	c.shard.mu.Lock()
	defer c.shard.mu.Unlock()
	n := c.shard.get(c.hash, c.name)
	if n == nil || n.expected || n.expires != c.expires {
		return false
	}
	if n.unnoticed(now) {
		r.events[n.expiry()].Add(1)
	}
	r.evict(c.shard, n)
	return true
}

// look finds the candidates.
func (r *Registry) look(now time.Duration) {
	found := r.room.oldest[:0]
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		s.each(func(n *node) {
			if n.expected || len(found) == mostCandidates && n.expires >= found[len(found)-1].expires {
				return
			}
			at, _ := slices.BinarySearchFunc(found, n.expires, func(c candidate, t time.Duration) int {
				if c.expires <= t {
					return -1
				}
				return 1
			})
			if len(found) == mostCandidates {
				found = found[:mostCandidates-1]
			}
			found = slices.Insert(found, at, candidate{s, n.hash, n.name(), n.expires})
		})
		s.mu.Unlock()
	}
	r.room.oldest = found
	// A node may get an earlier expiry at any time, so look again soon.
	const soon = 5 * time.Second
	r.room.nextLook = now + soon
	if len(found) > 0 {
		r.room.nextLook = min(r.room.nextLook, max(found[0].expires, now))
	}
}

// lookAgain has the next new node look for a place, whatever was found before.
func (r *Registry) lookAgain() {
	r.room.Lock()
	defer r.room.Unlock()
	r.room.oldest, r.room.nextLook = nil, 0
	r.room.full.Store(0)
}

// wait notes that there was no place for an expected node.
func (r *Registry) wait(name string) {
	r.room.Lock()
	defer r.room.Unlock()
	if r.room.waiting == nil {
		r.room.waiting = map[string]struct{}{}
	}
	if len(r.room.waiting) < r.options.Load().Nodes {
		r.room.waiting[name] = struct{}{}
	}
}

// waits forgets that a node waits for a place, and returns whether it did.
func (r *Registry) waits(name string) bool {
	r.room.Lock()
	defer r.room.Unlock()
	_, ok := r.room.waiting[name]
	delete(r.room.waiting, name)
	return ok
}

// expectWaiting gives places that have become free to the nodes that wait.
func (r *Registry) expectWaiting() {
	for {
		name, ok := r.nextWaiting()
		if !ok || r.Expect(name) != nil {
			return
		}
	}
}

// nextWaiting takes one of the waiting nodes out, if there may be a place for it.
func (r *Registry) nextWaiting() (string, bool) {
	r.room.Lock()
	defer r.room.Unlock()
	if r.nodes.Load() >= int64(r.options.Load().Nodes) {
		return "", false
	}
	for name := range r.room.waiting {
		delete(r.room.waiting, name)
		return name, true
	}
	return "", false
}
