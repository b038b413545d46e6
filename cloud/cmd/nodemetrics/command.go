package main

import (
	"errors"
	"flag"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/spelling"
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
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRun("run", &flags{}), newCheckConfig(), newExplain(), newReplay(), newVersion())
	root.SetHelpCommand(newHelp())

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

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// flagError is what is wrong with a flag, and which one may be meant.
func flagError(cmd *cobra.Command, err error) error {
	if m := unknownFlag.FindStringSubmatch(err.Error()); m != nil {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		err = meant(err, "--", m[1], names)
	}
	return usageError{err}
}

// meant adds to an error the name that is nearest to what was typed.
func meant(err error, before, typed string, names []string) error {
	if near := spelling.Nearest(typed, names); near != "" {
		return fmt.Errorf("%w; did you mean %s%s?", err, before, near)
	}
	return err
}

// unknownCommand is the error for a word that is no command.
func unknownCommand(root *cobra.Command, word string) error {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usageError{meant(fmt.Errorf("unknown command %q", word), "", word, names)}
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
				return unknownCommand(cmd, args[0])
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
