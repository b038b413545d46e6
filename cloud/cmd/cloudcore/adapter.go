package main

import (
	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/informers"
	"github.com/kubeedge/kubeedge/cloud/pkg/common/modules"
	"k8s.io/klog/v2"
)

// adapterName is the name of the adapter among the beehive modules.
const adapterName = "nodemetrics-kubeedge"

// adapter is a beehive module beside the exporter's own. It stands in the group
// of the edge controller, the only place where cloudhub announces sessions, and
// it connects the exporter with KubeEdge's Node informer.
type adapter struct {
	nodes    *nodeWatcher
	sessions *sessions
}

var _ core.Module = (*adapter)(nil)

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
	informers.GetInformersManager().EdgeNode().AddEventHandler(a.nodes)

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
