package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// fork: a fork whose router is patched and whose handler pushes every report to a
// Pushgateway is run as it was, and then as the steps of docs/forks.md leave it.
func (s *suite) fork(t *testing.T) {
	folder := filepath.Join(s.Bin, s.KubeEdge, "fork")
	if _, err := os.Stat(filepath.Join(folder, "cloudcore-after")); err != nil {
		t.Skipf("the fork's patch is made for the tree of v1.23.1, and this is %s", s.KubeEdge)
	}
	gateway, err := newPushgateway(stack.Gateway + ":9099")
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close()
	data := s.config(t)
	restore := func() {
		for key, value := range data {
			if err := s.EditConfigMap(key, value); err != nil {
				t.Error(err)
			}
		}
	}
	defer func() {
		// The steps that follow have the cloudcore of before.
		restore()
		s.cloudcores[0].Kill()
		if s.cloudcores[0], err = s.StartCloudcore(0); err != nil {
			t.Error(err)
		}
	}()
	report := map[string]any{"nodeName": "edge-7", "cpuUsage": 12.5, "memUsage": 40, "diskUsage": 70}
	publish := func() error {
		publisher := s.edges[1].PublisherTo("default/user/monitor")
		defer publisher.Close()
		return publisher.Publish(report)
	}

	pushes := strings.Replace(data["cloudcore.yaml"], "commonConfig:\n", "commonConfig:\n  pushGateway: http://"+gateway.Address+"\n", 1)
	if err := s.EditConfigMap("cloudcore.yaml", pushes); err != nil {
		t.Fatal(err)
	}
	s.stop(t, s.cloudcores[0])
	if s.cloudcores[0], err = s.StartCloudcoreAs(0, filepath.Join(folder, "cloudcore-before")); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the fork pushes", func() error {
		if err := publish(); err != nil {
			return err
		}
		return gateway.got("/metrics/job/edge_node_monitor/node/edge-7")
	})

	// The key that is gone stays in the file: KubeEdge ignores it.
	for _, file := range []string{"nodemetrics.yaml", "mapping.yaml"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.EditConfigMap(file, string(text)); err != nil {
			t.Fatal(err)
		}
	}
	mapped := true
	cut := func() {
		if !mapped {
			return
		}
		if mapped = false; s.CutFromConfigMap("mapping.yaml") != nil {
			t.Error("mapping.yaml stays in the ConfigMap")
		}
	}
	defer cut()
	s.stop(t, s.cloudcores[0])
	before := gateway.count()
	if s.cloudcores[0], err = s.StartCloudcoreAs(0, filepath.Join(folder, "cloudcore-after")); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the moved fork has the node on its page", func() error {
		if err := publish(); err != nil {
			return err
		}
		response, err := http.Get("http://" + s.cloudcores[0].MetricsAddress() + "/metrics")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		for _, want := range []string{
			`edge_node_up{node="edge-7"} 1`, `edge_node_cpu_usage_ratio{node="edge-7"} 0.125`,
			`edge_node_memory_usage_ratio{node="edge-7"} 0.4`, `edge_node_disk_usage_ratio{node="edge-7"} 0.7`,
		} {
			if !strings.Contains(string(page), want+"\n") {
				return fmt.Errorf("the page lacks %s", want)
			}
		}
		return nil
	})
	if after := gateway.count(); after != before {
		t.Errorf("the moved fork still pushes: %d times", after-before)
	}

	// The stock tree with our main copied in does what the one that build.sh made does.
	restore()
	cut()
	s.stop(t, s.cloudcores[0])
	if s.cloudcores[0], err = s.StartCloudcoreAs(0, filepath.Join(folder, "cloudcore-copied")); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the tree with our main copied in has the node on its page", all(s.shows("edge_node_up", "edge-1", 1), s.moreThan("nodemetrics_routes", 0)))
}

// pushgateway notes what is pushed to it.
type pushgateway struct {
	*http.Server
	Address string

	mu     sync.Mutex
	pushed []string
}

func newPushgateway(address string) (*pushgateway, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	g := &pushgateway{Address: address}
	g.Server = &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pushed = append(g.pushed, r.Method+" "+r.URL.Path)
	})}
	go func() { _ = g.Serve(listener) }()
	return g, nil
}

func (g *pushgateway) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pushed)
}

func (g *pushgateway) got(path string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.pushed {
		if strings.HasSuffix(one, " "+path) {
			return nil
		}
	}
	return fmt.Errorf("pushed was %v", g.pushed)
}
