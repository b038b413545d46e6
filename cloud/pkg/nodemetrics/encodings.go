package nodemetrics

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// encodings bound how much is encoded of reports that come as Go values and are
// over their node's rate. Each of them has to be encoded to wait, and the next one
// may make that useless. A node shares its part with few others.
type encodings struct {
	mu     sync.Mutex
	seed   maphash.Seed
	usedUp [64]time.Time // when what was encoded is within the limit again
}

const (
	encodedPerSecond = 1 << 20     // bytes
	encodedBurst     = time.Second // for which more is not refused
)

func (e *encodings) of(node string) *time.Time {
	if e.seed == (maphash.Seed{}) {
		e.seed = maphash.MakeSeed()
	}
	return &e.usedUp[maphash.String(e.seed, node)%uint64(len(e.usedUp))]
}

// check returns an error if a node's report is to be refused without encoding it.
func (e *encodings) check(node string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Until(*e.of(node)) <= encodedBurst {
		return nil
	}
	return refuse(string(registry.RateLimited), "node %q sends more reports than its rate, and more than %d bytes of them a second that have to be encoded",
		node, encodedPerSecond)
}

// encoded counts what was encoded for a node.
func (e *encodings) encoded(node string, bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	usedUp := e.of(node)
	if now := time.Now(); usedUp.Before(now) {
		*usedUp = now
	}
	*usedUp = usedUp.Add(time.Duration(bytes) * time.Second / encodedPerSecond)
}
