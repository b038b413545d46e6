package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/kubeedge/kubeedge/pkg/apis/componentconfig/cloudcore/v1alpha1"
)

// requireRouter returns an error unless the cloudcore configuration in file
// enables the router. Without it cloudhub has nobody to give reports to and drops
// them one by one with a line in the log that names neither cause nor cure.
//
// A file that does not exist is left for cloudcore itself to complain about.
func requireRouter(file string) error {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	config := v1alpha1.NewDefaultCloudCoreConfig()
	if err := config.Parse(file); err != nil {
		return fmt.Errorf("reading cloudcore's configuration %s: %w", file, err)
	}
	if config.Modules == nil || config.Modules.Router == nil || !config.Modules.Router.Enable {
		return fmt.Errorf("modules.router.enable is false in %s: reports of edge nodes reach modules.nodeMetrics through the router, so enable the router or disable modules.nodeMetrics", file)
	}
	return nil
}
