//go:build e2e

// These tests need programs of Debian's: `make test` installs them.

package operator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/hack/programs"
)

// stock are the inhibition rules that kube-prometheus gives its Alertmanager.
const stock = `
- source_matchers: ['severity = critical']
  target_matchers: ['severity =~ "warning|info"']
  equal: [namespace, alertname]
- source_matchers: ['severity = warning']
  target_matchers: ['severity = info']
  equal: [namespace, alertname]
- source_matchers: ['alertname = InfoInhibitor']
  target_matchers: ['severity = info']
  equal: [namespace]
`

// TestInhibition sends alerts to a real Alertmanager that has the shipped rules
// beside kube-prometheus' own, and looks which it holds back.
func TestInhibition(t *testing.T) {
	url := startAlertmanager(t, inhibitRules(t)+stock)
	s, _ := readSource(t)
	severity := map[string]string{"InfoInhibitor": "none"}
	for _, a := range s.alerts() {
		severity[a.Alert] = a.Labels["severity"]
	}

	// Each case is an alert by itself, in a cluster by itself: name{node}.
	for name, test := range map[string]struct{ fire, heldBack []string }{
		"a cloudcore that is gone explains nodes that are down": {
			[]string{"CloudcoreDown", "EdgeNodeDown a", "EdgeNodeSilent b", "EdgeNodeFlapping c", "EdgeNodeFilesystemFull d", "EdgeReportsRejected"},
			[]string{"EdgeNodeDown a", "EdgeNodeSilent b", "EdgeNodeFlapping c"},
		},
		"a node that is down, with nothing to explain it, is told": {
			[]string{"EdgeNodeDown a", "EdgeNodeClockWrong b"}, nil,
		},
		"what a node that is down said last is no news": {
			[]string{"EdgeNodeDown a", "EdgeNodeClockWrong a", "EdgeNodeFilesystemFull a", "EdgeNodeHot a", "EdgeNodeHot b"},
			[]string{"EdgeNodeClockWrong a", "EdgeNodeFilesystemFull a", "EdgeNodeHot a"},
		},
		"many that are down are told once": {
			[]string{"ManyEdgeNodesDown", "EdgeNodeDown a", "EdgeNodeDown b", "EdgeNodeNeverReported c", "EdgeNodeHot d"},
			[]string{"EdgeNodeDown a", "EdgeNodeDown b", "EdgeNodeNeverReported c"},
		},
		"silent and never reported say more than down": {
			[]string{"EdgeNodeSilent a", "EdgeNodeDown a", "EdgeNodeNeverReported b", "EdgeNodeDown b", "EdgeNodeDown c"},
			[]string{"EdgeNodeDown a", "EdgeNodeDown b"},
		},
		"full is more than almost full, on the same file system of the same node": {
			[]string{"EdgeNodeFilesystemFull a", "EdgeNodeFilesystemAlmostFull a", "EdgeNodeFilesystemFillingUp a", "EdgeNodeFilesystemAlmostFull b"},
			[]string{"EdgeNodeFilesystemAlmostFull a", "EdgeNodeFilesystemFillingUp a"},
		},
		"without any cloudcore only that is told": {
			[]string{"EdgegaugeAbsent", "EdgeNodeDown a", "CloudcoreDown", "EdgeNodeHot a", "ManyEdgeNodesDown"},
			[]string{"EdgeNodeDown a", "CloudcoreDown", "EdgeNodeHot a", "ManyEdgeNodesDown"},
		},
		"cloudcore's clock explains the nodes'": {
			[]string{"CloudcoreClockWrong", "EdgeNodeClockWrong a", "EdgeNodeDown b"}, []string{"EdgeNodeClockWrong a"},
		},
		"info is held back by kube-prometheus' InfoInhibitor, and by it alone": {
			[]string{"InfoInhibitor", "EdgeNodeRebooted a", "EdgeNodeClockWrong a"}, []string{"EdgeNodeRebooted a"},
		},
		"two machines of one name explain what they look like": {
			[]string{"EdgeNodeNameConflict a", "EdgeNodeFlapping a", "EdgeNodeClockWrong a", "EdgeNodeClockWrong b"},
			[]string{"EdgeNodeFlapping a", "EdgeNodeClockWrong a"},
		},
		"a loop of reboots explains each of them": {
			[]string{"EdgeNodeRebootLoop a", "EdgeNodeRebooted a", "EdgeNodeFlapping a", "EdgeNodeRebooted b"},
			[]string{"EdgeNodeRebooted a", "EdgeNodeFlapping a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := strings.ReplaceAll(name, " ", "-")
			var alerts []map[string]any
			for _, f := range test.fire {
				alert, node, _ := strings.Cut(f, " ")
				if severity[alert] == "" {
					t.Fatalf("there is no alert %s", alert)
				}
				labels := map[string]string{"alertname": alert, "severity": severity[alert], "cluster": cluster}
				if alert != "EdgegaugeAbsent" { // absent() has no labels to give
					labels["namespace"], labels["job"] = "kubeedge-"+cluster, "cloudcore"
				}
				if node != "" {
					labels["node"] = node
				}
				if strings.Contains(alert, "Filesystem") {
					labels["mountpoint"], labels["device"] = "/", "sda2"
				}
				alerts = append(alerts, map[string]any{"labels": labels})
			}
			body, err := json.Marshal(alerts)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.Post(url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Fatalf("Alertmanager says %s", response.Status)
			}
			slices.Sort(test.heldBack)
			var held []string
			// The state of an alert is that of its last way through the pipeline,
			// which begins when its group has waited.
			programs.WaitFor(t, fmt.Sprintf("%v to be held back", test.heldBack), func() bool {
				held = heldBack(t, url, cluster, len(test.fire))
				return held != nil && slices.Equal(held, append([]string{}, test.heldBack...))
			}, func() string { return fmt.Sprintf("held back are %v", held) })
		})
	}
}

// heldBack returns the inhibited alerts of a cluster, nil while not all have
// been looked at.
func heldBack(t *testing.T, url, cluster string, want int) []string {
	var alerts []struct {
		Labels map[string]string
		Status struct{ State string }
	}
	if err := programs.GetJSON(url+`/api/v2/alerts?filter=cluster%3D%22`+strings.ReplaceAll(strings.ReplaceAll(cluster, ",", "%2C"), "'", "%27")+`%22`, &alerts); err != nil {
		t.Fatal(err)
	}
	if len(alerts) != want {
		return nil
	}
	held := []string{}
	for _, a := range alerts {
		switch a.Status.State {
		case "unprocessed":
			return nil
		case "suppressed":
			held = append(held, strings.TrimSpace(a.Labels["alertname"]+" "+a.Labels["node"]))
		}
	}
	slices.Sort(held)
	return held
}

func startAlertmanager(t *testing.T, inhibit string) (url string) {
	t.Helper()
	return startAlertmanagerFor(t, "route: {receiver: none, group_by: [cluster], group_wait: 100ms, group_interval: 500ms}\nreceivers: [{name: none}]\n"+inhibit)
}

func startAlertmanagerFor(t *testing.T, text string) (url string) {
	t.Helper()
	folder, address := t.TempDir(), programs.FreeAddress(t)
	config := filepath.Join(folder, "alertmanager.yaml")
	write(t, config, text)
	programs.Start(t, exec.Command(program(t, "prometheus-alertmanager"), "--config.file="+config, "--storage.path="+folder,
		"--web.listen-address="+address, "--cluster.listen-address=", "--log.level=warn"))
	url = "http://" + address
	programs.WaitFor(t, "Alertmanager to be ready", func() bool { return programs.GetJSON(url+"/api/v2/status", &struct{}{}) == nil }, nil)
	return url
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
