package stack

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/google/pprof/profile"
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

func cloudcoreAddress(i int) string { return fmt.Sprint(network, 11+i) }

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
    image: %s
    ports: [{name: metrics, containerPort: %s, protocol: TCP}]
`, name, Image, MetricsPort)); err != nil {
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

// CPUProfile is where cloudcore's processors were within so many seconds from now.
func (c *Cloudcore) CPUProfile(seconds int) (*profile.Profile, error) {
	text, err := c.profile(fmt.Sprintf("profile?seconds=%d", seconds))
	if err != nil {
		return nil, err
	}
	return profile.ParseData([]byte(text))
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
