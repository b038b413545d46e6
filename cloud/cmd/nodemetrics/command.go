package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// newCommand returns the command with all that stand below it.
func newCommand() *cobra.Command {
	root := newRun("nodemetrics", &flags{})
	root.Long = `nodemetrics hosts the module nodemetrics, which gives cloudcore the gauges of its
edge nodes, without KubeEdge. Without a command it does what "run" does.`
	root.Example = `  nodemetrics --simulate-nodes 600
  nodemetrics check-config cloudcore.yaml
  nodemetrics explain message.json --mapping mapping.yaml
  nodemetrics replay messages.jsonl --config cloudcore.yaml`
	root.Version = version()
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SilenceErrors = true // execute says them
	root.SilenceUsage = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newRun("run", &flags{}), newCheckConfig(), newExplain(), newReplay(), newVersion())

	logs := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(logs)
	verbosity := logs.Lookup("v")
	verbosity.Usage = "verbosity of the log: 2 tells of every node that comes or goes, 4 of every rejected report"
	root.PersistentFlags().AddGoFlag(verbosity)
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(cmd.OutOrStdout(), "nodemetrics %s\n", version())
			return nil
		},
	}
}

// usageError is an error of how the command was called.
type usageError struct{ error }

func isUsage(err error) bool {
	var usage usageError
	return errors.As(err, &usage)
}

// arguments wants n arguments, and says what they are.
func arguments(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > n:
			if n == 0 && !cmd.HasParent() {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return usageError{fmt.Errorf("%s: unexpected argument %q", cmd.Name(), args[n])}
		case len(args) < n:
			return usageError{fmt.Errorf("%s: %s is missing", cmd.Name(), what)}
		}
		return nil
	}
}

// yamlFile completes the argument with YAML files.
func yamlFile(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
