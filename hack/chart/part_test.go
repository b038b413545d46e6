package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPart: the chart can be a part of another one, which turns it on and off by the
// usual condition and installs it elsewhere than cloudcore.
func TestPart(t *testing.T) {
	whole := t.TempDir()
	for name, text := range map[string]string{
		"Chart.yaml":  "apiVersion: v2\nname: whole\nversion: 1.0.0\ndependencies:\n- {name: edgegauge, version: \">=0.0.0\", condition: edgegauge.enabled}\n",
		"values.yaml": "global: {cluster: a}\nedgegauge: {enabled: true, namespace: kubeedge, release: monitoring}\n",
	} {
		if err := os.WriteFile(filepath.Join(whole, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(whole, "charts/edgegauge"), os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]bool{"edgegauge.enabled=true": true, "edgegauge.enabled=false": false} {
		text, said, err := helm(t, "template", "infra", whole, "--namespace", "infra", "--set", set)
		if err != nil {
			t.Errorf("--set %s: %v: %s", set, err, said)
		}
		if strings.Contains(text, "\nkind: DaemonSet\n") != want || strings.Contains(text, "namespace: infra") {
			t.Errorf("--set %s: is everything wanted there: %v; it renders\n%.500s", set, want, text)
		}
	}
}
