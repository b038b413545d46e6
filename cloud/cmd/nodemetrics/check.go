package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// checkConfig checks the section of a cloudcore config file, and the mapping it
// names, and prints the section as it counts, with all defaults.
func checkConfig(out io.Writer, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: nodemetrics check-config FILE")
	}
	if _, err := os.Stat(args[0]); err != nil {
		return err
	}
	c, err := nodemetrics.LoadConfig(args[0])
	if err != nil {
		return err
	}
	if _, err := nodemetrics.New(c); err != nil {
		return fmt.Errorf("%s:\n%w", args[0], err)
	}
	text, err := yaml.Marshal(map[string]any{"modules": map[string]any{"nodeMetrics": c}})
	if err != nil {
		return err
	}
	if c.From() == "" {
		fmt.Fprintf(out, "%s\n# %s has no section modules.nodeMetrics: all is default.\n", text, args[0])
		return nil
	}
	fmt.Fprintf(out, "%s\n# %s is valid; this is what counts, defaults filled in.\n", text, c.From())
	return nil
}
