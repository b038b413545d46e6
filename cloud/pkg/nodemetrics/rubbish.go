package nodemetrics

import (
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// rubbish bounds the work for messages that name their node only inside. Who sent
// such a message is known when it is decoded, and of one that cannot be decoded
// never. So what they all cost together is counted: while they are over a limit,
// long ones, which cost most, are refused unread. So is what has no use because its
// node, once it is known, is over its rate.
type rubbish struct {
	mu     sync.Mutex
	usedUp time.Time // when the refused bytes are within the limit again
}

const (
	rubbishPerSecond = 1 << 20         // bytes of refused messages
	rubbishBurst     = 4 * time.Second // for which more is not refused
	alwaysRead       = 16 << 10        // bytes that a message may have even then
)

// check returns an error if a message that is encoded is to be refused unread.
func (r *rubbish) check(content any) error {
	if size, _ := sizeOf(content); size > alwaysRead && r.over() {
		return r.unread(size)
	}
	return nil
}

// over reports whether only messages of up to alwaysRead bytes are read now.
func (r *rubbish) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.usedUp) > rubbishBurst
}

// unread is why a message of at least so many bytes is refused unread.
func (*rubbish) unread(size int) error {
	return refuse(string(registry.RateLimited), "a message of %d bytes, while more than %d bytes of refused messages come each second and nobody can tell whose they are",
		size, rubbishPerSecond)
}

// encode encodes a message that came as a Go value. While too much is refused it
// encodes only what is no larger than what is always read.
func (r *rubbish) encode(d *mapping.Decoder, content any, limit int) ([]byte, error) {
	over := r.over()
	most := limit
	if over {
		most = min(limit, alwaysRead)
	}
	data, err := d.JSONWithin(content, most)
	switch {
	case err == nil:
	case over && most < limit && reasonOf(err) == string(mapping.TooLarge):
		return nil, r.unread(most + 1)
	default:
		r.add(limit) // so much of it was looked at, perhaps
	}
	return data, err
}

// refused counts a message that was decoded for nothing.
func (r *rubbish) refused(content any) {
	size, _ := sizeOf(content)
	r.add(size)
}

func (r *rubbish) add(bytes int) {
	cost := time.Duration(bytes) * time.Second / rubbishPerSecond
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.usedUp.Before(now) {
		r.usedUp = now
	}
	r.usedUp = r.usedUp.Add(cost)
	// Short ones are read even then and count too: what follows a long flood is
	// not to pay for all of it.
	if most := time.Now().Add(2 * rubbishBurst); r.usedUp.After(most) {
		r.usedUp = most
	}
}
