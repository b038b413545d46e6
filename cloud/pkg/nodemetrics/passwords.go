package nodemetrics

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// rest is how much longer than a check the pause behind it is: the passwords of
	// strangers take a quarter of a processor at most.
	rest = 3
	// longestCheck is how long a password waits to be checked.
	longestCheck = 5 * time.Second
	// mostRight is how many passwords are remembered as right.
	mostRight = 64
)

// passwords bound what those cost who make passwords up. The web toolkit checks one
// at a time, each for some 60 ms of a processor, and remembers what came of the
// newest hundred. Without a bound a flood of wrong ones takes a processor, and a
// scraper waits behind all of them. Here a password that was never right waits until
// the one before is checked; one that was right before does not wait.
type passwords struct {
	salt [16]byte

	mu      sync.Mutex
	right   [][sha256.Size]byte // of user and password, the newest at the end
	closed  bool                // one is being checked, or rested from
	waiting []*visitor
}

// visitor is somebody whose password waits to be checked.
type visitor struct {
	address string
	ready   chan struct{} // closed when it is their turn
}

func newPasswords() *passwords {
	p := &passwords{}
	_, _ = rand.Read(p.salt[:]) // without it what is remembered could be guessed, no more
	return p
}

// check is of one request.
type check struct {
	of     *passwords
	who    [sha256.Size]byte
	turn   *turn
	waited bool // it is the one that is being checked
	begun  time.Time
	right  bool
}

type checkKey struct{}

// guard returns h, which checks passwords, for one that was never right at a time.
func (p *passwords) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		c := &check{of: p, who: p.sum(user, password), turn: turnOf(r.Context())}
		if !p.known(c.who) {
			c.turn.give()
			waiting(r.Context(), true)
			ok := p.enter(r.Context(), client(r))
			waiting(r.Context(), false)
			if !ok {
				w.Header().Set("Retry-After", "1")
				w.Header().Set("Connection", "close")
				http.Error(w, "too many passwords have to be checked, try again", http.StatusServiceUnavailable)
				return
			}
			c.waited, c.begun = true, time.Now()
		}
		defer c.end()
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), checkKey{}, c)))
	})
}

// letIn returns h, which is asked by those alone whose password is right.
func (*passwords) letIn(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(checkKey{}).(*check); ok {
			c.right = true
			c.end()
			c.turn.take()
		}
		h.ServeHTTP(w, r)
	})
}

// end notes what came of the check, and lets the next one in.
func (c *check) end() {
	c.of.remember(c.who, c.right)
	if c.waited {
		c.waited = false
		c.of.leave(time.Since(c.begun))
	}
}

// sum is what is remembered of a password.
func (p *passwords) sum(user, password string) [sha256.Size]byte {
	all := append(slices.Clone(p.salt[:]), user...)
	return sha256.Sum256(append(append(all, ':'), password...)) // a user has no colon
}

func (p *passwords) known(who [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.right, who)
}

func (p *passwords) remember(who [sha256.Size]byte, right bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.right, who)
	switch {
	case right && at < 0:
		if len(p.right) == mostRight {
			p.right = slices.Delete(p.right, 0, 1)
		}
		p.right = append(p.right, who)
	case !right && at >= 0: // it was changed
		p.right = slices.Delete(p.right, at, at+1)
	}
}

// enter waits until nobody's password is being checked. It returns false if that takes
// too long, or who waits went away.
func (p *passwords) enter(ctx context.Context, address string) bool {
	v := &visitor{address, make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, v)
	p.next()
	p.mu.Unlock()
	timer := time.NewTimer(longestCheck)
	defer timer.Stop()
	select {
	case <-v.ready:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, v); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return false
	}
	return true // it came just now
}

// leave lets the next one in after a pause.
func (p *passwords) leave(took time.Duration) {
	time.AfterFunc(rest*took, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.closed = false
		p.next()
	})
}

// next lets one in: of the address with the fewest that wait, the newest. In a flood
// the oldest have given up, or will soon.
func (p *passwords) next() {
	if p.closed || len(p.waiting) == 0 {
		return
	}
	share := map[string]int{}
	for _, v := range p.waiting {
		share[v.address]++
	}
	best := 0
	for i, v := range p.waiting {
		if share[v.address] <= share[p.waiting[best].address] {
			best = i
		}
	}
	p.closed = true
	close(p.waiting[best].ready)
	p.waiting = slices.Delete(p.waiting, best, best+1)
}

// client returns the address that a request comes from, without its port.
func client(r *http.Request) string {
	if c, ok := connOf(r.Context()); ok {
		return c.address
	}
	return r.RemoteAddr
}
