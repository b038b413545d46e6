//go:build go1.25

package nodemetrics

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// busy are requests in a bubble, each on a connection of its own that nobody reads.
type busy struct {
	m     *Module
	turns *turns
}

func newBusy(t *testing.T, change func(*Config)) *busy {
	return &busy{newModule(t, change), &turns{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}}
}

// ask has h answer a request.
func (b *busy) ask(path string, h http.Handler) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := &conn{Conn: ours, listener: newListener(nil, 1, time.Hour, b.m.metrics.conns)}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	bounded(h, time.Hour, b.turns).ServeHTTP(httptest.NewRecorder(), r.WithContext(withConn(context.Background(), c)))
}

// waits returns how long a request that comes now waits for its turn.
func (b *busy) waits(path string) (d time.Duration) {
	begin := time.Now()
	b.ask(path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { d = time.Since(begin) }))
	return d
}

// Requests are worked on in turn, each kind for itself, and nobody waits for long.
func TestTurns(t *testing.T) {
	kinds := map[string]int{"/": 0, "/nowhere": 0, "/healthz": 1, "/readyz": 1, "/metrics": 2}
	const work = 10 * time.Millisecond
	for path, kind := range kinds {
		for other, otherKind := range kinds {
			synctest.Test(t, func(t *testing.T) {
				b := newBusy(t, nil)
				go b.ask(path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(work) }))
				synctest.Wait()
				want := map[bool]time.Duration{true: work}[kind == otherKind]
				if d := b.waits(other); d != want {
					t.Errorf("%s waits %v for %s, want %v", other, d, path, want)
				}
				time.Sleep(work)
				if d := b.waits(path); d != 0 {
					t.Errorf("%s waits %v for nothing", path, d)
				}

				go b.ask(path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) }))
				synctest.Wait()
				want = map[bool]time.Duration{true: longestTurn}[kind == otherKind]
				if d := b.waits(other); d != want {
					t.Errorf("%s waits %v for %s that takes a minute, want %v", other, d, path, want)
				}
				time.Sleep(time.Minute)
			})
		}
	}
}

// Whoever waits for somebody else has no turn meanwhile, and takes it up again.
func TestTurnsWhileWaiting(t *testing.T) {
	const wait, work = 20 * time.Millisecond, 10 * time.Millisecond
	check := func(t *testing.T, b *busy, again bool, h http.Handler) {
		t.Helper()
		go b.ask("/", h)
		synctest.Wait()
		if d := b.waits("/"); d != 0 {
			t.Errorf("a request waits %v for one that waits", d)
		}
		time.Sleep(wait)
		synctest.Wait()
		if d := b.waits("/"); (d == work) != again {
			t.Errorf("a request waits %v for one that no longer waits", d)
		}
		time.Sleep(wait + work)
	}
	t.Run("for its reader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			check(t, newBusy(t, nil), true, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				c := r.Context().Value(connKey{}).(*conn)
				_ = c.SetWriteDeadline(time.Now().Add(wait))
				_, _ = c.Write([]byte("x"))
				time.Sleep(work)
			}))
		})
	})
	t.Run("to be let in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBusy(t, func(c *Config) {
				c.Authorize = func(*http.Request) error {
					time.Sleep(wait)
					return nil
				}
			})
			check(t, b, true, b.m.authorized(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(work) })))
		})
	})
	t.Run("as a scrape", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			check(t, newBusy(t, nil), false, withoutTurn(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(wait + work) })))
		})
	})
}

// A connection whose request waits for others gives way to a new one: else those who
// ask without end, and so wait for their turn nearly all the time, would keep all the
// connections there are.
func TestWhoWaitsGivesWay(t *testing.T) {
	const work, long = 10 * time.Millisecond, 500 * time.Millisecond
	sleep := func(d time.Duration) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(d) })
	}
	for name, test := range map[string]struct {
		path string
		h    func(*Module) http.Handler
		want []bool // is given up for another one: while it waits, and then
	}{
		"for its turn": {"/healthz", func(*Module) http.Handler { return sleep(long) }, []bool{true, false}},
		"to be let in": {"/", func(m *Module) http.Handler { return m.authorized(sleep(long)) }, []bool{true, false}},
		"for nobody":   {"/", func(*Module) http.Handler { return sleep(2 * long) }, []bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBusy(t, func(c *Config) {
					c.Authorize = func(*http.Request) error {
						time.Sleep(long)
						return nil
					}
				})
				go b.ask("/healthz", sleep(long)) // has the turn of probes
				synctest.Wait()
				l := newListener(nil, 1, time.Hour, b.m.metrics.conns)
				ours, theirs := net.Pipe()
				defer ours.Close()
				defer theirs.Close()
				c := &conn{Conn: ours, listener: l}
				l.conns[c] = struct{}{}
				r := httptest.NewRequest(http.MethodGet, test.path, nil)
				go bounded(test.h(b.m), time.Hour, b.turns).ServeHTTP(httptest.NewRecorder(), r.WithContext(withConn(context.Background(), c)))
				for i, want := range test.want {
					synctest.Wait()
					time.Sleep(work)
					if got := l.victim() == c; got != want {
						t.Errorf("%d: it is given up: %v, want %v", i, got, want)
					}
					time.Sleep(long)
				}
				synctest.Wait()
				time.Sleep(2 * long)
				if queued, busy := c.queued.Load(), c.busy.Load(); queued != 0 || busy != 0 || l.victim() != c {
					t.Errorf("at the end %d of %d requests wait", queued, busy)
				}
			})
		})
	}
}

// A request that waits does so no longer than its connection lasts; one whose reader
// only says no more waits on.
func TestWaitingEndsWithTheConnection(t *testing.T) {
	const wait = 10 * time.Millisecond
	for name, end := range map[string]func(l *listener, c *conn){
		"it is closed":            func(_ *listener, c *conn) { _ = c.Close() },
		"it gives way to another": func(l *listener, _ *conn) { l.add(&conn{Conn: &wire{}, listener: l}) },
	} {
		for waits, h := range map[string]func(*Module) http.Handler{
			"for its turn": func(*Module) http.Handler {
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is worked on") })
			},
			"to be let in": func(m *Module) http.Handler {
				return m.authorized(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it is let in") }))
			},
		} {
			t.Run(waits+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBusy(t, func(c *Config) {
						c.Authorize = func(r *http.Request) error {
							<-r.Context().Done()
							return r.Context().Err()
						}
					})
					path := "/"
					if waits == "for its turn" {
						go b.ask(path, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) }))
						synctest.Wait()
					}
					l := newListener(nil, 1, time.Hour, b.m.metrics.conns)
					c := &conn{Conn: &wire{}, listener: l}
					l.conns[c] = struct{}{}
					ctx := withConn(context.Background(), c)
					begin, done := time.Now(), make(chan struct{})
					go func() {
						defer close(done)
						bounded(h(b.m), time.Hour, b.turns).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx))
					}()
					time.Sleep(wait)
					end(l, c)
					<-done
					if d := time.Since(begin); d != wait {
						t.Errorf("it went on for %v, want %v", d, wait)
					}
					time.Sleep(time.Minute)
				})
			})
		}
	}
}
