package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// printingPlain is set for the cloudcore that printConfig starts.
const printingPlain = "NODEMETRICS_PRINTING_PLAIN_CONFIG"

// printConfig prints what --defaultconfig and --minconfig ask for, with the
// section modules.nodeMetrics in it, and ends the process. Without these flags it
// returns.
//
// KubeEdge marshals a struct that has no room for a foreign section, prints it and
// ends the process, so it is asked in a process of its own.
func printConfig(command *cobra.Command) error {
	var section string
	switch {
	case asked(command, "defaultconfig"):
		section = defaultSection()
	case asked(command, "minconfig"):
		section = minSection
	default:
		return nil
	}
	plain, err := plainConfig()
	if err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	if err := insertSection(os.Stdout, plain, section); err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// plainConfig returns what KubeEdge itself prints.
func plainConfig() ([]byte, error) {
	itself, unknown := os.Executable()
	if unknown != nil {
		return nil, unknown
	}
	kubeedge := exec.Command(itself, os.Args[1:]...)
	kubeedge.Env = append(os.Environ(), printingPlain+"=1")
	kubeedge.Stderr = os.Stderr
	return kubeedge.Output()
}

func asked(command *cobra.Command, flag string) bool {
	f := command.Flag(flag)
	return f != nil && f.Value.String() == "true"
}

// insertSection writes a cloudcore configuration with the section in it.
func insertSection(to io.Writer, config []byte, section string) error {
	const modules = "\nmodules:\n"
	at := bytes.Index(config, []byte(modules))
	if at < 0 {
		return fmt.Errorf("cloudcore's configuration has no modules, where modules.nodeMetrics belongs")
	}
	at += len(modules)
	_, err := fmt.Fprintf(to, "%s%s%s", config[:at], section, config[at:])
	return err
}

// head is what both forms of the section begin with.
const head = `  # The exporter of edgegauge. It needs modules.router.enable: true. Instead of
  # here the section may stand in nodemetrics.yaml beside this file, which outlives
  # that cloudcore writes its ConfigMap anew.
  nodeMetrics:
`

const minSection = head + "    enable: true\n"

// defaultSection returns the section with every key and its default.
func defaultSection() string {
	text, _ := yaml.Marshal(nodemetrics.DefaultConfig()) // it marshals, or TestPrintedConfig fails
	return head + "    " + strings.TrimRight(strings.ReplaceAll(string(text), "\n", "\n    "), " ")
}
