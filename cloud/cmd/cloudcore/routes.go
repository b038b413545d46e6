package main

import (
	"sync"

	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"github.com/prometheus/client_golang/prometheus"
)

// routeSource is what edgecore writes as the source of every MQTT message that
// it forwards; the router's keys begin with it.
const routeSource = "bus"

// listeners is the part of KubeEdge's router that hands messages out.
type listeners interface {
	AddListener(key interface{}, handle listener.Handle)
	RemoveListener(key interface{})
}

// routes keeps one route per edge node and topic in KubeEdge's router. The
// router finds a handler by the exact key and knows no wildcard, so a node
// without routes has its reports dropped there.
type routes struct {
	listeners listeners
	handle    listener.Handle
	topics    []string

	mu    sync.Mutex
	nodes map[string]struct{}
}

func newRoutes(listeners listeners, handle listener.Handle, topics []string) *routes {
	return &routes{
		listeners: listeners,
		handle:    handle,
		topics:    topics,
		nodes:     make(map[string]struct{}),
	}
}

// add installs the routes of a node. Adding a node twice changes nothing.
func (r *routes) add(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.nodes[node]; ok {
		return
	}
	r.nodes[node] = struct{}{}
	for _, topic := range r.topics {
		r.listeners.AddListener(routeKey(node, topic), r.handle)
	}
}

// remove takes the routes of a node out again.
func (r *routes) remove(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.nodes[node]; !ok {
		return
	}
	delete(r.nodes, node)
	for _, topic := range r.topics {
		r.listeners.RemoveListener(routeKey(node, topic))
	}
}

// count returns how many routes are installed.
func (r *routes) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.nodes) * len(r.topics)
}

// gauge returns the number of installed routes as a metric of the exporter.
func (r *routes) gauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "nodemetrics_routes",
		Help: "Routes installed in KubeEdge's router, one per edge node and topic.",
	}, func() float64 { return float64(r.count()) })
}

// routeKey is the key under which the router looks a message of this node and
// topic up: the message's source and its resource as cloudhub completes it.
func routeKey(node, topic string) string {
	return routeSource + "/node/" + node + "/" + topic
}
