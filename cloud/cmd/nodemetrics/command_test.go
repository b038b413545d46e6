package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

// called runs the command and returns what it wrote.
func called(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = execute(context.Background(), &out, &errs, args)
	return out.String(), errs.String(), err
}

// TestHelp wants help where it is asked for: on standard output, and no error.
func TestHelp(t *testing.T) {
	for _, x := range []struct {
		args []string
		says []string
	}{
		{[]string{"--help"}, []string{"run ", "check-config ", "explain ", "replay ", "version ", "completion ", "--simulate-nodes int", "--config file"}},
		{[]string{"-h"}, []string{"check-config "}},
		{[]string{"help"}, []string{"check-config "}},
		{[]string{"help", "help"}, []string{"nodemetrics help [COMMAND]"}},
		{[]string{"help", "completion", "bash"}, []string{"bash-completion"}},
		{[]string{"completion"}, []string{"powershell"}},
		{[]string{"help", "explain"}, []string{"nodemetrics explain MESSAGE [flags]", "--mapping file", "--node-name-field path"}},
		{[]string{"run", "--help"}, []string{"--replay file", "--bind-address host:port", "--report-interval duration"}},
		{[]string{"replay", "--help"}, []string{"nodemetrics replay MESSAGES [flags]", "--config file"}},
		{[]string{"check-config", "--help"}, []string{"nodemetrics check-config FILE"}},
	} {
		out, errs, err := called(x.args...)
		if err != nil || errs != "" {
			t.Errorf("%q: error %v, on standard error: %s", x.args, err, errs)
		}
		for _, want := range x.says {
			if !strings.Contains(out, want) {
				t.Errorf("%q does not say %q, but:\n%s", x.args, want, out)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		out, errs, err := called(args...)
		if want := "nodemetrics " + nodemetrics.Version() + " (go"; err != nil || errs != "" || !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: error %v, %q on standard error, %q on standard output, want one line that begins with %q", args, err, errs, out, want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for shell, says := range map[string]string{"bash": "__start_nodemetrics", "zsh": "#compdef nodemetrics", "fish": "complete -c nodemetrics"} {
		if out, errs, err := called("completion", shell); err != nil || errs != "" || !strings.Contains(out, says) {
			t.Errorf("%s: error %v, %q on standard error, %d bytes without %q", shell, err, errs, len(out), says)
		}
	}
	for typed, want := range map[string]string{
		"help ex":             "explain",
		"help completion z":   "zsh",
		"completion f":        "fish",
		"ch":                  "check-config",
		"re":                  "replay",
		"explain --ma":        "--mapping",
		"run --si":            "--simulate-nodes",
		"check-config ":       "yaml",
		"explain --mapping ":  "yaml",
		"replay m --config ":  "yaml",
		"run --config c --re": "--replay",
	} {
		args := append([]string{"__complete"}, strings.Split(typed, " ")...)
		if out, _, err := called(args...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%q is completed to %q, error %v; want %q", typed, out, err, want)
		}
	}
}

// TestWrongUse wants an error on standard error that says what is wrong and where
// to read on, and nothing on standard output.
func TestWrongUse(t *testing.T) {
	bad := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 1ms}}")
	for _, x := range []struct {
		args []string
		says string
		hint string // the command whose help is named; "" for what is no question of use
	}{
		{[]string{"serve"}, `unknown command "serve"`, "nodemetrics"},
		{[]string{"chek-config", bad}, `unknown command "chek-config"; did you mean check-config?`, "nodemetrics"},
		{[]string{"help", "explian"}, `unknown command "explian"; did you mean explain?`, "nodemetrics help"},
		{[]string{"completion", "tcsh"}, `completion: there is none for "tcsh", but for bash, fish, powershell, zsh`, "nodemetrics completion"},
		{[]string{"--simulate-node", "5"}, "unknown flag: --simulate-node; did you mean --simulate-nodes?", "nodemetrics"},
		{[]string{"replay", "x", "--confg", "y"}, "unknown flag: --confg; did you mean --config?", "nodemetrics replay"},
		{[]string{"help", "run", "now"}, `help: run has no command "now"`, "nodemetrics help"},
		{[]string{"completion", "bash", "now"}, `bash: unexpected argument "now"`, "nodemetrics completion bash"},
		{[]string{"run", "now"}, `run: unexpected argument "now"`, "nodemetrics run"},
		{[]string{"version", "now"}, `version: unexpected argument "now"`, "nodemetrics version"},
		{[]string{"check-config"}, "check-config: FILE is missing", "nodemetrics check-config"},
		{[]string{"check-config", bad, bad}, "check-config: unexpected argument", "nodemetrics check-config"},
		{[]string{"explain"}, "explain: MESSAGE is missing", "nodemetrics explain"},
		{[]string{"replay"}, "replay: MESSAGES is missing", "nodemetrics replay"},
		{[]string{"--nodes", "5"}, "unknown flag: --nodes", "nodemetrics"},
		{[]string{"explain", "x", "--map", "y"}, "unknown flag: --map", "nodemetrics explain"},
		{[]string{"--simulate-nodes", "many"}, `invalid argument "many"`, "nodemetrics"},
		{[]string{"--simulate-nodes", "1000001"}, "--simulate-nodes: 1000001, must be from 0 to 1000000", "nodemetrics"},
		{[]string{"run", "--simulate-nodes", "-1"}, "--simulate-nodes: -1, must be from 0", "nodemetrics run"},
		{[]string{"--bind-address", "nonsense"}, `--bind-address: "nonsense", must be host:port`, "nodemetrics"},
		{[]string{"replay", "x", "--bind-address", "a:65536"}, `--bind-address: "a:65536", must be host:port`, "nodemetrics replay"},
		{[]string{"--report-interval", "1ms"}, "--report-interval: 1ms, must be from 100ms", "nodemetrics"},
		{[]string{"--report-interval", "61m"}, "--report-interval: 1h1m0s, must be from 100ms to 1h", "nodemetrics"},
		{[]string{"--config", "none.yaml"}, "--config: stat none.yaml: no such file", ""},
		{[]string{"run", "--config", "none.yaml"}, "--config: stat none.yaml: no such file", ""},
		{[]string{"replay", "x", "--config", "none.yaml"}, "--config: stat none.yaml: no such file", ""},
		{[]string{"replay", "none.jsonl"}, "none.jsonl: no such file", ""},
		{[]string{"--config", bad}, "modules.nodeMetrics.nodeTTL: 1ms, must be from 1s", ""},
		{[]string{"check-config", bad}, "modules.nodeMetrics.nodeTTL: 1ms, must be from 1s", ""},
	} {
		out, errs, err := called(x.args...)
		if err == nil || out != "" || !strings.HasPrefix(errs, "nodemetrics: ") || !strings.Contains(errs, x.says) {
			t.Errorf("%q: error %v, %q on standard output, and on standard error, where %q is expected:\n%s", x.args, err, out, x.says, errs)
		}
		hint := ""
		if x.hint != "" {
			hint = "Try \"" + x.hint + " --help\".\n"
		}
		if strings.Contains(errs, "Try ") != (hint != "") || !strings.HasSuffix(errs, hint) {
			t.Errorf("%q: %q does not end with %q", x.args, errs, hint)
		}
	}
}

// TestAddressInUse wants what helps to be said.
func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out, errs, err := called("--bind-address", l.Addr().String())
	if err == nil || out != "" || !strings.Contains(errs, "address already in use; give --bind-address another port") {
		t.Errorf("error %v, on standard output %q, on standard error %q", err, out, errs)
	}
}

// TestModuleConfig looks at what counts for the module, by the flags.
func TestModuleConfig(t *testing.T) {
	config := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 7m, bindAddress: \"127.0.0.1:1\", limits: {nodes: 5}}}")
	for _, x := range []struct {
		args    []string
		address string
		ttl     string
		nodes   int
		rate    float64
	}{
		{nil, "127.0.0.1:10005", "30s", 20000, 5},
		{[]string{"--report-interval", "20s"}, "127.0.0.1:10005", "1m0s", 20000, 5},
		{[]string{"--simulate-nodes", "30000"}, "127.0.0.1:10005", "30s", 30001, 5},
		{[]string{"--bind-address", "127.0.0.1:2"}, "127.0.0.1:2", "30s", 20000, 5},
		{[]string{"--replay", "-"}, "127.0.0.1:10005", "24h0m0s", 20000, 100_000},
		{[]string{"--replay", "-", "--simulate-nodes", "9"}, "127.0.0.1:10005", "30s", 20000, 100_000},
		{[]string{"--config", config}, "127.0.0.1:1", "7m0s", 5, 5},
		{[]string{"--config", config, "--simulate-nodes", "9"}, "127.0.0.1:1", "7m0s", 5, 5},
		{[]string{"--config", config, "--bind-address", "127.0.0.1:2"}, "127.0.0.1:2", "7m0s", 5, 5},
		{[]string{"--config", config, "--replay", "-"}, "127.0.0.1:1", "7m0s", 5, 100_000},
	} {
		f := &flags{}
		cmd := newRun("run", f)
		if err := cmd.ParseFlags(x.args); err != nil {
			t.Fatal(err)
		}
		c, err := f.moduleConfig()
		if err != nil {
			t.Fatal(err)
		}
		if c.BindAddress != x.address || c.NodeTTL.String() != x.ttl || c.Limits.Nodes != x.nodes || c.Limits.ReportsPerSecond != x.rate {
			t.Errorf("%q: address %s, TTL %s, %d nodes, %v reports per second; want %v", x.args,
				c.BindAddress, c.NodeTTL, c.Limits.Nodes, c.Limits.ReportsPerSecond, x)
		}
		if families, err := c.Host.Gather(); err != nil || len(families) < 10 {
			t.Errorf("%q: the process's own metrics are %d families, error %v", x.args, len(families), err)
		}
	}
}

// TestRefusesToServe is about configs that are valid, with which there is nothing
// to serve here.
func TestRefusesToServe(t *testing.T) {
	for text, says := range map[string]string{
		"modules: {nodeMetrics: {enable: false}}":                                              "modules.nodeMetrics.enable is false",
		`modules: {nodeMetrics: {bindAddress: ""}}`:                                            "modules.nodeMetrics.bindAddress is empty",
		"modules: {nodeMetrics: {bindAddress: \"127.0.0.1:0\", webConfigFile: /nowhere.yaml}}": "/nowhere.yaml",
	} {
		var errs bytes.Buffer
		err := execute(context.Background(), io.Discard, &errs, []string{"--config", file(t, "cloudcore.yaml", text)})
		if err == nil || !strings.Contains(errs.String(), says) {
			t.Errorf("%s: error %v, want one that says %q", text, err, says)
		}
	}
}
