//go:build go1.25

//go:debug asynctimerchan=0

package exposition

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/registry/registrytest"
)

// crowd is slots with scrapes that were cut, by name.
type crowd struct {
	*slots
	cut   map[*slot]bool
	waits int // those that are told to wait
}

func newCrowd(most, active int) *crowd {
	s := newSlots(most)
	s.active = active
	return &crowd{slots: s, cut: map[*slot]bool{}}
}

// take acquires a slot that a test can see being cut.
func (c *crowd) take(address string, patience time.Duration) *slot {
	var x *slot
	x = c.acquire(context.Background(), address, func() error { c.cut[x] = true; return nil }, patience, func(waits bool) {
		if waits {
			c.waits++
		} else {
			c.waits--
		}
	})
	return x
}

// stall takes a slot and writes to a reader that takes nothing.
func (c *crowd) stall(t *testing.T, address string) *slot {
	t.Helper()
	x := c.take(address, time.Second)
	if x == nil {
		t.Fatal("no slot")
	}
	x.writing()
	return x
}

// A page that takes long though its reader does not is looked at again after a quarter
// of the time that a scrape holds its snapshot.
func TestKeepLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHandler(registrytest.New(t, registry.Options{}), HandlerOptions{}).(*handler)
		h.hold = 4 * time.Second
		s := &scrape{handler: h, slot: newCrowd(1, 1).take("a", time.Second)}
		again := make(chan time.Time, 1)
		s.timer = time.AfterFunc(time.Hour, func() { again <- time.Now() })
		time.Sleep(h.hold)
		now := time.Now()
		s.keep()
		if s.rest != nil {
			t.Error("the page is kept though its reader does not keep it waiting")
		}
		if got := (<-again).Sub(now); got != time.Second {
			t.Errorf("it is looked at again after %v, want 1s", got)
		}
	})
}

// The scrape that is cut is the one that stalls for longest, of the address that has
// the most.
func TestVictim(t *testing.T) {
	for name, test := range map[string]struct {
		addresses string // of the scrapes that stall, one a millisecond
		busy      int    // which of them does not
		want      int    // which is cut
	}{
		"the longest":               {"aaaa", -1, 0},
		"not one that is served":    {"aaaa", 0, 1},
		"of the address with most":  {"abbb", -1, 1},
		"of equals the longest":     {"abab", -1, 0},
		"however long the others":   {"aabbb", -1, 2},
		"an address with one alone": {"abcc", -1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(len(test.addresses), 100)
				var all []*slot
				for _, address := range test.addresses {
					all = append(all, c.stall(t, string(address)))
					time.Sleep(time.Millisecond)
				}
				if test.busy >= 0 {
					all[test.busy].written()
				}
				time.Sleep(stalled)
				if c.take("new", 0) == nil {
					t.Fatal("a new scrape has no slot")
				}
				for i, x := range all {
					if c.cut[x] != (i == test.want) {
						t.Errorf("scrape %d: cut %v", i, c.cut[x])
					}
				}
			})
		})
	}
}

// Of two that stall for just as long the one that came first is cut.
func TestVictimOfEquals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(2, 100)
		first, second := c.stall(t, "a"), c.stall(t, "a")
		time.Sleep(2 * stalled)
		if c.take("new", 0) == nil || !c.cut[first] || c.cut[second] {
			t.Errorf("cut: the first %v, the second %v", c.cut[first], c.cut[second])
		}
	})
}

// One that trickles is cut too: each of its writes ends, but it waits for its reader
// nearly all the time.
func TestTrickler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, 100)
		x := c.stall(t, "a")
		begin := time.Now()
		done := make(chan struct{})
		go func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(stalled - time.Millisecond):
				}
				x.written()
				x.writing()
			}
		}()
		defer close(done)
		if c.take("a", slow/2) != nil {
			t.Error("one that is not slow yet was cut")
		}
		if c.take("a", slow) == nil {
			t.Error("one that is slow was not cut")
		}
		if d := time.Since(begin); d < slow || d > slow+stalled+look {
			t.Errorf("it was cut after %v", d)
		}
	})
}

// Who cannot be cut is not, and nobody is before it stalls.
func TestNobodyStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(2, 100)
		a, b := c.stall(t, "a"), c.take("a", 0)
		a.cut = func() error { return http.ErrNotSupported }
		for range 20 { // b is served well
			time.Sleep(stalled)
			b.writing()
			time.Sleep(time.Millisecond)
			b.written()
		}
		begin := time.Now()
		if c.take("a", time.Second) != nil || time.Since(begin) != time.Second {
			t.Errorf("a third scrape was let in, or gave up after %v, not 1s", time.Since(begin))
		}
		if len(c.waiting) > 0 {
			t.Error("who has given up still waits")
		}
		time.AfterFunc(time.Second/2, func() { c.release(b) })
		if c.take("a", time.Second) == nil || time.Since(begin) != 3*time.Second/2 {
			t.Errorf("a slot that came free was taken after %v", time.Since(begin))
		}
		if c.cut[b] {
			t.Error("a scrape that was served well was cut")
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		if c.acquire(ctx, "a", nil, time.Hour, func(bool) {}) != nil || time.Since(begin) > 3*time.Second {
			t.Error("a scraper that went away waits on")
		}
	})
}

// Only so many pages are put together at once; one that waits for its reader makes
// room for another.
func TestActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(10, 2)
		a := c.take("a", 0)
		c.take("a", 0)
		if c.take("a", 0) != nil {
			t.Error("three pages are put together at once")
		}
		a.writing()
		if c.take("a", idle-look-1) != nil {
			t.Error("a short write made room already")
		}
		if c.take("a", 2*idle) == nil {
			t.Error("a scrape that waits for its reader made no room")
		}
	})
}

// Those that are read a little at a time, each write soon over, keep nobody waiting
// for as long as they take.
func TestPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(10, 2)
		begin := time.Now()
		done := make(chan struct{})
		for range 2 {
			x := c.take("a", 0)
			go func() {
				for {
					x.writing()
					time.Sleep(idle - look)
					x.written()
					select {
					case <-done:
						return
					case <-time.After(idle - look - time.Millisecond): // to make the next piece
					}
				}
			}()
		}
		defer close(done)
		if c.take("b", brief-look) != nil {
			t.Error("it was let in before these took long")
		}
		if c.take("b", time.Hour) == nil || time.Since(begin) > brief+2*look {
			t.Errorf("beside scrapes that mostly wait it was let in after %v, want %v", time.Since(begin), brief)
		}
	})
}

// One that takes long because there is much to do stays work under way.
func TestLongWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(10, 1)
		x := c.take("a", 0)
		for range 10 * int(brief/time.Millisecond) {
			time.Sleep(2 * time.Millisecond)
			x.writing()
			time.Sleep(time.Millisecond)
			x.written()
		}
		if c.take("b", time.Second) != nil {
			t.Error("a scrape that works made room for another one")
		}
	})
}

// Who waits comes in by the share of its address, and then the newest first, but in every
// fourth turn the oldest.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(2, 100)
		held := []*slot{c.take("a", 0), c.take("b", 0)}
		var order []string
		for i, address := range []string{"a", "c", "b", "c", "a"} {
			go func() {
				x := c.take(address, time.Hour)
				order = append(order, fmt.Sprint(address, i))
				held = append(held, x)
			}()
			synctest.Wait()
		}
		if c.waits != 5 {
			t.Errorf("%d are told to wait, want 5", c.waits)
		}
		for range 5 {
			x := held[0]
			held = held[1:]
			c.release(x)
			synctest.Wait()
		}
		if c.waits != 0 {
			t.Errorf("at the end %d still wait", c.waits)
		}
		// First a's slot comes free, then b's, then those of them in turn. c1 has the fourth turn, the oldest's.
		if got, want := fmt.Sprint(order), "[a4 c1 b2 c3 a0]"; got != want {
			t.Errorf("they came in the order %s, want %s", got, want)
		}
	})
}

// Beside readers that come again as soon as they are served, so that one of them always
// is the newest, another one has its turn.
func TestWhoComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, 100)
		held := c.take("a", 0)
		served := make(chan string, 1)
		come := func(name string) {
			go func() {
				held = c.take("a", time.Hour)
				served <- name
			}()
			synctest.Wait()
		}
		for range 3 {
			come("crowd")
		}
		come("scraper")
		rounds := 1
		for ; rounds < 40; rounds++ {
			come("crowd")
			c.release(held)
			if <-served == "scraper" {
				break
			}
		}
		if rounds > 4*oldestTurn { // three came before it
			t.Errorf("its turn was in round %d, want %d at most", rounds, 4*oldestTurn)
		}
		for len(c.waiting) > 0 {
			c.release(held)
			<-served
		}
	})
}

// While all slots are taken by scrapes that do not stall, a further one gives up with
// status 503 in half of its time.
func TestTooManyScrapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := registry.New(registry.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := NewHandler(r, HandlerOptions{MaxInFlight: 2}).(*handler)
		cut := func() error { return nil }
		a, b := h.slots.acquire(context.Background(), "", cut, 0, nil), h.slots.acquire(context.Background(), "", cut, 0, nil)
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept-Encoding", "gzip")
		for timeout, want := range map[string]time.Duration{"4": 2 * time.Second, "": 5 * time.Second, "29": 5 * time.Second} {
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
			w := httptest.NewRecorder()
			begin := time.Now()
			h.ServeHTTP(w, request)
			if d := time.Since(begin); d != want {
				t.Errorf("with a timeout of %q s it gave up after %v, want %v", timeout, d, want)
			}
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || w.Header().Get("Connection") != "close" || w.Header().Get("Content-Encoding") != "" ||
				!strings.Contains(w.Body.String(), "2 scrapes") {
				t.Errorf("status %d, header %v, %q", w.Code, w.Header(), w.Body)
			}
		}
		h.slots.release(a)
		h.slots.release(b)
		for range 3 { // each gives its slot back
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request)
			if w.Code != http.StatusOK {
				t.Errorf("with all slots free: %d", w.Code)
			}
		}
	})
}

// Pages that are kept take no more than the most together: the reader that stalled
// for longest loses its own. One without a kept page is left alone.
func TestKeepIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(10, 100)
		var all []*slot
		for range 5 {
			all = append(all, c.stall(t, "a"))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(stalled)
		kept := func(want int64, cut ...int) {
			t.Helper()
			if c.kept != want {
				t.Errorf("%d bytes are kept, want %d", c.kept, want)
			}
			for i, x := range all {
				if want := slices.Contains(cut, i); c.cut[x] != want || x.gone != want {
					t.Errorf("scrape %d: cut %v, gone %v", i, c.cut[x], x.gone)
				}
			}
		}
		c.keep(all[1], 60, 100)
		kept(60)
		c.keep(all[2], 40, 100)
		kept(100)
		c.keep(all[3], 1, 100)
		kept(41, 1)
		c.release(all[1])
		kept(41, 1)
		c.keep(all[4], 200, 100) // larger than all may be: each goes, itself the last
		kept(0, 1, 2, 3, 4)
		for _, x := range all {
			c.release(x)
		}
		kept(0, 1, 2, 3, 4)

		a, b := c.stall(t, "a"), c.stall(t, "a")
		time.Sleep(stalled)
		a.cut, b.cut = func() error { return http.ErrNotSupported }, func() error { return http.ErrNotSupported }
		c.keep(a, 90, 100)
		c.keep(b, 90, 100) // nothing can be done
		if c.kept != 180 || a.gone || b.gone {
			t.Errorf("%d bytes are kept, gone %v, %v", c.kept, a.gone, b.gone)
		}
		c.release(a)
		c.release(a)
		c.release(b)
		if c.kept != 0 || len(c.taken) > 0 {
			t.Errorf("at the end %d bytes are kept, %d slots taken", c.kept, len(c.taken))
		}
	})
}
