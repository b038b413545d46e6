package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

func newCheckConfig() *cobra.Command {
	return &cobra.Command{
		Use:   "check-config FILE",
		Short: "Check modules.nodeMetrics of a cloudcore config file, and all that it names",
		Long: `check-config checks the section modules.nodeMetrics of a cloudcore config file, or
of the nodemetrics.yaml beside it, with all that a start would read. It prints the
section as it counts, defaults filled in.`,
		Args:              arguments(1, "FILE"),
		ValidArgsFunction: yamlFile,
		RunE:              func(cmd *cobra.Command, args []string) error { return checkConfig(cmd.OutOrStdout(), args[0]) },
	}
}

// another says what a file without the section is, where it is no cloudcore's.
func another(name string) error {
	if _, err := nodemetrics.LoadMapping(name); err == nil {
		return fmt.Errorf("%s: is a mapping, and no config; explain MESSAGE --mapping %s tries it", name, name)
	}
	var object struct{ Kind string }
	text, err := os.ReadFile(name)
	if err == nil && yaml.Unmarshal(text, &object) == nil && object.Kind == "ConfigMap" {
		return fmt.Errorf("%s: is a ConfigMap, whose keys are the files; write nodemetrics.yaml, or else cloudcore.yaml, to a file and check that", name)
	}
	return nil
}

// checkConfig checks the section of a cloudcore config file, and what it names,
// and prints the section as it counts, with all defaults.
func checkConfig(out io.Writer, name string) error {
	if _, err := os.Stat(name); err != nil {
		return err
	}
	c, err := nodemetrics.LoadConfig(name)
	if err != nil {
		return err
	}
	if c.From() == "" {
		if err := another(name); err != nil {
			return err
		}
	}
	if _, err = nodemetrics.New(c); err == nil {
		err = c.CheckFiles()
	}
	if err != nil {
		return fmt.Errorf("%s:\n%w", name, err)
	}
	text, err := yaml.Marshal(map[string]any{"modules": map[string]any{"nodeMetrics": c}})
	if err != nil {
		return err
	}
	if c.From() == "" {
		fmt.Fprintf(out, "%s\n# %s has no section modules.nodeMetrics: all is default.\n", text, name)
		return nil
	}
	fmt.Fprintf(out, "%s\n# %s is valid; this is what counts, defaults filled in.\n", text, c.From())
	if c.Shadowed() != "" {
		fmt.Fprintf(out, "# The section in %s counts for nothing beside it.\n", c.Shadowed())
	}
	worst := c.Worst()
	fmt.Fprintf(out, "# At worst its nodes bring %d series and %d MB onto the page, besides cloudcore's own metrics.\n"+
		"# Prometheus drops a whole scrape that is over one of its limits: see sample_limit and body_size_limit.\n",
		worst.Series, (worst.Bytes+1<<20-1)>>20)
	return nil
}
