// Command nodemetrics hosts the module nodemetrics under beehive without
// KubeEdge, to see it work, to try a mapping on captured messages, and to check
// a config before a cloudcore reads it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

const usage = `Usage:
  nodemetrics [flags]                                serve reports of this machine, of a simulated fleet, or replayed ones
  nodemetrics check-config FILE                      check modules.nodeMetrics of a cloudcore config file
  nodemetrics explain [--mapping FILE] MESSAGE.json  say what a mapping makes of a message

Flags:
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "nodemetrics:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "check-config":
			return checkConfig(os.Stdout, args[1:])
		case "explain":
			return explain(os.Stdout, args[1:])
		}
	}
	return serve(args)
}
