package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// reports: what is published at a real edgecore stands in Prometheus under the
// name of its node, and the first node sends what this machine is.
func (s *suite) reports(t *testing.T) {
	eventually(t, time.Minute, "reports arrive", all(
		s.is("count(edge_node_up == 1)", 3),
		s.is(of("edge_node_up", "edge-1"), 1),
		s.is(of("edge_node_load1", "edge-2"), 200),
		s.is(of("edge_node_load1", "edge-3"), 300),
		s.is("count(edge_node_filesystem_avail_bytes{node=\"edge-3\", mountpoint=\"/\"})", 1),
		s.is(of("edge_node_memory_total_bytes", "edge-1"), memory(t)),
	))
	s.feeds[1].carry(201)
	eventually(t, slack, "the next report replaces the last", s.is(of("edge_node_load1", "edge-2"), 201))
}

// memory returns how much memory this machine has.
func memory(t *testing.T) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	var kilobytes float64
	if _, err := fmt.Sscanf(string(data), "MemTotal: %f kB", &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes * 1024
}

// claim: a report that names another node is a report of the node whose session
// brought it.
func (s *suite) claim(t *testing.T) {
	s.feeds[2].paused.Store(true)
	defer s.feeds[2].paused.Store(false)
	report := stack.NewReport(999, interval)
	for _, field := range []string{"node", "nodeName", "node_name", "nodeID", "hostname", "resource"} {
		report[field] = "edge-2"
	}
	publisher := s.edges[2].Publisher()
	if err := publisher.Publish(report); err != nil {
		t.Fatal(err)
	}
	publisher.Close()
	eventually(t, slack, "the report counts for the node that sent it", s.is(of("edge_node_load1", "edge-3"), 999))
	if err := all(
		s.is(of("edge_node_load1", "edge-2"), 201),
		s.is("count(edge_node_up)", 3),
	)(); err != nil {
		t.Error(err)
	}
	from := time.Now().Add(-slack)
	loads, err := s.Range(of("edge_node_load1", "edge-2"), from, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, load := range loads {
		if load == 999 {
			t.Errorf("edge-2 was seen with the load that edge-3 sent in its name")
		}
	}
}

// silence: a node that stays connected and says nothing is there for its TTL, and
// a Node that never says anything is down after as long.
func (s *suite) silence(t *testing.T) {
	eventually(t, slack, "edge-3 reports", s.is(of("edge_node_load1", "edge-3"), 300))
	if err := s.CreateNode("edge-mute"); err != nil {
		t.Fatal(err)
	}
	s.feeds[2].paused.Store(true)
	took := s.expires(t, "edge-3", ttl+slack)
	if took < ttl-2*interval || took > ttl+slack {
		t.Errorf("the series ended after %s, want the TTL of %s", took, ttl)
	}
	t.Logf("silent: expired after %s (TTL %s)", took.Round(time.Second/10), ttl)
	s.feeds[2].paused.Store(false)
	eventually(t, slack, "edge-3 is back", s.reporting("edge-3", 300))

	eventually(t, slack, "a node that never reported is down", all(
		s.is(of("edge_node_up", "edge-mute"), 0),
		s.isAbsent(of("edge_node_last_report_timestamp_seconds", "edge-mute")),
	))
	if err := s.DeleteNode("edge-mute"); err != nil {
		t.Fatal(err)
	}
	eventually(t, slack, "the node that never reported is gone", s.isAbsent(everythingOf("edge-mute")))
}

// kill: an edgecore that dies takes its node's series with it after the grace,
// well before the TTL, and brings them back.
func (s *suite) kill(t *testing.T) {
	s.edges[1].Kill()
	took := s.expires(t, "edge-2", ttl)
	if took > grace+slack {
		t.Errorf("the series ended after %s, want disconnectGrace, %s", took, grace)
	}
	t.Logf("killed: expired after %s (disconnectGrace %s, TTL %s)", took.Round(time.Second/10), grace, ttl)
	if err := s.edges[1].Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "edge-2 is back", s.reporting("edge-2", 201))
}

// expires waits until a node's samples are gone, checks what stays, and returns
// how long it took.
func (s *suite) expires(t *testing.T, node string, patience time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	eventually(t, patience, node+" expires", s.isAbsent(of("edge_node_load1", node)))
	took := time.Since(begin)
	eventually(t, slack, "an alert on "+node+" has something to fire on", all(
		s.is(of("edge_node_up", node), 0),
		s.is(fmt.Sprintf("count(%s > 0)", of("edge_node_last_report_timestamp_seconds", node)), 1),
		s.isAbsent(of("edge_node_memory_total_bytes", node)),
	))
	return took
}

// reporting is the condition that a node is up and its samples are there.
func (s *suite) reporting(node string, load float64) func() error {
	return all(s.is(of("edge_node_up", node), 1), s.is(of("edge_node_load1", node), load))
}

// deletion: a Node that is deleted leaves no series, though its edge goes on
// publishing, and one that is made again has them again.
func (s *suite) deletion(t *testing.T) {
	if err := s.DeleteNode("edge-3"); err != nil {
		t.Fatal(err)
	}
	eventually(t, slack, "edge-3 is gone", all(
		s.isAbsent(everythingOf("edge-3")),
		s.is("nodemetrics_routes", 2*2),
	))
	// It publishes every second: none of that brings it back.
	deadline := time.Now().Add(3 * interval)
	eventually(t, 2*slack, "edge-3 stays away", func() error {
		if err := s.isAbsent(everythingOf("edge-3"))(); err != nil {
			t.Error(err)
		}
		if time.Now().Before(deadline) {
			return fmt.Errorf("waiting")
		}
		return nil
	})
	if err := s.CreateNode("edge-3"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "edge-3 is back", s.reporting("edge-3", 300))
}

// reload: the TTL changes when the mounted file does; what is wrong is refused,
// and a section that vanishes changes nothing.
func (s *suite) reload(t *testing.T) {
	cloudcore := s.cloudcores[0]
	pid := cloudcore.Pid()
	const short = 4 * time.Second
	successful := "nodemetrics_config_last_reload_successful"
	reloaded := "nodemetrics_config_last_reload_success_timestamp_seconds"

	before, err := s.value(reloaded)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EditConfigMap("nodemetrics.yaml", nodeMetrics(short.String())); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the new TTL is taken up", func() error {
		after, err := s.value(reloaded)
		if err == nil && after <= before {
			err = fmt.Errorf("the last successful reload is the one before")
		}
		return err
	})
	s.feeds[2].paused.Store(true)
	took := s.expires(t, "edge-3", ttl)
	if took > short+slack {
		t.Errorf("the series ended after %s, want the new TTL of %s", took, short)
	}
	t.Logf("TTL edited to %s: expired after %s", short, took.Round(time.Second/10))

	if err := s.EditConfigMap("nodemetrics.yaml", strings.Replace(nodeMetrics("1h"), "1h", "soon", 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the broken edit is refused", s.is(successful, 0))
	eventually(t, slack, "the reason is in the log", logged(cloudcore, "soon"))
	s.feeds[2].paused.Store(false)
	eventually(t, slack, "edge-3 is back", s.reporting("edge-3", 300))
	s.feeds[2].paused.Store(true)
	if took := s.expires(t, "edge-3", ttl); took > short+slack {
		t.Errorf("after the broken edit the series ended after %s, want the TTL before it, %s", took, short)
	}
	s.feeds[2].paused.Store(false)

	if err := s.EditConfigMap("nodemetrics.yaml", nodeMetrics(ttl.String())); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "a good edit heals it", s.is(successful, 1))
	if err := s.CutFromConfigMap("nodemetrics.yaml"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "a section that is gone is reported", s.is(successful, 0))
	if err := s.is("nodemetrics_node_ttl_seconds", ttl.Seconds())(); err != nil {
		t.Errorf("without the section: %v", err)
	}
	if err := s.EditConfigMap("nodemetrics.yaml", nodeMetrics(ttl.String())); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the section is back", s.is(successful, 1))
	if !cloudcore.Running() || cloudcore.Pid() != pid {
		t.Errorf("cloudcore was restarted")
	}
}
