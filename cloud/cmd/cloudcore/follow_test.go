package main

import (
	"testing"
	"time"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// oneNode lists the Node edge-1, and never tells of a change.
type oneNode struct{}

func (oneNode) List(metav1.ListOptions) (runtime.Object, error) {
	return &v1.NodeList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []v1.Node{*edgeNode("edge-1", "a")}}, nil
}

func (oneNode) Watch(metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil }

// IsWatchListSemanticsUnSupported has newer informers list.
func (oneNode) IsWatchListSemanticsUnSupported() bool { return true }

// heard is an exporter that passes on which nodes it is told of.
type heard struct {
	*calls
	expected chan string
	listed   chan bool
}

func (h heard) Expect(node string) error {
	h.expected <- node
	return nil
}

func (h heard) Listed(listed func(node string) bool) {
	h.listed <- listed("edge-1")
	h.listed <- listed("edge-2")
}

// TestStartFollowsNodes: the module hears of the Nodes that the informer finds once
// it runs, and of which there are. beehive starts a module again whose Start has
// returned: the informer is followed once.
func TestStartFollowsNodes(t *testing.T) {
	to := heard{&calls{}, make(chan string, 10), make(chan bool, 10)}
	a := newAdapter(to, newTable(), []string{"default/user/sysinfo"}, newCertificates(nil, false))
	asked := 0
	informer := cache.NewSharedIndexInformer(oneNode{}, &v1.Node{}, 0, cache.Indexers{})
	a.informer = func() cache.SharedIndexInformer {
		asked++
		return informer
	}
	a.Start() // returns, as there is no channel of that name
	a.Start()
	if asked != 1 {
		t.Errorf("the informer was asked for %d times, want once", asked)
	}
	stop := make(chan struct{})
	defer close(stop)
	go informer.Run(stop)
	late := time.After(patience)
	select {
	case node := <-to.expected:
		if node != "edge-1" {
			t.Errorf("the node %s is expected", node)
		}
	case <-late:
		t.Fatal("the exporter was not told to expect the node")
	}
	for _, want := range []bool{true, false} {
		select {
		case got := <-to.listed:
			if got != want {
				t.Errorf("a node is listed: %v, want %v", got, want)
			}
		case <-late:
			t.Fatal("the exporter was not told which Nodes there are")
		}
	}
}
