package nodemetrics

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestLoadConfigDefaults(t *testing.T) {
	empty := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "")
	without := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "modules: {cloudHub: {nodeLimit: 1000}}")
	nothing := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "modules: {nodeMetrics: }")
	for name, path := range map[string]string{
		"no path":       "",
		"no file":       filepath.Join(t.TempDir(), "cloudcore.yaml"),
		"no directory":  filepath.Join(t.TempDir(), "none", "cloudcore.yaml"),
		"empty file":    empty,
		"no section":    without,
		"empty section": nothing,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := LoadConfig(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := settings(t, c), settings(t, DefaultConfig()); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%v\nwant\n%v", got, want)
			}
		})
	}
}

// A file as cloudcore --defaultconfig writes it, with the section in it.
func TestLoadConfigCloudcore(t *testing.T) {
	c, err := LoadConfig("testdata/cloudcore.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.BindAddress = "127.0.0.1:10005"
	want.NodeTTL.Duration = 5 * time.Minute
	want.NodeTTLOverrides = []TTLOverride{{"factory-*", Duration{10 * time.Minute}}}
	want.Limits.Nodes = 1000
	if got, want := settings(t, c), settings(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestLoadConfigOwnFile(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "cloudcore.yaml"), inSection("nodeTTL: 5m\nmissedReports: 7"))
	own := filepath.Join(dir, "nodemetrics.yaml")

	write(t, own, inSection("nodeTTL: 6m"))
	c, err := LoadConfig(path)
	if err != nil || c.NodeTTL.Duration != 6*time.Minute || c.MissedReports != 3 {
		t.Errorf("TTL %v, missed reports %d, error %v; want the own file's alone, 6m and 3", c.NodeTTL, c.MissedReports, err)
	}
	write(t, own, "modules: {}")
	if c, err = LoadConfig(path); err != nil || c.NodeTTL.Duration != 5*time.Minute {
		t.Errorf("TTL %v, error %v; want 5m, since the own file has no section", c.NodeTTL, err)
	}
	write(t, own, "modules: [")
	if _, err = LoadConfig(path); err == nil || !strings.Contains(err.Error(), own) {
		t.Errorf("error %v, want one that names %s", err, own)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, own, inSection("nodeTTL: 6m"))
	if c, err = LoadConfig(path); err != nil || c.NodeTTL.Duration != 6*time.Minute {
		t.Errorf("TTL %v, error %v; want 6m without cloudcore's file", c.NodeTTL, err)
	}
}

func TestLoadConfigValues(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection(`
enable: false
identity: payload
nodeNameField: meta.node
topics: [one/user/two]
limits: {nodes: 10000000, reportBytes: 16777216, reportsPerSecond: 0.5}`))
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Enable, want.Identity, want.NodeNameField, want.Topics = false, "payload", "meta.node", []string{"one/user/two"}
	want.Limits.Nodes, want.Limits.ReportBytes, want.Limits.ReportsPerSecond = 10_000_000, 16<<20, 0.5
	if got, want := settings(t, c), settings(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestLoadConfigErrors(t *testing.T) {
	for text, says := range map[string][]string{
		"nodeTTl2: 5m":                           {"nodeTTl2"},
		"limits: {node: 5}":                      {"node"},
		"nodeTTL: 180":                           {"nodeTTL", "180", "3m"},
		"nodeTTL: 3":                             {"nodeTTL", "3", "3m"},
		"retention: 1d":                          {"retention", "1d", "3m"},
		"nodeTTL:":                               {"nodeTTL", "3m"},
		"nodeTTL: [3m]":                          {"nodeTTL", "3m"},
		"nodeTTLOverrides: [{nodes: a, ttl: 5}]": {"nodeTTLOverrides.ttl", "5", "3m"},
		"nodeTTLOverrides: {nodes: a}":           {"nodeTTLOverrides", "object"},
		"missedReports: three":                   {"missedReports", "string", "int"},
		"missedReports: 1.5":                     {"missedReports", "1.5", "int"},
		"enable: 1":                              {"enable", "number", "bool"},
		"topics: default/user/sysinfo":           {"topics", "string"},
		"limits: 5":                              {"limits", "number"},
		"limits: {nodes: many}":                  {"limits.nodes", "string", "int"},
		"bindAddress: 10005":                     {"bindAddress", "number", "string"},
	} {
		t.Run(text, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection(text))
			_, err := LoadConfig(path)
			if err == nil {
				t.Fatal("no error")
			}
			text, ok := strings.CutPrefix(err.Error(), path+": modules.nodeMetrics")
			if !ok {
				t.Errorf("%q does not begin with file and section", err)
			}
			for _, s := range says {
				if !strings.Contains(text, s) {
					t.Errorf("%q does not say %q", text, s)
				}
			}
		})
	}
	for name, text := range map[string]string{
		"not YAML":              "modules: [",
		"section is a number":   "modules: {nodeMetrics: 5}",
		"section is a list":     "modules: {nodeMetrics: [5]}",
		"modules are no object": "modules: [nodeMetrics]",
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), text)
			if _, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names the file", err)
			}
		})
	}
	if _, err := LoadConfig(t.TempDir()); err == nil {
		t.Error("a directory is taken for a file")
	}
}

// What else stands in cloudcore's file is not looked at.
func TestLoadConfigLeavesOthersAlone(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"),
		"surprise: [1, {a: b}]\nmodules: {surprise: {nodeTTL: 5}, nodeMetrics: {nodeTTL: 5m}, other: 3}\n")
	if c, err := LoadConfig(path); err != nil || c.NodeTTL.Duration != 5*time.Minute {
		t.Errorf("TTL %v, error %v; want 5m", c.NodeTTL, err)
	}
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// inSection is a config file with these lines in modules.nodeMetrics.
func inSection(lines string) string {
	return "modules:\n  nodeMetrics:\n    " + strings.ReplaceAll(lines, "\n", "\n    ") + "\n"
}
