// Command cloudcore is KubeEdge's cloudcore with the exporter of edgegauge
// compiled in: every flag, default and module of KubeEdge, and besides them the
// module that modules.nodeMetrics in the same configuration file describes.
//
// It is the only code of edgegauge that imports KubeEdge, and a module of its own
// so that the versions KubeEdge pins bind nobody else.
package main

import (
	"fmt"
	"os"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core"
	"github.com/kubeedge/kubeedge/cloud/cmd/cloudcore/app"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/component-base/logs"
)

func main() {
	command := app.NewCloudCoreCommand()
	command.PreRunE = func(command *cobra.Command, _ []string) error {
		// A wrong configuration is no question of usage.
		command.SilenceUsage = true
		return register(command.Flag("config").Value.String())
	}
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := command.Execute(); err != nil {
		os.Exit(1)
	}
}

// register adds the exporter to beehive's modules, from where cloudcore starts
// it together with its own.
func register(file string) error {
	config, err := nodemetrics.LoadConfig(file)
	if err != nil {
		return fmt.Errorf("loading modules.nodeMetrics: %w", err)
	}
	if !config.Enable {
		return nil
	}
	if err := requireRouter(file); err != nil {
		return err
	}
	module, err := nodemetrics.Register(config)
	if err != nil {
		return fmt.Errorf("registering the nodemetrics module: %w", err)
	}

	routes := newRoutes(listener.MessageHandlerInstance, quiet(module.Handle), config.Topics)
	if err := prometheus.Register(routes.gauge()); err != nil {
		return fmt.Errorf("registering the gauge of routes: %w", err)
	}
	core.Register(&adapter{
		nodes:    &nodeWatcher{routes: routes, expect: module.Expect, forget: module.Forget},
		sessions: newSessions(module.Connected, module.Disconnected),
	})
	return nil
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
