//go:build go1.25

package registry_test

import (
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// values is a report of so many samples beside a_value.
func values(n int, valueOf string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"value": %s, "values": {`, valueOf)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"k%04d": %s`, i, valueOf)
	}
	b.WriteString("}}")
	return b.String()
}

// counted wants that what the registry says is taken is what a scrape shows, and
// within the limits.
func (n *nodes) counted() {
	n.tb.Helper()
	var series, bytes int64
	for _, line := range lines(n.Registry) {
		series++
		bytes += int64(len(line)) + 1
	}
	var s registry.Snapshot
	n.Snapshot(&s)
	for _, g := range s.Groups {
		for _, b := range g.Blocks {
			last := -1
			for node, lines := b.Split(); len(lines) > 0; _, lines = lines.Next() {
				if lines.Family() < last {
					n.tb.Errorf("a line of %s is behind one of %s, in the block of %s", g.Families[lines.Family()].Name, g.Families[last].Name, node)
				}
				last = lines.Family()
			}
		}
	}
	s.Release()
	if st := n.Stats(); int64(st.Series) != series {
		n.tb.Errorf("%d series are counted, a scrape shows %d", st.Series, series)
	}
	u, o := n.Used(), n.Options()
	if u.Series != series || u.Bytes != bytes {
		n.tb.Errorf("%d series and %d bytes are taken, a scrape shows %d and %d", u.Series, u.Bytes, series, bytes)
	}
	if u.Series > int64(o.Series) || u.Bytes > o.Bytes {
		n.tb.Errorf("%+v is taken, the limits are %d series and %d bytes", u, o.Series, o.Bytes)
	}
}

// has returns how many samples of node a scrape shows, and how many it says are
// not shown.
func (n *nodes) has(node string) (samples, dropped int) {
	for _, line := range lines(n.Registry) {
		if strings.Contains(line, fmt.Sprintf("{node=%q", node)) {
			if !strings.HasPrefix(line, "edge_node_") {
				samples++
			}
			_, _ = fmt.Sscanf(line, "edge_node_samples_dropped{node=\""+node+"\"} %d", &dropped)
		}
	}
	return samples, dropped
}

// What is over its share is shown while there is room, and gives way to what is
// within.
func TestShare(t *testing.T) {
	for name, o := range map[string]registry.Options{
		"series": {Nodes: 20, Series: 200},
		"bytes":  {Nodes: 20, Series: 1e6, Bytes: 200 * 40},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, o)
				n.report("greedy", values(100, "1"))
				if got, dropped := n.has("greedy"); got != 101 || dropped != 0 {
					t.Fatalf("alone it has %d samples and %d dropped, want all 101", got, dropped)
				}
				for i := range 9 {
					n.report(fmt.Sprint("small", i), values(3, "1"))
					n.counted()
				}
				n.report("greedy2", values(190, "1")) // there is no such room
				n.counted()
				got, dropped := n.has("greedy2")
				if got == 0 || got > 100 || dropped != 191-got {
					t.Errorf("a second one has %d samples and %d dropped of 191", got, dropped)
				}
				for i := range 9 {
					if got, dropped := n.has(fmt.Sprint("small", i)); got != 4 || dropped != 0 {
						t.Errorf("a small one has %d samples and %d dropped, want all 4", got, dropped)
					}
				}
				for i := range 9 {
					n.report(fmt.Sprint("late", i), values(3, "1"))
					n.counted()
					if got, dropped := n.has(fmt.Sprint("late", i)); got != 4 || dropped != 0 {
						t.Errorf("one that came late has %d samples and %d dropped, want all 4", got, dropped)
					}
				}
				left := 0
				for _, node := range []string{"greedy", "greedy2"} {
					got, dropped := n.has(node)
					if got+dropped != map[string]int{"greedy": 101, "greedy2": 191}[node] {
						t.Errorf("%s has %d samples and %d dropped", node, got, dropped)
					}
					left += got
				}
				if left < 20 {
					t.Errorf("the greedy ones have only %d samples left", left)
				}
				if shed := n.Shed(); shed < uint64(101+191-left) {
					t.Errorf("%d samples are counted as left out, want at least %d", shed, 101+191-left)
				}

				// What becomes free can be had again.
				for i := range 9 {
					n.Forget(fmt.Sprint("late", i))
					n.Forget(fmt.Sprint("small", i))
				}
				n.Forget("greedy2")
				n.report("greedy", values(100, "2"))
				if got, dropped := n.has("greedy"); got != 101 || dropped != 0 {
					t.Errorf("alone again it has %d samples and %d dropped, want all 101", got, dropped)
				}
				n.Forget("greedy")
				if u := n.Used(); u != (registry.Usage{}) {
					t.Errorf("nobody is left, and %+v is taken", u)
				}
			})
		})
	}
}

// The share is that of the nodes that are known. A report within it is always taken
// whole, whatever others send.
func TestShareOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fleet, series = 50, 5000
		n := newNodes(t, registry.Options{Nodes: fleet, Series: series})
		random := rand.New(rand.NewSource(1))
		for range 300 {
			i := random.Intn(fleet)
			if i%2 == 0 { // within series/fleet with its status
				n.report(fmt.Sprint("n", i), values(random.Intn(90), "1"))
			} else {
				n.report(fmt.Sprint("n", i), values(random.Intn(1000), "1"))
			}
			if i%2 == 0 {
				if _, dropped := n.has(fmt.Sprint("n", i)); dropped > 0 {
					t.Fatalf("n%d is within its share, and %d of its samples are dropped", i, dropped)
				}
			}
			n.counted()
		}
		for i := range fleet {
			const status = 3
			if samples, dropped := n.has(fmt.Sprint("n", i)); dropped > 0 && samples+status < series/fleet-2 {
				t.Errorf("n%d has %d samples, which is less than its share of %d series", i, samples, series/fleet)
			}
		}
		for i := 0; i < fleet; i += 2 {
			if _, dropped := n.has(fmt.Sprint("n", i)); dropped > 0 {
				t.Errorf("n%d is within its share, and %d of its samples are dropped", i, dropped)
			}
		}
	})
}

// What the decoder dropped and what is over the share are one number on the page.
func TestDroppedIsOneNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 1, Series: 20})
		n.report("n", values(3, `"no number"`))
		if samples, dropped := n.has("n"); samples != 0 || dropped != 4 {
			t.Errorf("%d samples and %d dropped, want 0 and 4", samples, dropped)
		}
		n.report("n", `{"volatile": "no number",`+values(50, "1")[1:])
		if samples, dropped := n.has("n"); samples+dropped != 52 || samples < 15 || samples > 17 {
			t.Errorf("%d samples and %d dropped of 52", samples, dropped)
		}
		n.counted()
	})
}

// A node for which there is no room leaves nothing behind.
func TestNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 10, Series: 1})
		for range 20 {
			if got := reason(t, n.Put("n", report(t, n.mapping, `{"value": 1}`))); got != registry.NoRoom {
				t.Fatalf("refused as %q", got)
			}
		}
		if u := n.Used(); u != (registry.Usage{}) {
			t.Errorf("%+v is taken by a node that was refused", u)
		}
	})
}

// A lower limit counts at once.
func TestShareLowered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 10})
		for i := range 10 {
			n.report(fmt.Sprint("n", i), values(10*i, "1"))
		}
		if err := n.SetOptions(registry.Options{Nodes: 10, Series: 200}); err != nil {
			t.Fatal(err)
		}
		n.counted()
		if got, dropped := n.has("n1"); got != 11 || dropped != 0 {
			t.Errorf("one within its share has %d samples and %d dropped, want all 11", got, dropped)
		}
	})
}

// What is taken is counted right through all that can become of a node, and at the
// end it is what is alive.
func TestUsedIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 40, Series: 800, NodeTTL: time.Minute, Retention: 10 * time.Minute, ExpectGrace: 1})
		turned := parse(t, `families: [{name: a_value, help: h, path: value}, {name: z_values, help: h, path: values.*, keyLabel: key}]`)
		random := rand.New(rand.NewSource(2))
		for i := range 5000 {
			node := fmt.Sprint("n", random.Intn(60))
			switch random.Intn(8) {
			case 0:
				_ = n.Expect(node)
			case 1:
				if i%4 == 0 {
					n.Forget(node)
				}
			case 2:
				n.Sweep()
			case 3:
				n.Disconnected(node)
			default:
				m := n.mapping
				if random.Intn(2) == 0 {
					m = turned
				}
				_ = n.Put(node, report(t, m, values(random.Intn(60), fmt.Sprint(i))))
			}
			time.Sleep(time.Duration(random.Intn(3000)) * time.Millisecond)
			if i%50 == 0 {
				n.counted()
			}
		}
		n.Sweep()
		n.counted()
		for i := range 60 {
			n.Forget(fmt.Sprint("n", i))
		}
		time.Sleep(time.Hour)
		n.Sweep()
		for range 40 { // what waited for a place got one
			for i := range 60 {
				n.Forget(fmt.Sprint("n", i))
			}
		}
		if u := n.Used(); u != (registry.Usage{}) {
			t.Errorf("nobody is left, and %+v is taken", u)
		}
	})
}

// Many at once do not take more than there is.
func TestShareConcurrently(t *testing.T) {
	n := newNodes(t, registry.Options{Nodes: 60, Series: 600})
	reports := []*mapping.Report{report(t, n.mapping, values(5, "1")), report(t, n.mapping, values(15, "1")), report(t, n.mapping, values(200, "1"))}
	var nodes [30]sync.Mutex // of two reports of a node at once, one is late
	var all sync.WaitGroup
	for g := range 6 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 500 {
				k := (i*7 + g) % len(nodes)
				nodes[k].Lock()
				err := n.Put(fmt.Sprint("n", k), reports[k%3])
				nodes[k].Unlock()
				if err != nil {
					t.Error(err)
				}
				if u := n.Used(); u.Series > 600+6*200 {
					t.Errorf("%d series are taken", u.Series)
				}
			}
		}()
	}
	all.Wait()
	n.counted()
}
