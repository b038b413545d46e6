package nodemetrics

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

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

// connOf returns the connection of the request in ctx; ok is false if it came by
// another server.
func connOf(ctx context.Context) (c *conn, ok bool) {
	c, ok = ctx.Value(connKey{}).(*conn)
	return c, ok
}

// serving notes, until the returned function is called, that a request of the
// connection in ctx is being answered.
func serving(ctx context.Context) (done func()) {
	c, ok := connOf(ctx)
	if !ok {
		return func() {}
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
	c, ok := connOf(ctx)
	switch {
	case !ok:
	case waits:
		c.queued.Add(1)
	default:
		c.queued.Add(-1)
	}
}

// gone reports whether the connection in ctx was closed. One whose reader only says
// no more is not.
func gone(ctx context.Context) bool {
	c, ok := connOf(ctx)
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
