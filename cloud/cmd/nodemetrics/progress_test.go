//go:build go1.25

// Time in a bubble wants the timers that the go.mod, of an older Go, does not ask for.
//
//go:debug asynctimerchan=0

package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowly is messages that come one a second.
type slowly struct {
	message string
	left    int
}

func (s *slowly) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	time.Sleep(time.Second)
	return copy(b, s.message), nil
}

func (s *slowly) Close() error { return nil }

// TestLongReplayTellsProgress wants a line now and then, and the last one.
func TestLongReplayTellsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const message = `{"route":{"resource":"node/a/default/user/sysinfo"},"content":{"cpu":{"load1":1}}}` + "\n"
		var out bytes.Buffer
		replay(context.Background(), &out, newModule(t), "captured", &slowly{message, 12})
		want := "Replaying captured: 0.0 MB in 5s, 4 messages accepted, 0 rejected.\n" +
			"Replaying captured: 0.0 MB in 10s, 9 messages accepted, 0 rejected.\n" +
			"Replayed captured: 12 messages accepted, 0 rejected.\n"
		if out.String() != want {
			t.Errorf("it said\n%s\nwant\n%s", &out, want)
		}
	})
}

// TestReplayEnds wants nothing more to be handled once the context is done.
func TestReplayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const message = `{"route":{"resource":"node/a/default/user/sysinfo"},"content":{"cpu":{"load1":1}}}` + "\n"
		ctx, cancel := context.WithTimeout(context.Background(), 3500*time.Millisecond)
		defer cancel()
		m, in := newModule(t), &slowly{message, 1000}
		var out bytes.Buffer
		replay(ctx, &out, m, "captured", in)
		if accepted := totals(m)["nodemetrics_reports_total/accepted"]; accepted != 3 || in.left != 1000-4 {
			t.Errorf("%v messages were handled of the %d read, want 3 of 4", accepted, 1000-in.left)
		}
		if strings.Contains(out.String(), "Replayed") {
			t.Errorf("it said %q, as if it had come to the end", &out)
		}
	})
}

func TestProgress(t *testing.T) {
	for _, x := range []struct {
		read, size int64
		elapsed    time.Duration
		want       string
	}{
		{50e6, 200e6, 10 * time.Second, "25 % of 200.0 MB, 30s to go"},
		{200e6, 200e6, 10 * time.Second, "100 % of 200.0 MB, 0s to go"},
		{50e6, 0, 10 * time.Second, "50.0 MB in 10s"},
		{300e6, 200e6, 10 * time.Second, "300.0 MB in 10s"}, // a file that grew
	} {
		if got := progress(x.read, x.size, x.elapsed); got != x.want {
			t.Errorf("%d of %d: %q, want %q", x.read, x.size, got, x.want)
		}
	}
}
