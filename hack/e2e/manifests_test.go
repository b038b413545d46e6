package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// manifests looks at what the API server made of the chart's objects and the
// parts that manifests/cloudcore adds to them, and at what a helm upgrade leaves.
func (s *suite) manifests(t *testing.T) {
	before := s.config(t)["nodemetrics.yaml"]
	s.merged(t, before)
	source, err := s.Source(s.KubeEdge)
	if err != nil {
		t.Fatal(err)
	}
	// The values of the first time, and another one. cloudcore's own rewrite of
	// its configuration is kept: later steps look at it.
	rewritten := s.config(t)["cloudcore.yaml"]
	if err := s.InstallChart(source, "--reuse-values", "--set", "cloudCore.modules.dynamicController.enable=true"); err != nil {
		t.Fatal(err)
	}
	if upgraded := s.config(t)["cloudcore.yaml"]; upgraded == rewritten {
		t.Errorf("helm upgrade changed nothing, so this proves nothing:\n%s", upgraded)
	}
	s.merged(t, before)
	if err := s.EditConfigMap("cloudcore.yaml", rewritten); err != nil {
		t.Fatal(err)
	}
}

// merged holds the chart's objects to having what is the chart's, what is ours,
// and the image that the user's values say.
func (s *suite) merged(t *testing.T, nodemetrics string) {
	t.Helper()
	deployment, err := s.Kubectl("", "get", "-n", "kubeedge", "deployment", "cloudcore", "-o",
		"jsonpath={.spec.template.spec.containers[*].image} {.spec.template.spec.containers[*].ports[*].name}")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(deployment)
	for _, want := range []string{stack.Image, "cloudhub", "cloudhub-https", "metrics"} {
		if !slices.Contains(words, want) {
			t.Errorf("the Deployment has %q, which lacks %s", deployment, want)
		}
	}
	data := s.config(t)
	if !strings.Contains(data["cloudcore.yaml"], "kind: CloudCore") {
		t.Errorf("the chart's key became %q", data["cloudcore.yaml"])
	}
	if nodemetrics == "" || data["nodemetrics.yaml"] != nodemetrics {
		t.Errorf("nodemetrics.yaml became %q, want %q", data["nodemetrics.yaml"], nodemetrics)
	}
}

// TestNoManifestNamesAnImage: which cloudcore runs is for the user's values to
// say. A manifest that names one would take an old KubeEdge to a new one, or back.
func TestNoManifestNamesAnImage(t *testing.T) {
	files, err := filepath.Glob("../../manifests/*/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("manifests: %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if strings.Contains(line, "cloudcore") && (strings.Contains(line, "image:") || strings.Contains(line, "newName:")) {
				t.Errorf("%s:%d names an image: %s", file, i+1, line)
			}
		}
	}
}

// discovery: the ServiceMonitor alone makes Prometheus find cloudcore.
func (s *suite) discovery(t *testing.T) {
	eventually(t, slack+ttl, "Prometheus finds cloudcore", func() error { return s.scraped(s.cloudcores...) })
	eventually(t, slack, "the page has KubeEdge's own metrics", s.is("KubeEdge_CloudHub_connected_nodes", 3))
	eventually(t, slack, "every edge node has a route per topic", s.is("nodemetrics_routes", 3*2))
}

// alternatives: a PodMonitor instead of the ServiceMonitor, and the scrape
// configuration for a Prometheus without the operator, find cloudcore as well.
// It comes late in the story: Prometheus keeps the series of a job that is gone
// for a while, and counts would be off.
func (s *suite) alternatives(t *testing.T) {
	found, err := s.Discover(filepath.Join(s.Root, "manifests/scrape/prometheus.yaml"), "cloudcore")
	if err != nil {
		t.Error(err)
	}
	if address := s.cloudcores[0].MetricsAddress(); !strings.Contains(found, `"__address__": "`+address+`"`) || !strings.Contains(found, `"instance": "`+address+`"`) || strings.Contains(found, `"pod":`) {
		t.Errorf("manifests/scrape does not find %s:\n%s", address, found)
	}

	swap := func(from, to, job string) {
		t.Helper()
		if _, err := s.Kubectl("", "delete", from, "-n", "kubeedge", "cloudcore"); err != nil {
			t.Fatal(err)
		}
		if err := s.ApplyFolder("manifests/" + to); err != nil {
			t.Fatal(err)
		}
		if err := s.FollowOperator(job); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, job+" finds cloudcore", func() error { return s.scrapedBy(job, s.cloudcores...) })
	}
	swap("servicemonitor", "podmonitor", "podMonitor/kubeedge/cloudcore/")
	swap("podmonitor", "servicemonitor", "serviceMonitor/kubeedge/cloudcore/")
}

// scraped is whether exactly these cloudcores are scraped, and well, by the
// ServiceMonitor.
func (s *suite) scraped(cloudcores ...*stack.Cloudcore) error {
	return s.scrapedBy("serviceMonitor/kubeedge/cloudcore/", cloudcores...)
}

func (s *suite) scrapedBy(job string, cloudcores ...*stack.Cloudcore) error {
	targets, err := s.Targets()
	if err != nil {
		return err
	}
	health := make(map[string]string)
	for _, target := range targets {
		if !strings.HasPrefix(target.ScrapePool, job) {
			return fmt.Errorf("a target of %s", target.ScrapePool)
		}
		// The same labels whatever way it was found, and none that changes with a rollout.
		want := map[string]string{"namespace": "kubeedge", "job": "cloudcore", "instance": target.Labels["instance"]}
		if !maps.Equal(target.Labels, want) {
			return fmt.Errorf("a target with the labels %v", target.Labels)
		}
		health[target.Labels["instance"]] = target.Health + " " + target.LastError
	}
	if len(health) != len(cloudcores) {
		return fmt.Errorf("targets are %v, want %d of them", health, len(cloudcores))
	}
	for _, cloudcore := range cloudcores {
		if state := health[cloudcore.MetricsAddress()]; state != "up " {
			return fmt.Errorf("%s is %s", cloudcore.Name, state)
		}
	}
	return nil
}
