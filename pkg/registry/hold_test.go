package registry

import (
	"testing"
	"time"
)

// While a snapshot is being taken, the blocks that it has taken already are not
// overwritten; nor while nodes are saved.
func TestBlocksAreHeldWhileTaken(t *testing.T) {
	for name, take := range map[string]func(r *Registry, end chan<- struct{}){
		"Snapshot": func(r *Registry, end chan<- struct{}) { var s Snapshot; r.Snapshot(&s); end <- struct{}{}; s.Release() },
		"Save": func(r *Registry, end chan<- struct{}) {
			_ = r.Save(func(Saved) error { return nil })
			end <- struct{}{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			last := &r.shards[shardCount-1]
			last.mu.Lock() // where it comes to a halt
			end := make(chan struct{}, 1)
			go take(r, end)
			deadline := time.Now().Add(10 * time.Second)
			for r.snapshots.Load() == 0 && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			held := r.snapshots.Load()
			last.mu.Unlock()
			<-end
			if held != 1 {
				t.Errorf("%d snapshots are counted while one is taken", held)
			}
			deadline = time.Now().Add(10 * time.Second)
			for r.snapshots.Load() != 0 && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if left := r.snapshots.Load(); left != 0 {
				t.Errorf("%d snapshots are counted when none is held", left)
			}
		})
	}
}
