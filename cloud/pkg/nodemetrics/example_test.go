package nodemetrics_test

import (
	"fmt"
	"os"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// listener has the shape of KubeEdge's package cloud/pkg/router/listener, which
// this Go module does not depend on.
var listener struct{ MessageHandlerInstance messageHandler }

type messageHandler struct{}

func (messageHandler) AddListener(key string, handle func(interface{}) (interface{}, error)) {}

// The lines that a cloudcore needs, before beehive starts its modules.
func Example() {
	config, err := nodemetrics.LoadConfig("/etc/kubeedge/config/cloudcore.yaml")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	module, err := nodemetrics.Register(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	listener.MessageHandlerInstance.AddListener("bus/node/monitor", module.Handle)
}
