package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/common"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// TestUnderBeehive: what cloudhub says to the group of the edge controller reaches the
// exporter, and when beehive ends, so does the adapter, without a complaint.
func TestUnderBeehive(t *testing.T) {
	got := run(t, "beehive")
	if want := "connected edge-1\ndisconnected edge-1\nended\n"; got.code != 0 || got.output != want {
		t.Errorf("%+v, want %q", got, want)
	}
	if strings.Contains(got.said, "No beehive channel") {
		t.Errorf("at the end the log has\n%s", got.said)
	}
}

// telling is an exporter that prints which sessions it is told of.
type telling struct {
	*calls
	told chan struct{}
}

func (e telling) Connected(node string) {
	fmt.Println("connected", node)
	e.told <- struct{}{}
}

func (e telling) Disconnected(node string) {
	fmt.Println("disconnected", node)
	e.told <- struct{}{}
}

// underBeehive has beehive run the adapter to its end. beehive's context can be ended
// once in a process, so this has one of its own.
func underBeehive() {
	to := telling{&calls{}, make(chan struct{})}
	a := newAdapter(to, newTable(), nil, newCertificates(nil, false))
	a.informer = func() cache.SharedIndexInformer {
		return cache.NewSharedIndexInformer(oneNode{}, &v1.Node{}, 0, cache.Indexers{})
	}
	beehiveContext.InitContext([]string{common.MsgCtxTypeChannel})
	beehiveContext.AddModule(&common.ModuleInfo{ModuleName: a.Name(), ModuleType: common.MsgCtxTypeChannel})
	beehiveContext.AddModuleGroup(a.Name(), a.Group())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Start()
	}()
	late := time.AfterFunc(patience, func() {
		fmt.Println("nothing happens")
		os.Exit(1)
	})
	defer late.Stop()
	for _, connected := range []bool{true, false} {
		beehiveContext.SendToGroup("edgecontroller", *session("edge-1", connected))
		<-to.told
	}
	beehiveContext.Cancel()
	beehiveContext.Cleanup(a.Name())
	<-ended
	fmt.Println("ended")
}
