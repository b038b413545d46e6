package operator

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write what is generated anew")

const manifests = "../../manifests"

// source is rules.yaml.
type source struct {
	Runbooks string
	Groups   []group
	Inhibit  []inhibition
}

type group struct {
	Name, Interval string
	Rules          []rule
}

type rule struct {
	Record, Alert, Expr, For string
	KeepFiringFor            string `json:"keep_firing_for"`
	Labels, Annotations      map[string]string
}

type inhibition struct {
	Why, Source, Target string
	Equal               []string
}

func readSource(t *testing.T) (s source, text string) {
	t.Helper()
	data := read(t, "rules.yaml")
	if err := yaml.UnmarshalStrict([]byte(data), &s); err != nil {
		t.Fatal(err)
	}
	return s, data
}

// alerts are all alerts of the source.
func (s *source) alerts() (all []rule) {
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				all = append(all, r)
			}
		}
	}
	return all
}

const generated = "# Made from hack/operator/rules.yaml by `make docs`: change it there.\n"

// ruleFile is the source's groups, with its comments, as a rule file.
func ruleFile(t *testing.T) string {
	monitor := read(t, filepath.Join(manifests, "servicemonitor/servicemonitor.yaml"))
	return strings.NewReplacer(
		"<sampleLimit>", find(t, monitor, `(?m)^ *sampleLimit: (\d+)$`),
		"<bodySizeLimit>", strconv.Itoa(bytesOf(t, find(t, monitor, `(?m)^ *bodySizeLimit: (\S+)$`))),
	).Replace(ruleTemplate(t))
}

// ruleTemplate is that file without the limits of the scrape, which the chart puts in.
func ruleTemplate(t *testing.T) string {
	t.Helper()
	s, text := readSource(t)
	begin, end := strings.Index(text, "\ngroups:\n"), strings.Index(text, "\n# Which alert holds back which")
	if begin < 0 || end < 0 {
		t.Fatal("rules.yaml has another order than groups, inhibit")
	}
	about := text[:strings.Index(text, "runbooks: ")]
	about = about[strings.Index(about, "# What holds for all of them:"):]
	text = generated + "#\n" + about + text[begin+1:end]

	alert := ""
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if name, ok := strings.CutPrefix(line, "  - alert: "); ok {
			alert = strings.TrimSpace(name)
		}
		if line == "    annotations:\n" {
			lines[i] += "      runbook_url: " + s.Runbooks + alert + ".md\n"
		}
	}
	return strings.Join(lines, "")
}

// prometheusRule is the same as prometheus-operator's object.
func prometheusRule(t *testing.T) string {
	t.Helper()
	rules := strings.TrimPrefix(ruleFile(t), generated)
	at := strings.Index(rules, "groups:\n")
	return generated + rules[:at] + `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: edgegauge
  namespace: kubeedge
  labels:
` + labels(t, "rules") + `spec:
` + indent(rules[at:], "  ")
}

// inhibitRules are the source's, for an Alertmanager's configuration file.
func inhibitRules(t *testing.T) string {
	t.Helper()
	s, _ := readSource(t)
	var b strings.Builder
	b.WriteString(generated + `#
# For an Alertmanager with a configuration file of its own, and for kube-prometheus-stack
# under alertmanager.config: these belong to its inhibit_rules, beside those by severity
# that most have.
inhibit_rules:
`)
	for _, i := range s.Inhibit {
		fmt.Fprintf(&b, "# %s\n- source_matchers: ['alertname=~\"%s\"']\n  target_matchers: ['alertname=~\"%s\"']\n  equal: [%s]\n",
			i.Why, i.Source, i.Target, strings.Join(i.Equal, ", "))
	}
	return b.String()
}

// alertmanagerConfig is the same as prometheus-operator's object.
func alertmanagerConfig(t *testing.T) string {
	t.Helper()
	return generated + `#
# For prometheus-operator. It routes nothing. The operator adds namespace="kubeedge"
# to every matcher, so it does not reach alerts without that label: EdgegaugeAbsent's.
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata:
  name: edgegauge
  namespace: kubeedge
  labels:
` + labels(t, "alertmanager") + `spec:
` + indent(strings.TrimPrefix(operatorInhibitions(t), generated), "  ")
}

// operatorInhibitions is what its spec has, for the chart.
func operatorInhibitions(t *testing.T) string {
	t.Helper()
	s, _ := readSource(t)
	var b strings.Builder
	b.WriteString(generated + "inhibitRules:\n")
	for _, i := range s.Inhibit {
		fmt.Fprintf(&b, `# %s
- sourceMatch: [{name: alertname, matchType: "=~", value: "%s"}]
  targetMatch: [{name: alertname, matchType: "=~", value: "%s"}]
  equal: [%s]
`, i.Why, i.Source, i.Target, strings.Join(i.Equal, ", "))
	}
	return b.String()
}

// labels are those that the chart gives its objects, here without Helm.
func labels(t *testing.T, component string) string {
	t.Helper()
	version := find(t, read(t, filepath.Join(manifests, "chart/Chart.yaml")), `(?m)^appVersion: (\S+)$`)
	return fmt.Sprintf(`    app.kubernetes.io/component: %s
    app.kubernetes.io/instance: edgegauge
    app.kubernetes.io/managed-by: kubectl
    app.kubernetes.io/name: edgegauge
    app.kubernetes.io/part-of: edgegauge
    app.kubernetes.io/version: %s
`, component, version)
}

// copied is a file that the chart has a copy of: a chart holds all that it installs.
func copied(path string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		return read(t, filepath.Join(manifests, path))
	}
}

// TestGenerated compares what is made from rules.yaml with what there is.
func TestGenerated(t *testing.T) {
	for file, make := range map[string]func(*testing.T) string{
		"rules/edgegauge.rules.yaml":           ruleFile,
		"rules/prometheusrule.yaml":            prometheusRule,
		"alertmanager/inhibit-rules.yaml":      inhibitRules,
		"alertmanager/alertmanagerconfig.yaml": alertmanagerConfig,
		"chart/files/edgegauge.rules.yaml":     ruleTemplate,
		"chart/files/inhibit.yaml":             operatorInhibitions,
		"chart/files/edgegauge-fleet.json":     copied("dashboard/edgegauge-fleet.json"),
		"chart/files/edgegauge-node.json":      copied("dashboard/edgegauge-node.json"),
	} {
		want, path := make(t), filepath.Join(manifests, file)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got := read(t, path); got != want {
			t.Errorf("%s is out of date; `make docs` writes it anew", path)
		}
	}
}

// TestOneSource holds the PrometheusRule and the rule file to the same groups.
func TestOneSource(t *testing.T) {
	var file struct{ Groups []any }
	var object struct {
		Kind string
		Spec struct{ Groups []any }
	}
	for path, into := range map[string]any{"rules/edgegauge.rules.yaml": &file, "rules/prometheusrule.yaml": &object} {
		if err := yaml.Unmarshal([]byte(read(t, filepath.Join(manifests, path))), into); err != nil {
			t.Fatal(err)
		}
	}
	if object.Kind != "PrometheusRule" || len(file.Groups) == 0 || fmt.Sprint(file.Groups) != fmt.Sprint(object.Spec.Groups) {
		t.Errorf("prometheusrule.yaml has other groups than edgegauge.rules.yaml")
	}
}

// TestAlertmanagerConfig holds the object for the operator to the same rules.
func TestAlertmanagerConfig(t *testing.T) {
	var object struct {
		Spec struct {
			InhibitRules []struct {
				SourceMatch, TargetMatch []struct{ Name, MatchType, Value string }
				Equal                    []string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(manifests, "alertmanager/alertmanagerconfig.yaml"))), &object); err != nil {
		t.Fatal(err)
	}
	s, _ := readSource(t)
	if len(object.Spec.InhibitRules) != len(s.Inhibit) {
		t.Fatalf("%d rules, want %d", len(object.Spec.InhibitRules), len(s.Inhibit))
	}
	for i, r := range object.Spec.InhibitRules {
		if r.SourceMatch[0].Value != s.Inhibit[i].Source || r.TargetMatch[0].Value != s.Inhibit[i].Target || !slices.Equal(r.Equal, s.Inhibit[i].Equal) {
			t.Errorf("rule %d is %v, want %v", i, r, s.Inhibit[i])
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("nothing matches %s", pattern)
	}
	return match[1]
}

// bytesOf reads a size as Prometheus does.
func bytesOf(t *testing.T, size string) int {
	t.Helper()
	for i, unit := range []string{"KB", "MB", "GB"} {
		if n, err := strconv.Atoi(strings.TrimSuffix(size, unit)); err == nil && strings.HasSuffix(size, unit) {
			return n << (10 * (i + 1))
		}
	}
	t.Fatalf("%q is no size in KB, MB or GB", size)
	return 0
}

func indent(text, by string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "")
}
