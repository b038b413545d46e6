//go:build go1.25

package nodemetrics

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
)

// limited is a module with the default rate of reports.
func limited(t *testing.T, change func(*Config)) *Module {
	return newModule(t, func(c *Config) {
		c.Limits.ReportsPerSecond = 5
		if change != nil {
			change(c)
		}
	})
}

// sent is what the module says became of all messages.
func sent(t *testing.T, m *Module) (accepted, limited float64) {
	t.Helper()
	for _, line := range strings.Split(page(m), "\n") {
		_, _ = fmt.Sscanf(line, `nodemetrics_reports_total{reason="",result="accepted"} %g`, &accepted)
		_, _ = fmt.Sscanf(line, `nodemetrics_reports_total{reason="rate_limited",result="rejected"} %g`, &limited)
	}
	return accepted, limited
}

// After a burst of any length the newest report received is on the page within a
// second, whatever came before, and all are counted.
func TestBurst(t *testing.T) {
	for _, rate := range []float64{0.001, 1, 5, 50} {
		for _, count := range []int{1, 2, 5, 6, 7, 61, 10_000} {
			for name, content := range map[string]func(string) any{
				"bytes":  func(s string) any { return []byte(s) },
				"string": func(s string) any { return s },
				"map":    func(s string) any { return map[string]any{"memory": map[string]any{"totalBytes": s}} },
			} {
				t.Run(fmt.Sprintf("%d of %s at %v/s", count, name, rate), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						m := limited(t, func(c *Config) { c.Limits.ReportsPerSecond = rate })
						accept(t, m, message("edge", memory("1"))) // it is known
						for i := 1; i <= count; i++ {
							text := fmt.Sprintf(`{"timestamp":%d,"memory":{"totalBytes":%d}}`, 1000+60*i, i)
							if name == "map" {
								text = fmt.Sprint(i)
							}
							accept(t, m, message("edge", content(text)))
						}
						time.Sleep(time.Second)
						synctest.Wait()
						wantLine(t, m, fmt.Sprintf(`edge_node_memory_total_bytes{node="edge"} %d`, count))
						accepted, refused := sent(t, m)
						if accepted+refused != float64(count+1) {
							t.Errorf("of %d reports %v are counted as accepted and %v as refused", count+1, accepted, refused)
						}
						if most := max(rate, 1) + 2; accepted > most+1 {
							t.Errorf("%v reports were decoded within a second, want at most %v", accepted, most)
						}
						wantLine(t, m, `nodemetrics_used{limit="pendingBytes"} 0`)
					})
				})
			}
		}
	}
}

// A steady flood is decoded at the rate and two a second, and the page is never
// more than a second behind.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, nil)
		const seconds, perSecond = 20, 100
		for i := range seconds * perSecond {
			accept(t, m, message("edge", memory(fmt.Sprint(i))))
			time.Sleep(time.Second / perSecond)
			if i%perSecond == perSecond-1 {
				shown := -1
				for _, line := range strings.Split(page(m), "\n") {
					_, _ = fmt.Sscanf(line, `edge_node_memory_total_bytes{node="edge"} %d`, &shown)
				}
				if shown < i-perSecond {
					t.Errorf("after report %d the page shows %d", i, shown)
				}
			}
		}
		if accepted, _ := sent(t, m); accepted > seconds*(5+2)+6 {
			t.Errorf("%v reports of a flood of %d s were decoded", accepted, seconds)
		}
	})
}

// A report that comes while a flush decodes waits for the next flush, and one that
// is still to be decoded gives way to it at once.
func TestPendingDuringAFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pending
		var flushed atomic.Int32
		flush := func() { flushed.Add(1) }
		hold := func(node, content string) {
			if _, ok := p.hold(node, held{content: []byte(content)}, 1<<20, flush); !ok {
				t.Fatalf("%s of %s is refused", content, node)
			}
		}
		var got []string
		next := func() bool {
			h, ok := p.next(flush)
			got = append(got, string(h.content))
			return ok
		}
		hold("a", "a1")
		time.Sleep(pendingTime)
		synctest.Wait()
		p.begin()
		next()
		hold("a", "a2")
		if next() || flushed.Load() != 1 {
			t.Errorf("%d flushes so far decode %q, want one of a1 alone", flushed.Load(), got)
		}
		time.Sleep(pendingTime)
		synctest.Wait()
		hold("b", "b1") // beside a2, whose turn it is
		p.begin()
		hold("a", "a3")
		hold("b", "b2")
		for next() {
		}
		if p.used() != 0 || p.count.Load() != 0 || flushed.Load() != 2 {
			t.Errorf("%d flushes decode %q, %d bytes of %d wait", flushed.Load(), got, p.used(), p.count.Load())
		}
		if got := strings.Join(got, " "); got != "a1  a3 b2 " && got != "a1  b2 a3 " {
			t.Errorf("decoded are %q", got)
		}
		time.Sleep(time.Minute)
		if p.timed || flushed.Load() != 2 {
			t.Errorf("nothing waits, and there are %d flushes", flushed.Load())
		}
	})
}

// A report that waits gives way to a newer one, also if that is taken at once, but
// not to one that it has overtaken on its way.
func TestPendingGivesWay(t *testing.T) {
	sentAt := func(ms int64, value string) *model.Message {
		msg := message("edge", memory(value))
		msg.Header.Timestamp = ms
		return msg
	}
	for name, x := range map[string]struct {
		then  []*model.Message
		pause time.Duration // before each
		want  string
	}{
		"newer":                    {[]*model.Message{sentAt(2_000_000, "7"), sentAt(2_000_001, "8")}, 0, "8"},
		"overtaken":                {[]*model.Message{sentAt(2_000_001, "7"), sentAt(2_000_000, "8")}, 0, "7"},
		"of a clock that was set":  {[]*model.Message{sentAt(2_000_001, "7"), sentAt(1_000_000, "8")}, 0, "8"},
		"newer, and taken at once": {[]*model.Message{sentAt(2_000_000, "7"), sentAt(2_000_001, "8")}, 250 * time.Millisecond, "8"},
		"without any time":         {[]*model.Message{sentAt(0, "7"), sentAt(0, "8")}, 0, "8"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := limited(t, nil)
				for range 6 {
					accept(t, m, sentAt(1_999_000, "1"))
				}
				for i, msg := range x.then {
					if i > 0 {
						time.Sleep(x.pause)
					}
					_, _ = m.Handle(msg)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} `+x.want)
				if accepted, refused := sent(t, m); int(accepted+refused) != 6+len(x.then) {
					t.Errorf("%v accepted and %v refused of %d", accepted, refused, 6+len(x.then))
				}
			})
		})
	}
}

// A deleted node does not come back by a report that waits.
func TestPendingForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, nil)
		for range 10 {
			accept(t, m, message("edge", memory("1")))
		}
		m.Forget("edge")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		wantNoLine(t, m, `edge_node_up{`)
		wantLine(t, m, `nodemetrics_reports_total{reason="forgotten",result="rejected"} 1`)
		if accepted, refused := sent(t, m); accepted+refused != 9 {
			t.Errorf("%v accepted and %v refused of 10, one of which was of a deleted node", accepted, refused)
		}
	})
}

// What waits takes no more than pendingBytes, however many nodes send too much,
// and small reports are not pushed out by large ones.
func TestPendingBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		m := limited(t, func(c *Config) { c.Limits.PendingBytes = most })
		large := `{"pad":"` + strings.Repeat("x", 200_000) + `",` + memory("1")[1:]
		for i := range 50 {
			for range 10 {
				_, _ = m.Handle(message(fmt.Sprint("large-", i), large))
			}
			for n := range 10 {
				accept(t, m, message(fmt.Sprint("small-", i), memory(fmt.Sprint(n))))
			}
			if used := m.pending.used(); used > most {
				t.Fatalf("%d bytes wait, want at most %d", used, most)
			}
		}
		if used := m.pending.used(); used < most/2 {
			t.Errorf("only %d bytes wait", used)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for i := range 50 {
			wantLine(t, m, fmt.Sprintf(`edge_node_memory_total_bytes{node="small-%d"} 9`, i))
		}
		if accepted, refused := sent(t, m); accepted+refused != 50*20 {
			t.Errorf("%v accepted and %v refused of %d", accepted, refused, 50*20)
		}
		wantLine(t, m, `nodemetrics_used{limit="pendingBytes"} 0`)
	})
}

// A node none of whose reports could ever be used is held to the rate too, and
// costs nobody else.
func TestRubbish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, nil)
		rubbish := strings.Repeat("[", 200_000)
		for range 1000 {
			_, _ = m.Handle(message("stranger", rubbish))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantLine(t, m, `nodemetrics_reports_total{reason="too_deep",result="rejected"} 6`)
		wantLine(t, m, `nodemetrics_reports_total{reason="rate_limited",result="rejected"} 994`)
		accept(t, m, message("other", memory("1")))
		accept(t, m, message("stranger", memory("1"))) // which may come to its senses
		time.Sleep(time.Second)
		wantLine(t, m, `edge_node_up{node="stranger"} 1`)
	})
}

// Rubbish that names no node cannot be told apart by its sender. It does not cost
// more than a limit, and does not keep a report of common size out.
func TestRubbishUnnamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, func(c *Config) { c.Identity, c.NodeNameField = IdentityPayload, "node" })
		rubbish := message("", strings.Repeat("[", 200_000))
		rubbish.Router.Resource = "node/monitor"
		for range 1000 {
			_, _ = m.Handle(rubbish)
		}
		_, refused := sent(t, m)
		if read := 1000 - refused; read < 10 || read > 30 {
			t.Errorf("%v of 1000 messages were read", read)
		}
		accept(t, m, unnamed("edge", memory("1")))
		time.Sleep(time.Minute)
		large := unnamed("edge", `{"pad":"`+strings.Repeat("x", 200_000)+`",`+memory("2")[1:])
		accept(t, m, large)
	})
}

// A changed rate counts at once.
func TestRateChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mnt := newMount(t, cloudcoreFile("limits: {reportsPerSecond: 0.001}"))
		m := fromMount(t, mnt)
		for range 30 {
			_, _ = m.Handle(message("edge", memory("1")))
			time.Sleep(time.Second)
		}
		mnt.swap(cloudcoreFile("limits: {reportsPerSecond: 5}"))
		settle(m)
		before, _ := sent(t, m)
		for range 5 {
			accept(t, m, message("edge", memory("2")))
		}
		if now, _ := sent(t, m); now != before+5 {
			t.Errorf("%v of 5 reports were taken at once by the new rate", now-before)
		}
	})
}

// counted is a value whose encoding is counted.
type counted struct {
	times *int
	text  string
}

func (c counted) MarshalJSON() ([]byte, error) {
	*c.times++
	return json.Marshal(c.text)
}

// Reports over their node's rate that come as Go values are not all encoded, only
// to be thrown away. Small ones are, so that the newest is shown, and so is
// another node's.
func TestEncodingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, nil)
		times := 0
		flood := func(node string, size, count int) {
			times = 0
			for range count {
				_, _ = m.Handle(message(node, map[string]any{"pad": counted{&times, strings.Repeat("x", size)}, "memory": map[string]any{"totalBytes": count}}))
			}
		}
		flood("edge", 200_000, 1000)
		const most = 2 * (encodedPerSecond*int(encodedBurst/time.Second)/200_000 + 2) // and as many admitted by the rate
		if times < 10 || times > most {
			t.Errorf("%d of 1000 large reports are encoded, want at most %d", times, most)
		}
		other := "other"
		for m.encodings.of(other) == m.encodings.of("edge") {
			other += "s"
		}
		flood(other, 100, 300)
		if times != 300 {
			t.Errorf("%d of 300 small reports are encoded", times)
		}
		time.Sleep(time.Second)
		wantLine(t, m, fmt.Sprintf("edge_node_memory_total_bytes{node=%q} 300", other))
		time.Sleep(time.Second)
		flood("edge", 100, 50)
		if times != 50 {
			t.Errorf("two seconds later, %d of 50 reports are encoded", times)
		}
	})
}

// What comes as a Go value and names its node only inside is encoded before anybody
// knows whose it is. What is encoded in vain is bounded, whether it names nobody, a
// node over its rate, or cannot be encoded; small reports are taken all the while.
func TestEncodingOfTheUnnamedIsBounded(t *testing.T) {
	pad := strings.Repeat("x", 200_000)
	for name, content := range map[string]func(*int) any{
		"names nobody":     func(n *int) any { return map[string]any{"pad": pad, "n": counted{n, ""}} },
		"is over its rate": func(n *int) any { return map[string]any{"node": "edge", "pad": pad, "n": counted{n, ""}} },
		"has no form":      func(n *int) any { return map[string]any{"a": counted{n, ""}, "pad": pad, "z": make(chan int)} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := limited(t, func(c *Config) { c.Identity, c.NodeNameField = IdentityPayload, "node" })
				send := func(content any) error {
					msg := message("", content)
					msg.Router.Resource = "node/monitor"
					_, err := m.Handle(msg)
					return err
				}
				times := 0
				var err error
				for range 1000 {
					err = send(content(&times))
				}
				if most := 4*rubbishPerSecond/len(pad) + 10; times < 5 || times > most {
					t.Errorf("%d of 1000 messages are encoded, want at most %d", times, most)
				}
				if err == nil || reasonOf(err) != "rate_limited" {
					t.Errorf("the last one is refused for %v", err)
				}
				for range 1000 { // small ones are read, and counted too
					_ = send(map[string]any{"node": "noise", "pad": pad[:10_000]})
				}
				time.Sleep(time.Second)
				synctest.Wait()
				// Of each node the burst that is always taken, and one that waited.
				if accepted, _ := sent(t, m); name == "is over its rate" && accepted != 2*7 {
					t.Errorf("%v are accepted, want 14", accepted)
				}
				for i := range 100 {
					if err := send(map[string]any{"node": fmt.Sprint("other-", i), "memory": map[string]any{"totalBytes": i}}); err != nil {
						t.Errorf("a small report of another node: %v", err)
					}
				}
				wantLine(t, m, `edge_node_memory_total_bytes{node="other-99"} 99`)
				time.Sleep(5 * time.Minute)
				if err := send(map[string]any{"node": "other", "pad": pad, "memory": map[string]any{"totalBytes": 7}}); err != nil {
					t.Errorf("when it is over: %v", err)
				}
				wantLine(t, m, `edge_node_memory_total_bytes{node="other"} 7`)
			})
		})
	}
}

// A node that only its messages name is held to the rate before these are decoded,
// and its newest report is shown too.
func TestClaimedNodesHaveARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limited(t, func(c *Config) { c.Identity, c.NodeNameField = IdentityPayload, "node" })
		for i := range 1000 {
			accept(t, m, unnamed("edge", memory(fmt.Sprint(i))))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 999`)
		if accepted, limited := sent(t, m); accepted != 7 || limited != 993 {
			t.Errorf("of 1000 reports %v are decoded and %v refused", accepted, limited)
		}
		accept(t, m, unnamed("other", memory("1")))
	})
}
