package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckConfig(t *testing.T) {
	good := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 10m}, cloudHub: {nodeLimit: 1000}}")
	few := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {limits: {nodes: 40, samplesPerNode: 10, bytes: 1000000}}}")
	none := file(t, "cloudcore.yaml", "modules: {cloudHub: {nodeLimit: 1000}}")
	bad := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 1ms, limits: {nodes: 0}}}")
	mapping := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {mappingFile: /nowhere/mapping.yaml}}")
	both := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {nodeTTL: 10m}}")
	if err := os.WriteFile(filepath.Join(filepath.Dir(both), "nodemetrics.yaml"), []byte("modules: {nodeMetrics: {nodeTTL: 20m}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	web := file(t, "cloudcore.yaml", "modules: {nodeMetrics: {webConfigFile: /nowhere/web.yaml}}")
	misspelled := file(t, "cloudcore.yaml", "modules: {nodeMetric: {nodeTTL: 10m}}")
	unwrapped := file(t, "nodemetrics.yaml", "nodeTTL: 10m")
	for name, test := range map[string]struct {
		args      []string
		out, fail string
	}{
		"good":         {args: []string{good}, out: "nodeTTL: 10m0s"},
		"the worst":    {args: []string{few}, out: "# At worst its nodes bring 640 series and 6 MB onto the page"},
		"no section":   {args: []string{none}, out: "has no section modules.nodeMetrics"},
		"out of range": {args: []string{bad}, fail: "modules.nodeMetrics.limits.nodes: 0, must be from 1"},
		"no mapping":   {args: []string{mapping}, fail: "/nowhere/mapping.yaml"},
		"two files":    {args: []string{both}, out: "nodeTTL: 20m0s"},
		"the other":    {args: []string{both}, out: "# The section in " + both + " counts for nothing beside it."},
		"no web file":  {args: []string{web}, fail: web + ":\nmodules.nodeMetrics.webConfigFile: open /nowhere/web.yaml"},
		"misspelled":   {args: []string{misspelled}, fail: misspelled + ": modules.nodeMetric (line 1): "},
		"unwrapped":    {args: []string{unwrapped}, fail: unwrapped + ": nodeTTL (line 1): must stand in modules.nodeMetrics"},
		"a mapping":    {args: []string{file(t, "mapping.yaml", "families: [{name: a, help: A., path: a}]")}, fail: "mapping.yaml: is a mapping, and no config; explain MESSAGE --mapping "},
		"a ConfigMap":  {args: []string{"../../../manifests/cloudcore/configmap.yaml"}, fail: "configmap.yaml: is a ConfigMap, whose keys are the files; write nodemetrics.yaml"},
		"a folder":     {args: []string{filepath.Dir(both)}, fail: "must be a regular file, and is a directory"},
		"no file":      {args: []string{"none.yaml"}, fail: "none.yaml"},
		"no argument":  {fail: "check-config: FILE is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := execute(context.Background(), &out, io.Discard, append([]string{"check-config"}, test.args...))
			if test.fail == "" && (err != nil || !strings.Contains(out.String(), test.out)) {
				t.Errorf("error %v; %q is expected in\n%s", err, test.out, &out)
			}
			if test.fail != "" && (err == nil || !strings.Contains(err.Error(), test.fail)) {
				t.Errorf("the error is %v, %q is expected", err, test.fail)
			}
		})
	}
}
