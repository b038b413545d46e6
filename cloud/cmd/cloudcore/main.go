// Command cloudcore is KubeEdge's cloudcore with the exporter of edgegauge
// compiled in: every flag, default and module of KubeEdge, and besides them the
// module that modules.nodeMetrics in the same configuration file describes.
//
// It is the only code of edgegauge that imports KubeEdge. Its sources compile
// with every KubeEdge from v1.13 to v1.23, as a Go module of its own with v1.13.0
// and laid over a tree with all others (hack/kubeedge/build.sh). So they say
// nothing that Go 1.17, the language of v1.13, does not know.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core"
	"github.com/kubeedge/kubeedge/cloud/cmd/cloudcore/app"
	"github.com/kubeedge/kubeedge/cloud/pkg/router/listener"
	"github.com/kubeedge/kubeedge/pkg/version"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/component-base/logs"
)

func main() {
	command := app.NewCloudCoreCommand()
	// cobra adds --version for it; KubeEdge's own help does not list it.
	command.Version = version.Get().String() + ", edgegauge " + nodemetrics.Version()
	command.SetVersionTemplate("KubeEdge {{.Version}}\n")
	command.PreRunE = func(command *cobra.Command, _ []string) error {
		// A wrong configuration is no question of usage.
		command.SilenceUsage = true
		if os.Getenv(printingPlain) == "1" {
			return nil // KubeEdge prints and ends
		}
		if err := printConfig(command); err != nil {
			return err
		}
		return register(command.Flag("config").Value.String(), prometheus.DefaultRegisterer)
	}
	logs.InitLogs()
	defer logs.FlushLogs()
	err := command.Execute()
	waitForExporter()
	if err != nil {
		os.Exit(1)
	}
}

// endTimeout is how long the exporter may take to its end.
const endTimeout = 10 * time.Second

// exporterModule is the module that register made, nil if none.
var exporterModule *nodemetrics.Module

// waitForExporter waits for the exporter's end, which writes the snapshot file: beehive
// ends its modules and waits for none. Kubernetes gives a container 30 s to stop.
func waitForExporter() {
	if exporterModule != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		exporterModule.Wait(ctx)
	}
}

// register adds the exporter to beehive's modules, from where cloudcore starts
// it together with its own, and the adapter's metrics to those of cloudcore.
func register(file string, metrics prometheus.Registerer) error {
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
	if config.Authorization == nodemetrics.AuthorizationKubernetes {
		config.Authorize = newDoor(cloudcoreClient).authorize
	}
	config.ChecksCertificates = seesCertificates
	module, err := nodemetrics.Register(config)
	if err != nil {
		return fmt.Errorf("registering the nodemetrics module: %w", err)
	}
	exporterModule = module
	certificates := newCertificates(config.Topics, config.RequireOwnCertificate)
	adapter := newAdapter(module, listener.MessageHandlerInstance, config.Topics, certificates)
	for _, metric := range append(certificates.metrics(), adapter.nodes.routes.gauge()) {
		if err := metrics.Register(metric); err != nil {
			return fmt.Errorf("registering the adapter's metrics: %w", err)
		}
	}
	core.Register(adapter)
	return nil
}
