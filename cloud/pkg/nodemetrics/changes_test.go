//go:build go1.25

package nodemetrics

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// TestChangesAreToldApart lets a node go through all that can happen to it, each a
// number of times of its own.
func TestChangesAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(c *Config) {
			c.NodeTTL.Duration, c.DisconnectGrace.Duration, c.Retention.Duration = time.Minute, 10*time.Second, time.Hour
		})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- m.registry.Run(ctx) }()
		report := func() { accept(t, m, message("edge", memory("7"))) }

		report() // appeared
		for range 2 {
			m.Disconnected("edge")
			time.Sleep(15 * time.Second) // expired by disconnect, twice
			m.Connected("edge")
			report() // returned
		}
		for range 3 {
			time.Sleep(75 * time.Second) // expired by its TTL, thrice
			report()                     // returned
		}
		m.Forget("edge") // by deletion
		for i := range 4 {
			accept(t, m, message(fmt.Sprint("gone-", i), memory("7"))) // four more appeared
		}
		time.Sleep(2 * time.Hour) // forgotten after retention, four; and expired by TTL, four more
		m.registry.Sweep()
		for change, n := range map[string]int{
			`change="appeared",reason="report"`: 5, `change="returned",reason="report"`: 5,
			`change="expired",reason="disconnect"`: 2, `change="expired",reason="ttl"`: 7,
			`change="forgotten",reason="deletion"`: 1, `change="forgotten",reason="retention"`: 4,
		} {
			wantLine(t, m, fmt.Sprintf("nodemetrics_node_changes_total{%s} %d", change, n))
		}
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestStatesAreToldApart has one, two and three nodes of each state.
func TestStatesAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(c *Config) { c.NodeTTL.Duration = time.Minute })
		accept(t, m, message("expired", memory("7")))
		time.Sleep(61 * time.Second)
		for i := range 2 {
			accept(t, m, message(fmt.Sprint("fresh-", i), memory("7")))
		}
		for i := range 3 {
			if err := m.Expect(fmt.Sprint("pending-", i)); err != nil {
				t.Fatal(err)
			}
		}
		wantLine(t, m, `nodemetrics_nodes{state="expired"} 1`)
		wantLine(t, m, `nodemetrics_nodes{state="fresh"} 2`)
		wantLine(t, m, `nodemetrics_nodes{state="pending"} 3`)
		series := 0
		for _, line := range strings.Split(page(m), "\n") {
			if strings.HasPrefix(line, "edge_node_") {
				series++
			}
		}
		wantLine(t, m, fmt.Sprintf("nodemetrics_series %d", series))
	})
}

// TestReloadTellsTheTime wants the time of the newest config that was taken up, not
// of one that was refused.
func TestReloadTellsTheTime(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	synctest.Test(t, func(t *testing.T) {
		m := fromMount(t, mnt)
		at := func() float64 {
			var g dto.Metric
			if err := m.metrics.reloadTime.Write(&g); err != nil {
				t.Fatal(err)
			}
			return g.GetGauge().GetValue()
		}
		start := at()
		time.Sleep(time.Minute)
		mnt.swap(cloudcoreFile("nodeTTL: 6m"))
		settle(m)
		if got := at() - start; got < 60 || got > 61 {
			t.Errorf("the change was taken up %v s after the start, want 60", got)
		}
		time.Sleep(time.Minute)
		mnt.swap(cloudcoreFile("nodeTTL: 1ms"))
		settle(m)
		if got := at() - start; got > 61 {
			t.Errorf("a refused change counts as taken up, %v s after the start", got)
		}
	})
}

// TestWatchLooksAgainSoon follows a running module: a change counts two looks after
// it is made, and no earlier.
func TestWatchLooksAgainSoon(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	synctest.Test(t, func(t *testing.T) {
		m := fromMount(t, mnt)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); m.watch(ctx) }()
		mnt.swap(cloudcoreFile("nodeTTL: 6m"))
		time.Sleep(7*time.Second - time.Nanosecond) // a look after 5, another after 2
		synctest.Wait()
		wantLine(t, m, ttlSeconds+"300")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantLine(t, m, ttlSeconds+"360")
		mnt.swap(cloudcoreFile("nodeTTL: 7m"))
		time.Sleep(7 * time.Second)
		synctest.Wait()
		wantLine(t, m, ttlSeconds+"420")
		cancel()
		<-done
	})
}

// TestServingIsTriedAgain keeps the module from serving in one way after the other:
// each is logged once, for as long as it lasts, and nothing is left in the end.
func TestServingIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "web.yaml")
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(c *Config) { c.BindAddress, c.WebConfigFile = "127.0.0.1:0", file })
		log := captureLog(t)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- m.keepServing(ctx) }()
		before := ""
		for _, x := range []struct{ text, says string }{
			{"", "no such file"}, // not there yet
			{"tls_server_config: {cert_file: none.crt, key_file: none.key}", "none.crt"},
			{"basic_auth_users: {prometheus: 12}", "hashedSecret too short"},
			{"tls_server_config: {cert_file: none.crt, key_file: none.key}", "none.crt"},
		} {
			if x.text != "" {
				write(t, file, x.text)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if added := strings.TrimPrefix(log(), before); strings.Count(added, "\n") != 1 || !strings.Contains(added, x.says) {
				t.Errorf("in ten minutes the log got, where one line that says %q is wanted:\n%s", x.says, added)
			}
			before = log()
		}
		cancel()
		if err := <-done; err != nil || log() != before {
			t.Errorf("it ended with %v, and the log has\n%s", err, strings.TrimPrefix(log(), before))
		}
	})
}

// TestExamples looks at what is kept of what was refused.
func TestExamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r refusals
		if !r.due("a") || !r.note("a", "node/x/\xff\xfe/t", errors.New("one")) {
			t.Error("the first example of a reason is not kept")
		}
		time.Sleep(time.Second - time.Nanosecond)
		if r.due("a") || r.note("a", "late", errors.New("two")) {
			t.Error("an example is kept within a second of another")
		}
		if !r.due("b") || !r.note("b", strings.Repeat("n", 200), errors.New("other")) {
			t.Error("the example of another reason is not kept")
		}
		time.Sleep(time.Nanosecond)
		if !r.due("a") {
			t.Error("no example is due after a second")
		}
		time.Sleep(time.Hour)
		if !r.note("c", strings.Repeat("n", 201), errors.New("long")) {
			t.Error("the example of a third reason is not kept")
		}
		all := r.list()
		if len(all) != 3 || all[0].Reason != "c" || all[1].Reason != "b" || all[2].Reason != "a" {
			t.Fatalf("kept %+v, want the newest first", all)
		}
		if all[2].Resource != "node/x/\uFFFD/t" || all[2].Error != "one" {
			t.Errorf("kept %+v; what the edge chose must be UTF-8", all[2])
		}
		if all[1].Resource != strings.Repeat("n", 200) || all[0].Resource != strings.Repeat("n", 200)+"…" {
			t.Errorf("resources of %d and %d bytes are kept, want 200 and as many with a …", len(all[1].Resource), len(all[0].Resource))
		}
		if got := all[0].Time.Sub(all[2].Time); got != time.Hour+time.Second {
			t.Errorf("they are %v apart", got)
		}
	})
}

// TestRubbishIsBounded counts refused messages up to the limit, over it, and back.
func TestRubbishIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rubbish
		long, short := make([]byte, alwaysRead+1), make([]byte, alwaysRead)
		for range 4 {
			if err := r.check(long); err != nil {
				t.Fatal(err)
			}
			r.refused(make([]byte, rubbishPerSecond)) // a second's worth
		}
		if err := r.check(long); err != nil {
			t.Errorf("four seconds' worth is over the limit: %v", err)
		}
		r.refused([]byte("x"))
		if err := r.check(long); err == nil || reasonOf(err) != "rate_limited" || !strings.Contains(err.Error(), "a message of 16385 bytes, while more than 1048576 bytes") {
			t.Errorf("more than four seconds' worth: error %v", err)
		}
		if err := r.check(short); err != nil {
			t.Errorf("a message that is short is refused unread: %v", err)
		}
		time.Sleep(time.Millisecond)
		if err := r.check(long); err != nil {
			t.Errorf("when it is over: %v", err)
		}
		// A long silence earns nothing.
		time.Sleep(time.Hour)
		for range 5 {
			r.refused(make([]byte, rubbishPerSecond))
		}
		if err := r.check(long); err == nil {
			t.Error("after a silence, five seconds' worth is not over the limit")
		}
		// However long it lasts, it is over soon after its end.
		for range 3600 {
			r.refused(make([]byte, rubbishPerSecond))
		}
		time.Sleep(rubbishBurst)
		if err := r.check(long); err != nil {
			t.Errorf("four seconds after an hour of it: %v", err)
		}
	})
}

// TestDroppedTellsOfReasons wants the reasons that there were, and no others, each
// with an example of its own.
func TestDroppedTellsOfReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModule(t, func(c *Config) { c.Limits.SamplesPerNode = 1 })
		if all := m.Dropped(); len(all) != 0 {
			t.Errorf("nothing was dropped, but %v", all)
		}
		accept(t, m, message("one", `{"cpu":{"load1":"N/A"}}`))
		time.Sleep(examplesPause)
		accept(t, m, message("two", `{"cpu":{"load1":1,"load5":2}}`))
		all := m.Dropped()
		if len(all) != 2 {
			t.Fatalf("dropped %+v, want two reasons", all)
		}
		for _, d := range all {
			node, path := "one", "load1"
			if d.Reason == "too_many_samples" {
				node, path = "two", "load5"
			}
			if d.Samples != 1 || !strings.HasPrefix(d.Example, "node/"+node+"/default/user/sysinfo: ") || !strings.Contains(d.Example, path) {
				t.Errorf("dropped %+v, want an example of %s from %s", d, path, node)
			}
		}
	})
}
