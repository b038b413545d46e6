package nodemetrics

import "time"

const (
	// mostLeaving is which part of the listener's connections may be on their way out,
	// as one in so many, and fewestLeaving which part may be before they give way to
	// new ones.
	mostLeaving, fewestLeaving = 2, 4
	// lookAtLeaving is how often one that is leaving is looked at.
	lookAtLeaving = 20 * time.Millisecond
)

// leaving are the connections that are closed and whose readers have not yet taken all
// of their answers. What is left would stay in the kernel for each reader that does not
// read, in memory that counts as cloudcore's and that nobody bounds.
type leaving struct {
	all    []*conn // the first to leave at the front
	closed bool    // so is the listener: no other connection comes
}

// leave closes c for good when its reader has taken all, or takes nothing more. It
// returns false if c can be closed at once.
func (l *listener) leave(c *conn) bool {
	if c.stalled.Load() || unacknowledged(c.Conn) == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.conns[c]; !ok || l.leaving.closed {
		return false
	}
	if len(l.leaving.all) >= max(1, l.most/mostLeaving) {
		l.drop(l.leaving.first())
	}
	delete(l.conns, c)
	l.leaving.all = append(l.leaving.all, c)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	l.lookAt(c, time.Now().Add(l.patience))
	return true
}

// first returns which of those that are leaving has to go: of the address with the most
// of them the first.
func (x *leaving) first() *conn {
	share := map[string]int{}
	for _, c := range x.all {
		share[c.address]++
	}
	worst := x.all[0]
	for _, c := range x.all {
		if share[c.address] > share[worst.address] {
			worst = c
		}
	}
	return worst
}

// lookAt looks now and then whether c's reader has taken all, until a time.
func (l *listener) lookAt(c *conn, until time.Time) {
	time.AfterFunc(lookAtLeaving, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case !l.leaving.has(c):
		case unacknowledged(c.Conn) == 0:
			l.leaving.remove(c)
			l.metrics.open.Dec()
			_ = c.Conn.Close()
		case time.Now().After(until):
			l.drop(c)
		default:
			l.lookAt(c, until)
		}
	})
}

// drop closes one that is leaving, and what its reader has not taken is dropped.
func (l *listener) drop(c *conn) {
	l.leaving.remove(c)
	l.metrics.open.Dec()
	c.stall()
	_ = c.Conn.Close()
}

func (x *leaving) has(c *conn) bool {
	for _, one := range x.all {
		if one == c {
			return true
		}
	}
	return false
}

func (x *leaving) remove(c *conn) {
	for i, one := range x.all {
		if one == c {
			x.all = append(x.all[:i], x.all[i+1:]...)
			return
		}
	}
}

// Close closes the listener. Nobody waits for the readers of what is leaving any more:
// the kernel sends them the rest.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving.closed = true
	for _, c := range l.leaving.all {
		l.metrics.open.Dec()
		_ = c.Conn.Close()
	}
	l.leaving.all = nil
	return l.Listener.Close()
}
