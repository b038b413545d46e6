package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/e2e/stack"
)

// ours selects what is edgegauge's, whatever way it was installed.
const ours = "app.kubernetes.io/part-of=edgegauge"

// TestChart installs manifests/chart on the API server as a user would, by the steps of
// docs/install.md and with every set of values that hack/chart has, upgrades it, takes
// it back, and removes it. It starts nothing but the API server.
func TestChart(t *testing.T) {
	version := os.Getenv("E2E_STACK")
	if version == "" {
		t.Skip("needs namespaces of its own: hack/e2e/run.sh")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	running, err := stack.New(root, filepath.Join(root, ".cache", "e2e", "chart"), version)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	if err := running.UpAPI(); err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"kubeedge", "monitoring", "prometheus"} {
		if _, err := running.Kubectl("", "create", "namespace", namespace); err != nil {
			t.Fatal(err)
		}
	}
	s := &suite{Stack: running}
	for _, step := range []struct {
		name string
		test func(*suite, *testing.T)
	}{
		{"EveryValue", (*suite).chartValues},
		{"UpgradeAndRollback", (*suite).chartUpgrade},
		{"FromKubectlToHelm", (*suite).chartTakesOver},
		{"WrittenSteps", (*suite).writtenSteps},
		{"WrittenUpgrade", (*suite).writtenUpgrade},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.test(s, t) }) {
			t.FailNow()
		}
	}
}

// chartValues: the API server takes what the chart makes of every set of values, one
// after the other as upgrades, and nothing is left of the set before.
func (s *suite) chartValues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(s.Root, "hack/chart/testdata/*.values.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("values: %v, %v", files, err)
	}
	for _, file := range files {
		if err := s.Helm("upgrade", "--install", "edgegauge", s.chartFolder(), "--namespace", "kubeedge", "--values", file); err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		want, err := s.HelmOutput("get", "manifest", "edgegauge", "--namespace", "kubeedge")
		if err != nil {
			t.Fatal(err)
		}
		there := s.installed(t)
		if objects := strings.Count("\n"+want, "\nkind: "); len(there) != objects {
			t.Errorf("%s: helm has %d objects, the API server %q", filepath.Base(file), objects, there)
		}
	}
	if err := s.Helm("uninstall", "edgegauge", "--namespace", "kubeedge"); err != nil {
		t.Fatal(err)
	}
	if left := s.installed(t); len(left) > 0 {
		t.Errorf("helm uninstall left %q", left)
	}
}

// chartUpgrade: another version keeps the user's values, an upgrade that the API server
// refuses changes nothing, and a rollback brings back what was.
func (s *suite) chartUpgrade(t *testing.T) {
	if err := s.Helm("install", "edgegauge", s.chartFolder(), "--namespace", "kubeedge", "--set", "release=kps,reporter.options.interval=30s"); err != nil {
		t.Fatal(err)
	}
	uid := s.reporterField(t, "{.metadata.uid}")
	before := s.reporterField(t, "{.spec.template}")
	// The next version, as make release stamps it.
	if err := s.Helm("package", s.chartFolder(), "--version", "9.9.9", "--app-version", "v9.9.9", "--destination", s.Folder); err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(s.Folder, "edgegauge-9.9.9.tgz")
	if err := s.Helm("upgrade", "edgegauge", next, "--namespace", "kubeedge", "--reset-then-reuse-values"); err != nil {
		t.Fatal(err)
	}
	if image := s.reporterField(t, "{.spec.template.spec.containers[*].image}"); image != "edgegauge/sysinfo-reporter:v9.9.9" {
		t.Errorf("after the upgrade the reporter is %s", image)
	}
	monitor, err := s.Kubectl("", "get", "-n", "kubeedge", "servicemonitor", "cloudcore", "-o", "jsonpath={.metadata.labels}")
	if err != nil || !strings.Contains(monitor, `"release":"kps"`) || !strings.Contains(monitor, `"app.kubernetes.io/version":"v9.9.9"`) {
		t.Errorf("after the upgrade the ServiceMonitor has the labels %s, error %v", monitor, err)
	}
	if options, err := s.Kubectl("", "get", "-n", "kubeedge", "configmap", "sysinfo-reporter", "-o", "jsonpath={.data}"); err != nil || !strings.Contains(options, "30s") {
		t.Errorf("after the upgrade the reporter's options are %s, error %v", options, err)
	}
	for _, wrong := range []struct{ set, says string }{
		{"scrape.intervall=30s", "additional properties 'intervall' not allowed"},
		{"reporter.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution=1", "nodeAffinity"},
	} {
		if err := s.Helm("upgrade", "edgegauge", next, "--namespace", "kubeedge", "--reset-then-reuse-values", "--set", wrong.set); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("--set %s: error %v, want one that says %s", wrong.set, err, wrong.says)
		}
	}
	if err := s.Helm("rollback", "edgegauge", "1", "--namespace", "kubeedge"); err != nil {
		t.Fatal(err)
	}
	if after := s.reporterField(t, "{.spec.template}"); after != before {
		t.Errorf("after the rollback the reporter is\n%s\nand was\n%s", after, before)
	}
	if got := s.reporterField(t, "{.metadata.uid}"); got != uid {
		t.Error("the DaemonSet was made anew, so every reporter stopped at once")
	}
	if err := s.Helm("uninstall", "edgegauge", "--namespace", "kubeedge"); err != nil {
		t.Fatal(err)
	}
}

// chartTakesOver: who installed with kubectl moves to the chart without an object made
// anew, and back.
func (s *suite) chartTakesOver(t *testing.T) {
	folders := []string{"reporter", "servicemonitor", "rules", "dashboard"}
	for _, folder := range folders {
		if err := s.ApplyFolder("manifests/" + folder); err != nil {
			t.Fatal(err)
		}
	}
	before := s.installed(t)
	uid := s.reporterField(t, "{.metadata.uid}")
	if err := s.Helm("install", "edgegauge", s.chartFolder(), "--namespace", "kubeedge"); err == nil || !strings.Contains(err.Error(), "invalid ownership metadata") {
		t.Errorf("helm install beside kubectl's objects: error %v", err)
	}
	if err := s.Helm("upgrade", "--install", "edgegauge", s.chartFolder(), "--namespace", "kubeedge", "--take-ownership"); err != nil {
		t.Fatal(err)
	}
	if after := s.installed(t); !slices.Equal(after, before) {
		t.Errorf("kubectl made %q, the chart %q", before, after)
	}
	if got := s.reporterField(t, "{.metadata.uid}"); got != uid {
		t.Error("the DaemonSet was made anew, so every reporter stopped at once")
	}
	if managed := s.reporterField(t, `{.metadata.labels.app\.kubernetes\.io/managed-by}`); managed != "Helm" {
		t.Errorf("the DaemonSet is managed by %s", managed)
	}
	if err := s.Helm("uninstall", "edgegauge", "--namespace", "kubeedge"); err != nil {
		t.Fatal(err)
	}
}

// writtenSteps follows docs/install.md with the very commands that stand there, as far
// as they need a cluster and nothing else.
func (s *suite) writtenSteps(t *testing.T) {
	source, err := s.Source(s.KubeEdge)
	if err != nil {
		t.Fatal(err)
	}
	settings := s.written(t, "install.md", "settings") + fmt.Sprintf("export KUBEEDGE=%s\nKUBEEDGE_SOURCE=%s\n", s.KubeEdge, source)
	follow := func(name string) {
		t.Helper()
		if out, err := s.Shell(settings + s.written(t, "install.md", name)); err != nil {
			t.Fatalf("docs/install.md, %s: %v\n%s", name, err, out)
		}
	}
	follow("kubeedge")
	if image := s.image(t); !strings.HasPrefix(image, "registry.example/edge/cloudcore:"+s.KubeEdge) {
		t.Errorf("after the step for KubeEdge cloudcore's image is %s", image)
	}
	if !strings.Contains(s.config(t)["cloudcore.yaml"], "router:\n    enable: true") {
		t.Error("after the step for KubeEdge the router is off")
	}
	follow("edgegauge")
	want := []string{"configmap/edgegauge-dashboard", "daemonset.apps/sysinfo-reporter", "prometheusrule.monitoring.coreos.com/edgegauge", "service/cloudcore-metrics", "servicemonitor.monitoring.coreos.com/cloudcore"}
	if there := s.installed(t); !slices.Equal(there, want) {
		t.Errorf("after the step for edgegauge there are %q", there)
	}
	if image := s.reporterField(t, "{.spec.template.spec.containers[*].image}"); !strings.HasPrefix(image, "registry.example/edge/sysinfo-reporter:v") {
		t.Errorf("after the step for edgegauge the reporter's image is %s", image)
	}
	s.labelled(t)
	follow("config")
	if s.config(t)["nodemetrics.yaml"] == "" {
		t.Error("after the step for the configuration it is not there")
	}
	follow("uninstall")
	if left := s.installed(t); len(left) > 0 {
		t.Errorf("the step to remove it left %q", left)
	}
	follow("kubectl")
	s.labelled(t)
	if there := s.installed(t); !slices.Equal(there, want) {
		t.Errorf("after the steps by kubectl there are %q", there)
	}
	if image := s.reporterField(t, "{.spec.template.spec.containers[*].image}"); !strings.HasPrefix(image, "registry.example/edge/sysinfo-reporter:v") {
		t.Errorf("after the steps by kubectl the reporter's image is %s", image)
	}
	follow("delete")
	if left := s.installed(t); len(left) > 0 {
		t.Errorf("the step to remove it left %q", left)
	}
}

// labelled wants the label by which kube-prometheus-stack's Prometheus selects.
func (s *suite) labelled(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"servicemonitor/cloudcore", "prometheusrule/edgegauge"} {
		if release, err := s.Kubectl("", "get", "-n", "kubeedge", kind, "-o", "jsonpath={.metadata.labels.release}"); err != nil || release != "monitoring" {
			t.Errorf("the label release of %s is %q, error %v", kind, release, err)
		}
	}
}

// writtenUpgrade follows docs/upgrade.md: there and back.
func (s *suite) writtenUpgrade(t *testing.T) {
	settings := s.written(t, "install.md", "settings")
	for _, step := range []struct{ page, name string }{{"install.md", "edgegauge"}, {"upgrade.md", "upgrade"}, {"upgrade.md", "rollback"}} {
		if out, err := s.Shell(settings + s.written(t, step.page, step.name)); err != nil {
			t.Fatalf("docs/%s, %s: %v\n%s", step.page, step.name, err, out)
		}
	}
	history, err := s.HelmOutput("history", "edgegauge", "--namespace", "kubeedge")
	if err != nil || strings.Count(history, "\n") < 4 {
		t.Errorf("installed, upgraded and taken back, and helm's history is %s, error %v", history, err)
	}
	s.labelled(t)
}

// written returns the block of a document that is marked so.
func (s *suite) written(t *testing.T, page, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "<!-- steps: "+name+" -->\n")
	block, _, ended := strings.Cut(block, "<!-- end -->")
	if !found || !ended {
		t.Fatalf("docs/%s has no steps: %s", page, name)
	}
	var lines []string
	for _, line := range strings.Split(block, "\n") {
		if line = strings.TrimPrefix(line, "   "); !strings.HasPrefix(line, "```") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func (s *suite) chartFolder() string { return filepath.Join(s.Root, "manifests/chart") }

// installed lists what of edgegauge the API server has, sorted.
func (s *suite) installed(t *testing.T) []string {
	t.Helper()
	out, err := s.Kubectl("", "get", "--all-namespaces", "-l", ours, "-o", "name",
		"daemonsets,services,configmaps,secrets,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,networkpolicies,servicemonitors,podmonitors,prometheusrules,alertmanagerconfigs")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(out)
	slices.Sort(names)
	return names
}

func (s *suite) reporterField(t *testing.T, path string) string {
	t.Helper()
	value, err := s.Kubectl("", "get", "-n", "kubeedge", "daemonset", "sysinfo-reporter", "-o", "jsonpath="+path)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// helmChart: Prometheus finds cloudcore by what the chart installs, too. It takes over
// what the stack's manifests made, and gives it back.
func (s *suite) helmChart(t *testing.T) {
	// The rules of before go first: what records afterwards is the chart's.
	if _, err := s.Kubectl("", "delete", "-n", "kubeedge", "prometheusrule", "edgegauge"); err != nil {
		t.Fatal(err)
	}
	if err := s.Helm("upgrade", "--install", "edgegauge", s.chartFolder(), "--namespace", "kubeedge", "--take-ownership",
		"--set", "reporter.enabled=false,scrape.interval=2s,networkPolicy.enabled=true,scrapeRBAC.enabled=true"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Helm("uninstall", "edgegauge", "--namespace", "kubeedge"); err != nil {
			t.Error(err)
		}
		for _, folder := range stack.MonitoringManifests {
			if err := s.ApplyFolder(folder); err != nil {
				t.Error(err)
			}
		}
		if err := s.PublishEndpoints(s.cloudcores...); err != nil {
			t.Error(err)
		}
		if err := s.FollowOperator("serviceMonitor/kubeedge/cloudcore/"); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, time.Minute, "the operator takes up the chart's interval", func() error {
		if err := s.FollowOperator("serviceMonitor/kubeedge/cloudcore/"); err != nil {
			return err
		}
		config, err := os.ReadFile(filepath.Join(s.Folder, "prometheus.yaml"))
		if err == nil && !strings.Contains(string(config), "scrape_interval: 2s") {
			err = fmt.Errorf("no job with the interval of the chart in\n%s", config)
		}
		return err
	})
	eventually(t, 20*time.Second, "the chart's ServiceMonitor finds cloudcore", func() error { return s.scraped(s.cloudcores...) })
	uid, err := s.Kubectl("", "get", "-n", "kubeedge", "prometheusrule", "edgegauge", "-o", "jsonpath={.metadata.uid}")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "Prometheus takes up the chart's rules", func() error {
		if err := s.FollowOperator("serviceMonitor/kubeedge/cloudcore/"); err != nil {
			return err
		}
		files, err := s.RuleFiles()
		if err == nil && (len(files) != 1 || !strings.Contains(files[0], uid)) {
			err = fmt.Errorf("it has those of %q, not of the object %s", files, uid)
		}
		return err
	})
	begun := time.Now()
	eventually(t, 20*time.Second, "the chart's rules record", func() error {
		samples, err := s.Query(fmt.Sprintf("timestamp(node:edge_node_up:max) > %d", begun.Unix()))
		if err == nil && len(samples) == 0 {
			err = fmt.Errorf("nothing has been recorded since")
		}
		return err
	})
}
