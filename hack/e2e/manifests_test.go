package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// manifests looks at what the API server made of the chart's objects and the
// parts that manifests/cloudcore adds to them.
func (s *suite) manifests(t *testing.T) {
	ports, err := s.Kubectl("", "get", "-n", "kubeedge", "deployment", "cloudcore", "-o",
		"jsonpath={.spec.template.spec.containers[*].image} {.spec.template.spec.containers[*].ports[*].name}")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"edgegauge/cloudcore:", "cloudhub", "cloudhub-https", "metrics"} {
		if !strings.Contains(ports, want) {
			t.Errorf("the Deployment has %q, which lacks %s", ports, want)
		}
	}
	data := s.config(t)
	for _, key := range []string{"cloudcore.yaml", "nodemetrics.yaml"} {
		if data[key] == "" {
			t.Errorf("the ConfigMap has no %s", key)
		}
	}

	// What the stack itself does not use is accepted all the same.
	if err := s.ApplyFolder("manifests/podmonitor"); err != nil {
		t.Error(err)
	}
	if _, err := s.Kubectl("", "delete", "-k", filepath.Join(s.Root, "manifests/podmonitor")); err != nil {
		t.Error(err)
	}
	if err := s.CheckPrometheusConfig(filepath.Join(s.Root, "manifests/scrape/prometheus.yaml")); err != nil {
		t.Error(err)
	}
}

// discovery: the ServiceMonitor alone makes Prometheus find cloudcore.
func (s *suite) discovery(t *testing.T) {
	eventually(t, slack+ttl, "Prometheus finds cloudcore", func() error { return s.scraped(s.cloudcores...) })
	eventually(t, slack, "the page has KubeEdge's own metrics", s.is("KubeEdge_CloudHub_connected_nodes", 3))
	eventually(t, slack, "every edge node has a route per topic", s.is("nodemetrics_routes", 3*2))
}

// scraped is whether exactly these cloudcores are scraped, and well.
func (s *suite) scraped(cloudcores ...*stack.Cloudcore) error {
	targets, err := s.Targets()
	if err != nil {
		return err
	}
	health := make(map[string]string)
	for _, target := range targets {
		if !strings.HasPrefix(target.ScrapePool, "serviceMonitor/kubeedge/cloudcore/") {
			return fmt.Errorf("a target of %s", target.ScrapePool)
		}
		health[target.Labels["pod"]] = target.Health + " " + target.LastError
	}
	if len(health) != len(cloudcores) {
		return fmt.Errorf("targets are %v, want %d of them", health, len(cloudcores))
	}
	for _, cloudcore := range cloudcores {
		if health[cloudcore.Name] != "up " {
			return fmt.Errorf("%s is %s", cloudcore.Name, health[cloudcore.Name])
		}
	}
	return nil
}
