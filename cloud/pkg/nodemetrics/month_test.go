//go:build go1.25

package nodemetrics

import (
	"fmt"
	"math/rand"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A month of a fleet that joins, leaves, falls silent, moves, renames its devices
// and floods, while TTLs and mappings are edited: in the end all that is counted is
// what is alive, and nothing of what was is left.
func TestMonth(t *testing.T) {
	round, rounds := 20*time.Minute, 30*24*3
	if testing.Short() {
		rounds /= 10
	}
	synctest.Test(t, func(t *testing.T) {
		mapping := write(t, filepath.Join(t.TempDir(), "mapping.yaml"), otherMapping)
		config := func(i int) map[string]string {
			text := fmt.Sprintf("nodeTTL: %dm\nretention: 6h\nlimits: {nodes: 80, series: 2000, reportsPerSecond: %d}", 30+i%40, 1+i%5)
			if i%2 == 1 {
				text += "\nmappingFile: " + mapping
			}
			return cloudcoreFile(text)
		}
		mnt := newMount(t, config(0))
		m := fromMount(t, mnt)
		random := rand.New(rand.NewSource(3))
		goroutines := runtime.NumGoroutine()
		names := 0
		next := func() string { names++; return fmt.Sprint("edge-", names) }
		alive, expected := map[string]bool{}, map[string]bool{}
		for range 50 {
			alive[next()] = true
		}
		for i := range rounds {
			for node := range alive {
				switch random.Intn(40) {
				case 0: // deleted, and another comes
					m.Forget(node)
					_, _ = m.Handle(message(node, memory("1"))) // which was on its way
					delete(alive, node)
					alive[next()] = true
					continue
				case 1: // moved away; one with a Node object here is deleted with it
					if m.Disconnected(node); expected[node] {
						m.Forget(node)
					}
					delete(alive, node)
					alive[next()] = true
					continue
				case 2:
					if err := m.Expect(node); err != nil {
						t.Fatal(err)
					}
					expected[node] = true
				case 3:
					m.Disconnected(node)
					m.Connected(node)
				case 4: // silent for a while
					continue
				case 5: // floods
					for k := range 20 {
						_, _ = m.Handle(message(node, memory(fmt.Sprint(k))))
					}
				case 6: // nonsense, of a name that never comes again
					_, _ = m.Handle(message(next(), "nonsense"))
				}
				off := time.Duration(random.Intn(3)-1) * time.Duration(random.Intn(10_000)) * time.Second
				_, _ = m.Handle(message(node, fmt.Sprintf(`{"timestamp":%d,"memory":{"totalBytes":%d},"mem":1,"temperatures":[{"sensor":"s%d","celsius":1},{"sensor":"t%d","celsius":2}]}`,
					time.Now().Add(off).Unix(), i, random.Intn(1000), random.Intn(1000))))
			}
			if i%72 == 71 { // each day
				mnt.swap(config(i / 72))
				settle(m)
				wantLine(t, m, reloadSuccessful+"1")
			}
			time.Sleep(round)
			m.registry.Sweep()
			if i%100 == 99 {
				lines := strings.Count(page(m), `{node="`)
				if used := m.registry.Used(); int(used.Series) != lines || used.Nodes > 80 {
					t.Fatalf("after %v %+v is taken, and the page has %d lines", time.Duration(i)*round, used, lines)
				}
			}
		}
		// Those that are alive report, all others are forgotten.
		for range 60 {
			for node := range alive {
				_, _ = m.Handle(message(node, memory("1")))
			}
			time.Sleep(round)
		}
		for node := range alive {
			_, _ = m.Handle(message(node, memory("1")))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		m.registry.Sweep()
		if st := m.registry.Stats(); st.Fresh != len(alive) || st.Pending != 0 {
			t.Errorf("%d nodes are alive, the registry has %+v", len(alive), st)
		}
		for node := range alive {
			wantLine(t, m, fmt.Sprintf("edge_node_up{node=%q} 1", node))
			m.Forget(node)
		}
		for i := range names { // those that were expected until now
			m.Forget(fmt.Sprint("edge-", i+1))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		m.registry.Sweep()
		if used := m.registry.Used(); used.Nodes != 0 || used.Series != 0 || used.Bytes != 0 || m.pending.used() != 0 {
			t.Errorf("nobody is left, and %+v is taken, %d bytes wait", used, m.pending.used())
		}
		if m.pending.due != nil || m.pending.waiting != nil {
			t.Error("the map of reports that wait is kept")
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%d goroutines, %d at first", n, goroutines)
		}
	})
}
