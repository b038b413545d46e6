package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExplain(t *testing.T) {
	mapping := file(t, "mapping.yaml", `
timestamp: {path: time, scale: 0.001}
families:
- {name: edge_node_fan_rpm, help: Speed of the fan., path: "fans[].rpm", labels: {fan: name}}
`)
	bare := file(t, "bare.json", `{"id":"edge-7","time":1732362000123,"fans":[{"name":"cpu","rpm":"900"},{"name":"case","rpm":700,"age":3}],"unknown":{"a":1}}`)
	enveloped := file(t, "message.json", `{"header":{},"route":{"resource":"node/edge-1/default/user/sysinfo"},"content":{"fans":[{"name":"cpu","rpm":1}]}}`)

	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"a bare report": {
			[]string{"--mapping", mapping, "--node-name-field", "id", bare},
			[]string{
				"node      edge-7, by the message's own claim",
				"time      2024-11-23T11:40:00.123Z",
				"2 samples:",
				`fans[0].rpm  edge_node_fan_rpm{fan="cpu"}   900`,
				`fans[1].rpm  edge_node_fan_rpm{fan="case"}  700`,
				"2 fields that no family maps:",
				"  fans[1].age\n",
				"  unknown\n",
			},
		},
		"a beehive message": {
			[]string{"--mapping", mapping, enveloped},
			[]string{"resource  node/edge-1/default/user/sysinfo", `edge_node_fan_rpm{fan="cpu"}  1`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := explain(&out, test.args); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q was not said, but:\n%s", want, &out)
				}
			}
		})
	}
}

func TestExplainErrors(t *testing.T) {
	wrong := file(t, "wrong.json", `{"cpu":{"load1":"x"}}`)
	mapping := file(t, "mapping.yaml", `families: []`)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a rejected report":   {[]string{wrong}, "rejected, reason wrong_type: cpu.load1: "},
		"a wrong mapping":     {[]string{"--mapping", mapping, wrong}, "mapping.yaml: mapping: families: none given"},
		"no such file":        {[]string{"none.json"}, "none.json"},
		"a wrong node field":  {[]string{"--node-name-field", "a[]", wrong}, "only keys can stand in it"},
		"no message to speak": {[]string{}, flag.ErrHelp.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := explain(&out, test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, %q is expected", err, test.want)
			}
		})
	}
}

func TestCheckConfig(t *testing.T) {
	good := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 10m}, cloudHub: {nodeLimit: 1000}}")
	none := file(t, "cloudcore.yaml", "modules: {cloudHub: {nodeLimit: 1000}}")
	bad := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 1ms, limits: {nodes: 0}}}")
	mapping := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {mappingFile: /nowhere/mapping.yaml}}")
	for name, test := range map[string]struct {
		args      []string
		out, fail string
	}{
		"good":         {args: []string{good}, out: "nodeTTL: 10m0s"},
		"no section":   {args: []string{none}, out: "has no section modules.nodeMetrics"},
		"out of range": {args: []string{bad}, fail: "modules.nodeMetrics.limits.nodes: 0, must be from 1"},
		"no mapping":   {args: []string{mapping}, fail: "/nowhere/mapping.yaml"},
		"no file":      {args: []string{"none.yaml"}, fail: "none.yaml"},
		"no argument":  {fail: "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := checkConfig(&out, test.args)
			if test.fail == "" && (err != nil || !strings.Contains(out.String(), test.out)) {
				t.Errorf("error %v; %q is expected in\n%s", err, test.out, &out)
			}
			if test.fail != "" && (err == nil || !strings.Contains(err.Error(), test.fail)) {
				t.Errorf("the error is %v, %q is expected", err, test.fail)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"too many nodes":     {[]string{"--simulate-nodes", "1000001"}, "--simulate-nodes: 1000001, must be from 0 to 1000000"},
		"negative nodes":     {[]string{"--simulate-nodes", "-1"}, "--simulate-nodes: -1"},
		"too short interval": {[]string{"--report-interval", "1ms"}, "--report-interval: 1ms, must be from 100ms"},
		"an argument":        {[]string{"serve"}, `unexpected argument "serve"`},
	} {
		if _, err := parse(test.args); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, %q is expected", name, err, test.want)
		}
	}
	if _, err := parse([]string{"--help"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: the error is %v", err)
	}
}
