//go:build go1.25

package nodemetrics

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// guarded is a page behind passwords. To check one takes some time.
type guarded struct {
	*passwords
	http.Handler
	checks, most, now atomic.Int32 // checks made, the most at once, and those under way
	cached            atomic.Bool  // the right password is not checked again
}

const checkTakes = 60 * time.Millisecond

func newGuarded(right string) *guarded {
	g := &guarded{passwords: newPasswords()}
	page := g.letIn(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") }))
	g.Handler = g.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, ok := r.BasicAuth()
		if ok && !(password == right && g.cached.Load()) {
			g.checks.Add(1)
			if n := g.now.Add(1); n > g.most.Load() {
				g.most.Store(n)
			}
			time.Sleep(checkTakes)
			g.now.Add(-1)
		}
		if ok && password == right {
			page.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	return g
}

// ask asks for the page, and returns the status and how long it took.
func (g *guarded) ask(ctx context.Context, address, password string) (int, time.Duration) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil).WithContext(ctx)
	r.RemoteAddr = address
	if password != "" {
		r.SetBasicAuth("prometheus", password)
	}
	w := httptest.NewRecorder()
	begin := time.Now()
	g.ServeHTTP(w, r)
	return w.Code, time.Since(begin)
}

// Beside a flood of wrong passwords, few of which are checked, one that was right
// before does not wait, and one from elsewhere not for long.
func TestPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded("right")
		ctx, cancel := context.WithCancel(context.Background())
		if code, took := g.ask(ctx, "10.0.0.1", "right"); code != 200 || took != checkTakes {
			t.Errorf("a right password: %d after %v", code, took)
		}
		time.Sleep(time.Minute)
		begin := time.Now()
		g.checks.Store(0)
		var refused atomic.Int32
		for i := range 300 {
			go func() {
				for j := 0; ctx.Err() == nil; j++ {
					code, took := g.ask(ctx, "10.0.0.2", fmt.Sprint("wrong", i, j))
					if code == http.StatusServiceUnavailable && ctx.Err() == nil {
						refused.Add(1)
						if took != longestCheck {
							t.Errorf("refused after %v, want %v", took, longestCheck)
						}
					} else if code != http.StatusUnauthorized && ctx.Err() == nil {
						t.Errorf("a wrong password: %d", code)
					}
				}
			}()
		}
		synctest.Wait()
		g.cached.Store(true) // as the web toolkit does, as a rule
		for range 10 {
			if code, took := g.ask(ctx, "10.0.0.2", "right"); code != 200 || took != 0 {
				t.Errorf("a password that was right before: %d after %v", code, took)
			}
			if code, took := g.ask(ctx, "10.0.0.2", ""); code != 401 || took != 0 {
				t.Errorf("no password: %d after %v", code, took)
			}
			time.Sleep(time.Second)
		}
		g.cached.Store(false) // and forgets it now and then
		if code, took := g.ask(ctx, "10.0.0.2", "right"); code != 200 || took != checkTakes {
			t.Errorf("one that was right before, and has to be checked: %d after %v", code, took)
		}
		if code, took := g.ask(ctx, "10.0.0.3", "wrong"); code != 401 || took > (2+rest)*checkTakes {
			t.Errorf("the only one of an address: %d after %v", code, took)
		}
		most := int32(time.Since(begin)/((1+rest)*checkTakes)) + 3
		if n := g.checks.Load(); n > most || n < most/2 || g.most.Load() > 2 {
			t.Errorf("%d passwords were checked, at most %d at once, want at most %d, one at a time", n, g.most.Load(), most)
		}
		if refused.Load() == 0 {
			t.Error("nobody is refused")
		}
		cancel() // all go away
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(g.waiting) > 0 || g.closed {
			t.Errorf("%d still wait, closed: %v", len(g.waiting), g.closed)
		}
	})
}

// A password that is changed is forgotten, and not many are remembered.
func TestPasswordsAreForgotten(t *testing.T) {
	g := newPasswords()
	is := func(i int) [32]byte { return g.sum("a", fmt.Sprint(i)) }
	for i := range mostRight + 1 {
		g.remember(is(i), true)
		g.remember(is(i), true)
	}
	if g.known(is(0)) || !g.known(is(1)) || !g.known(is(mostRight)) || len(g.right) != mostRight {
		t.Errorf("%d are known, the oldest: %v", len(g.right), g.known(is(0)))
	}
	g.remember(is(1), false)
	g.remember(is(0), false)
	if g.known(is(1)) || !g.known(is(2)) || len(g.right) != mostRight-1 {
		t.Errorf("%d are known", len(g.right))
	}
	if newPasswords().sum("a", "1") == is(1) || g.sum("a", "b:c") == g.sum("a:b", "d") || g.sum("a", "b") == g.sum("b", "b") {
		t.Error("different passwords look alike")
	}
}

// Of those that wait, one of the address with the fewest comes first, of these the
// newest.
func TestPasswordsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords()
		if !p.enter(context.Background(), "first") {
			t.Fatal("the first one has to wait")
		}
		var order []string
		for i, address := range []string{"a", "b", "a", "c", "a", "b"} {
			go func() {
				if p.enter(context.Background(), address) {
					order = append(order, fmt.Sprint(address, i))
					p.leave(time.Millisecond)
				}
			}()
			synctest.Wait()
		}
		p.leave(0)
		time.Sleep(time.Second)
		synctest.Wait()
		if got, want := fmt.Sprint(order), "[c3 b5 b1 a4 a2 a0]"; got != want {
			t.Errorf("they came in the order %s, want %s", got, want)
		}
		if p.closed {
			t.Error("nobody is checked, and nobody let in")
		}
	})
}
