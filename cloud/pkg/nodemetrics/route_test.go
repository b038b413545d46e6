//go:build go1.25

package nodemetrics

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A module that knows nodes and hears nothing says so after five minutes, and no
// longer once anything comes, be it a report that it refuses.
func TestRouteMissing(t *testing.T) {
	const missing = "nodemetrics_route_missing "
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(*Config) {})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		watch := m.newRouteWatch()
		done := make(chan struct{})
		go func() {
			defer close(done)
			watch.run(ctx)
		}()

		time.Sleep(time.Hour)
		wantLine(t, m, missing+"0") // no node, no need of a route
		if err := m.Expect("edge"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(routePatience - time.Second)
		wantLine(t, m, missing+"0")
		time.Sleep(routePatience/10 + time.Second)
		synctest.Wait() // the watch looks at this very instant
		wantLine(t, m, missing+"1")

		_, _ = m.Handle(nil)
		time.Sleep(routePatience / 10)
		synctest.Wait()
		wantLine(t, m, missing+"0")
		select {
		case <-done:
		default:
			t.Error("the watch goes on after a report came")
		}
	})
}

// The watch ends with the module.
func TestRouteWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(*Config) {})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			m.newRouteWatch().run(ctx)
		}()
		cancel()
		<-done
	})
}
