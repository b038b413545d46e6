//go:build go1.25

package nodemetrics

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// wire is a connection that notes what is done to it.
type wire struct {
	net.Conn
	write    func([]byte) (int, error)
	deadline time.Time // of writes
	lingers  []int
	closed   int
}

func (w *wire) Write(b []byte) (int, error)        { return w.write(b) }
func (w *wire) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }
func (w *wire) SetReadDeadline(time.Time) error    { return nil }
func (w *wire) SetLinger(seconds int) error        { w.lingers = append(w.lingers, seconds); return nil }
func (w *wire) Close() error                       { w.closed++; return nil }
func (w *wire) RemoteAddr() net.Addr               { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7} }

// wired is a connection of a listener with room for most, from an address.
func wired(t *testing.T, l *listener, address string) (*conn, *wire) {
	t.Helper()
	w := &wire{write: func(b []byte) (int, error) { return len(b), nil }}
	c := &conn{Conn: w, listener: l, address: address}
	c.changed.Store(time.Now().UnixNano())
	if !l.add(c) {
		t.Errorf("a connection of %s is refused", address)
	}
	return c, w
}

func newWired(most int) *listener {
	return newListener(nil, most, 10*time.Second, newConnMetrics(prometheus.NewRegistry()))
}

// A write has the listener's patience, or the time that the server gave it if that
// is less.
func TestWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, w := wired(t, newWired(10), "a")
		start := time.Now()
		var during time.Time
		w.write = func(b []byte) (int, error) { during = w.deadline; return len(b), nil }
		for _, test := range []struct{ server, want time.Duration }{ // 0 is none
			{0, 10 * time.Second}, {time.Minute, 10 * time.Second}, {3 * time.Second, 3 * time.Second}, {-time.Second, -time.Second}, {0, 10 * time.Second},
		} {
			deadline := time.Time{}
			if test.server != 0 {
				deadline = start.Add(test.server)
			}
			if err := c.SetDeadline(deadline); err != nil {
				t.Error(err)
			}
			if n, err := c.Write([]byte("x")); n != 1 || err != nil || !during.Equal(start.Add(test.want)) {
				t.Errorf("with %v of the server a write has %v, want %v; %d, %v", test.server, during.Sub(start), test.want, n, err)
			}
		}
		// A deadline that comes during a write counts for it if it is sooner.
		for _, test := range []struct{ server, want time.Duration }{{time.Minute, 10 * time.Second}, {2 * time.Second, 2 * time.Second}} {
			w.write = func(b []byte) (int, error) {
				if err := c.SetWriteDeadline(start.Add(test.server)); err != nil {
					t.Error(err)
				}
				during = w.deadline
				return len(b), nil
			}
			if err := c.SetWriteDeadline(time.Time{}); err != nil {
				t.Error(err)
			}
			_, _ = c.Write([]byte("x"))
			if !during.Equal(start.Add(test.want)) {
				t.Errorf("cut to %v during a write, it has %v, want %v", test.server, during.Sub(start), test.want)
			}
		}
		w.deadline = time.Time{}
		if err := c.SetWriteDeadline(start.Add(time.Second)); err != nil || !w.deadline.IsZero() {
			t.Errorf("between writes a deadline became %v, %v", w.deadline, err)
		}
		if c.writing.Load() != 0 || len(w.lingers) > 0 {
			t.Errorf("writing since %d, lingers %v", c.writing.Load(), w.lingers)
		}
	})
}

// A reader that stalls is counted, and what the system holds for it is dropped; one
// that has gone is neither.
func TestStalledIsCounted(t *testing.T) {
	l := newWired(10)
	c, w := wired(t, l, "a")
	for _, test := range []struct {
		err     error
		stalled float64
		lingers int
	}{{errors.New("gone"), 0, 0}, {os.ErrDeadlineExceeded, 1, 1}} {
		w.write = func([]byte) (int, error) { return 0, test.err }
		if _, err := c.Write([]byte("x")); !errors.Is(err, test.err) {
			t.Errorf("error %v, want %v", err, test.err)
		}
		if got := value(l.metrics.stalled); got != test.stalled || len(w.lingers) != test.lingers {
			t.Errorf("%v: %v are counted as stalled, lingers %v", test.err, got, w.lingers)
		}
	}
	if len(w.lingers) == 1 && w.lingers[0] != 0 {
		t.Errorf("it lingers for %d s", w.lingers[0])
	}
}

// The connection that gives way to another one is the one of least use.
func TestConnectionVictim(t *testing.T) {
	type state struct {
		address        string
		busy, queued   int32
		writing, since time.Duration // 0 is not at all
	}
	for name, test := range map[string]struct {
		conns []state
		want  int // -1 is none
	}{
		"none idle or stuck":         {[]state{{address: "a", busy: 1}, {address: "a", busy: 1, writing: 99 * time.Millisecond}}, -1},
		"one idle":                   {[]state{{address: "a", busy: 1}, {address: "b"}, {address: "c", busy: 1, queued: 1}}, 1},
		"the longest idle":           {[]state{{address: "a", since: 1}, {address: "b", since: 3}, {address: "c", since: 2}}, 1},
		"of the address with most":   {[]state{{address: "a", since: 9}, {address: "b", since: 1}, {address: "b", busy: 1}}, 1},
		"one that waits":             {[]state{{address: "a", busy: 1, writing: time.Hour}, {address: "b", busy: 2, queued: 2}}, 1},
		"not one of two that waits":  {[]state{{address: "a", busy: 2, queued: 1}, {address: "b", busy: 1}}, -1},
		"one that is stuck":          {[]state{{address: "a", busy: 1}, {address: "b", busy: 1, writing: 100 * time.Millisecond}}, 1},
		"the longest stuck":          {[]state{{address: "a", busy: 1, writing: time.Second}, {address: "b", busy: 1, writing: time.Minute}}, 1},
		"stuck, of the most":         {[]state{{address: "a", busy: 1, writing: time.Hour}, {address: "b", busy: 1, writing: time.Second}, {address: "b", busy: 1}}, 1},
		"idle before all that waits": {[]state{{address: "a", busy: 1, queued: 1, since: 9}, {address: "a", busy: 1, queued: 1}, {address: "b"}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newWired(len(test.conns))
				var all []*conn
				var wires []*wire
				for _, s := range test.conns {
					c, w := wired(t, l, s.address)
					c.busy.Store(s.busy)
					c.queued.Store(s.queued)
					c.changed.Store(time.Now().Add(-s.since).UnixNano())
					if s.writing > 0 {
						c.writing.Store(time.Now().Add(-s.writing).UnixNano())
					}
					all, wires = append(all, c), append(wires, w)
				}
				another := &conn{Conn: &wire{}, listener: l, address: "new"}
				if got := l.add(another); got != (test.want >= 0) {
					t.Errorf("another one is let in: %v", got)
				}
				for i, w := range wires {
					if (w.closed == 1) != (i == test.want) || (len(w.lingers) == 1) != (i == test.want) {
						t.Errorf("connection %d was closed %d times, lingers %v", i, w.closed, w.lingers)
					}
				}
				replaced, open := 0.0, float64(len(test.conns))
				if test.want >= 0 {
					replaced = 1
				}
				if value(l.metrics.replaced) != replaced || value(l.metrics.open) != open {
					t.Errorf("%v are counted as replaced, %v as open", value(l.metrics.replaced), value(l.metrics.open))
				}
				for range 2 { // one that was replaced is not counted a second time
					for _, c := range all {
						_ = c.Close()
					}
					_ = another.Close()
				}
				if value(l.metrics.open) != 0 || len(l.conns) != 0 {
					t.Errorf("at the end %v are open, %d known", value(l.metrics.open), len(l.conns))
				}
			})
		})
	}
}

// accepts gives connections out, and an error at last.
type accepts []net.Conn

var errNoMore = errors.New("no more")

func (a *accepts) Accept() (net.Conn, error) {
	if len(*a) == 0 {
		return nil, errNoMore
	}
	c := (*a)[0]
	*a = (*a)[1:]
	return c, nil
}
func (*accepts) Close() error   { return nil }
func (*accepts) Addr() net.Addr { return nil }

// What there is no room for is closed and counted, and the next one is waited for.
func TestAcceptRefuses(t *testing.T) {
	a, b, c := &wire{}, &wire{}, &wire{}
	l := newListener(&accepts{a, b, c}, 1, time.Second, newConnMetrics(prometheus.NewRegistry()))
	one, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	one.(*conn).busy.Store(1)
	if got := one.(*conn).address; got != "192.0.2.1" {
		t.Errorf("its address is %q", got)
	}
	if _, err := l.Accept(); !errors.Is(err, errNoMore) {
		t.Errorf("error %v", err)
	}
	if a.closed != 0 || b.closed != 1 || c.closed != 1 || len(b.lingers) != 1 || value(l.metrics.refused) != 2 || value(l.metrics.open) != 1 {
		t.Errorf("closed %d, %d and %d times; %v refused, %v open", a.closed, b.closed, c.closed, value(l.metrics.refused), value(l.metrics.open))
	}
}
