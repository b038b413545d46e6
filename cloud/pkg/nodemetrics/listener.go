package nodemetrics

import (
	"net"
	"sync"
	"time"
)

// sendBuffer is how many bytes of an answer wait in the kernel for their reader. The
// kernel would let it grow to megabytes for each of those that do not read, in memory
// that counts as cloudcore's. It is plenty for a reader in the same data center.
const sendBuffer = 256 << 10

// listener bounds what those who connect can cost, whatever they ask for and
// whether they read the answer or not: how long a write waits for its reader, and
// how many connections there are. One more closes the one that is of least use.
type listener struct {
	net.Listener
	most     int           // connections at once
	patience time.Duration // of each write
	metrics  connMetrics

	mu      sync.Mutex
	conns   map[*conn]struct{}
	leaving leaving
}

func newListener(l net.Listener, most int, patience time.Duration, metrics connMetrics) *listener {
	return &listener{Listener: l, most: most, patience: patience, metrics: metrics, conns: map[*conn]struct{}{}}
}

// Accept returns the next connection. Where there is no room and no use in closing
// another one, it is closed at once, and the next one is waited for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if t, ok := inner.(*net.TCPConn); ok {
			_ = t.SetWriteBuffer(sendBuffer) // the kernel's own choice works too
			closeUnacknowledged(t, l.patience)
		}
		c := &conn{Conn: inner, listener: l, address: host(inner.RemoteAddr())}
		c.changed.Store(time.Now().UnixNano())
		if l.add(c) {
			return c, nil
		}
		l.metrics.refused.Inc()
		reset(inner)
	}
}

// add takes c in, and closes another connection for it if there are too many.
func (l *listener) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.conns)+len(l.leaving.all) < l.most:
	case len(l.leaving.all) > l.most/fewestLeaving:
		l.drop(l.leaving.first())
	default:
		victim := l.victim()
		if victim == nil {
			return false
		}
		delete(l.conns, victim)
		l.metrics.replaced.Inc()
		l.metrics.open.Dec()
		victim.end()
		reset(victim.Conn)
	}
	l.conns[c] = struct{}{}
	l.metrics.open.Inc()
	return true
}

func (l *listener) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.conns[c]; ok {
		delete(l.conns, c)
		l.metrics.open.Dec()
	}
}

// victim returns the connection to close for another one, nil if all are of use.
// First come those of the least use, of these the ones of the address with the most
// connections, and then the one that has been so for longest.
func (l *listener) victim() (worst *conn) {
	share := map[string]int{}
	for c := range l.conns {
		share[c.address]++
	}
	now := time.Now()
	var worstUse connUse
	var worstFor time.Duration
	for c := range l.conns {
		use, since := c.use(now)
		if use == connAnswered {
			continue
		}
		switch {
		case worst == nil, use < worstUse,
			use == worstUse && share[c.address] > share[worst.address],
			use == worstUse && share[c.address] == share[worst.address] && since > worstFor:
			worst, worstUse, worstFor = c, use, since
		}
	}
	return worst
}

// host returns the address without its port.
func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}
