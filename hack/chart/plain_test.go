package chart

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// plain are the manifests for kubectl and kustomize, and what they are rendered from.
var plain = []struct {
	file, template string
	// kind is the only one of the template's that stands in the file; "" is all.
	kind      string
	arguments []string
}{
	{"reporter/daemonset.yaml", "reporter-daemonset.yaml", "", nil},
	{"metrics/service.yaml", "service.yaml", "", nil},
	{"servicemonitor/servicemonitor.yaml", "servicemonitor.yaml", "", nil},
	{"servicemonitor-authorization/servicemonitor.yaml", "servicemonitor.yaml", "", []string{"--set", "authorization.enabled=true"}},
	{"podmonitor/podmonitor.yaml", "podmonitor.yaml", "", []string{"--set", "scrape.kind=PodMonitor"}},
	{"scrape/prometheus.yaml", "scrape-configmap.yaml", "", []string{"--set", "scrape.kind=ConfigMap"}},
	{"scrape-rbac/role.yaml", "scrape-rbac.yaml", "Role", []string{"--set", "scrapeRBAC.enabled=true"}},
	{"scrape-rbac/rolebinding.yaml", "scrape-rbac.yaml", "RoleBinding", []string{"--set", "scrapeRBAC.enabled=true"}},
	{"authorization/rbac.yaml", "authorization.yaml", "", []string{"--set", "authorization.enabled=true"}},
	{"authorization/token.yaml", "authorization-token.yaml", "", []string{"--set", "authorization.enabled=true"}},
	{"networkpolicy/networkpolicy.yaml", "networkpolicy.yaml", "", []string{"--set", "networkPolicy.enabled=true"}},
}

const header = "# Rendered from manifests/chart by `make manifests`: change it there.\n"

// TestPlain holds the manifests for kubectl to the chart, or writes them with -update.
func TestPlain(t *testing.T) {
	for _, p := range plain {
		var texts []string
		for _, d := range render(t, p.arguments...) {
			if d.source != p.template || p.kind != "" && d.object["kind"] != p.kind {
				continue
			}
			if p.file == "scrape/prometheus.yaml" {
				texts = append(texts, strings.TrimSpace(d.object["data"].(map[string]any)["edgegauge.scrape.yaml"].(string))+"\n")
				continue
			}
			texts = append(texts, withoutHelm(d.text))
		}
		if len(texts) == 0 {
			t.Fatalf("%s: nothing is rendered by %s", p.file, p.template)
		}
		if strings.HasPrefix(texts[0], "#") {
			texts[0] = "#\n" + texts[0]
		}
		golden(t, root+"/manifests/"+p.file, header+strings.Join(texts, "---\n"))
	}
}

// TestVersion: the version that the chart says is a release's, and the commands of
// docs/install.md and the dashboards' labels have the same. -update writes it into both.
func TestVersion(t *testing.T) {
	var about struct{ Version, AppVersion string }
	readYAML(t, chart+"/Chart.yaml", &about)
	if about.AppVersion != "v"+about.Version || !strings.Contains(read(t, root+"/CHANGELOG.md"), "\n## ["+about.Version+"]") {
		t.Errorf("the chart is of version %s and of edgegauge %s; CHANGELOG.md must have it", about.Version, about.AppVersion)
	}
	for file, place := range map[string]string{
		root + "/docs/install.md":                        `(?m)^export VERSION=(\S+)`,
		root + "/manifests/dashboard/kustomization.yaml": `app\.kubernetes\.io/version: (\S+)`,
	} {
		text := read(t, file)
		at := regexp.MustCompile(place).FindStringSubmatchIndex(text)
		if at == nil {
			t.Errorf("%s names no version", file)
			continue
		}
		golden(t, file, text[:at[2]]+about.AppVersion+text[at[3]:])
	}
}

// withoutHelm takes away what is not so without Helm.
func withoutHelm(text string) string {
	text = regexp.MustCompile(`(?m)^ +helm\.sh/chart: .*\n`).ReplaceAllString(text, "")
	return strings.ReplaceAll(text, "app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kubectl")
}

// TestFiles holds the rules, the inhibitions and the dashboards of the chart to those
// of the manifests for kubectl, which hack/operator makes of the same source.
func TestFiles(t *testing.T) {
	all := render(t, "--set", "alertmanagerConfig.enabled=true")
	for template, file := range map[string]string{"rules.yaml": "rules/prometheusrule.yaml", "alertmanagerconfig.yaml": "alertmanager/alertmanagerconfig.yaml"} {
		var want, got map[string]any
		readYAML(t, root+"/manifests/"+file, &want)
		if err := yaml.Unmarshal([]byte(withoutHelm(only(t, all, template).text)), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the chart's %s is another object than manifests/%s", template, file)
		}
	}
	// The rule file, for a Prometheus without the operator.
	config := only(t, render(t, "--set", "rules.kind=ConfigMap"), "rules.yaml").object["data"].(map[string]any)
	var want, got map[string]any
	readYAML(t, root+"/manifests/rules/edgegauge.rules.yaml", &want)
	if err := yaml.Unmarshal([]byte(config["edgegauge.rules.yaml"].(string)), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the chart's rule file has other rules than manifests/rules/edgegauge.rules.yaml")
	}
	// The dashboards' ConfigMap, as kustomize makes it.
	dashboards := only(t, all, "dashboards.yaml")
	files, err := os.ReadDir(root + "/manifests/dashboard")
	if err != nil {
		t.Fatal(err)
	}
	data := dashboards.object["data"].(map[string]any)
	var names []string
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		names = append(names, name)
		if text, _ := data[name].(string); strings.TrimSpace(text) != strings.TrimSpace(read(t, root+"/manifests/dashboard/"+name)) {
			t.Errorf("the chart's %s is another one than that of manifests/dashboard", name)
		}
	}
	var kustomization struct {
		ConfigMapGenerator []struct {
			Name    string
			Files   []string
			Options struct{ Labels map[string]string }
		}
	}
	readYAML(t, root+"/manifests/dashboard/kustomization.yaml", &kustomization)
	made := kustomization.ConfigMapGenerator[0]
	if len(names) != len(data) || !slices.Equal(names, made.Files) {
		t.Errorf("there are the dashboards %q, in the chart %d, and kustomize takes %q", names, len(data), made.Files)
	}
	want = labels(dashboards.object)
	delete(want, "helm.sh/chart")
	want["app.kubernetes.io/managed-by"] = "kubectl"
	for key, value := range want {
		if made.Options.Labels[key] != value {
			t.Errorf("manifests/dashboard has the label %s=%q, the chart's is %q", key, made.Options.Labels[key], value)
		}
	}
	if metadata := dashboards.object["metadata"].(map[string]any); metadata["name"] != made.Name {
		t.Errorf("manifests/dashboard makes %s, the chart %v", made.Name, metadata["name"])
	}
}

// TestLimitsReachTheAlert: who raises the limits of the scrape has the alert on them
// raised too.
func TestLimitsReachTheAlert(t *testing.T) {
	for size, want := range map[string]string{"7KB": "7168", "300MB": "314572800", "2GB": "2147483648"} {
		text := only(t, render(t, "--set", "scrape.limits.samples=2500000,scrape.limits.bodySize="+size), "rules.yaml").text
		for _, number := range []string{"+ 2500000)", "/ " + want + " >"} {
			if !strings.Contains(text, number) {
				t.Errorf("with bodySize %s no rule has %q", size, number)
			}
		}
		if strings.Contains(text, "Size>") || strings.Contains(text, "Limit>") {
			t.Error("a place for a limit was left as it is")
		}
	}
}

// only returns the only object of a template.
func only(t *testing.T, all []document, template string) document {
	t.Helper()
	var found []document
	for _, d := range all {
		if d.source == template {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s renders %v", template, found)
	}
	return found[0]
}
