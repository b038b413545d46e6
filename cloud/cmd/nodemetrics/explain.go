package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	mapping   string // a file; "" is sysInfo version 1
	nodeField string
}

func newExplain() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain MESSAGE",
		Short: "Say what a mapping makes of a message",
		Long: `explain says what a mapping makes of a message.

MESSAGE is a file with a report, or with a beehive message that has one; - is
standard input.`,
		Args: arguments(1, "MESSAGE"),
		RunE: func(cmd *cobra.Command, args []string) error { return explain(cmd.OutOrStdout(), o, args[0]) },
	}
	cmd.Flags().StringVar(&o.mapping, "mapping", "", "mapping `file`; sysInfo version 1 without one")
	cmd.Flags().StringVar(&o.nodeField, "node-name-field", "", "`path` of the node's name in the message")
	_ = cmd.MarkFlagFilename("mapping", "yaml", "yml")
	return cmd
}

// explain prints what a mapping makes of a message.
func explain(out io.Writer, o explainOptions, name string) error {
	spec := mapping.Version1()
	if o.mapping != "" {
		var err error
		if spec, err = nodemetrics.LoadMapping(o.mapping); err != nil {
			return err
		}
	}
	decoder, err := mapping.NewDecoder(spec, o.nodeField, mapping.Limits{})
	if err != nil {
		return err
	}
	content, resource, err := readReport(name)
	if err != nil {
		return err
	}
	e, err := decoder.Explain(content)
	if err != nil {
		var refused *mapping.Error
		if errors.As(err, &refused) {
			return fmt.Errorf("%s: rejected, reason %s: %w", name, refused.Reason, err)
		}
		return err
	}

	if resource != "" {
		fmt.Fprintf(out, "resource  %s\n", printable(resource))
	}
	if e.Report.Node != "" {
		fmt.Fprintf(out, "node      %s, by the message's own claim\n", printable(e.Report.Node))
	}
	if e.Report.Timestamp != 0 {
		fmt.Fprintf(out, "time      %s\n", mapping.TimeText(e.Report.Timestamp))
	}
	if e.Report.Interval != 0 {
		fmt.Fprintf(out, "interval  %vs\n", e.Report.Interval)
	}
	for _, doubt := range e.Doubts {
		fmt.Fprintf(out, "strange   %s\n", doubt)
	}
	fmt.Fprintf(out, "\n%d samples:\n", len(e.Samples))
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, s := range e.Samples {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", s.Path, printable(s.Series), s.Value)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(e.Dropped) > 0 {
		fmt.Fprintf(out, "\n%d samples dropped:\n", len(e.Dropped))
		for i := range e.Dropped {
			d := &e.Dropped[i]
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", d.Path, d.Family, d.Reason, d.Detail)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if len(e.Ignored) > 0 {
		fmt.Fprintf(out, "\n%d fields that no family maps:\n", len(e.Ignored))
		for _, path := range e.Ignored {
			fmt.Fprintf(out, "  %s\n", path)
		}
	}
	if len(e.Missing) > 0 {
		fmt.Fprintf(out, "\n%d families that got nothing:\n", len(e.Missing))
		for _, m := range e.Missing {
			hint := ""
			if m.Nearest != "" {
				hint = "the message has " + m.Nearest
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", m.Path, m.Family, hint)
		}
		return table.Flush()
	}
	return nil
}

// printable writes what a node sent so that a terminal shows it as it is, and
// takes none of it for a command or the end of a cell.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

// several reports whether a text has more than one object, as one a line.
func several(data []byte) bool {
	objects := json.NewDecoder(bytes.NewReader(data))
	for range 2 {
		var one map[string]json.RawMessage
		if objects.Decode(&one) != nil {
			return false
		}
	}
	return true
}

// readReport reads a report, bare or in a beehive message.
func readReport(name string) (content any, resource string, err error) {
	data, err := readText(name)
	if err != nil {
		return nil, "", err
	}
	if several(data) {
		return nil, "", fmt.Errorf("%s: has more than one message, and explain takes one; for the first: head -n 1 FILE | nodemetrics explain -", name)
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
