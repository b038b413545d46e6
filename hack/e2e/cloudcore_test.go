package e2e

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// rewrite: at its first start cloudcore wrote its own idea of cloudcore.yaml into
// the ConfigMap. The exporter's key is as it was, and after a restart with the
// rewritten file the exporter runs as before.
func (s *suite) rewrite(t *testing.T) {
	data := s.config(t)
	if !strings.Contains(data["cloudcore.yaml"], "createLeaseWorkers: 1000") {
		t.Fatalf("cloudcore has not rewritten its configuration, so this proves nothing:\n%s", data["cloudcore.yaml"])
	}
	if got, want := data["nodemetrics.yaml"], nodeMetrics(ttl.String()); got != want {
		t.Fatalf("nodemetrics.yaml became\n%s\nwant\n%s", got, want)
	}
	if err := s.Mount(); err != nil {
		t.Fatal(err)
	}
	s.stop(t, s.cloudcores[0])
	cloudcore, err := s.StartCloudcore(0)
	if err != nil {
		t.Fatal(err)
	}
	s.cloudcores[0] = cloudcore
	eventually(t, 30*time.Second, "all nodes are back after the restart", all(
		s.is("count(edge_node_up == 1)", 3),
		s.reporting("edge-2", 201),
		s.reporting("edge-3", 300),
	))
	// The grace of this configuration is not the default one.
	s.edges[1].Kill()
	if took := s.expires(t, "edge-2", ttl); took > grace+slack {
		t.Errorf("the series ended after %s: the configuration of before the restart is lost", took)
	}
	if err := s.edges[1].Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "edge-2 is back", s.reporting("edge-2", 201))
}

// newest is the query of the documentation: of the samples of a node that moved
// between cloudcores, those of the cloudcore with the newest report.
const newest = `%s and on (instance, node) topk by (node) (1, edge_node_last_report_timestamp_seconds)`

// nodeAlerts are all alerts on nodes, about to fire or firing.
const nodeAlerts = `ALERTS{alertname=~"EdgeNode.*|ManyEdgeNodesDown"}`

// move: with two cloudcores behind one Service, a node that moves stands on both
// for the grace at most, and the query of the documentation has one value for it
// all the time.
func (s *suite) move(t *testing.T) {
	second, err := s.StartCloudcore(1)
	if err != nil {
		t.Fatal(err)
	}
	s.cloudcores = append(s.cloudcores, second)
	if err := s.PublishEndpoints(s.cloudcores...); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "Prometheus finds both", func() error { return s.scraped(s.cloudcores...) })
	onFirst := fmt.Sprintf(`edge_node_load1{node="edge-2", instance=%q}`, s.cloudcores[0].MetricsAddress())
	onSecond := fmt.Sprintf(`edge_node_load1{node="edge-2", instance=%q}`, second.MetricsAddress())
	eventually(t, slack, "edge-2 is on the first", all(s.is(onFirst, 201), s.isAbsent(onSecond)))

	query := fmt.Sprintf(newest, "edge_node_load1")
	begin := time.Now()
	s.edges[1].Proxy.Target(second.HubAddress())
	s.edges[1].Proxy.Break()

	var arrived, left time.Duration
	eventually(t, grace+ttl, "edge-2 moves", func() error {
		// One value per node, at every moment of the move.
		samples, err := s.Query(query)
		if err != nil {
			return err
		}
		count := make(map[string]int)
		for _, sample := range samples {
			count[sample.Labels["node"]]++
		}
		for _, edge := range s.edges {
			if count[edge.Name] != 1 {
				t.Errorf("%s after the move began, the query has %d values for %s", time.Since(begin), count[edge.Name], edge.Name)
			}
		}
		if arrived == 0 && s.is(onSecond, 201)() == nil {
			arrived = time.Since(begin)
		}
		if err := s.isAbsent(onFirst)(); err != nil {
			return err
		}
		left = time.Since(begin)
		return s.is(onSecond, 201)()
	})
	if left > grace+slack {
		t.Errorf("edge-2 stood on the first cloudcore for %s, want disconnectGrace, %s, at most", left, grace)
	}
	t.Logf("moved: on the second after %s, gone from the first after %s (disconnectGrace %s)",
		arrived.Round(time.Second/10), left.Round(time.Second/10), grace)
	if err := all(
		s.is("count(edge_node_load1)", 3),
		s.is(`max by (node) (edge_node_up{node="edge-2"})`, 1),
	)(); err != nil {
		t.Error(err)
	}

	s.edges[1].Proxy.Target(s.cloudcores[0].HubAddress())
	s.edges[1].Proxy.Break()
	eventually(t, grace+ttl, "edge-2 moves back", all(s.is(onFirst, 201), s.isAbsent(onSecond)))

	// To the rules the node was up all the time, on one cloudcore at a time, and no
	// more alerts on nodes were about to fire than the steps before had left.
	alerts, err := s.Query(nodeAlerts + ` @ ` + strconv.FormatInt(begin.Unix(), 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range alerts {
		t.Logf("pending before the move: %s of %s", alert.Labels["alertname"], alert.Labels["node"])
	}
	for query, want := range map[string]float64{
		`node:edge_node_up:max{node="edge-2"}`:                                            1,
		`count(instance_node:edge_node_newest_report:marker{node="edge-2"})`:              1,
		fmt.Sprintf(`count(%s unless %[1]s @ %d) or vector(0)`, nodeAlerts, begin.Unix()): 0,
		`count(ALERTS{alertstate="firing"}) or vector(0)`:                                 0,
	} {
		values, err := s.Range(query, begin, time.Second)
		if err != nil || len(values) == 0 {
			t.Errorf("%s: %d values, error %v", query, len(values), err)
		}
		for i, v := range values {
			if v != want {
				t.Errorf("%s was %v, want %v, %d s after the move began", query, v, want, i)
				break
			}
		}
	}
}

// shutdown: SIGTERM ends both cloudcores at once, with the exporter in them.
func (s *suite) shutdown(t *testing.T) {
	for _, cloudcore := range s.cloudcores {
		s.stop(t, cloudcore)
	}
}

// stop stops a cloudcore and holds it to the time and the manner of that.
func (s *suite) stop(t *testing.T, cloudcore *stack.Cloudcore) {
	t.Helper()
	took, err := cloudcore.Stop(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if took > 2*time.Second {
		t.Errorf("%s took %s to stop", cloudcore.Name, took)
	}
	t.Logf("%s stopped within %s, exit code %d", cloudcore.Name, took.Round(time.Millisecond), cloudcore.ExitCode())
	// KubeEdge v1.13.0 ends with 1, with the exporter and without: its monitor
	// takes its own shutdown for a failure. A panic ends with 2.
	if code := cloudcore.ExitCode(); code != 0 && code != 1 {
		t.Errorf("%s ended with exit code %d", cloudcore.Name, code)
	}
	for _, trouble := range []string{"panic:", "fatal error:", "goroutine 1 ["} {
		if logged(cloudcore, trouble)() == nil {
			t.Errorf("%s wrote %q:\n%s", cloudcore.Name, trouble, cloudcore.Tail(30))
		}
	}
	if connection, err := net.DialTimeout("tcp", cloudcore.MetricsAddress(), time.Second); err == nil {
		_ = connection.Close()
		t.Errorf("%s is still served", cloudcore.MetricsAddress())
	}
}
