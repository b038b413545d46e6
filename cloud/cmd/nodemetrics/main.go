// Command nodemetrics hosts the module nodemetrics under beehive without
// KubeEdge: to see it work, to try a mapping on captured messages, and to check
// a config before a cloudcore reads it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := execute(context.Background(), os.Stdout, os.Stderr, os.Args[1:]); err != nil {
		os.Exit(1)
	}
}

// execute runs the command with these arguments, and says what went wrong.
func execute(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	command := newCommand()
	command.SetArgs(args)
	out := &output{to: stdout}
	command.SetOut(out)
	command.SetErr(stderr)
	addCompletion(command)
	ran, err := command.ExecuteContextC(ctx)
	if err == nil && out.err != nil {
		err = fmt.Errorf("standard output: %w", out.err)
	}
	if err != nil {
		fmt.Fprintf(stderr, "nodemetrics: %v\n", err)
		if isUsage(err) {
			fmt.Fprintf(stderr, "Try %q.\n", ran.CommandPath()+" --help")
		}
	}
	return err
}
