package main

import (
	"fmt"
	"sort"
	"sync"
	"testing"

	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
)

// table is a router's table of handlers that a test can look into.
type table struct {
	mu   sync.Mutex
	keys map[string]listener.Handle
}

func newTable() *table { return &table{keys: make(map[string]listener.Handle)} }

func (t *table) AddListener(key interface{}, handle listener.Handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[key.(string)] = handle
}

func (t *table) RemoveListener(key interface{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.keys, key.(string))
}

func (t *table) sorted() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := make([]string, 0, len(t.keys))
	for key := range t.keys {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func accept(interface{}) (interface{}, error) { return nil, nil }

func TestRoutesFollowNodes(t *testing.T) {
	router := newTable()
	routes := newRoutes(router, accept, []string{"default/user/sysinfo", "SYS/dis/upload_records"})

	routes.add("edge-1")
	routes.add("edge-1")
	want := []string{
		"bus/node/edge-1/SYS/dis/upload_records",
		"bus/node/edge-1/default/user/sysinfo",
	}
	if got := router.sorted(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("routes of edge-1: got %v, want %v", got, want)
	}
	if got := routes.count(); got != 2 {
		t.Errorf("count: got %d, want 2", got)
	}

	routes.remove("edge-2")
	routes.remove("edge-1")
	if got := router.sorted(); len(got) != 0 {
		t.Errorf("routes left after the node: %v", got)
	}
	if got := routes.count(); got != 0 {
		t.Errorf("count after the node: got %d, want 0", got)
	}
}

// TestRoutesLeaveOthersAlone: a rule of KubeEdge's own router may stand where a route
// of a node would. What others have put there stays.
func TestRoutesLeaveOthersAlone(t *testing.T) {
	router := newTable()
	routes := newRoutes(router, accept, []string{"default/user/sysinfo"})
	const key = "bus/node/edge-1/default/user/sysinfo"
	theirs := func(interface{}) (interface{}, error) { return "theirs", nil }

	router.AddListener(key, theirs)
	routes.remove("edge-1")
	if router.keys[key] == nil {
		t.Fatal("a node without routes was removed, and another's listener with it")
	}
	routes.add("edge-1")
	if answer, _ := router.keys[key](nil); answer != nil {
		t.Error("the node's route was not installed")
	}
	router.AddListener(key, theirs)
	routes.add("edge-1")
	if answer, _ := router.keys[key](nil); answer != "theirs" {
		t.Error("a node that has its routes was added again, and another's listener was replaced")
	}
}

func TestRoutesKeepNothingOverChurn(t *testing.T) {
	router := newTable()
	routes := newRoutes(router, accept, []string{"default/user/sysinfo"})
	var group sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for turn := 0; turn < 2500; turn++ {
				node := fmt.Sprintf("edge-%d-%d", worker, turn)
				routes.add(node)
				routes.remove(node)
			}
		}(worker)
	}
	group.Wait()
	if len(router.keys) != 0 || len(routes.nodes) != 0 {
		t.Errorf("after 10,000 nodes came and went: %d keys, %d nodes are left", len(router.keys), len(routes.nodes))
	}
}

// TestRoutesReachTheRealRouter holds the keys to what KubeEdge's router looks up.
func TestRoutesReachTheRealRouter(t *testing.T) {
	handled := make(chan string, 1)
	handle := func(argument interface{}) (interface{}, error) {
		handled <- fmt.Sprintf("%T", argument)
		return nil, nil
	}
	router := &listener.MessageHandler{}
	routes := newRoutes(router, handle, []string{"default/user/sysinfo"})
	report := upload("edge-1", "default/user/sysinfo")

	if err := router.HandleMessage(report); err == nil {
		t.Error("the router took a report of a node that has no route")
	}
	routes.add("edge-1")
	if err := router.HandleMessage(report); err != nil {
		t.Fatalf("the router refused a report of a node with a route: %v", err)
	}
	if got := <-handled; got != "*model.Message" {
		t.Errorf("the handler got a %s, want *model.Message", got)
	}
	routes.remove("edge-1")
	if err := router.HandleMessage(report); err == nil {
		t.Error("the router took a report after the routes were removed")
	}
}
