package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// charts installs the chart of every KubeEdge there is on the API server, puts our
// parts on top, and upgrades: what is ours stays, and so does what is the chart's.
func (s *suite) charts(t *testing.T) {
	if err := s.UninstallChart(); err != nil {
		t.Fatal(err)
	}
	versions := []string{"v1.13.0"}
	trees, err := filepath.Glob(filepath.Join(s.Root, ".cache", "kubeedge", "trees", "kubeedge-*", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range trees {
		versions = append(versions, strings.TrimPrefix(filepath.Base(filepath.Dir(tree)), "kubeedge-"))
	}
	if len(trees) == 0 {
		t.Log("only the published v1.13.0: KUBEEDGE_TREES names no folder with trees of other versions")
	}
	for _, version := range versions {
		if t.Run(version, func(t *testing.T) { s.chart(t, version) }) {
			if output, err := exec.Command(filepath.Join(s.Root, "hack/kubeedge/record.sh"), version, "chart").CombinedOutput(); err != nil {
				t.Errorf("noting it: %v: %s", err, output)
			}
		}
	}
}

func (s *suite) chart(t *testing.T, version string) {
	// Another version's CRDs would stay: helm never upgrades them.
	if _, err := s.Kubectl("", "delete", "crd", "--ignore-not-found", "devices.devices.kubeedge.io", "devicemodels.devices.kubeedge.io"); err != nil {
		t.Fatal(err)
	}
	source, err := s.Source(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.InstallChart(source); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.UninstallChart(); err != nil {
			t.Error(err)
		}
	}()
	if !strings.Contains(s.config(t)["cloudcore.yaml"], "router:\n    enable: true") {
		t.Errorf("the value for the router does not reach the configuration:\n%s", s.config(t)["cloudcore.yaml"])
	}
	// Without force: nothing of ours is the chart's.
	if err := s.ApplyFolder("manifests/cloudcore"); err != nil {
		t.Fatal(err)
	}
	ours := s.config(t)["nodemetrics.yaml"]
	s.merged(t, ours)

	// Without the values, the chart's own count again: docs/install.md warns.
	if err := s.Helm("upgrade", "cloudcore", filepath.Join(source, "manifests", "charts", "cloudcore"), "--namespace", "kubeedge",
		"--set", "cloudCore.modules.cloudHub.nodeLimit=500"); err != nil {
		t.Fatal(err)
	}
	if image := s.image(t); strings.HasPrefix(image, "registry.example/") {
		t.Errorf("helm upgrade without the values kept the image %s", image)
	}
	if s.config(t)["nodemetrics.yaml"] != ours {
		t.Errorf("helm upgrade without the values took nodemetrics.yaml away")
	}

	mine := strings.Replace(stack.Image, ":mine", ":next", 1)
	if err := s.InstallChart(source, "--set", "cloudCore.image.tag=next", "--set", "cloudCore.modules.cloudHub.nodeLimit=2000"); err != nil {
		t.Fatal(err)
	}
	if image := s.image(t); image != mine {
		t.Errorf("after helm upgrade the image is %s, want %s", image, mine)
	}
	data := s.config(t)
	if !strings.Contains(data["cloudcore.yaml"], "nodeLimit: 2000") || data["nodemetrics.yaml"] != ours {
		t.Errorf("helm upgrade left\n%v", data)
	}
	if err := s.ApplyFolder("manifests/cloudcore"); err != nil {
		t.Errorf("our parts once more: %v", err)
	}
	if image := s.image(t); image != mine {
		t.Errorf("our parts changed the image to %s", image)
	}
}

// image returns the image of the Deployment.
func (s *suite) image(t *testing.T) string {
	t.Helper()
	image, err := s.Kubectl("", "get", "-n", "kubeedge", "deployment", "cloudcore", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
	if err != nil {
		t.Fatal(err)
	}
	return image
}
