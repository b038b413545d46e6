//go:build e2e

// These tests need programs of Debian's: `make test` installs them.

package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
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
			waitFor(t, fmt.Sprintf("%v to be held back", test.heldBack), func() bool {
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
	if err := getJSON(url+`/api/v2/alerts?filter=cluster%3D%22`+strings.ReplaceAll(strings.ReplaceAll(cluster, ",", "%2C"), "'", "%27")+`%22`, &alerts); err != nil {
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
	folder, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(folder, "alertmanager.yaml")
	write(t, config, text)
	start(t, exec.Command(program(t, "prometheus-alertmanager"), "--config.file="+config, "--storage.path="+folder,
		"--web.listen-address="+address, "--cluster.listen-address=", "--log.level=warn"))
	url = "http://" + address
	waitFor(t, "Alertmanager to be ready", func() bool { return getJSON(url+"/api/v2/status", &struct{}{}) == nil }, nil)
	return url
}

// start starts a process, has its output in the test's log if that fails, and
// ends it.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			t.Logf("%s wrote:\n%s", cmd.Path, out.String())
		}
	})
}

const patience = 60 * time.Second

func waitFor(t *testing.T, what string, condition func() bool, state func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			if state != nil {
				what += ": " + state()
			}
			t.Fatalf("waited %v for %s", patience, what)
		case <-tick.C:
		}
	}
}

func getJSON(url string, into any) error {
	client := http.Client{Timeout: 60 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
