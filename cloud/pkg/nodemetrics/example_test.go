package nodemetrics_test

import (
	"fmt"
	"os"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// In a cloudcore's main or registerModules, before beehive starts its modules.
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
	// Hand it the messages. This is the type of KubeEdge's router listener:
	//   listener.MessageHandlerInstance.AddListener("bus/node/monitor", module.Handle)
	var handle func(interface{}) (interface{}, error) = module.Handle
	_ = handle
}
