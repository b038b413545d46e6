package main

import (
	"fmt"

	"k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// nodeWatcher follows the edge Nodes of the cluster. A Node that exists has its
// routes and is expected to report. A Node that is deleted, or is no edge node
// any more, has neither routes nor samples.
type nodeWatcher struct {
	routes *routes
	expect func(node string) error
	forget func(node string)
	listed func(func(node string) bool)
}

// lister is what the watcher needs of an informer.
type lister interface {
	HasSynced() bool
	GetStore() cache.Store
}

// list tells which Nodes there are, once that is known. One that was deleted while
// cloudcore was down is never announced as such.
func (w *nodeWatcher) list(nodes lister, stop <-chan struct{}) {
	if !cache.WaitForCacheSync(stop, nodes.HasSynced) {
		return // cloudcore stops
	}
	w.listed(func(node string) bool {
		_, exists, err := nodes.GetStore().GetByKey(node)
		return exists || err != nil
	})
}

// handler returns what an informer calls. It is made of functions because the
// interface itself has another OnAdd from client-go 0.27 on.
func (w *nodeWatcher) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{AddFunc: w.added, UpdateFunc: w.updated, DeleteFunc: w.deleted}
}

func (w *nodeWatcher) added(object interface{}) {
	node, ok := object.(*v1.Node)
	if !ok {
		return
	}
	w.appear(node.Name)
}

// updated is called with every heartbeat, and nothing that a heartbeat changes
// matters here. Only a Node that was deleted and made again while the watch was
// broken arrives as an update.
func (w *nodeWatcher) updated(before, after interface{}) {
	old, ok := before.(*v1.Node)
	if !ok {
		return
	}
	node, ok := after.(*v1.Node)
	if !ok || old.UID == node.UID {
		return
	}
	w.forget(old.Name)
	w.appear(node.Name)
}

func (w *nodeWatcher) appear(node string) {
	w.routes.add(node)
	if err := w.expect(node); err != nil {
		klog.ErrorS(err, "Edge node has no place on the page of node metrics", "node", node)
	} else {
		klog.V(2).InfoS("Edge node is expected to report", "node", node)
	}
}

func (w *nodeWatcher) deleted(object interface{}) {
	name, err := deletedNode(object)
	if err != nil {
		klog.ErrorS(err, "Unexpected object in the edge node informer")
		return
	}
	// Routes first, so that a report on its way does not bring the node back.
	w.routes.remove(name)
	w.forget(name)
	klog.V(2).InfoS("Edge node is gone", "node", name)
}

// deletedNode returns the name of a Node that was deleted, also when the watch
// missed the deletion itself.
func deletedNode(object interface{}) (string, error) {
	if missed, ok := object.(cache.DeletedFinalStateUnknown); ok {
		return missed.Key, nil
	}
	node, ok := object.(*v1.Node)
	if !ok {
		return "", fmt.Errorf("want a Node, got %T", object)
	}
	return node.Name, nil
}
