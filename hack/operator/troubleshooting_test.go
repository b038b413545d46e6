//go:build e2e

package operator

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// TestTroubleshooting types what docs/troubleshooting.md says to type at a cloudcore:
// each command finds something to show. What asks kubectl or systemd is left out, and
// routes, which are KubeEdge's.
func TestTroubleshooting(t *testing.T) {
	module, address := cloudcoreWith(t, func(c *nodemetrics.Config) { c.NodeTTL.Duration = time.Hour })
	send(t, module, "edge-1", `{"intervalSeconds":60,"cpu":{"load1":"many","load5":1}}`, true)
	send(t, module, "edge-1", `{"cpu":`, false)

	typed := 0
	for _, m := range regexp.MustCompile(`(?m)^\$ (curl .*)$`).FindAllStringSubmatch(read(t, "../../docs/troubleshooting.md"), -1) {
		if strings.Contains(m[1], "nodemetrics_routes") {
			continue
		}
		typed++
		line := strings.NewReplacer("CLOUDCORE:10005", address, "NODE", "edge-1").Replace(m[1])
		out, err := exec.Command("bash", "-o", "pipefail", "-c", line).Output()
		if err != nil || len(out) == 0 {
			t.Errorf("%s: %v, %q", m[1], err, out)
		}
		for part, word := range map[string]string{"/api/v1/nodes/": `"lastRejection":{`, "/nodes/NODE": `"intervalSeconds":60`, "/api/v1/status": "truncated", "_interval_": "} 60", "_dropped_": "wrong_type"} {
			if strings.Contains(m[1], part) && !strings.Contains(strings.ReplaceAll(string(out), ": ", ":"), word) {
				t.Errorf("%s shows no %s:\n%s", m[1], word, out)
			}
		}
	}
	if typed < 6 {
		t.Errorf("%d commands typed", typed)
	}
}
