package e2e

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

const (
	soakReports    = 10000
	soakReconnects = 100
	// soakEdges is how many edges share the reconnects: an edgecore waits some
	// seconds before each.
	soakEdges = 8
)

// soak: cloudcore's goroutines and heap are the same before and after many
// reports and reconnects.
func (s *suite) soak(t *testing.T) {
	for len(s.edges) < soakEdges {
		edge, err := s.AddEdge(len(s.edges)+1, s.cloudcores[0])
		if err != nil {
			t.Fatal(err)
		}
		s.edges = append(s.edges, edge)
	}
	// Once through, smaller, so that what is only made once is made.
	s.storm(t, soakReports/20)
	s.reconnect(t, 2*len(s.edges))
	before := s.settled(t)

	begin := time.Now()
	s.costOfAReport(t, func() { s.storm(t, soakReports) })
	t.Logf("%d reports in %s", soakReports, time.Since(begin).Round(time.Second/10))
	begin = time.Now()
	s.reconnect(t, soakReconnects)
	t.Logf("%d reconnects in %s", soakReconnects, time.Since(begin).Round(time.Second/10))

	after := s.settled(t)
	t.Logf("before: %+v, after: %+v", before, after)
	if grown := after.Goroutines - before.Goroutines; grown > soakReconnects/10 {
		t.Errorf("goroutines grew by %d: from %d to %d", grown, before.Goroutines, after.Goroutines)
	}
	const allowance = 4 << 20
	if grown := int64(after.HeapBytes) - int64(before.HeapBytes); grown > allowance {
		t.Errorf("the heap grew by %d bytes: from %d to %d", grown, before.HeapBytes, after.HeapBytes)
	}
}

// storm publishes reports at all edges, as fast as the edges take them, until so
// many more have reached the exporter.
func (s *suite) storm(t *testing.T, reports int) {
	t.Helper()
	const received = `sum(nodemetrics_reports_total)`
	before, err := s.value(received)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	for _, edge := range s.edges {
		group.Go(func() {
			publisher := edge.Publisher()
			defer publisher.Close()
			// In small sheaves, for edgecore's queues are bounded and what they do
			// not hold is lost.
			ticker := time.NewTicker(50 * time.Millisecond)
			defer ticker.Stop()
			for {
				select {
				case <-done:
					return
				case <-ticker.C:
				}
				for range 10 {
					_ = publisher.Publish(stack.NewReport(1, interval))
				}
			}
		})
	}
	err = stack.Eventually(5*time.Minute, func() error {
		after, err := s.value(received)
		if err == nil && after-before < float64(reports) {
			err = fmt.Errorf("%v of %d reports have arrived", after-before, reports)
		}
		return err
	})
	close(done)
	group.Wait()
	if err != nil {
		t.Fatal(err)
	}
}

// reconnect breaks the lines of the edges and lets them come back, so many times
// in all; what counts is a session that cloudhub has opened.
func (s *suite) reconnect(t *testing.T, times int) {
	t.Helper()
	log, err := os.Stat(s.cloudcores[0].Log)
	if err != nil {
		t.Fatal(err)
	}
	failures := make(chan error, len(s.edges))
	for i, edge := range s.edges {
		go func() {
			opened := 0
			for turn := i; turn < times; turn += len(s.edges) {
				edge.Proxy.Break()
				opened++
				if err := stack.Eventually(30*time.Second, func() error {
					got, err := s.cloudcores[0].Logged(log.Size(), "Start session for edge node "+edge.Name+"\n")
					if err == nil && got < opened {
						err = fmt.Errorf("%s has opened %d sessions of %d", edge.Name, got, opened)
					}
					return err
				}); err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range s.edges {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}
}

// settled waits for the first cloudcore to come to rest and returns its figures.
func (s *suite) settled(t *testing.T) stack.Runtime {
	t.Helper()
	eventually(t, 30*time.Second, "all nodes are connected", s.is(
		fmt.Sprintf("KubeEdge_CloudHub_connected_nodes{instance=%q}", s.cloudcores[0].MetricsAddress()), float64(len(s.edges))))
	var last stack.Runtime
	same := 0
	eventually(t, time.Minute, "goroutines come to rest", func() error {
		now, err := s.cloudcores[0].Runtime()
		if err != nil {
			return err
		}
		if now.Goroutines == last.Goroutines {
			same++
		} else {
			same = 0
		}
		last = now
		if same < 20 {
			return fmt.Errorf("%d goroutines", now.Goroutines)
		}
		return nil
	})
	return last
}
