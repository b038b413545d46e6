package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newHelp returns the command that prints the help of another. Cobra's own prints
// the help of the root for a word that is no command, and calls that a success.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, word := range args {
				below := find(about, word)
				if below == nil && about == cmd.Root() {
					return unknownCommand(about, word)
				}
				if below == nil {
					return usageError{fmt.Errorf("help: %s has no command %q", about.Name(), word)}
				}
				about = below
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) (names []string, _ cobra.ShellCompDirective) {
			about := cmd.Root()
			for _, word := range args {
				if about = find(about, word); about == nil {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
			}
			for _, c := range about.Commands() {
				if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// find returns the command of this name right below another, nil for none.
func find(above *cobra.Command, name string) *cobra.Command {
	for _, c := range above.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// addCompletion adds cobra's command for completion, for which a word that is no
// shell is an error. It writes to where the root writes when this is called.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd := find(root, "completion")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		var shells []string
		for _, c := range cmd.Commands() {
			shells = append(shells, c.Name())
		}
		return usageError{fmt.Errorf("completion: there is none for %q, but for %s", args[0], strings.Join(shells, ", "))}
	}
	cmd.Args = cobra.ArbitraryArgs
	for _, shell := range cmd.Commands() {
		shell.Args = arguments(0, "")
	}
}
