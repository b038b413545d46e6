package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/yaml"
)

// requireRouter returns an error unless the cloudcore configuration in file
// enables the router. Without it cloudhub has nobody to give reports to and drops
// them one by one with a line in the log that names neither cause nor cure.
//
// The one switch is read by itself, because the types of KubeEdge's configuration
// live in another module from v1.19 on. As KubeEdge has it from v1.13 to v1.23, a
// router that the file does not mention is off.
//
// A file that does not exist is left for cloudcore itself to complain about.
func requireRouter(file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading cloudcore's configuration: %w", err)
	}
	var config struct {
		Modules struct {
			Router struct {
				Enable bool `json:"enable"`
			} `json:"router"`
		} `json:"modules"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("reading cloudcore's configuration %s: %w", file, err)
	}
	if !config.Modules.Router.Enable {
		return fmt.Errorf("modules.router.enable is false in %s: reports of edge nodes reach modules.nodeMetrics through the router, so enable the router or disable modules.nodeMetrics", file)
	}
	return nil
}
