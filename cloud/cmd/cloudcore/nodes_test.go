package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

func edgeNode(name, uid string) *v1.Node {
	return &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid)}}
}

func TestNodeWatcher(t *testing.T) {
	tests := map[string]struct {
		events func(*nodeWatcher)
		calls  string
		routes int
	}{
		"a node appears": {
			events: func(w *nodeWatcher) { w.added(edgeNode("edge-1", "a")) },
			calls:  "expect edge-1",
			routes: 1,
		},
		"a heartbeat": {
			events: func(w *nodeWatcher) {
				w.added(edgeNode("edge-1", "a"))
				w.updated(edgeNode("edge-1", "a"), edgeNode("edge-1", "a"))
			},
			calls:  "expect edge-1",
			routes: 1,
		},
		"a node is deleted": {
			events: func(w *nodeWatcher) {
				w.added(edgeNode("edge-1", "a"))
				w.deleted(edgeNode("edge-1", "a"))
			},
			calls: "expect edge-1, forget edge-1",
		},
		"a deletion that the watch missed": {
			events: func(w *nodeWatcher) {
				w.added(edgeNode("edge-1", "a"))
				w.deleted(cache.DeletedFinalStateUnknown{Key: "edge-1"})
			},
			calls: "expect edge-1, forget edge-1",
		},
		"a node made anew while the watch was broken": {
			events: func(w *nodeWatcher) {
				w.added(edgeNode("edge-1", "a"))
				w.updated(edgeNode("edge-1", "a"), edgeNode("edge-1", "b"))
			},
			calls:  "expect edge-1, forget edge-1, expect edge-1",
			routes: 1,
		},
		"foreign objects": {
			events: func(w *nodeWatcher) {
				w.added("edge-1")
				w.updated(edgeNode("edge-1", "a"), nil)
				w.updated(nil, edgeNode("edge-1", "a"))
				w.deleted(nil)
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var calls []string
			call := func(what string) func(string) {
				return func(node string) { calls = append(calls, fmt.Sprintf("%s %s", what, node)) }
			}
			watcher := &nodeWatcher{
				routes: newRoutes(newTable(), accept, []string{"default/user/sysinfo"}),
				expect: func(node string) error {
					call("expect")(node)
					return nil
				},
				forget: call("forget"),
			}
			test.events(watcher)
			if got := strings.Join(calls, ", "); got != test.calls {
				t.Errorf("calls: got %q, want %q", got, test.calls)
			}
			if got := watcher.routes.count(); got != test.routes {
				t.Errorf("routes: got %d, want %d", got, test.routes)
			}
		})
	}
}

// TestNoPlace: a Node that the exporter has no place for has its routes, and a line in
// the log with its name and the reason.
func TestNoPlace(t *testing.T) {
	for _, reason := range []error{nil, errors.New("limits.nodes: 1")} {
		watcher := &nodeWatcher{
			routes: newRoutes(newTable(), accept, []string{"default/user/sysinfo"}),
			expect: func(string) error { return reason },
		}
		log := captured(t, func() { watcher.added(edgeNode("edge-1", "a")) })
		if got := strings.Contains(log, `no place on the page of node metrics" err="limits.nodes: 1" node="edge-1"`); got != (reason != nil) || strings.Contains(log, "no place") != got {
			t.Errorf("%v: the log is %q", reason, log)
		}
		if watcher.routes.count() != 1 {
			t.Errorf("%v: %d routes", reason, watcher.routes.count())
		}
	}
}

// broken is a store that cannot tell.
type broken struct{ cache.Store }

func (broken) GetByKey(string) (interface{}, bool, error) { return nil, false, errors.New("broken") }

// unsynced is an informer that has not listed anything yet.
type unsynced struct{ informer }

func (unsynced) HasSynced() bool { return false }

// TestList: no node is said to be gone before that is known.
func TestList(t *testing.T) {
	told := 0
	watcher := &nodeWatcher{listed: func(listed func(string) bool) {
		told++
		if !listed("edge-1") {
			t.Error("a node that nobody can tell of is said to be gone")
		}
	}}
	stop := make(chan struct{})
	close(stop)
	watcher.list(unsynced{informer{broken{}}}, stop)
	if told != 0 {
		t.Error("cloudcore stops before the Nodes are listed, and the exporter was told of them")
	}
	watcher.list(informer{broken{}}, nil)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// What is deleted and is no Node is named.
func TestDeletedNode(t *testing.T) {
	for object, want := range map[interface{}]string{5: "want a Node, got int", "edge-1": "want a Node, got string"} {
		if name, err := deletedNode(object); name != "" || err == nil || err.Error() != want {
			t.Errorf("%v: node %q, error %v; want %s", object, name, err, want)
		}
	}
}
