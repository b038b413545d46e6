package nodemetrics

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// rubbish bounds the work for messages that name their node only inside. Who sent
// such a message is known when it is decoded, and of one that cannot be decoded
// never. So what they all cost together is counted: while they are over a limit,
// long ones, which cost most, are refused unread.
type rubbish struct {
	mu     sync.Mutex
	usedUp time.Time // when the refused bytes are within the limit again
}

const (
	rubbishPerSecond = 1 << 20         // bytes of refused messages
	rubbishBurst     = 4 * time.Second // for which more is not refused
	alwaysRead       = 16 << 10        // bytes that a message may have even then
)

// check returns an error if a message is to be refused unread.
func (r *rubbish) check(content any) error {
	size := sizeOf(content)
	if size <= alwaysRead {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Until(r.usedUp) <= rubbishBurst {
		return nil
	}
	return refuse(string(registry.RateLimited), "a message of %d bytes, while more than %d bytes of refused messages come each second and nobody can tell whose they are",
		size, rubbishPerSecond)
}

// refused counts a message that was decoded for nothing.
func (r *rubbish) refused(content any) {
	cost := time.Duration(sizeOf(content)) * time.Second / rubbishPerSecond
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.usedUp.Before(now) {
		r.usedUp = now
	}
	r.usedUp = r.usedUp.Add(cost)
}

// sizeOf returns how long content is that came as bytes or text, 0 of any other.
func sizeOf(content any) int {
	switch c := content.(type) {
	case []byte:
		return len(c)
	case json.RawMessage:
		return len(c)
	case string:
		return len(c)
	}
	return 0
}

// isEncoded reports whether content is bytes or text.
func isEncoded(content any) bool {
	switch content.(type) {
	case []byte, json.RawMessage, string:
		return true
	}
	return false
}
