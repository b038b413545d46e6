package main

import (
	"context"
	"log/slog"
	"math/rand"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// publisher carries reports from the slot to the broker, and comes back to
// the broker for ever.
type publisher struct {
	client  connector
	logger  *slog.Logger
	backoff backoff
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

// run publishes what comes into the slot until ctx ends. It says when the
// broker is lost and when it is back, and not how often it tried in between.
func (p publisher) run(ctx context.Context, slot *report.Slot) {
	failures := 0
	for ctx.Err() == nil {
		sent, err := p.session(ctx, slot)
		if ctx.Err() != nil {
			return
		}
		if sent {
			failures = 0
		}
		failures++
		if failures == 1 {
			p.logger.Warn("No connection to the broker; trying on", "err", err)
		}
		if !wait(ctx, p.backoff.after(failures)) {
			return
		}
	}
}

// session holds one connection until it fails, and tells whether a report
// went out: a broker that accepts a connection and drops it is none.
func (p publisher) session(ctx context.Context, slot *report.Slot) (sent bool, err error) {
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
			if !sent {
				p.logger.Info("Sent a report to the broker")
			}
			sent = true
		}
	}
}
