//go:build go1.25

package nodemetrics

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A connection whose password waits for others is known to wait: it gives way where
// connections are short.
func TestPasswordWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded("right")
		c := &conn{listener: newListener(nil, 1, time.Second, connMetrics{}), address: "10.0.0.3"}
		ctx := context.WithValue(context.Background(), connKey{}, c)
		go g.ask(context.Background(), "10.0.0.2", "wrong")
		synctest.Wait()
		ended := make(chan int)
		go func() {
			code, _ := g.ask(ctx, "10.0.0.3", "right")
			ended <- code
		}()
		synctest.Wait()
		if got := c.queued.Load(); got != 1 {
			t.Errorf("while it waits %d requests of the connection are known to wait, want 1", got)
		}
		if code := <-ended; code != 200 {
			t.Errorf("the right password: %d", code)
		}
		if got := c.queued.Load(); got != 0 {
			t.Errorf("after it %d requests of the connection are known to wait", got)
		}
	})
}
