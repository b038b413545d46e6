package stack

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// The addresses of the stack lie in the block reserved for benchmarks (RFC 2544),
// which is nobody's real network. The API refuses loopback addresses in
// Endpoints, so loopback alone would not do.
const (
	network = "198.18.77."
	// Gateway is the address of the stack's own side: apiserver, Prometheus and
	// the proxies in front of the cloudcores.
	Gateway = network + "1"
	// uplink is the stack's end of a line to the machine, if there is one.
	uplink = "uplink"
)

// setUpNetwork makes the bridge that everything is plugged into.
func (s *Stack) setUpNetwork() error {
	// The stack before in this process made it.
	if _, err := net.InterfaceByName("stack0"); err == nil {
		return nil
	}
	// The list of namespaces lives in a folder that other mount namespaces see
	// too: with a file system of our own there, ours stay ours.
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return fmt.Errorf("making /run/netns: %w", err)
	}
	for _, command := range []string{
		"mount -t tmpfs tmpfs /run/netns",
		"ip link set lo up",
		// With an address of its own: else the bridge takes that of one of its
		// ports, another one whenever a port is added, and what was sent to the
		// old address is lost until somebody asks again.
		"ip link add stack0 address 02:00:c6:12:4d:01 type bridge",
		"ip addr add " + Gateway + "/24 dev stack0",
		"ip link set stack0 up",
	} {
		if err := s.command(command); err != nil {
			return err
		}
	}
	// Where the machine has a line into this network, it is plugged in too.
	if _, err := net.InterfaceByName(uplink); err == nil {
		return s.command("ip link set " + uplink + " master stack0 up")
	}
	return nil
}

// addPod makes a network namespace with an address of its own, which is as much
// of a pod (or of an edge device) as the programs of the stack can tell.
func (s *Stack) addPod(name string, number int) (address string, err error) {
	address = fmt.Sprint(network, number)
	for _, command := range []string{
		"ip netns add " + name,
		fmt.Sprintf("ip link add pod%d type veth peer name eth0 netns %s", number, name),
		fmt.Sprintf("ip link set pod%d master stack0 up", number),
		"ip -n " + name + " addr add " + address + "/24 dev eth0",
		"ip -n " + name + " link set eth0 up",
		"ip -n " + name + " link set lo up",
		"ip -n " + name + " route add default via " + Gateway,
	} {
		if err := s.command(command); err != nil {
			return "", err
		}
	}
	return address, nil
}

func (s *Stack) command(line string) error {
	words := strings.Fields(line)
	_, err := s.run("", "", words[0], words[1:]...)
	return err
}
