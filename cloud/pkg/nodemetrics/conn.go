package nodemetrics

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

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
	left     atomic.Bool  // the server has closed it
	turn     atomic.Pointer[turn]
	// ended is done when the connection is closed, here or by the server: those of its
	// requests that wait need not go on. Both are nil until a server has it.
	ended  <-chan struct{}
	cancel context.CancelFunc

	mu       sync.Mutex
	deadline time.Time // the server's
}

// connUse is of how much use a connection is, the least first.
type connUse int

const (
	connIdle     connUse = iota // it has no request
	connQueued                  // its request waits for others: its turn, a slot, the API server
	connStuck                   // its reader takes nothing
	connAnswered                // it is being answered
)

// stuck is how long a reader takes nothing until its connection may be closed for
// a new one.
const stuck = 100 * time.Millisecond

// use returns of how much use c is, and for how long it has been so.
func (c *conn) use(now time.Time) (use connUse, since time.Duration) {
	ago := func(t int64) time.Duration { return time.Duration(now.UnixNano() - t) }
	busy := c.busy.Load()
	switch {
	case busy == 0:
		return connIdle, ago(c.changed.Load())
	case c.queued.Load() == busy:
		return connQueued, ago(c.changed.Load())
	}
	if writing := c.writing.Load(); writing != 0 && ago(writing) >= stuck {
		return connStuck, ago(writing)
	}
	return connAnswered, 0
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

// Close closes the connection, once its reader has what was written to it.
func (c *conn) Close() error {
	c.end()
	if c.left.Swap(true) || c.listener.leave(c) {
		return nil
	}
	c.listener.remove(c)
	return c.Conn.Close()
}

// end ends what waits for others to answer the connection's requests.
func (c *conn) end() {
	if c.cancel != nil {
		c.cancel()
	}
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
