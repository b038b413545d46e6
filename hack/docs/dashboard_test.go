package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDashboard has promtool parse every query of the dashboard, as a recording
// rule with Grafana's variables filled in.
func TestDashboard(t *testing.T) {
	promtool := promtool(t)
	data, err := os.ReadFile("../../manifests/dashboard/edgegauge.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$node", ".*", "$__rate_interval", "5m")
	rules, queries := "groups: [{name: dashboard, rules: [\n", 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			queries++
			rules += fmt.Sprintf("{record: \"panel:%d\", expr: %q},\n", queries, fill.Replace(target.Expr))
		}
	}
	if queries == 0 {
		t.Fatal("the dashboard has no queries")
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules+"]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// promtool is where that program is. Without it the manifests would go untested,
// so that is a failure.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("there is no promtool in PATH: `make test` installs it from Debian's packages, `make unit` builds it")
	}
	return path
}
