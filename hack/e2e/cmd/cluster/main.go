// Command cluster brings the stack up for a person to play with, and takes it
// down again when it is told to end. It is started by cluster.sh, which gives it
// its namespaces.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

func main() {
	root := flag.String("root", ".", "`folder` of the checkout")
	kubeedge := flag.String("kubeedge", "v1.13.0", "`version` of KubeEdge")
	flag.Parse()
	if err := run(*root, *kubeedge); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// interval is how often the edges report: often enough to watch.
const interval = 5 * time.Second

func run(root, kubeedge string) error {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)

	root, err := filepath.Abs(root)
	if err != nil {
		return fmt.Errorf("finding the checkout: %w", err)
	}
	s, err := stack.New(root, filepath.Join(root, ".cache", "e2e", "cluster"), kubeedge)
	if err != nil {
		return err
	}
	defer s.Close()
	first, edges, err := s.Up(stack.Options{Edges: 3, Say: func(format string, arguments ...any) {
		fmt.Printf("cluster: "+format+"\n", arguments...)
	}})
	if err != nil {
		return err
	}
	second, err := s.StartCloudcore(1)
	if err != nil {
		return fmt.Errorf("starting the second cloudcore: %w", err)
	}
	if err := s.PublishEndpoints(first, second); err != nil {
		return fmt.Errorf("publishing the endpoints: %w", err)
	}
	last := edges[len(edges)-1]
	last.Proxy.Target(second.HubAddress())
	last.Proxy.Break()
	for _, edge := range edges {
		if err := edge.StartReporter(interval); err != nil {
			return fmt.Errorf("starting a reporter: %w", err)
		}
	}
	if err := stack.Eventually(time.Minute, func() error {
		up, err := s.Query("max by (node) (edge_node_up) == 1")
		if err == nil && len(up) != len(edges) {
			err = fmt.Errorf("%d of %d edges report", len(up), len(edges))
		}
		return err
	}); err != nil {
		return fmt.Errorf("waiting for reports: %w", err)
	}
	fmt.Printf(`
Prometheus   http://%s/query?g0.expr=edge_node_up
cloudcores   http://%s/metrics  http://%s/metrics
Kubernetes   %s --kubeconfig %s get nodes
logs         %s
edge nodes   edge-1 and edge-2 at the first cloudcore, edge-3 at the second
down again   hack/e2e/cluster.sh down
`, stack.PrometheusAddress, first.MetricsAddress(), second.MetricsAddress(),
		filepath.Join(s.Bin, "kubectl"), filepath.Join(s.Folder, "kubeconfig"), filepath.Join(s.Folder, "log"))
	if err := os.WriteFile(filepath.Join(s.Folder, "ready"), nil, 0o644); err != nil {
		return fmt.Errorf("telling that the cluster is ready: %w", err)
	}
	<-end
	return nil
}
