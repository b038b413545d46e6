package main

import (
	"sync"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/informers"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/modules"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"k8s.io/client-go/tools/cache"
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
	nodes        *nodeWatcher
	sessions     *sessions
	certificates *certificates
	standInFront func() // of cloudhub, where it looks at certificates
	stand        sync.Once
	informer     func() cache.SharedIndexInformer // of the edge Nodes
	follow       sync.Once                        // that informer
}

var _ core.Module = (*adapter)(nil)

// newAdapter returns the adapter that has a router's messages of these topics
// handled by the exporter, and looks at whose certificates they come by. It starts
// nothing.
func newAdapter(to exporter, router listeners, topics []string, certificates *certificates) *adapter {
	return &adapter{
		nodes: &nodeWatcher{
			routes: newRoutes(router, quiet(to.Handle), topics),
			expect: to.Expect,
			forget: to.Forget,
			listed: to.Listed,
		},
		sessions:     newSessions(to.Connected, to.Disconnected),
		certificates: certificates,
		standInFront: certificates.standInFront,
		informer:     func() cache.SharedIndexInformer { return informers.GetInformersManager().EdgeNode() },
	}
}

// Name implements core.Module.
func (a *adapter) Name() string { return adapterName }

// Group implements core.Module.
//
// It is also where the adapter takes its place in front of cloudhub, for of all that
// is called of a module this alone comes at the right time in every KubeEdge from
// v1.13 to v1.23: core.StartModules asks for it in cloudcore's own goroutine, when all
// modules are registered, and before the informers start. cloudhub waits for these
// before it listens, so what is written here is seen by every connection.
func (a *adapter) Group() string {
	a.stand.Do(a.standInFront)
	return modules.EdgeControllerGroupName
}

// Enable implements core.Module.
func (a *adapter) Enable() bool { return true }

// Start implements core.Module: it returns when beehive's context is done.
func (a *adapter) Start() {
	// The edge controller has asked for the same informer when it was
	// registered, so it is there, and cloudcore starts it after the modules.
	a.follow.Do(func() {
		nodes := a.informer()
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
