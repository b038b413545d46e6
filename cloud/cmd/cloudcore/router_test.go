package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRequireRouter(t *testing.T) {
	tests := map[string]struct {
		config string
		err    string
	}{
		"enabled":      {config: "modules: {router: {enable: true}}"},
		"disabled":     {config: "modules: {router: {enable: false}}", err: "modules.router.enable is false in "},
		"left to be":   {config: "modules: {nodeMetrics: {enable: true}}", err: "modules.router.enable is false in "},
		"not said":     {config: "kind: CloudCore", err: "modules.router.enable is false in "},
		"no word":      {config: "modules: {router: {enable: maybe}}", err: "reading cloudcore's configuration "},
		"not yaml":     {config: "modules: [", err: "reading cloudcore's configuration "},
		"our own keys": {config: "modules: {router: {enable: true}, nodeMetrics: {nodeTTL: 1m}}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "cloudcore.yaml")
			if err := os.WriteFile(file, []byte(test.config), 0o600); err != nil {
				t.Fatal(err)
			}
			err := requireRouter(file)
			switch {
			case test.err == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err+file+": ")):
				t.Errorf("got %v, want an error with %q", err, test.err)
			}
		})
	}
	folder := t.TempDir()
	if err := requireRouter(folder); err == nil || !strings.HasPrefix(err.Error(), "reading cloudcore's configuration: ") || !strings.Contains(err.Error(), folder) {
		t.Errorf("a folder: got %v", err)
	}
	if err := requireRouter(filepath.Join(t.TempDir(), "none.yaml")); err != nil {
		t.Errorf("a file that is not there: got %v, want no error", err)
	}
}
