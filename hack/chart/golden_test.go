package chart

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestGolden compares what helm renders, and what it says after an installation, with
// golden files. Rules and dashboards are not in them: TestFiles holds those to their
// sources.
func TestGolden(t *testing.T) {
	for name, values := range cases(t) {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for _, d := range render(t, "--values", values) {
				fmt.Fprintf(&text, "---\n# %s\n%s", d.source, shortened(d))
			}
			golden(t, "testdata/"+name+".golden.yaml", text.String())
			golden(t, "testdata/"+name+".notes.txt", notes(t, "--values", values))
		})
	}
}

// shortened is a document without what stands in a file of the chart.
func shortened(d document) string {
	at := map[string]string{"rules.yaml": "\n  groups:\n", "dashboards.yaml": "\ndata:\n", "alertmanagerconfig.yaml": "\n  inhibitRules:\n"}[d.source]
	if d.object["kind"] == "ConfigMap" && d.source == "rules.yaml" {
		at = "\n  edgegauge.rules.yaml: |\n"
	}
	if at == "" {
		return d.text
	}
	text, _, found := strings.Cut(d.text, at)
	if !found {
		return d.text
	}
	return text + at + "    # …\n"
}

// notes is what helm says after an installation. It says so to who has a cluster, so
// here the notes are rendered as if they were an object.
func notes(t *testing.T, arguments ...string) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied+"/templates/NOTES.txt", copied+"/files/NOTES.txt"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied+"/templates/notes.yaml", []byte(`{"notes": {{ tpl (.Files.Get "files/NOTES.txt") . | toJson }}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, said, err := helm(t, append([]string{"template", "edgegauge", copied, "--namespace", "kubeedge", "--show-only", "templates/notes.yaml"}, arguments...)...)
	if err != nil {
		t.Fatalf("helm template: %v: %s", err, said)
	}
	var rendered struct{ Notes string }
	if err := yaml.Unmarshal([]byte(out), &rendered); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(rendered.Notes, "edge_node_up") {
		t.Errorf("the notes do not say how to see that it works:\n%s", rendered.Notes)
	}
	return rendered.Notes
}

// TestLabels wants the recommended labels on every object and on the reporter's pods,
// and the selectors to find what they select.
func TestLabels(t *testing.T) {
	recommended := []string{"name", "instance", "version", "component", "part-of", "managed-by"}
	for name, values := range cases(t) {
		for _, d := range render(t, "--values", values) {
			for _, label := range recommended {
				if labels(d.object)["app.kubernetes.io/"+label] == nil {
					t.Errorf("%s: %s has no label app.kubernetes.io/%s", name, d, label)
				}
			}
			if got := labels(d.object)["app.kubernetes.io/managed-by"]; got != "Helm" {
				t.Errorf("%s: %s is managed by %v", name, d, got)
			}
			if d.object["kind"] != "DaemonSet" {
				continue
			}
			spec := d.object["spec"].(map[string]any)
			pod := labels(spec["template"].(map[string]any))
			for _, label := range recommended {
				if pod["app.kubernetes.io/"+label] == nil {
					t.Errorf("%s: the pods of %s have no label app.kubernetes.io/%s", name, d, label)
				}
			}
			for key, value := range spec["selector"].(map[string]any)["matchLabels"].(map[string]any) {
				if pod[key] != value {
					t.Errorf("%s: %s selects pods by %s=%v, and its pods have %v", name, d, key, value, pod[key])
				}
			}
		}
	}
}

func labels(object map[string]any) map[string]any {
	metadata, _ := object["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	return labels
}

// TestLint is helm's own.
func TestLint(t *testing.T) {
	for name, values := range cases(t) {
		if out, said, err := helm(t, "lint", "--strict", chart, "--values", values); err != nil || strings.Contains(out, "[WARNING]") {
			t.Errorf("%s: %v\n%s%s", name, err, out, said)
		}
	}
}
