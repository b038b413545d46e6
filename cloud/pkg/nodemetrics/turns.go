package nodemetrics

import (
	"context"
	"net/http"
	"runtime"
	"time"
)

// turns bound how many requests are worked on at once, so that a flood of small
// ones, each of which is done in no time, leaves the processors to scrapes and to
// cloudcore. Probes wait for probes alone, and scrapes for scrapes, until these are
// let in: then they have a slot, which bounds them otherwise.
type turns struct{ pages, probes, scrapes chan struct{} }

// longestTurn is how long a request waits for its turn. Then it goes on without:
// whoever has the turn is slow, and there is no flood.
const longestTurn = time.Second

func newTurns() *turns {
	at := max(1, runtime.GOMAXPROCS(0)/4)
	return &turns{make(chan struct{}, at), make(chan struct{}, at), make(chan struct{}, at)}
}

// turn is a request's permission to be worked on.
type turn struct {
	of    chan struct{}
	ended <-chan struct{} // of the connection: then nobody needs a turn
	taken bool
}

// begin waits for the turn of a request. The turn ends by end, or by endTurn.
//
// An HTTP/2 request has none: while it writes, nobody knows which one it is, so it
// would keep its turn while its reader stalls.
func (x *turns) begin(r *http.Request) (end func()) {
	c, ok := connOf(r.Context())
	if !ok || r.ProtoMajor != 1 {
		return func() {}
	}
	t := &turn{of: x.pages, ended: c.ended}
	switch {
	case isProbe(r):
		t.of = x.probes
	case r.URL.Path == "/metrics":
		t.of = x.scrapes
	}
	waiting(r.Context(), true)
	t.take()
	waiting(r.Context(), false)
	c.turn.Store(t)
	return func() { endTurn(r.Context()) }
}

func isProbe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// turnOf returns the turn of the request in ctx, nil if it has none.
func turnOf(ctx context.Context) *turn {
	if c, ok := connOf(ctx); ok {
		return c.turn.Load()
	}
	return nil
}

// endTurn ends the turn of the request in ctx, if it has one.
func endTurn(ctx context.Context) {
	if c, ok := connOf(ctx); ok {
		c.turn.Swap(nil).give()
	}
}

// withoutTurn returns h without a turn for its requests.
func withoutTurn(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endTurn(r.Context())
		h.ServeHTTP(w, r)
	})
}

// take waits for the turn, and give lets another request have it, while this one
// waits for somebody: its reader, or the API server. A nil turn does nothing.
func (t *turn) take() {
	if t == nil || t.taken {
		return
	}
	select {
	case t.of <- struct{}{}:
		t.taken = true
		return
	default:
	}
	timer := time.NewTimer(longestTurn)
	defer timer.Stop()
	select {
	case t.of <- struct{}{}:
		t.taken = true
	case <-timer.C:
	case <-t.ended:
	}
}

func (t *turn) give() {
	if t != nil && t.taken {
		t.taken = false
		<-t.of
	}
}
