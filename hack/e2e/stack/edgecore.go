package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Edge is an edge node: its Node object, its edgecore in a network namespace of
// its own, and the line to the cloud.
type Edge struct {
	*Process
	Name  string
	Proxy *Proxy

	stack *Stack
	// What its configuration is made of.
	address, cloudcore, broker string
}

// mqttPort is the port of edgecore's own broker, KubeEdge's default.
const mqttPort = "1884"

// Broker is where programs on an edge device find its broker.
const Broker = "tcp://127.0.0.1:" + mqttPort

// AddEdge makes the Node object and starts its edgecore, connected to a
// cloudcore.
func (s *Stack) AddEdge(number int, cloudcore *Cloudcore) (*Edge, error) {
	edge, err := s.NewEdge(number, cloudcore, "mqttMode: 0, mqttServerInternal: "+Broker)
	if err != nil {
		return nil, err
	}
	return edge, edge.Start()
}

// NewEdge makes the Node object and what its edgecore needs, without starting
// it. Where its broker is, broker says in the words of edgecore's configuration:
// edgecore's own, or one beside it, which is the caller's to start.
func (s *Stack) NewEdge(number int, cloudcore *Cloudcore, broker string) (*Edge, error) {
	edge := &Edge{Name: fmt.Sprintf("edge-%d", number), stack: s, cloudcore: cloudcore.Address, broker: broker}
	if err := s.CreateNode(edge.Name); err != nil {
		return nil, err
	}
	var err error
	if edge.address, err = s.addPod(edge.Name, 100+number); err != nil {
		return nil, err
	}
	if edge.Proxy, err = s.newProxy(cloudcore.HubAddress()); err != nil {
		return nil, err
	}
	return edge, edge.configure(edge.Name, edge.Name)
}

// configure writes the configuration of an edgecore on this device that calls
// itself node, and keeps what it has in a folder of its own.
func (e *Edge) configure(folder, node string) error {
	token, err := e.stack.edgeToken()
	if err != nil {
		return err
	}
	_, err = e.stack.write(filepath.Join(folder, "edgecore.yaml"), fmt.Sprintf(`apiVersion: edgecore.config.kubeedge.io/v1alpha2
kind: EdgeCore
database: {dataSource: %[1]s/edgecore.db}
modules:
  edged:
    enable: false
    hostnameOverride: %[2]s
    nodeIP: %[3]s
  edgeHub:
    enable: true
    heartbeat: 1
    messageQPS: 1000
    messageBurst: 1000
    httpServer: https://%[4]s:10002
    token: %[5]s
    tlsCaFile: %[1]s/ca.crt
    tlsCertFile: %[1]s/edge.crt
    tlsPrivateKeyFile: %[1]s/edge.key
    rotateCertificates: false
    quic: {enable: false}
    websocket: {enable: true, server: %[6]s}
  eventBus: {enable: true, %[7]s}
  metaManager: {enable: true, metaServer: {enable: false}}
  serviceBus: {enable: false}
  deviceTwin: {enable: true}
  edgeStream: {enable: false}
`, filepath.Join(e.stack.Folder, folder), node, e.address, e.cloudcore, token, e.Proxy.Address(), e.broker))
	return err
}

// Start starts the edgecore of the node (again).
func (e *Edge) Start() error { return e.start(e.Name) }

// StartAs starts an edgecore on this device that calls itself by another node's
// name. It has the token for edges, with which it asks for a certificate.
func (e *Edge) StartAs(node string) error {
	folder := e.Name + "-as-" + node
	if err := e.configure(folder, node); err != nil {
		return err
	}
	return e.start(folder)
}

// UseOwnCertificate gives the certificate of this device to its edgecore that calls
// itself by another node's name. It counts from its next session on.
func (e *Edge) UseOwnCertificate(node string) error {
	for _, name := range []string{"edge.crt", "edge.key"} {
		data, err := os.ReadFile(filepath.Join(e.stack.Folder, e.Name, name))
		if err != nil {
			return fmt.Errorf("reading the certificate of %s: %w", e.Name, err)
		}
		if _, err := e.stack.write(filepath.Join(e.Name+"-as-"+node, name), string(data)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Edge) start(folder string) error {
	process, err := e.stack.start(folder, e.Name, []string{"CHECK_EDGECORE_ENVIRONMENT=false"},
		"edgecore", "--config", filepath.Join(e.stack.Folder, folder, "edgecore.yaml"))
	if err != nil {
		return err
	}
	e.Process = process
	return ready(process, 30*time.Second, func() error {
		if e.Proxy.Connections() == 0 {
			return fmt.Errorf("%s has no session", e.Name)
		}
		// The broker is up once it takes a message, here an empty one that is
		// nobody's.
		_, err := e.stack.run(e.Name, "", "mosquitto_pub", "-h", "127.0.0.1", "-p", mqttPort, "-t", "ready", "-n")
		return err
	})
}

// StartReporter starts the reporter on the edge device: it sends what this machine
// really is.
func (e *Edge) StartReporter(interval time.Duration) error {
	_, err := e.stack.start(e.Name+"-reporter", e.Name, nil, "sysinfo-reporter",
		"--broker", "tcp://127.0.0.1:"+mqttPort, "--topic", Topic, "--interval", interval.String(), "--start-offset", "0s")
	return err
}

// CreateNode makes an edge Node object, as an edgecore with a container runtime
// would itself.
func (s *Stack) CreateNode(name string) error {
	return s.Apply(fmt.Sprintf(`apiVersion: v1
kind: Node
metadata:
  name: %s
  labels: {node-role.kubernetes.io/edge: "", node-role.kubernetes.io/agent: ""}
`, name))
}

// DeleteNode deletes a Node object.
func (s *Stack) DeleteNode(name string) error {
	_, err := s.Kubectl("", "delete", "node", name)
	return err
}
