package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// explain prints what a mapping makes of a message.
func explain(out io.Writer, args []string) error {
	set := flag.NewFlagSet("nodemetrics explain", flag.ContinueOnError)
	mappingFile := set.String("mapping", "", "mapping `file`; sysInfo version 1 without one")
	nodeField := set.String("node-name-field", "", "`path` of the node's name in the message")
	set.Usage = func() {
		fmt.Fprintln(set.Output(), "Usage: nodemetrics explain [--mapping FILE] [--node-name-field PATH] MESSAGE.json\n\n"+
			"MESSAGE.json is a report, or a beehive message with one; - is standard input.")
		set.PrintDefaults()
	}
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() != 1 {
		set.Usage()
		return flag.ErrHelp
	}
	spec := mapping.Version1()
	if *mappingFile != "" {
		data, err := os.ReadFile(*mappingFile)
		if err != nil {
			return err
		}
		if spec, err = mapping.Parse(data); err != nil {
			return fmt.Errorf("%s: %w", *mappingFile, err)
		}
	}
	decoder, err := mapping.NewDecoder(spec, *nodeField, mapping.Limits{})
	if err != nil {
		return err
	}
	content, resource, err := readReport(set.Arg(0))
	if err != nil {
		return err
	}
	e, err := decoder.Explain(content)
	if err != nil {
		var refused *mapping.Error
		if errors.As(err, &refused) {
			return fmt.Errorf("%s: rejected, reason %s: %w", set.Arg(0), refused.Reason, err)
		}
		return err
	}

	if resource != "" {
		fmt.Fprintf(out, "resource  %s\n", resource)
	}
	if e.Report.Node != "" {
		fmt.Fprintf(out, "node      %s, by the message's own claim\n", e.Report.Node)
	}
	if e.Report.Timestamp != 0 {
		fmt.Fprintf(out, "time      %s\n", time.UnixMilli(int64(e.Report.Timestamp*1e3)).UTC().Format(time.RFC3339Nano))
	}
	if e.Report.Interval != 0 {
		fmt.Fprintf(out, "interval  %vs\n", e.Report.Interval)
	}
	fmt.Fprintf(out, "\n%d samples:\n", len(e.Samples))
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, s := range e.Samples {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", s.Path, s.Series, s.Value)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(e.Ignored) > 0 {
		fmt.Fprintf(out, "\n%d fields that no family maps:\n", len(e.Ignored))
		for _, path := range e.Ignored {
			fmt.Fprintf(out, "  %s\n", path)
		}
	}
	return nil
}

// readReport reads a report, bare or in a beehive message.
func readReport(name string) (content any, resource string, err error) {
	var data []byte
	if name == "-" {
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, "", err
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(data, &keys) == nil && keys["content"] != nil && keys["route"] != nil {
		msg, err := readMessage(data)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
		return msg.Content, msg.Router.Resource, nil
	}
	return data, "", nil
}
