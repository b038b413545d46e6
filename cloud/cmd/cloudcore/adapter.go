package main

import (
	"sync"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/informers"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/modules"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"k8s.io/klog/v2"
)

// adapterName is the name of the adapter among the beehive modules.
const adapterName = "nodemetrics-kubeedge"

// exporter is what the adapter tells what it hears of KubeEdge.
type exporter interface {
	Handle(message interface{}) (interface{}, error)
	Expect(node string) error
	Forget(node string)
	Listed(listed func(node string) bool)
	Connected(node string)
	Disconnected(node string)
}

// adapter is a beehive module beside the exporter's own. It stands in the group
// of the edge controller, the only place where cloudhub announces sessions, and
// it connects the exporter with KubeEdge's Node informer.
type adapter struct {
	nodes     *nodeWatcher
	sessions  *sessions
	strangers *strangers
	follow    sync.Once // the Node informer
}

var _ core.Module = (*adapter)(nil)

// newAdapter returns the adapter that has a router's messages of these topics
// handled by the exporter. It starts nothing.
func newAdapter(to exporter, router listeners, topics []string) *adapter {
	strangers := newStrangers()
	both := func(first, second func(string)) func(string) {
		return func(node string) {
			first(node)
			second(node)
		}
	}
	return &adapter{
		nodes: &nodeWatcher{
			routes: newRoutes(router, strangers.watch(quiet(to.Handle)), topics),
			expect: to.Expect,
			forget: both(strangers.forget, to.Forget),
			listed: to.Listed,
		},
		sessions:  newSessions(both(strangers.began, to.Connected), both(strangers.ended, to.Disconnected)),
		strangers: strangers,
	}
}

// Name implements core.Module.
func (a *adapter) Name() string { return adapterName }

// Group implements core.Module.
func (a *adapter) Group() string { return modules.EdgeControllerGroupName }

// Enable implements core.Module.
func (a *adapter) Enable() bool { return true }

// Start implements core.Module: it returns when beehive's context is done.
func (a *adapter) Start() {
	// The edge controller has asked for the same informer when it was
	// registered, so it is there, and cloudcore starts it after the modules.
	a.follow.Do(func() {
		nodes := informers.GetInformersManager().EdgeNode()
		nodes.AddEventHandler(a.nodes.handler())
		go a.nodes.list(nodes, beehiveContext.Done())
	})

	// Whatever every edge node tells the edge controller comes by here too, and
	// beehive parks a goroutine per message once a channel is full: the loop
	// must stay as cheap as it is.
	for {
		message, err := beehiveContext.Receive(adapterName)
		select {
		case <-beehiveContext.Done():
			return
		default:
		}
		if err != nil {
			klog.ErrorS(err, "No beehive channel to hear of sessions; a node that disconnects expires by its TTL alone")
			return
		}
		a.sessions.observe(&message)
	}
}

// quiet keeps the reasons for refused reports from the router, which would log
// each of them: the module counts them, and one edge that sends rubbish must not
// fill cloudcore's log.
func quiet(handle listener.Handle) listener.Handle {
	return func(message interface{}) (interface{}, error) {
		_, _ = handle(message)
		return nil, nil
	}
}
