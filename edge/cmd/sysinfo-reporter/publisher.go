package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand"
	"syscall"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// publisher carries reports from the slot to the broker, and comes back to
// the broker for ever.
type publisher struct {
	client   connector
	logger   *slog.Logger
	backoff  backoff
	clientID string
}

// connector opens sessions with the broker.
type connector interface {
	connect(ctx context.Context) (session, error)
}

// session is one connection to the broker.
type session interface {
	// publish returns when the broker has the report, or an error.
	publish(ctx context.Context, message []byte) error
	// lost is closed when the connection is gone.
	lost() <-chan struct{}
	close()
}

// backoff is the time between attempts: it doubles from first to limit.
type backoff struct{ first, limit time.Duration }

// after returns the wait after so many failures in a row. It lies somewhere
// between half the nominal time and all of it: when a broker that many
// reporters use comes back, they must not come all at once.
func (b backoff) after(failures int) time.Duration {
	d := b.first
	for i := 1; i < failures && d < b.limit; i++ {
		d *= 2
	}
	d = min(d, b.limit)
	return d - time.Duration(rand.Int63n(int64(d/2)+1))
}

// takenOver is how many connections in a row the broker accepts and drops
// before the reporter takes another client of its id for the cause: MQTT 3.1.1
// knows no word for it.
const takenOver = 3

// run publishes what comes into the slot until ctx ends. It says when the
// broker is lost and when it is back, and not how often it tried in between.
func (p publisher) run(ctx context.Context, slot *report.Slot) {
	failures, dropped := 0, 0
	for ctx.Err() == nil {
		begin := time.Now()
		sent, err := p.session(ctx, slot, dropped >= takenOver)
		if ctx.Err() != nil {
			return
		}
		// Two reporters of one id come back in turns, each after its wait. One
		// may be thrown out before the broker has greeted it.
		switch {
		case time.Since(begin) >= 2*p.backoff.limit:
			dropped = 0
		case errors.Is(err, errLost):
			dropped++
		case !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET):
			dropped = 0
		}
		if sent && dropped < takenOver {
			failures = 0
		}
		failures++
		switch {
		case dropped == takenOver:
			p.logger.Error("The broker accepts the connection and drops it again and again, as it does when another client connects with the same client id; give each reporter a --client-id of its own",
				"clientID", p.clientID)
		case failures == 1 && dropped < takenOver:
			p.logger.Warn("No connection to the broker; trying on", "err", err)
		}
		if !wait(ctx, p.backoff.after(failures)) {
			return
		}
	}
}

// session holds one connection until it fails, and tells whether a report
// went out: a broker that accepts a connection and drops it is none. It says
// when the first did, unless it is to be quiet.
func (p publisher) session(ctx context.Context, slot *report.Slot, quiet bool) (sent bool, err error) {
	s, err := p.client.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	for {
		select {
		case <-ctx.Done():
			return sent, ctx.Err()
		case <-s.lost():
			return sent, errLost
		case message := <-slot.Newest():
			if err := s.publish(ctx, message); err != nil {
				slot.Return(message)
				return sent, err
			}
			if !sent && !quiet {
				p.logger.Info("Sent a report to the broker")
			}
			sent = true
		}
	}
}
