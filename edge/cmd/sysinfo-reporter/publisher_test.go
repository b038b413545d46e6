//go:build go1.25

// The module says go 1.22, whose timers a synctest bubble cannot hold.
//go:debug asynctimerchan=0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// broker is a broker whose being there the test decides.
type broker struct {
	begin     time.Time
	mu        sync.Mutex
	up        bool
	silent    bool // accepts connections and answers nothing
	attempts  []time.Duration
	got       []string
	connected *brokerSession
}

func (b *broker) connect(ctx context.Context) (session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts = append(b.attempts, time.Since(b.begin))
	if !b.up {
		return nil, errors.New("connection refused")
	}
	b.connected = &brokerSession{b, make(chan struct{})}
	return b.connected, nil
}

func (b *broker) set(up, silent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !up && b.connected != nil {
		close(b.connected.gone)
		b.connected = nil
	}
	b.up, b.silent = up, silent
}

// tried returns when connections were asked for.
func (b *broker) tried() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.attempts)
}

// received returns the reports and when they came.
func (b *broker) received() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

type brokerSession struct {
	broker *broker
	gone   chan struct{}
}

func (s *brokerSession) publish(ctx context.Context, message []byte) error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	if s.broker.silent {
		return errNoWord
	}
	s.broker.got = append(s.broker.got, fmt.Sprintf("%s@%v", message, time.Since(s.broker.begin).Truncate(time.Second)))
	return nil
}
func (s *brokerSession) lost() <-chan struct{} { return s.gone }
func (s *brokerSession) close()                {}

// scene runs a publisher with a report a minute in a bubble.
func scene(t *testing.T, b *broker, play func()) (log string) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ctx, cancel := context.WithCancel(context.Background())
		b.begin = time.Now()
		slot := report.NewSlot()
		p := publisher{b, slog.New(slog.NewTextHandler(&out, nil)), backoff{time.Second, 20 * time.Second}, "edge-1"}
		done := make(chan struct{})
		go func() { p.run(ctx, slot); close(done) }()
		n := 0
		go report.Every(ctx, 0, time.Minute, func() { n++; slot.Put([]byte(fmt.Sprint(n))) })
		play()
		cancel()
		<-done
		synctest.Wait()
		log = out.String()
	})
	return log
}

// pass lets the bubble's time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestPublish(t *testing.T) {
	b := &broker{up: true}
	log := scene(t, b, func() { pass(150 * time.Second) })
	if got := fmt.Sprint(b.received()); got != "[1@0s 2@1m0s 3@2m0s]" {
		t.Errorf("got %s", got)
	}
	if len(b.tried()) != 1 {
		t.Errorf("attempts at %v, want one connection", b.tried())
	}
	if n := strings.Count(log, "\n"); n != 1 {
		t.Errorf("said %d lines in two minutes, want one:\n%s", n, log)
	}
}

// After an outage the present is sent, not the past.
func TestOutage(t *testing.T) {
	b := &broker{up: true}
	log := scene(t, b, func() {
		pass(90 * time.Second) // reports 1 and 2 are out
		b.set(false, false)
		pass(5 * time.Minute) // 3 to 7 come and go
		b.set(true, false)
		pass(50 * time.Second)
	})
	if len(b.received()) < 3 || !strings.HasPrefix(b.received()[2], "7@6m") {
		t.Errorf("got %v, want report 7 after 1 and 2", b.received())
	}
	for _, text := range []string{"No connection to the broker", "Sent a report"} {
		if n := strings.Count(log, text); n < 1 || n > 2 {
			t.Errorf("%q said %d times:\n%s", text, n, log)
		}
	}
}

// A broker that takes the connection and answers nothing gets the newest
// report when it comes to itself.
func TestSilentBroker(t *testing.T) {
	b := &broker{up: true, silent: true}
	scene(t, b, func() {
		pass(150 * time.Second)
		b.set(true, false)
		pass(25 * time.Second)
	})
	if len(b.received()) != 1 || !strings.HasPrefix(b.received()[0], "3@2m") {
		t.Errorf("got %v, want report 3 alone", b.received())
	}
	if n := len(b.tried()); n > 20 {
		t.Errorf("%d attempts in three minutes: the wait does not grow", n)
	}
}

func TestBackoffForEver(t *testing.T) {
	b := &broker{}
	log := scene(t, b, func() { pass(time.Hour) })
	// Waits of 10 to 20 seconds once they have grown: 180 to 370 attempts.
	if n := len(b.tried()); n < 180 || n > 370 {
		t.Errorf("%d attempts in an hour", n)
	}
	if last := b.tried()[len(b.tried())-1]; last < time.Hour-21*time.Second {
		t.Errorf("gave up after %v", last)
	}
	if n := strings.Count(log, "\n"); n != 1 {
		t.Errorf("said %d lines in an hour, want one:\n%s", n, log)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{time.Second, 10 * time.Second}
	for failures, nominal := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1 << 40: 10 * time.Second,
	} {
		seen := map[time.Duration]bool{}
		for i := 0; i < 200; i++ {
			d := b.after(failures)
			if d < nominal/2 || d > nominal {
				t.Errorf("%d failures: wait %v, want %v to %v", failures, d, nominal/2, nominal)
			}
			seen[d] = true
		}
		if len(seen) < 100 {
			t.Errorf("%d failures: %d different waits of 200", failures, len(seen))
		}
	}
}

// Two reporters of one client id throw each other out for ever; each says why,
// and then nothing more of it.
func TestTakenOver(t *testing.T) {
	b := &broker{up: true}
	log := scene(t, b, func() {
		for i := 0; i < 50; i++ {
			pass(20 * time.Second)
			b.set(false, false)
			b.set(true, false)
		}
		if n := strings.Count(fmt.Sprint(b.received()), "@"); n < 10 {
			t.Errorf("%d reports in between", n)
		}
		pass(10 * time.Minute) // the other one is gone
		b.set(false, false)
		pass(time.Minute)
	})
	if n := strings.Count(log, "--client-id"); n != 1 || !strings.Contains(log, "edge-1") {
		t.Errorf("said %d times what it may be, want once:\n%s", n, log)
	}
	if n := strings.Count(log, "No connection"); n < 2 || n > 4 {
		t.Errorf("said %d times that there is no connection, want it twice at first and once in the end:\n%s", n, log)
	}
	if n := strings.Count(log, "\n"); n > 9 {
		t.Errorf("%d lines:\n%s", n, log)
	}
}

// The wait between attempts begins anew after a report got through.
func TestBackoffBeginsAnew(t *testing.T) {
	b := &broker{}
	scene(t, b, func() {
		pass(10 * time.Minute) // the wait has grown to its limit
		b.set(true, false)
		pass(90 * time.Second)
		if len(b.received()) < 2 {
			t.Fatalf("got %v", b.received())
		}
		before := len(b.tried())
		b.set(false, false)
		pass(5 * time.Second)
		// Waits of half a second to one, then one to two, then two to four.
		if n := len(b.tried()) - before; n < 2 {
			t.Errorf("%d attempts in the first five seconds of an outage", n)
		}
	})
}
