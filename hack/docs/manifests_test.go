package docs

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// The manifests are many small parts that find each other by ports, names and
// labels. No API server says so when one of them points at nothing.

// TestPortsAgree follows the port of the metrics from the code to the last manifest.
func TestPortsAgree(t *testing.T) {
	port := portOf(t, nodemetrics.DefaultConfig().BindAddress)
	if got := portOf(t, shippedConfig(t).BindAddress); got != port {
		t.Errorf("manifests/cloudcore/configmap.yaml binds port %v, the code's default is %v", got, port)
	}
	container := field(t, manifest(t, "cloudcore/deployment.yaml"), "spec", "template", "spec", "containers", 0)
	opened := field(t, container, "ports", 0)
	service := field(t, manifest(t, "metrics/service.yaml"), "spec", "ports", 0)
	policy := manifest(t, "networkpolicy/networkpolicy.yaml")
	ingress := field(t, policy, "spec", "ingress").([]any)
	scraper := ingress[len(ingress)-1]
	for what, got := range map[string]any{
		"the container's port":               field(t, opened, "containerPort"),
		"the Service's port":                 field(t, service, "port"),
		"the Service's target":               field(t, service, "targetPort"),
		"the port that the policy opens":     field(t, scraper, "ports", 0, "port"),
		"the port that people are told of":   toldPort(t),
		"the port of the command by default": commandPort(t),
	} {
		if got != port {
			t.Errorf("%s is %v, that of the config is %v", what, got, port)
		}
	}
	for what, got := range map[string]any{
		"the container's port":           field(t, opened, "protocol"),
		"the Service's port":             field(t, service, "protocol"),
		"the port that the policy opens": field(t, scraper, "ports", 0, "protocol"),
	} {
		if got != "TCP" {
			t.Errorf("%s has the protocol %v", what, got)
		}
	}
	name := field(t, opened, "name")
	for what, got := range map[string]any{
		"the Service's port":     field(t, service, "name"),
		"the ServiceMonitor's":   field(t, manifest(t, "servicemonitor/servicemonitor.yaml"), "spec", "endpoints", 0, "port"),
		"the PodMonitor's":       field(t, manifest(t, "podmonitor/podmonitor.yaml"), "spec", "podMetricsEndpoints", 0, "port"),
		"the scrape's, by regex": strings.Split(fmt.Sprint(field(t, scrapeConfig(manifest(t, "scrape/prometheus.yaml")), "relabel_configs", 0, "regex")), ";")[1],
	} {
		if got != name {
			t.Errorf("%s port is named %v, the container's %v", what, got, name)
		}
	}
	// The edges come by their own ports; a policy that forgets one shuts them out.
	var edges []any
	for _, rule := range ingress[:len(ingress)-1] {
		if field(t, rule).(map[string]any)["from"] != nil {
			t.Errorf("edges are let in from %v only", rule)
		}
		for _, p := range field(t, rule, "ports").([]any) {
			edges = append(edges, field(t, p, "port"))
		}
	}
	if want := []any{10000.0, 10001.0, 10002.0, 10003.0, 10004.0, 9443.0}; !reflect.DeepEqual(edges, want) {
		t.Errorf("the policy opens %v for edges, want %v", edges, want)
	}
	if got := field(t, scraper, "from", 0, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name"); got != "monitoring" {
		t.Errorf("the policy lets the namespace %v in", got)
	}
}

// TestNamesAgree follows names, namespaces and selectors.
func TestNamesAgree(t *testing.T) {
	service := manifest(t, "metrics/service.yaml")
	monitor := manifest(t, "servicemonitor/servicemonitor.yaml")
	pods := field(t, service, "spec", "selector")
	for what, got := range map[string]any{
		"the PodMonitor":    field(t, manifest(t, "podmonitor/podmonitor.yaml"), "spec", "selector", "matchLabels"),
		"the NetworkPolicy": field(t, manifest(t, "networkpolicy/networkpolicy.yaml"), "spec", "podSelector", "matchLabels"),
		"KubeEdge's chart":  map[string]any{"k8s-app": "kubeedge", "kubeedge": "cloudcore"},
	} {
		if !reflect.DeepEqual(got, pods) {
			t.Errorf("%s selects pods by %v, the Service by %v", what, got, pods)
		}
	}
	labels := field(t, service, "metadata", "labels").(map[string]any)
	wanted := field(t, monitor, "spec", "selector", "matchLabels").(map[string]any)
	for k, v := range wanted {
		if labels[k] != v {
			t.Errorf("the ServiceMonitor selects %s=%v, the Service has %v", k, v, labels[k])
		}
	}
	if len(wanted) == 0 {
		t.Error("the ServiceMonitor selects every Service")
	}
	if got := field(t, service, "spec", "clusterIP"); got != "None" {
		t.Errorf("the Service has the clusterIP %v; it must be headless, or one cloudcore stands for all", got)
	}
	for what, got := range map[string]any{
		"the ServiceMonitor": field(t, monitor, "spec", "endpoints", 0, "path"),
		"the PodMonitor":     field(t, manifest(t, "podmonitor/podmonitor.yaml"), "spec", "podMetricsEndpoints", 0, "path"),
	} {
		if got != "/metrics" {
			t.Errorf("%s scrapes %v", what, got)
		}
	}
	scrape := scrapeConfig(manifest(t, "scrape/prometheus.yaml"))
	if want := fmt.Sprint(field(t, service, "metadata", "name"), ";"); !strings.HasPrefix(fmt.Sprint(field(t, scrape, "relabel_configs", 0, "regex")), want) {
		t.Errorf("the scrape keeps %v, the Service is %v", field(t, scrape, "relabel_configs", 0, "regex"), want)
	}
	if got := field(t, scrape, "relabel_configs", 0, "action"); got != "keep" {
		t.Errorf("the scrape has the action %v where it chooses its targets", got)
	}
	const namespace = "kubeedge"
	if got := field(t, scrape, "kubernetes_sd_configs", 0, "namespaces", "names"); !reflect.DeepEqual(got, []any{namespace}) {
		t.Errorf("the scrape looks into the namespaces %v", got)
	}
	for _, folder := range []string{"cloudcore", "metrics", "servicemonitor", "podmonitor", "networkpolicy", "reporter"} {
		if got := field(t, manifest(t, folder+"/kustomization.yaml"), "namespace"); got != namespace {
			t.Errorf("manifests/%s goes to the namespace %v, all else to %s", folder, got, namespace)
		}
	}
	// The chart's names, into which these are merged.
	for _, file := range []string{"cloudcore/configmap.yaml", "cloudcore/deployment.yaml"} {
		if got := field(t, manifest(t, file), "metadata", "name"); got != "cloudcore" {
			t.Errorf("%s is merged into %v, the chart's is cloudcore", file, got)
		}
	}
	if got := field(t, manifest(t, "cloudcore/deployment.yaml"), "spec", "template", "spec", "containers", 0, "name"); got != "cloudcore" {
		t.Errorf("the container is %v, the chart's is cloudcore", got)
	}
}

// TestMonitorsAgree holds the three ways to scrape to each other: the same series
// must have the same labels whichever is used.
func TestMonitorsAgree(t *testing.T) {
	service := field(t, manifest(t, "servicemonitor/servicemonitor.yaml"), "spec").(map[string]any)
	pod := field(t, manifest(t, "podmonitor/podmonitor.yaml"), "spec").(map[string]any)
	scrape := scrapeConfig(manifest(t, "scrape/prometheus.yaml"))
	if a, b := field(t, service, "endpoints", 0, "relabelings"), field(t, pod, "podMetricsEndpoints", 0, "relabelings"); !reflect.DeepEqual(a, b) {
		t.Errorf("the ServiceMonitor relabels %v, the PodMonitor %v", a, b)
	}
	dropped, job := "", ""
	for _, r := range field(t, service, "endpoints", 0, "relabelings").([]any) {
		rule := r.(map[string]any)
		if rule["action"] == "labeldrop" {
			dropped += "|" + rule["regex"].(string)
		}
		if rule["targetLabel"] == "job" {
			job = rule["replacement"].(string)
		}
	}
	if !slices.Contains(strings.Split(dropped, "|"), "node") {
		t.Errorf("the monitors drop the target's labels %q; with a label node the nodes' own would be pushed aside", dropped)
	}
	if job != "" && job != scrape["job_name"] {
		t.Errorf("the monitors name the job %s, the scrape configuration %v", job, scrape["job_name"])
	}
	for inMonitor, inScrape := range map[string]string{
		"sampleLimit": "sample_limit", "labelLimit": "label_limit", "labelNameLengthLimit": "label_name_length_limit",
		"labelValueLengthLimit": "label_value_length_limit", "bodySizeLimit": "body_size_limit",
	} {
		if a, b, c := service[inMonitor], pod[inMonitor], scrape[inScrape]; a == nil || a != b || b != c {
			t.Errorf("%s is %v in the ServiceMonitor, %v in the PodMonitor, %v in the scrape configuration", inMonitor, a, b, c)
		}
	}
}

// TestShippedConfig holds the ConfigMap's key to the name that the code looks for,
// and its values to the defaults where it does not mean another.
func TestShippedConfig(t *testing.T) {
	data := field(t, manifest(t, "cloudcore/configmap.yaml"), "data").(map[string]any)
	if len(data) != 1 {
		t.Errorf("the ConfigMap has %d keys; another one would take the place of the chart's", len(data))
	}
	// Found as a mounted ConfigMap shows it: beside cloudcore.yaml.
	dir := t.TempDir()
	for name, text := range data {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text.(string)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := nodemetrics.LoadConfig(filepath.Join(dir, "cloudcore.yaml"))
	if err != nil || c.From() == "" {
		t.Fatalf("error %v, the section was found in %q", err, c.From())
	}
	d := nodemetrics.DefaultConfig()
	if !c.Enable || c.BindAddress != d.BindAddress || c.NodeTTL != d.NodeTTL || c.MissedReports != d.MissedReports ||
		c.DisconnectGrace != d.DisconnectGrace || c.Retention != d.Retention {
		t.Errorf("the ConfigMap has other values than the defaults: %+v", c)
	}
	// Of KubeEdge's charts, from v1.13 to v1.23, each mounts this folder of the host.
	if filepath.Dir(c.SnapshotFile) != "/var/lib/kubeedge" {
		t.Errorf("the snapshot file is %q, not where the chart has a volume", c.SnapshotFile)
	}
	// A lower one would cut a fleet or a report that is taken without the ConfigMap.
	if c.Limits != d.Limits {
		t.Errorf("the ConfigMap has the limits %+v, and those of the code are %+v", c.Limits, d.Limits)
	}
}

// TestReporterManifest holds what the reporter needs on a node.
func TestReporterManifest(t *testing.T) {
	set := manifest(t, "reporter/daemonset.yaml")
	template := field(t, set, "spec", "template")
	pod := field(t, template, "spec").(map[string]any)
	container := field(t, pod, "containers", 0).(map[string]any)
	if !reflect.DeepEqual(field(t, set, "spec", "selector", "matchLabels"), map[string]any{"app.kubernetes.io/name": "sysinfo-reporter"}) ||
		field(t, template, "metadata", "labels").(map[string]any)["app.kubernetes.io/name"] != "sysinfo-reporter" {
		t.Error("the DaemonSet does not select its own pods")
	}
	if pod["hostNetwork"] != true {
		t.Error("without the host's network there is no broker on 127.0.0.1, and no interface of the host")
	}
	if _, ok := field(t, pod, "nodeSelector").(map[string]any)["node-role.kubernetes.io/edge"]; !ok {
		t.Error("the DaemonSet runs on nodes that are no edge nodes")
	}
	for _, taint := range []string{"node-role.kubernetes.io/edge", "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"} {
		found := false
		for _, toleration := range field(t, pod, "tolerations").([]any) {
			m := toleration.(map[string]any)
			found = found || m["operator"] == "Exists" && (m["key"] == taint || m["key"] == nil)
		}
		if !found {
			t.Errorf("the DaemonSet does not tolerate %s", taint)
		}
	}
	mount := field(t, container, "volumeMounts", 0).(map[string]any)
	volume := field(t, pod, "volumes", 0).(map[string]any)
	if mount["name"] != volume["name"] || mount["readOnly"] != true || mount["mountPropagation"] != "HostToContainer" || field(t, volume, "hostPath", "path") != "/" {
		t.Errorf("the host's root is mounted as %v of %v", mount, volume)
	}
	if want := fmt.Sprint("--host-root=", mount["mountPath"]); !slices.Contains(field(t, container, "args").([]any), any(want)) {
		t.Errorf("the reporter is not called with %s", want)
	}
	if s := field(t, pod, "securityContext").(map[string]any); s["runAsNonRoot"] != true || s["runAsUser"] == 0.0 {
		t.Errorf("the pod runs as %v", s)
	}
	s := field(t, container, "securityContext").(map[string]any)
	if s["allowPrivilegeEscalation"] != false || s["readOnlyRootFilesystem"] != true || !reflect.DeepEqual(field(t, s, "capabilities", "drop"), []any{"ALL"}) {
		t.Errorf("the container may do %v", s)
	}
	if pod["automountServiceAccountToken"] != false {
		t.Error("the reporter gets a token of the API server, which it does not ask")
	}
}

// toldPort is the port that manifests/README.md names.
func toldPort(t *testing.T) any {
	data, err := os.ReadFile("../../manifests/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "the port `metrics` (")
	number, _, _ := strings.Cut(rest, ")")
	n, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		t.Fatal("manifests/README.md no longer says which port `metrics` is")
	}
	return n
}

// commandPort is the one of cloud/cmd/nodemetrics without a config.
func commandPort(t *testing.T) any {
	data, err := os.ReadFile("../../cloud/cmd/nodemetrics/run.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), `const lookAround = "`)
	address, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("run.go has no const lookAround")
	}
	return portOf(t, address)
}

func portOf(t *testing.T, address string) any {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseFloat(port, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// field goes down into an object by keys and indices.
func field(t *testing.T, of any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := of.(map[string]any)
			v, ok := m[step]
			if !ok {
				text, _ := yaml.Marshal(of)
				t.Fatalf("there is no %v in %v:\n%s", step, path, text)
			}
			of = v
		case int:
			l, _ := of.([]any)
			if step >= len(l) {
				t.Fatalf("there are %d items, no [%d] in %v", len(l), step, path)
			}
			of = l[step]
		}
	}
	return of
}
