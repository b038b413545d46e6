package stack

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// MetricsPort is the port of the exporter in every cloudcore.
const MetricsPort = "10005"

// Cloudcore is one cloudcore in a network namespace of its own.
type Cloudcore struct {
	*Process
	Name, Address string
}

// MetricsAddress is where its page is.
func (c *Cloudcore) MetricsAddress() string { return c.Address + ":" + MetricsPort }

// HubAddress is where edges connect to.
func (c *Cloudcore) HubAddress() string { return c.Address + ":10000" }

// cloudcoreConfig is cloudcore.yaml as KubeEdge's chart renders it, nodeLimit
// 1000 included, but for what has no meaning outside a cluster: where the API
// is, the folders of the certificates, the socket of the CSI driver, iptables.
// The router is on, without which no report arrives.
func (s *Stack) cloudcoreConfig() string {
	tls := filepath.Join(s.Folder, "tls")
	return fmt.Sprintf(`apiVersion: cloudcore.config.kubeedge.io/v1alpha2
kind: CloudCore
kubeAPIConfig:
  kubeConfig: %s
  master: ""
commonConfig:
  monitorServer:
    bindAddress: 0.0.0.0:9091
    enableProfiling: true
modules:
  cloudHub:
    advertiseAddress: [%s]
    dnsNames: [""]
    nodeLimit: 1000
    tlsCAFile: %[3]s/rootCA.crt
    tlsCAKeyFile: %[3]s/rootCA.key
    tlsCertFile: %[3]s/edge.crt
    tlsPrivateKeyFile: %[3]s/edge.key
    unixsocket: {enable: false}
    websocket: {address: 0.0.0.0, enable: true, port: 10000}
    quic: {address: 0.0.0.0, enable: false, maxIncomingStreams: 10000, port: 10001}
    https: {address: 0.0.0.0, enable: true, port: 10002}
  cloudStream: {enable: false}
  dynamicController: {enable: false}
  router: {enable: true}
  iptablesManager: {enable: false, mode: internal}
`, filepath.Join(s.Folder, "kubeconfig"), strings.Join([]string{Gateway, cloudcoreAddress(0), cloudcoreAddress(1)}, ", "), tls)
}

func cloudcoreAddress(i int) string { return fmt.Sprint(network, 11+i) }

// setUpKubeEdge applies what KubeEdge's chart would: CRDs, namespace, ConfigMap.
func (s *Stack) setUpKubeEdge() error {
	kubeedge, err := s.moduleFolder("edgecore", "github.com/kubeedge/kubeedge")
	if err != nil {
		return err
	}
	for _, crds := range []string{
		"devices/devices_v1alpha2_device.yaml", "devices/devices_v1alpha2_devicemodel.yaml",
		"apps", "operations", "reliablesyncs", "router",
	} {
		if _, err := s.Kubectl("", "apply", "-f", filepath.Join(kubeedge, "build", "crds", crds)); err != nil {
			return err
		}
	}
	if _, err := s.Kubectl("", "create", "namespace", "kubeedge"); err != nil {
		return err
	}
	config, err := s.write("cloudcore.yaml", s.cloudcoreConfig())
	if err != nil {
		return err
	}
	if _, err := s.Kubectl("", "create", "-n", "kubeedge", "configmap", "cloudcore", "--from-file", config); err != nil {
		return err
	}
	_, err = s.Kubectl(chartDeployment, "apply", "-f", "-")
	return err
}

// chartDeployment is the Deployment of KubeEdge's chart, down to the parts that
// manifests/cloudcore is merged into. No controller acts on it here.
const chartDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: cloudcore
  namespace: kubeedge
  labels: &labels {k8s-app: kubeedge, kubeedge: cloudcore}
spec:
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels}
    spec:
      hostNetwork: true
      containers:
      - name: cloudcore
        image: kubeedge/cloudcore:v1.13.0
        ports:
        - {containerPort: 10000, name: cloudhub, protocol: TCP}
        - {containerPort: 10002, name: cloudhub-https, protocol: TCP}
        volumeMounts:
        - {name: conf, mountPath: /etc/kubeedge/config}
      volumes:
      - name: conf
        configMap: {name: cloudcore}
`

// StartCloudcore starts a cloudcore, number 0 or 1, or starts one again.
func (s *Stack) StartCloudcore(i int) (*Cloudcore, error) {
	name := fmt.Sprintf("cloudcore-%d", i)
	if _, err := s.run("", "", "ip", "netns", "pids", name); err != nil {
		if _, err := s.addPod(name, 11+i); err != nil {
			return nil, err
		}
		if err := s.publishPod(name, cloudcoreAddress(i)); err != nil {
			return nil, err
		}
	}
	// cloudcore waits up to ten seconds at start, for a random time; with a fixed
	// seed it is always the same short one.
	process, err := s.start(name, name, []string{"GODEBUG=randautoseed=0"},
		"cloudcore", "--config", filepath.Join(s.configFolder(), "cloudcore.yaml"))
	if err != nil {
		return nil, err
	}
	cloudcore := &Cloudcore{Process: process, Name: name, Address: cloudcoreAddress(i)}
	return cloudcore, ready(process, 60*time.Second, func() error { return reachable(cloudcore.HubAddress()) })
}

// publishPod makes the Pod object of a cloudcore, as Deployment, scheduler and
// kubelet would.
func (s *Stack) publishPod(name, address string) error {
	if err := s.Apply(fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: %s
  namespace: kubeedge
  labels: {k8s-app: kubeedge, kubeedge: cloudcore}
spec:
  containers:
  - name: cloudcore
    image: edgegauge/cloudcore:v1.13.0
    ports: [{name: metrics, containerPort: %s, protocol: TCP}]
`, name, MetricsPort)); err != nil {
		return err
	}
	_, err := s.Kubectl("", "patch", "-n", "kubeedge", "pod", name, "--subresource", "status", "--type", "merge", "-p",
		fmt.Sprintf(`{"status": {"phase": "Running", "podIP": %[1]q, "podIPs": [{"ip": %[1]q}]}}`, address))
	return err
}

// Runtime is what a cloudcore's Go runtime says about itself.
type Runtime struct {
	Goroutines int
	HeapBytes  uint64
}

// Runtime asks cloudcore's profiler, which collects garbage first.
func (c *Cloudcore) Runtime() (Runtime, error) {
	var runtime Runtime
	goroutines, err := c.profile("goroutine?debug=1")
	if err != nil {
		return runtime, err
	}
	if _, err := fmt.Sscanf(goroutines, "goroutine profile: total %d", &runtime.Goroutines); err != nil {
		return runtime, fmt.Errorf("reading the profile of goroutines: %w", err)
	}
	heap, err := c.profile("heap?gc=1&debug=1")
	if err != nil {
		return runtime, err
	}
	_, figures, _ := strings.Cut(heap, "\n# HeapAlloc = ")
	if _, err := fmt.Sscanf(figures, "%d", &runtime.HeapBytes); err != nil {
		return runtime, fmt.Errorf("reading the profile of the heap: %w", err)
	}
	return runtime, nil
}

func (c *Cloudcore) profile(which string) (string, error) {
	response, err := client.Get("http://" + c.Address + ":9091/debug/pprof/" + which)
	if err != nil {
		return "", fmt.Errorf("asking the profiler of %s: %w", c.Name, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("reading a profile of %s: %w", c.Name, err)
	}
	return string(text), nil
}

// edgeToken waits for the token with which an edge asks for its certificate.
func (s *Stack) edgeToken() (string, error) {
	var secret struct {
		Data struct{ Tokendata string }
	}
	if err := Eventually(30*time.Second, func() error {
		return s.get(&secret, "-n", "kubeedge", "secret", "tokensecret")
	}); err != nil {
		return "", err
	}
	token, err := base64.StdEncoding.DecodeString(secret.Data.Tokendata)
	if err != nil {
		return "", fmt.Errorf("reading the token for edges: %w", err)
	}
	return string(token), nil
}

func reachable(address string) error {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	return connection.Close()
}
