//go:build go1.25

package nodemetrics

import (
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// unreadBytes are taken by a socket's buffers on this side, and not on that of a reader
// with a small one.
const unreadBytes = 40 << 10

// leavers has clients connect that read nothing, answers each, and closes.
func leavers(t *testing.T, most int, patience time.Duration, clients int) (*listener, []net.Conn) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a reader has taken")
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(inner, most, patience, newConnMetrics(prometheus.NewRegistry()))
	t.Cleanup(func() { l.Close() })
	var all []net.Conn
	for range clients {
		all = append(all, hung(t, inner.Addr().String(), "", 0))
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(make([]byte, unreadBytes)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // as net/http does
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	return l, all
}

func (l *listener) count() (open, leaving int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns), len(l.leaving.all)
}

func wantAll(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, err := io.Copy(io.Discard, c); n != unreadBytes || err != nil {
		t.Errorf("the reader has %d bytes of %d, error %v", n, unreadBytes, err)
	}
}

// A connection whose answer is not read yet counts until it is.
func TestLeaving(t *testing.T) {
	l, clients := leavers(t, 8, time.Hour, 1)
	if open, leaving := l.count(); open != 0 || leaving != 1 || value(l.metrics.open) != 1 {
		t.Errorf("%d connections are open, %d are leaving, %v are counted", open, leaving, value(l.metrics.open))
	}
	wantAll(t, clients[0])
	eventually(t, patience, "it is gone", func() bool { _, leaving := l.count(); return leaving == 0 })
	if value(l.metrics.open) != 0 || value(l.metrics.stalled) != 0 {
		t.Errorf("%v are open, %v stalled", value(l.metrics.open), value(l.metrics.stalled))
	}
}

// It does not wait for its reader for longer than others, and then nothing is left.
func TestLeavingIsCut(t *testing.T) {
	l, clients := leavers(t, 8, 100*time.Millisecond, 1)
	eventually(t, patience, "it is cut", func() bool { _, leaving := l.count(); return leaving == 0 })
	_ = clients[0].SetReadDeadline(time.Now().Add(patience))
	if n, err := io.Copy(io.Discard, clients[0]); err == nil {
		t.Errorf("the reader still has %d bytes", n)
	}
	if value(l.metrics.open) != 0 {
		t.Errorf("%v are open", value(l.metrics.open))
	}
}

// They are few, and those that are open and those that leave are no more than there may
// be connections.
func TestLeavingIsBounded(t *testing.T) {
	l, _ := leavers(t, 8, time.Hour, 20)
	if open, leaving := l.count(); open != 0 || leaving != 4 || value(l.metrics.open) != 4 || value(l.metrics.stalled) != 16 {
		t.Errorf("%d are open, %d leave, %v are counted, %v as stalled", open, leaving, value(l.metrics.open), value(l.metrics.stalled))
	}
	for range 20 {
		l.add(&conn{Conn: &wire{}, listener: l})
	}
	if open, leaving := l.count(); open != 6 || leaving != 2 || value(l.metrics.open) != 8 {
		t.Errorf("with others %d are open, %d leave, %v are counted", open, leaving, value(l.metrics.open))
	}
}

// Of those that leave, the first of the address with the most goes first.
func TestFirstToGo(t *testing.T) {
	for addresses, want := range map[string]int{"abc": 0, "abbc": 1, "abab": 0, "a": 0, "abcbc": 1} {
		var x leaving
		for _, a := range addresses {
			x.all = append(x.all, &conn{address: string(a)})
		}
		if got := x.first(); got != x.all[want] {
			t.Errorf("%s: not number %d", addresses, want)
		}
	}
}

// At the end readers still have what was written for them.
func TestLeavingAtTheEnd(t *testing.T) {
	l, clients := leavers(t, 8, time.Hour, 2)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, leaving := l.count(); leaving != 0 || value(l.metrics.open) != 0 {
		t.Errorf("%d still leave, %v are counted", leaving, value(l.metrics.open))
	}
	for _, c := range clients {
		wantAll(t, c)
	}
}
