package stack

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// Proxy stands between an edgecore and the cloudcores: it decides which of them
// the edge reaches and can break the line, which an edge's network does too.
// Its methods may be called from any goroutine.
type Proxy struct {
	listener net.Listener

	mu          sync.Mutex
	target      string
	connections map[net.Conn]struct{}
}

// newProxy starts to listen on a port of the stack's own address.
func (s *Stack) newProxy(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", Gateway+":0")
	if err != nil {
		return nil, fmt.Errorf("listening for an edge: %w", err)
	}
	p := &Proxy{listener: listener, target: target, connections: make(map[net.Conn]struct{})}
	go p.serve()
	s.mu.Lock()
	s.closers = append(s.closers, func() {
		_ = listener.Close()
		p.Break()
	})
	s.mu.Unlock()
	return p, nil
}

// Address is what the edge connects to.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Target sends the connections from now on elsewhere; "" refuses them.
func (p *Proxy) Target(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = address
}

// Break ends the connections that are open and returns how many there were.
func (p *Proxy) Break() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.connections)
	for connection := range p.connections {
		_ = connection.Close()
	}
	return n / 2
}

// Connections returns how many connections are open.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections) / 2
}

func (p *Proxy) serve() {
	for {
		edge, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.join(edge)
	}
}

func (p *Proxy) join(edge net.Conn) {
	defer edge.Close()
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	if target == "" {
		return
	}
	cloud, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer cloud.Close()
	p.mu.Lock()
	p.connections[edge], p.connections[cloud] = struct{}{}, struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.connections, edge)
		delete(p.connections, cloud)
		p.mu.Unlock()
	}()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{edge, cloud}, {cloud, edge}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}
