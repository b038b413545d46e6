package stack

import "fmt"

// Options say how large a stack is and how its exporter is configured.
type Options struct {
	// Edges is the number of edge nodes; they connect to the first cloudcore.
	Edges int
	// NodeMetrics is the nodemetrics.yaml that replaces the one of
	// manifests/cloudcore; "" leaves that.
	NodeMetrics string
	// Say is told what happens.
	Say func(format string, arguments ...any)
}

// UpAPI brings up nothing but the API server, with the CRDs of prometheus-operator.
func (s *Stack) UpAPI() error {
	if err := s.setUpNetwork(); err != nil {
		return fmt.Errorf("setting up the network: %w", err)
	}
	if err := s.startKubernetes(); err != nil {
		return fmt.Errorf("starting Kubernetes: %w", err)
	}
	return s.applyOperatorCRDs()
}

// Up brings everything up: one cloudcore, the edges, and the monitoring with the
// manifests of the repository applied as they are. What it started is in the
// stack even when it fails, so that Close ends it.
func (s *Stack) Up(options Options) (*Cloudcore, []*Edge, error) {
	options.Say("network, etcd and kube-apiserver")
	if err := s.setUpNetwork(); err != nil {
		return nil, nil, fmt.Errorf("setting up the network: %w", err)
	}
	if err := s.startKubernetes(); err != nil {
		return nil, nil, fmt.Errorf("starting Kubernetes: %w", err)
	}
	options.Say("KubeEdge's objects and the manifests")
	if err := s.setUpKubeEdge(); err != nil {
		return nil, nil, fmt.Errorf("setting up KubeEdge: %w", err)
	}
	if err := s.ApplyFolder("manifests/cloudcore"); err != nil {
		return nil, nil, fmt.Errorf("applying manifests/cloudcore: %w", err)
	}
	if options.NodeMetrics != "" {
		if err := s.EditConfigMap("nodemetrics.yaml", options.NodeMetrics); err != nil {
			return nil, nil, fmt.Errorf("configuring the exporter: %w", err)
		}
	}
	if err := s.Mount(); err != nil {
		return nil, nil, fmt.Errorf("mounting the configuration: %w", err)
	}
	options.Say("cloudcore")
	cloudcore, err := s.StartCloudcore(0)
	if err != nil {
		return nil, nil, fmt.Errorf("starting cloudcore: %w", err)
	}
	edges := make([]*Edge, options.Edges)
	for i := range edges {
		options.Say("edgecore %d of %d", i+1, len(edges))
		if edges[i], err = s.AddEdge(i+1, cloudcore); err != nil {
			return nil, nil, fmt.Errorf("starting an edge: %w", err)
		}
	}
	options.Say("prometheus-operator and Prometheus")
	if err := s.startMonitoring(); err != nil {
		return nil, nil, fmt.Errorf("starting the monitoring: %w", err)
	}
	if err := s.PublishEndpoints(cloudcore); err != nil {
		return nil, nil, fmt.Errorf("publishing the endpoints: %w", err)
	}
	return cloudcore, edges, nil
}
