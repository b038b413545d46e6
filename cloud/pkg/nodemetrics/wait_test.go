//go:build go1.25

package nodemetrics

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits for a module waits until it has ended, or no longer.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(c *Config) { c.BindAddress = "" })
		wait := func(patience time.Duration) time.Duration {
			begin := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			m.Wait(ctx)
			return time.Since(begin)
		}
		if d := wait(time.Hour); d != 0 {
			t.Errorf("for one that was never started: %v", d)
		}
		for range 2 {
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				_ = m.run(ctx, func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(time.Second) // as for scrapes under way
					return nil
				})
			}()
			synctest.Wait()
			if d := wait(time.Minute); d != time.Minute {
				t.Errorf("for one that runs: %v, want a minute", d)
			}
			cancel()
			if d := wait(time.Minute); d != time.Second {
				t.Errorf("for one that ends: %v, want a second", d)
			}
			if d := wait(time.Minute); d != 0 {
				t.Errorf("for one that has ended: %v", d)
			}
		}
	})
}

// At the stop the snapshot file is written at once, whatever the listener still waits
// for: beehive gives a module some 20 ms.
func TestSnapshotFileAtTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "nodes")
		m := newModule(t, func(c *Config) { c.BindAddress, c.SnapshotFile = "", file })
		ctx, cancel := context.WithCancel(context.Background())
		release := make(chan struct{})
		go func() {
			_ = m.run(ctx, func(context.Context) error {
				<-release
				return nil
			})
		}()
		synctest.Wait()
		accept(t, m, message("edge", memory("7")))
		cancel()
		synctest.Wait()
		if _, err := os.Stat(file); err != nil {
			t.Errorf("while the listener ends: %v", err)
		}
		close(release)
		m.Wait(context.Background())
	})
}
