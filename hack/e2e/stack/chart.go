package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"encoding/json"
)

// Image is what the stack's user has put into the chart's values. It is in no
// registry: nothing here runs containers.
const Image = "registry.example/cloudcore:mine"

// Source returns the folder with the source of a KubeEdge version.
func (s *Stack) Source(version string) (string, error) {
	if version == published {
		return s.moduleFolder("edgecore", "github.com/kubeedge/kubeedge")
	}
	folder := filepath.Join(s.Root, ".cache", "kubeedge", "trees", "kubeedge-"+version)
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err != nil {
		return "", fmt.Errorf("the tree of %s, which hack/e2e/build.sh unpacks: %w", version, err)
	}
	return folder, nil
}

// published is the version whose source is a published Go module.
const published = "v1.13.0"

// InstallChart has helm install or upgrade cloudcore's chart of a KubeEdge's
// source, as a user would who has an image with the exporter, with further
// arguments of helm.
func (s *Stack) InstallChart(source string, arguments ...string) error {
	repository, tag, _ := strings.Cut(Image, ":")
	err := s.Helm(append([]string{
		"upgrade", "--install", "cloudcore", filepath.Join(source, "manifests", "charts", "cloudcore"),
		"--namespace", "kubeedge", "--create-namespace",
		"--set", "cloudCore.image.repository=" + repository, "--set", "cloudCore.image.tag=" + tag,
		"--set", "cloudCore.modules.router.enable=true",
		"--set", "cloudCore.modules.cloudHub.advertiseAddress={" + strings.Join([]string{Gateway, cloudcoreAddress(0), cloudcoreAddress(1)}, ",") + "}",
	}, arguments...)...)
	if err != nil {
		return err
	}
	return s.aggregateRoles()
}

// UninstallChart takes the chart's objects away again, CRDs excepted.
func (s *Stack) UninstallChart() error {
	return s.Helm("uninstall", "cloudcore", "--namespace", "kubeedge")
}

// Helm runs helm against the stack's API.
func (s *Stack) Helm(arguments ...string) error {
	_, err := s.HelmOutput(arguments...)
	return err
}

// HelmOutput is Helm for who reads what helm writes.
func (s *Stack) HelmOutput(arguments ...string) (string, error) {
	return s.run("", "", "helm", append(arguments, "--kubeconfig", filepath.Join(s.Folder, "kubeconfig"))...)
}

// Shell runs a script as a user would in the root of the checkout, with kubectl and
// helm for the stack's API, and returns all that it writes.
func (s *Stack) Shell(script string) (string, error) {
	command := exec.Command("bash", "-euxo", "pipefail", "-c", script)
	command.Dir = s.Root
	command.Env = append(os.Environ(), "PATH="+s.Bin+":"+os.Getenv("PATH"), "KUBECONFIG="+filepath.Join(s.Folder, "kubeconfig"))
	output, err := command.CombinedOutput()
	return string(output), err
}

// aggregateRoles does the work of the controller that fills ClusterRoles with
// the rules of others, for cloudcore's.
func (s *Stack) aggregateRoles() error {
	var role struct {
		AggregationRule *struct {
			ClusterRoleSelectors []struct{ MatchLabels map[string]string }
		}
	}
	if err := s.get(&role, "clusterrole", "cloudcore"); err != nil {
		return err
	}
	if role.AggregationRule == nil {
		return nil
	}
	rules := []any{}
	for _, selector := range role.AggregationRule.ClusterRoleSelectors {
		var labels []string
		for name, value := range selector.MatchLabels {
			labels = append(labels, name+"="+value)
		}
		var others struct{ Items []struct{ Rules []any } }
		if err := s.get(&others, "clusterroles", "-l", strings.Join(labels, ",")); err != nil {
			return err
		}
		for _, other := range others.Items {
			rules = append(rules, other.Rules...)
		}
	}
	patch, err := json.Marshal(map[string]any{"rules": rules})
	if err != nil {
		return fmt.Errorf("writing the rules: %w", err)
	}
	_, err = s.Kubectl("", "patch", "clusterrole", "cloudcore", "--type", "merge", "-p", string(patch))
	return err
}

// mountPod makes the folders that a kubelet gives to cloudcore's pod: its
// ServiceAccount, by which it is what the chart's ClusterRole makes it, the
// certificates of the chart's Secret, and a place to write.
func (s *Stack) mountPod() error {
	for _, folder := range []string{serviceAccount, "/etc/kubeedge", "/var/lib/kubeedge"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", folder, err)
		}
		if err := s.command("mount -t tmpfs tmpfs " + folder); err != nil {
			return err
		}
	}
	token, err := s.Kubectl("", "create", "token", "cloudcore", "-n", "kubeedge", "--duration", "24h")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(filepath.Join(s.Folder, "apiserver", "apiserver.crt"))
	if err != nil {
		return fmt.Errorf("reading the certificate of the API server: %w", err)
	}
	for name, content := range map[string]string{"token": strings.TrimSpace(token), "ca.crt": string(ca), "namespace": "kubeedge"} {
		if err := os.WriteFile(filepath.Join(serviceAccount, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("writing the service account: %w", err)
		}
	}
	return nil
}

// serviceAccount is where client-go looks for who it is within a pod.
const serviceAccount = "/run/secrets/kubernetes.io/serviceaccount"

// inPod is what a kubelet tells a pod of where the API is.
func inPod() []string {
	return []string{"KUBERNETES_SERVICE_HOST=" + Gateway, "KUBERNETES_SERVICE_PORT=6443"}
}

// setUpKubeEdge installs KubeEdge by its chart. Of the chart's configuration one
// thing is changed by hand: the tests read cloudcore's profiler.
func (s *Stack) setUpKubeEdge() error {
	source, err := s.Source(s.KubeEdge)
	if err != nil {
		return err
	}
	// Without cloudstream and iptables, for which there is nothing to do here.
	if err := s.InstallChart(source, "--set", "cloudCore.modules.cloudStream.enable=false", "--set", "iptablesManager.enable=false"); err != nil {
		return err
	}
	if err := s.mountPod(); err != nil {
		return err
	}
	data, err := s.ConfigMap()
	if err != nil {
		return err
	}
	profiled := strings.Replace(data["cloudcore.yaml"], "\nmodules:\n", `
commonConfig:
  monitorServer:
    bindAddress: 0.0.0.0:9091
    enableProfiling: true
modules:
`, 1)
	patch, err := json.Marshal(map[string]any{"data": map[string]string{"cloudcore.yaml": profiled}})
	if err != nil {
		return fmt.Errorf("writing the patch: %w", err)
	}
	_, err = s.Kubectl("", "patch", "-n", "kubeedge", "configmap", "cloudcore", "--type", "merge", "-p", string(patch))
	return err
}

// StartCloudcore starts a cloudcore, number 0 or 1, or starts one again.
func (s *Stack) StartCloudcore(i int) (*Cloudcore, error) { return s.StartCloudcoreAs(i, "cloudcore") }

// StartCloudcoreAs is StartCloudcore with another program.
func (s *Stack) StartCloudcoreAs(i int, program string) (*Cloudcore, error) {
	name := fmt.Sprintf("cloudcore-%d", i)
	if _, err := s.run("", "", "ip", "netns", "pids", name); err != nil {
		if _, err := s.addPod(name, 11+i); err != nil {
			return nil, err
		}
		if err := s.publishPod(name, cloudcoreAddress(i)); err != nil {
			return nil, err
		}
	}
	// cloudcore waits up to ten seconds at start, for a random time; with a fixed
	// seed it is always the same short one.
	process, err := s.start(name, name, append(inPod(), "GODEBUG=randautoseed=0"),
		program, "--config", filepath.Join(s.configFolder(), "cloudcore.yaml"))
	if err != nil {
		return nil, err
	}
	cloudcore := &Cloudcore{Process: process, Name: name, Address: cloudcoreAddress(i)}
	return cloudcore, ready(process, 60*time.Second, func() error { return reachable(cloudcore.HubAddress()) })
}
