// Package e2e asserts that edgegauge works in a whole KubeEdge with every part
// real, looking where a user would look: at Prometheus.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// The times of the test: short, so that it is, and apart from one another, so
// that what happened tells which of them was at work.
const (
	interval = time.Second
	ttl      = 15 * time.Second
	grace    = 5 * time.Second
	// slack is what a scrape every second, the queries of the test and a busy
	// machine add to a time that is measured through Prometheus.
	slack = 4 * time.Second
)

// nodeMetrics is the configuration of the exporter under test.
func nodeMetrics(nodeTTL string) string {
	return fmt.Sprintf(`modules:
  nodeMetrics:
    enable: true
    bindAddress: 0.0.0.0:%s
    nodeTTL: %s
    missedReports: 3
    disconnectGrace: %s
    limits: {nodes: 2000, samplesPerNode: 500, reportsPerSecond: 1000}
`, stack.MetricsPort, nodeTTL, grace)
}

// suite is a running stack and what the subtests hand on to each other: they
// tell one story, in order.
type suite struct {
	*stack.Stack
	cloudcores []*stack.Cloudcore
	edges      []*stack.Edge
	feeds      []*feed
}

func TestStack(t *testing.T) {
	if os.Getenv("E2E_STACK") == "" {
		t.Skip("needs namespaces of its own: hack/e2e/run.sh")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	running, err := stack.New(root, filepath.Join(root, ".cache", "e2e", "run"), os.Getenv("E2E_STACK"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	cloudcore, edges, err := running.Up(stack.Options{Edges: 3, NodeMetrics: nodeMetrics(ttl.String()), Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{Stack: running, cloudcores: []*stack.Cloudcore{cloudcore}, edges: edges}
	s.startFeeds(t)

	for _, step := range []struct {
		name string
		test func(*suite, *testing.T)
	}{
		{"ManifestsMergeIntoTheChart", (*suite).manifests},
		{"ServiceMonitorFindsCloudcore", (*suite).discovery},
		{"ReportsArriveUnderTheirNode", (*suite).reports},
		{"ClaimedNameChangesNothing", (*suite).claim},
		{"SilentNodeExpiresByTTL", (*suite).silence},
		{"KilledNodeExpiresByGraceAndReturns", (*suite).kill},
		{"DeletedNodeLeavesNothing", (*suite).deletion},
		{"Reporter", (*suite).reporter},
		{"ConfigChangesWhileRunning", (*suite).reload},
		{"ConfigSurvivesRewriteAndRestart", (*suite).rewrite},
		{"NodeMovesBetweenCloudcores", (*suite).move},
		{"NothingGrows", (*suite).soak},
		{"AlternativesFindCloudcore", (*suite).alternatives},
		{"ChartTakesOver", (*suite).helmChart},
		{"ForkMovesByTheWrittenSteps", (*suite).fork},
		{"SessionsAreBoundToCertificates", (*suite).sessions},
		{"ReadersNeedAToken", (*suite).authorization},
		{"SIGTERMIsCleanAndQuick", (*suite).shutdown},
		{"ChartsOfEveryTree", (*suite).charts},
	} {
		passed := t.Run(step.name, func(t *testing.T) { step.test(s, t) })
		if !passed {
			for _, cloudcore := range s.cloudcores {
				t.Logf("the end of the log of %s:\n%s", cloudcore.Name, cloudcore.Tail(5))
			}
			t.FailNow()
		}
	}
}

// eventually waits for a condition and fails the test when it does not come.
func eventually(t *testing.T, patience time.Duration, what string, condition func() error) {
	t.Helper()
	if err := stack.Eventually(patience, condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// value returns the value of an expression with exactly one series.
func (s *suite) value(expression string) (float64, error) {
	samples, err := s.Query(expression)
	if err != nil {
		return 0, err
	}
	if len(samples) != 1 {
		return 0, fmt.Errorf("%s: got %d series, want one", expression, len(samples))
	}
	return samples[0].Value, nil
}

// is is the condition that an expression has one series, and this value.
func (s *suite) is(expression string, want float64) func() error {
	return func() error {
		got, err := s.value(expression)
		if err == nil && got != want {
			err = fmt.Errorf("%s: got %v, want %v", expression, got, want)
		}
		return err
	}
}

// isAbsent is the condition that an expression has no series at all.
func (s *suite) isAbsent(expression string) func() error {
	return func() error {
		samples, err := s.Query(expression)
		if err != nil {
			return err
		}
		if len(samples) > 0 {
			return fmt.Errorf("%s: %d series are left, such as %v", expression, len(samples), samples[0].Labels)
		}
		return nil
	}
}

// all is the condition that all of several hold.
func all(conditions ...func() error) func() error {
	return func() error {
		for _, condition := range conditions {
			if err := condition(); err != nil {
				return err
			}
		}
		return nil
	}
}

// of returns the selector of a metric of one node.
func of(metric, node string) string { return fmt.Sprintf("%s{node=%q}", metric, node) }

// everythingOf returns the selector of all series of one node that cloudcore has,
// which what rules and alerts record is not.
func everythingOf(node string) string {
	return fmt.Sprintf(`{__name__!~"ALERTS.*|.*:.*", node=%q}`, node)
}

// config reads what the operator's ConfigMap holds for cloudcore.
func (s *suite) config(t *testing.T) map[string]string {
	t.Helper()
	data, err := s.ConfigMap()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// logged is the condition that a cloudcore has written something.
func logged(cloudcore *stack.Cloudcore, what string) func() error {
	return func() error {
		count, err := cloudcore.Logged(0, what)
		if err == nil && count == 0 {
			err = fmt.Errorf("the log of %s has no %q", cloudcore.Name, what)
		}
		return err
	}
}
