package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// groups are the flags in the order of the help, by what one looks for.
var groups = []struct {
	title string
	flags string
}{
	{"Where to send", "broker topic client-id qos timeout backoff max-backoff"},
	{"Credentials and TLS", "username password-file tls-ca-file tls-cert-file tls-key-file tls-server-name tls-insecure-skip-verify"},
	{"When to report", "interval start-offset once output"},
	{"Which host", "host-root proc-path sys-path edgecore-path edgecore-version"},
	{"What to leave out", "mountpoints-exclude fs-types-exclude disks-exclude networks-exclude"},
	{"Values of your own", "custom-dir custom-max-age"},
	{"This program", "help version"},
}

const helpHead = `Reads this host and publishes sysInfo reports over MQTT.

  sysinfo-reporter [--flag=value …]
  sysinfo-reporter --once --output -      shows a report and sends nothing

Every flag can be set in the environment too: --client-id is ` + envPrefix + `CLIENT_ID.
A duration is a number with a unit: 500ms, 30s, 5m, 1h30m.
`

// writeHelp explains the flags.
func writeHelp(out io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(out, helpHead)
	for _, g := range groups {
		fmt.Fprintf(out, "\n%s:\n", g.title)
		for _, name := range strings.Fields(g.flags) {
			if name == "help" {
				fmt.Fprint(out, "  --help\n        print this and exit\n")
				continue
			}
			f := flags.Lookup(name)
			value, usage := flag.UnquoteUsage(f)
			fmt.Fprintf(out, "  --%s", name)
			if kind := kind(f); kind != "" {
				value = kind
			}
			if value != "" {
				fmt.Fprint(out, " ", value)
			}
			fmt.Fprint(out, "\n        ", usage)
			if d := defaultOf(f); d != "" {
				fmt.Fprintf(out, " (default %s)", d)
			}
			fmt.Fprintln(out)
		}
	}
}

// kind names a flag's value where its usage does not.
func kind(f *flag.Flag) string {
	switch f.Value.(type) {
	case *duration:
		return "duration"
	case *offset:
		return "duration|" + random
	}
	if f.Name == "qos" {
		return "0|1"
	}
	return ""
}

// defaultOf returns the default as people want to read it: patterns are long,
// and so go by their name.
func defaultOf(f *flag.Flag) string {
	if p, ok := f.Value.(*pattern); ok {
		return p.name
	}
	if f.DefValue == "false" {
		return ""
	}
	return f.DefValue
}
