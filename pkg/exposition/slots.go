package exposition

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// idle is how long a reader takes nothing until its scrape no longer counts
	// as work under way.
	idle = 10 * time.Millisecond
	// stalled is how long a reader takes nothing until its scrape may be cut for
	// another one.
	stalled = 50 * time.Millisecond
	// brief is the age from which a scrape that waited for its reader for most of
	// its time no longer counts as work under way either: one that is read a little
	// at a time would keep others out for as long as it takes.
	brief = 100 * time.Millisecond
	// slow is the age from which a scrape may be cut that waited for its reader
	// for most of its time.
	slow = time.Second
	// look is how often those who wait look for a scrape that has stalled.
	look = 5 * time.Millisecond
	// oldestTurn is how often it is the turn of the one that has waited longest: once in
	// so many. With every other turn a scraper beside 130 readers that stall, half of
	// them before it, was too late in one of four runs on a slow machine.
	oldestTurn = 4
)

// slots bound how many scrapes there are at once, and how many of them are
// being put together, so that those who do not read cannot keep out those who do:
//
//   - While all slots are taken, a new scrape cuts the one whose reader stalls.
//   - Of those that wait, an address with fewer scrapes under way comes first, and
//     of these the newest, but the oldest in every fourth turn. In a flood the oldest
//     have given up, or will soon; and beside readers that come again as soon as they
//     are served, nobody else stays the newest for long enough.
type slots struct {
	most   int // scrapes at once
	active int // of which at most this many are being put together

	mu      sync.Mutex
	taken   []*slot
	kept    int64 // bytes of pages that are kept for them
	waiting []*waiter
	turns   int  // that were given
	armed   bool // dispatch is called soon
}

// slot is a scrape's permission to run.
type slot struct {
	address string
	begun   time.Time
	cut     func() error // ends the scrape
	gone    bool         // it was cut and has not ended yet
	kept    int64        // bytes of its page

	since  atomic.Int64 // when the write under way began, in ns since begun, plus 1; 0 is none
	waited atomic.Int64 // ns of all finished writes
}

type waiter struct {
	slot  *slot
	ready chan struct{} // closed when the slot is taken
}

func newSlots(most int) *slots {
	return &slots{most: most, active: max(2, runtime.GOMAXPROCS(0)/2)}
}

// acquire waits up to patience for a slot. It returns nil if there is none. Where it
// has to wait, it says so by calling waiting. The scrape must end soon once cut is
// called, which no longer happens after release.
func (s *slots) acquire(ctx context.Context, address string, cut func() error, patience time.Duration, waiting func(bool)) *slot {
	w := &waiter{&slot{address: address, cut: cut}, make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.dispatchLocked()
	s.mu.Unlock()
	select {
	case <-w.ready:
		return w.slot
	default:
	}
	waiting(true)
	defer waiting(false)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ready:
		return w.slot
	case <-timer.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, w); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		return nil
	}
	return w.slot // it came just now
}

// release gives a slot back.
func (s *slots) release(x *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.taken, x); i >= 0 {
		s.taken = slices.Delete(s.taken, i, i+1)
	}
	s.kept -= x.kept
	x.kept = 0
	s.dispatchLocked()
}

// keep counts n bytes that are kept for x. If all those kept are then more than most,
// scrapes whose readers stall are cut, those that have for longest first.
func (s *slots) keep(x *slot, n, most int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.kept = n
	s.kept += n
	for s.kept > most {
		victim := s.victim(func(x *slot) bool { return x.kept > 0 })
		if victim == nil || victim.cut() != nil {
			return
		}
		victim.gone = true
		s.kept -= victim.kept
		victim.kept = 0
	}
}

func (s *slots) dispatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	s.dispatchLocked()
}

// dispatchLocked gives slots to those that wait, as far as there are any, and
// looks again soon if somebody still waits.
func (s *slots) dispatchLocked() {
	for len(s.waiting) > 0 && s.room() {
		i := s.next()
		w := s.waiting[i]
		s.waiting = slices.Delete(s.waiting, i, i+1)
		w.slot.begun = time.Now()
		s.taken = append(s.taken, w.slot)
		close(w.ready)
	}
	if len(s.waiting) > 0 && !s.armed {
		s.armed = true
		time.AfterFunc(look, s.dispatch)
	}
}

// room reports whether a scrape may begin, and cuts another one for it if need be.
func (s *slots) room() bool {
	running, active := 0, 0
	for _, x := range s.taken {
		if x.gone {
			continue
		}
		running++
		if x.works() {
			active++
		}
	}
	if active >= s.active {
		return false
	}
	if running < s.most {
		return true
	}
	victim := s.victim(func(*slot) bool { return true })
	if victim == nil || victim.cut() != nil {
		return false
	}
	victim.gone = true
	return true
}

// victim returns the scrape to cut, of those for which may is true: of the address
// that has the most of them, the one that waited longest for its reader; nil if
// nobody stalls.
func (s *slots) victim(may func(*slot) bool) (worst *slot) {
	var worstShare int
	var worstWaited time.Duration
	for _, x := range s.taken {
		now, all := x.waits()
		age := time.Since(x.begun)
		if x.gone || !may(x) || now == 0 || now < stalled && !(age > slow && all > age*4/5) {
			continue
		}
		share := s.share(x.address)
		if worst == nil || share > worstShare || share == worstShare && all > worstWaited {
			worst, worstShare, worstWaited = x, share, all
		}
	}
	return worst
}

// next returns which of those that wait comes first.
func (s *slots) next() (best int) {
	oldest := s.turns%oldestTurn == oldestTurn-1
	s.turns++
	bestShare := -1
	for i, w := range s.waiting {
		share := s.share(w.slot.address)
		if bestShare < 0 || share < bestShare || share == bestShare && !oldest {
			best, bestShare = i, share
		}
	}
	return best
}

// share counts the scrapes of an address.
func (s *slots) share(address string) (n int) {
	for _, x := range s.taken {
		if !x.gone && x.address == address {
			n++
		}
	}
	return n
}

// waits returns how long the write under way has been waiting for the reader, 0
// if none is, and how long all writes together.
func (x *slot) waits() (now, all time.Duration) {
	all = time.Duration(x.waited.Load())
	if since := x.since.Load(); since != 0 {
		now = max(1, time.Since(x.begun)-time.Duration(since))
	}
	return now, all + now
}

// works reports whether the scrape is work under way, and not one that waits for its
// reader.
func (x *slot) works() bool {
	now, all := x.waits()
	age := time.Since(x.begun)
	return now < idle && !(age > brief && all > age/2)
}

// writing and written stand before and behind each write to the reader.
func (x *slot) writing() { x.since.Store(int64(time.Since(x.begun)) + 1) }

func (x *slot) written() {
	x.waited.Add(int64(time.Since(x.begun)) - x.since.Load() + 1)
	x.since.Store(0)
}
