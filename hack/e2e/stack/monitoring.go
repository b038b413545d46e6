package stack

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PrometheusAddress is where Prometheus' API and pages are.
const PrometheusAddress = Gateway + ":9090"

// MetricsService is the Service of manifests/metrics.
const MetricsService = "cloudcore-metrics"

// MonitoringManifests are the folders of manifests that the stack runs with.
var MonitoringManifests = []string{"manifests/servicemonitor", "manifests/scrape-rbac", "manifests/rules", "manifests/networkpolicy"}

// startMonitoring starts prometheus-operator, gives it a Prometheus object, and
// runs a Prometheus with the configuration that the operator writes for it.
func (s *Stack) startMonitoring() error {
	if err := s.applyOperatorCRDs(); err != nil {
		return err
	}
	if _, err := s.Kubectl("", "create", "namespace", "monitoring"); err != nil {
		return err
	}
	for _, folder := range MonitoringManifests {
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
  podMonitorSelector: {}
  podMonitorNamespaceSelector: {}
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
	if err := ready(operator, 60*time.Second, func() error { return s.writeConfig("serviceMonitor/kubeedge/") }); err != nil {
		return err
	}
	file := s.prometheusConfig()
	prometheus, err := s.start("prometheus", "", nil, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(s.Folder, "prometheus"), "--web.listen-address="+PrometheusAddress,
		"--web.enable-lifecycle")
	if err != nil {
		return err
	}
	return ready(prometheus, 30*time.Second, func() error {
		_, err := s.Query("vector(1)")
		return err
	})
}

func (s *Stack) applyOperatorCRDs() error {
	source, err := s.moduleFolder("operator", "github.com/prometheus-operator/prometheus-operator")
	if err != nil {
		return err
	}
	_, err = s.Kubectl("", "apply", "--server-side", "-f", filepath.Join(source, "example", "prometheus-operator-crd"))
	return err
}

// FollowOperator has Prometheus take up the operator's configuration once that has
// a job whose name begins so, and no job of another kind.
func (s *Stack) FollowOperator(job string) error {
	if err := Eventually(60*time.Second, func() error { return s.writeConfig(job) }); err != nil {
		return err
	}
	return reloadPrometheus()
}

func reloadPrometheus() error {
	response, err := client.Post("http://"+PrometheusAddress+"/-/reload", "", nil)
	if err != nil {
		return fmt.Errorf("reloading Prometheus: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("reloading Prometheus: %s", response.Status)
	}
	return nil
}

func (s *Stack) prometheusConfig() string { return filepath.Join(s.Folder, "prometheus.yaml") }

// writeConfig gives Prometheus the configuration that the operator wrote.
func (s *Stack) writeConfig(job string) error {
	config, err := s.operatorConfig()
	if err != nil {
		return err
	}
	if jobs := strings.Count(config, "job_name: "); jobs != strings.Count(config, "job_name: "+job) || jobs == 0 {
		return fmt.Errorf("the operator has not written its configuration of %s yet", job)
	}
	if config, err = s.operatorRules(config); err != nil {
		return err
	}
	if _, err := s.write("prometheus.yaml", config); err != nil {
		return err
	}
	return s.CheckPrometheusConfig(s.prometheusConfig())
}

// operatorRules writes the rule files that the operator made of PrometheusRules,
// and returns the configuration with where they are.
func (s *Stack) operatorRules(config string) (string, error) {
	const name = "prometheus-stack-rulefiles-0"
	var files struct{ Data map[string]string }
	if err := s.get(&files, "-n", "monitoring", "configmap", name); err != nil {
		return "", err
	}
	if len(files.Data) == 0 || !strings.Contains(config, "/"+name+"/") {
		return "", errors.New("the operator has not written the rules yet")
	}
	// Of an object that is gone, or was made anew, nothing stays.
	if err := os.RemoveAll(filepath.Join(s.Folder, "rules")); err != nil {
		return "", err
	}
	for file, rules := range files.Data {
		if _, err := s.write(filepath.Join("rules", file), rules); err != nil {
			return "", err
		}
	}
	return strings.ReplaceAll(config, "/etc/prometheus/rules/"+name+"/", filepath.Join(s.Folder, "rules")+"/"), nil
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
	return strings.NewReplacer("$(POD_NAME)", "prometheus-stack-0", "$(SHARD)", "0").Replace(string(config)), nil
}

// PublishEndpoints does the work of the controllers of endpoints and endpoint
// slices for the metrics Service: its addresses are those of the cloudcores
// given.
func (s *Stack) PublishEndpoints(cloudcores ...*Cloudcore) error {
	var addresses, endpoints strings.Builder
	for _, c := range cloudcores {
		const target = "targetRef: {kind: Pod, namespace: kubeedge, name: %s}}\n"
		fmt.Fprintf(&addresses, "  - {ip: %s, "+target, c.Address, c.Name)
		fmt.Fprintf(&endpoints, "- {addresses: [%s], conditions: {ready: true}, "+target, c.Address, c.Name)
	}
	return s.Apply(fmt.Sprintf(`apiVersion: v1
kind: Endpoints
metadata:
  name: %[1]s
  namespace: kubeedge
  labels: {app.kubernetes.io/name: edgegauge, app.kubernetes.io/component: metrics}
subsets:
- addresses:
%[2]s  ports: [{name: metrics, port: %[4]s, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: %[1]s
  namespace: kubeedge
  labels: {kubernetes.io/service-name: %[1]s}
addressType: IPv4
endpoints:
%[3]sports: [{name: metrics, port: %[4]s, protocol: TCP}]
`, MetricsService, addresses.String(), endpoints.String(), MetricsPort))
}

// Discover returns what Prometheus discovers by a scrape configuration that is
// written for a Prometheus within the cluster: promtool's answer, in JSON.
func (s *Stack) Discover(file, job string) (string, error) {
	config, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the scrape configuration: %w", err)
	}
	outside := strings.NewReplacer("\n  - role: ", fmt.Sprintf(`
  - api_server: %s
    authorization: {credentials_file: %s}
    tls_config: {insecure_skip_verify: true}
    role: `, apiserver, filepath.Join(s.Folder, "token"))).Replace(string(config))
	path, err := s.write("scrape.yaml", outside)
	if err != nil {
		return "", err
	}
	return s.run("", "", "promtool", "check", "service-discovery", "--timeout", "3s", path, job)
}
