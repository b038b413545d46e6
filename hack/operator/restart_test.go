//go:build e2e

package operator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/hack/programs"
)

// TestPrometheusRestart kills a real Prometheus while an alert fires and another waits,
// and starts it again on what it left. The one fires on, without having been pending and
// without a real Alertmanager being told that it is over; the other goes on waiting from
// where it was. It runs the shipped rules with seconds for minutes. Alertmanager takes
// an alert for over that it has not had for four times the resend delay, here and, with
// the default of a minute, anywhere: a restart may not take longer.
func TestPrometheusRestart(t *testing.T) {
	module, cloudcore := cloudcoreWith(t, func(c *nodemetrics.Config) { c.NodeTTL.Duration = time.Second })
	if err := module.Expect("gone"); err != nil {
		t.Fatal(err)
	}

	var notices notices
	receiver := httptest.NewServer(&notices)
	t.Cleanup(receiver.Close)
	alertmanager := startAlertmanagerFor(t, fmt.Sprintf(`route: {receiver: test, group_by: [alertname], group_wait: 100ms, group_interval: 500ms}
receivers: [{name: test, webhook_configs: [{url: %q, send_resolved: true}]}]
`, receiver.URL))

	folder, address := t.TempDir(), programs.FreeAddress(t)
	seconds := regexp.MustCompile(`\b(\d+)m\b`)
	write(t, filepath.Join(folder, "rules.yaml"), seconds.ReplaceAllString(
		regexp.MustCompile(`(?m)^  interval: .*\n`).ReplaceAllString(ruleFile(t), ""), "${1}s"))
	config := filepath.Join(folder, "prometheus.yaml")
	write(t, config, fmt.Sprintf(`global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [rules.yaml]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
- job_name: cloudcore
  static_configs: [{targets: [%q], labels: {namespace: kubeedge}}]
`, alertmanager[len("http://"):], cloudcore))
	url := "http://" + address
	run := func() *exec.Cmd {
		cmd := exec.Command(program(t, "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
			"--web.listen-address="+address, "--rules.alert.for-grace-period=10s", "--rules.alert.resend-delay=10s", "--log.level=warn")
		programs.Start(t, cmd)
		programs.WaitFor(t, "Prometheus to be ready", func() bool { return programs.GetJSON(url+"/api/v1/query?query=1", &struct{}{}) == nil }, nil)
		return cmd
	}
	value := func(expr string) (v float64, found bool) {
		result := ask(t, url+"/api/v1/query?query="+escape(expr))
		if len(result) == 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(result[0].(map[string]any)["value"].([]any)[1].(string), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v, true
	}
	const (
		fires  = `ALERTS{alertname="EdgeNodeDown",node="gone",alertstate="firing"}`
		firing = `ALERTS_FOR_STATE{alertname="EdgeNodeDown",node="gone"}`
		waits  = `ALERTS_FOR_STATE{alertname="EdgeNodeNeverReported",node="gone"}`
	)

	first := run()
	programs.WaitFor(t, "an alert that fires, and is told", func() bool {
		_, found := value(fires)
		return found && notices.of("EdgeNodeDown", "firing") > 0
	}, nil)
	since, _ := value(firing)
	programs.WaitFor(t, "an alert that has waited for ten seconds", func() bool {
		waited, found := value(`timestamp(` + waits + `) - ` + waits)
		return found && waited > 10
	}, nil)
	if _, found := value(`ALERTS{alertname="EdgeNodeNeverReported",alertstate="firing"}`); found {
		t.Fatal("the alert that was to wait fires")
	}

	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	programs.WaitFor(t, "Prometheus to be gone", func() bool { return programs.GetJSON(url+"/api/v1/query?query=1", &struct{}{}) != nil }, nil)
	restarted := float64(time.Now().UnixMilli()) / 1000
	run()
	// The first samples of the new process.
	after := func(expr string) string { return fmt.Sprintf(`%s and timestamp(%s) > %f`, expr, expr, restarted) }
	programs.WaitFor(t, "the alert to fire again", func() bool { _, found := value(after(fires)); return found }, nil)
	if now, _ := value(after(firing)); now != since {
		t.Errorf("the alert fires since %f, and before the restart did since %f", now, since)
	}
	// As of its first samples: had it begun anew, that would be a moment ago.
	var waited float64
	programs.WaitFor(t, "the alert that waits to be there again", func() (found bool) {
		waited, found = value(fmt.Sprintf(`(timestamp(%[1]s) - %[1]s) and timestamp(%[1]s) > %[2]f`, waits, restarted))
		return found
	}, nil)
	if waited < 10 {
		t.Errorf("the alert that had waited for ten seconds has for %f", waited)
	}
	if _, found := value(after(`ALERTS{alertname="EdgeNodeDown",node="gone",alertstate="pending"}`)); found {
		t.Error("the alert that fired is pending after the restart")
	}
	programs.WaitFor(t, "Alertmanager to have the alert from the new process", func() bool {
		var alerts []struct{ UpdatedAt time.Time }
		return programs.GetJSON(alertmanager+`/api/v2/alerts?filter=alertname%3D%22EdgeNodeDown%22`, &alerts) == nil && len(alerts) == 1 &&
			alerts[0].UpdatedAt.After(time.UnixMilli(int64(restarted*1000)))
	}, nil)
	if n := notices.of("EdgeNodeDown", "resolved"); n > 0 {
		t.Errorf("Alertmanager told %d times that the alert is over", n)
	}
}

// notices are what Alertmanager tells a webhook.
type notices struct {
	mu   sync.Mutex
	seen map[[2]string]int
}

func (n *notices) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	if json.NewDecoder(r.Body).Decode(&message) != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[[2]string]int{}
	}
	for _, a := range message.Alerts {
		n.seen[[2]string{a.Labels["alertname"], a.Status}]++
	}
}

// of is how often an alert was told to be in a state.
func (n *notices) of(alert, status string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[[2]string{alert, status}]
}
