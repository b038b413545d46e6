package nodemetrics

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// sendBuffer is how many bytes of an answer wait in the kernel for their reader. The
// kernel would let it grow to megabytes for each of those that do not read, in memory
// that counts as cloudcore's. It is plenty for a reader in the same data center.
const sendBuffer = 256 << 10

// stuck is how long a reader takes nothing until its connection may be closed for
// a new one.
const stuck = 100 * time.Millisecond

// listener bounds what those who connect can cost, whatever they ask for and
// whether they read the answer or not: how long a write waits for its reader, and
// how many connections there are. One more closes the one that is of least use.
type listener struct {
	net.Listener
	most     int           // connections at once
	patience time.Duration // of each write
	metrics  connMetrics

	mu    sync.Mutex
	conns map[*conn]struct{}
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
	if len(l.conns) >= l.most {
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

// victim returns the connection to close for another one: first one without a
// request, then one whose request waits for others (its turn, a slot, the API
// server), then one whose reader takes nothing; each time of the address with the
// most connections the one that has been so for longest. Those that are being
// answered stay.
func (l *listener) victim() (worst *conn) {
	share := map[string]int{}
	for c := range l.conns {
		share[c.address]++
	}
	now := time.Now().UnixNano()
	var worstClass int
	var worstFor int64
	for c := range l.conns {
		class, since := 0, now-c.changed.Load()
		if busy := c.busy.Load(); busy > 0 && c.queued.Load() == busy {
			class = 1
		} else if busy > 0 {
			writing := c.writing.Load()
			if since = now - writing; writing == 0 || since < int64(stuck) {
				continue
			}
			class = 2
		}
		switch {
		case worst == nil, class < worstClass,
			class == worstClass && share[c.address] > share[worst.address],
			class == worstClass && share[c.address] == share[worst.address] && since > worstFor:
			worst, worstClass, worstFor = c, class, since
		}
	}
	return worst
}

// conn is one connection. Its deadline for writing is the sooner of that which the
// server set and the listener's patience from the write's beginning.
type conn struct {
	net.Conn
	listener *listener
	address  string
	changed  atomic.Int64 // when it last became busy or idle, in Unix ns
	busy     atomic.Int32 // requests that are being answered, with HTTP/2 several
	queued   atomic.Int32 // those of them that wait for others
	writing  atomic.Int64 // since when, in Unix ns; 0 is not at all
	stalled  atomic.Bool  // it was counted as such
	turn     atomic.Pointer[turn]
	// ended is done when the connection is closed, here or by the server: those of its
	// requests that wait need not go on. Both are nil until a server has it.
	ended  <-chan struct{}
	cancel context.CancelFunc

	mu       sync.Mutex
	deadline time.Time // the server's
}

// Read reads. Of a connection whose reader takes nothing this is what fails when all
// of the answer is in the kernel.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, syscall.ETIMEDOUT) {
		c.stall()
	}
	return n, err
}

// stall counts the connection as one whose reader takes nothing.
func (c *conn) stall() {
	// What is in the socket's buffer would stay there for a reader that does not
	// read, long after the connection is closed.
	linger(c.Conn)
	if !c.stalled.Swap(true) {
		c.listener.metrics.stalled.Inc()
	}
}

// Write writes all of b, or closes the connection's way out. The request that it
// answers gives its turn to another one meanwhile.
func (c *conn) Write(b []byte) (int, error) {
	t := c.turn.Load()
	t.give()
	defer t.take()
	now := time.Now()
	c.mu.Lock()
	deadline := now.Add(c.listener.patience)
	if !c.deadline.IsZero() && c.deadline.Before(deadline) {
		deadline = c.deadline
	}
	err := c.Conn.SetWriteDeadline(deadline)
	c.writing.Store(now.UnixNano())
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	c.writing.Store(0)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		c.stall()
	}
	return n, err
}

// SetWriteDeadline sets the server's deadline. One that is sooner than that of a
// write under way counts for it too.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	if writing := c.writing.Load(); writing != 0 && !t.IsZero() && t.Before(time.Unix(0, writing).Add(c.listener.patience)) {
		return c.Conn.SetWriteDeadline(t)
	}
	return nil
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.Conn.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Close closes the connection.
func (c *conn) Close() error {
	c.end()
	c.listener.remove(c)
	return c.Conn.Close()
}

// end ends what waits for others to answer the connection's requests.
func (c *conn) end() {
	if c.cancel != nil {
		c.cancel()
	}
}

// serving notes, until the returned function is called, that a request of the
// connection in ctx is being answered.
func serving(ctx context.Context) (done func()) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return func() {} // of another server
	}
	c.changed.Store(time.Now().UnixNano())
	c.busy.Add(1)
	return func() {
		c.busy.Add(-1)
		c.changed.Store(time.Now().UnixNano())
	}
}

// waiting notes that a request of the connection in ctx waits for others, or no
// longer does.
func waiting(ctx context.Context, waits bool) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && waits {
		c.queued.Add(1)
	} else if ok {
		c.queued.Add(-1)
	}
}

// gone reports whether the connection in ctx was closed. One whose reader only says
// no more is not.
func gone(ctx context.Context) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return false
	}
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

type connKey struct{}

// withConn is for http.Server.ConnContext: it makes a request know its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn()
	}
	own, ok := c.(*conn)
	if !ok {
		return ctx
	}
	ctx, own.cancel = context.WithCancel(ctx)
	own.ended = ctx.Done()
	return context.WithValue(ctx, connKey{}, own)
}

// bounded returns h with each request noted at its connection and worked on in its
// turn, and each answer to be taken within patience, which a page may lengthen. Of
// HTTP/2, whose readers can hold back one stream of a connection that works, only
// this ends an answer.
func bounded(h http.Handler, patience time.Duration, turns *turns) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer serving(r.Context())()
		defer turns.begin(r)()
		if gone(r.Context()) {
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // nothing without a network
		h.ServeHTTP(w, r)
	})
}

// reset closes a connection and drops what has not been read of it.
func reset(c net.Conn) {
	linger(c)
	_ = c.Close()
}

func linger(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0)
	}
}

// host returns the address without its port.
func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}
