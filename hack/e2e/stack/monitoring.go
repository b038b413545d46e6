package stack

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// PrometheusAddress is where Prometheus' API and pages are.
const PrometheusAddress = Gateway + ":9090"

// MetricsService is the Service of manifests/metrics.
const MetricsService = "cloudcore-metrics"

// startMonitoring starts prometheus-operator, gives it a Prometheus object, and
// runs a Prometheus with the configuration that the operator writes for it.
func (s *Stack) startMonitoring() error {
	source, err := s.moduleFolder("operator", "github.com/prometheus-operator/prometheus-operator")
	if err != nil {
		return err
	}
	if _, err := s.Kubectl("", "apply", "--server-side", "-f", filepath.Join(source, "example", "prometheus-operator-crd")); err != nil {
		return err
	}
	if _, err := s.Kubectl("", "create", "namespace", "monitoring"); err != nil {
		return err
	}
	for _, folder := range []string{"manifests/servicemonitor", "manifests/networkpolicy"} {
		if err := s.ApplyFolder(folder); err != nil {
			return err
		}
	}
	// Nothing but what every Prometheus of the operator has, and where the API
	// is. That a scrape happens every second is this Prometheus' own default:
	// the ServiceMonitor leaves it to whoever scrapes.
	if err := s.Apply(fmt.Sprintf(`apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: stack, namespace: monitoring}
spec:
  scrapeInterval: 1s
  evaluationInterval: 1s
  serviceMonitorSelector: {}
  serviceMonitorNamespaceSelector: {}
  ruleSelector: {}
  ruleNamespaceSelector: {}
  apiserverConfig:
    host: %s
    tlsConfig: {insecureSkipVerify: true}
    authorization: {credentialsFile: %s}
`, apiserver, filepath.Join(s.Folder, "token"))); err != nil {
		return err
	}
	operator, err := s.start("operator", "", []string{"KUBECONFIG=" + filepath.Join(s.Folder, "kubeconfig")},
		"operator", "-namespaces=kubeedge,monitoring", "-web.listen-address=127.0.0.1:8080")
	if err != nil {
		return err
	}
	var config string
	if err := ready(operator, 60*time.Second, func() (err error) {
		config, err = s.operatorConfig()
		return err
	}); err != nil {
		return err
	}
	file, err := s.write("prometheus.yaml", config)
	if err != nil {
		return err
	}
	if _, err := s.run("", "", "promtool", "check", "config", file); err != nil {
		return err
	}
	prometheus, err := s.start("prometheus", "", nil, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(s.Folder, "prometheus"), "--web.listen-address="+PrometheusAddress)
	if err != nil {
		return err
	}
	return ready(prometheus, 30*time.Second, func() error {
		_, err := s.Query("vector(1)")
		return err
	})
}

// operatorConfig returns the configuration that the operator wrote, with what
// the config reloader beside Prometheus fills in within a pod.
func (s *Stack) operatorConfig() (string, error) {
	var secret struct{ Data map[string]string }
	if err := s.get(&secret, "-n", "monitoring", "secret", "prometheus-stack"); err != nil {
		return "", err
	}
	packed, err := base64.StdEncoding.DecodeString(secret.Data["prometheus.yaml.gz"])
	if err != nil {
		return "", fmt.Errorf("decoding the operator's configuration: %w", err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("unpacking the operator's configuration: %w", err)
	}
	config, err := io.ReadAll(reader)
	if err != nil {
		return "", fmt.Errorf("unpacking the operator's configuration: %w", err)
	}
	if !strings.Contains(string(config), "serviceMonitor/kubeedge/") {
		return "", fmt.Errorf("the operator has not taken the ServiceMonitor up yet")
	}
	return strings.NewReplacer("$(POD_NAME)", "prometheus-stack-0", "$(SHARD)", "0").Replace(string(config)), nil
}

// PublishEndpoints does the endpoint controller's work for the metrics Service:
// its addresses are those of the cloudcores given.
func (s *Stack) PublishEndpoints(cloudcores ...*Cloudcore) error {
	var addresses strings.Builder
	for _, c := range cloudcores {
		fmt.Fprintf(&addresses, "  - {ip: %s, targetRef: {kind: Pod, namespace: kubeedge, name: %s}}\n", c.Address, c.Name)
	}
	return s.Apply(fmt.Sprintf(`apiVersion: v1
kind: Endpoints
metadata:
  name: %s
  namespace: kubeedge
  labels: {app.kubernetes.io/name: edgegauge, app.kubernetes.io/component: metrics}
subsets:
- addresses:
%s  ports: [{name: metrics, port: %s, protocol: TCP}]
`, MetricsService, addresses.String(), MetricsPort))
}
