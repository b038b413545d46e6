package main

import (
	"bytes"
	"context"
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

	other := file(t, "other.json", `{"id":"edge\u001b[31m","time":1732362000123456789,"fan":[{"rpm":1}]}`)
	dropped := file(t, "dropped.json", `{"cpu":{"load1":"N/A","load5":1},"memory":5,"networks":[{"device":{},"up":true}]}`)

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
		"a beehive message, and flags behind it": {
			[]string{enveloped, "--mapping", mapping},
			[]string{"resource  node/edge-1/default/user/sysinfo", `edge_node_fan_rpm{fan="cpu"}  1`},
		},
		"families that got nothing, and a strange time": {
			[]string{"--mapping", mapping, "--node-name-field", "id", other},
			[]string{
				"strange   timestamp: 1.7323620001234568e+15 seconds since 1970 is after the year 2100; as nanoseconds it would be 2024-11-23T11:40:00.123457Z: give the mapping's timestamp the scale 0.000000001",
				"0 samples:\n",
				"1 families that got nothing:\n  fans[].rpm  edge_node_fan_rpm  the message has fan[].rpm\n",
				"node      edge\uFFFD[31m, by",
			},
		},
		"flags behind the message": {
			[]string{bare, "--mapping", mapping},
			[]string{"2 samples:"},
		},
		"dropped samples": {
			[]string{dropped},
			[]string{
				"1 samples:\n  cpu.load5  edge_node_load5  1\n",
				"3 samples dropped:\n",
				`  cpu.load1           edge_node_load1       wrong_type  the string "N/A" where a number is expected`,
				`  memory                                    wrong_type  the number "5" where the mapping has an object`,
				`  networks[0].device  edge_node_network_up  wrong_type  an object where the mapping has a value`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := execute(context.Background(), &out, &out, append([]string{"explain"}, test.args...)); err != nil {
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
	wrong := file(t, "wrong.json", `{"cpu":{"load1":"x"}`)
	mapping := file(t, "mapping.yaml", `families: []`)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a rejected report":          {[]string{wrong}, "rejected, reason truncated: "},
		"a wrong mapping":            {[]string{"--mapping", mapping, wrong}, "mapping.yaml: mapping: families: none given"},
		"a mapping that is a folder": {[]string{"--mapping", filepath.Dir(mapping), wrong}, "must be a regular file, and is a directory"},
		"no such mapping":            {[]string{"--mapping", "none.yaml", wrong}, "none.yaml"},
		"no such file":               {[]string{"none.json"}, "none.json"},
		"a wrong node field":         {[]string{"--node-name-field", "a[]", wrong}, "only keys can stand in it"},
		"no message to speak":        {[]string{}, "explain: MESSAGE is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := execute(context.Background(), &out, &out, append([]string{"explain"}, test.args...))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, %q is expected", err, test.want)
			}
		})
	}
}
