package nodemetrics

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLoadConfigDefaults(t *testing.T) {
	empty := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "")
	without := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "modules: {cloudHub: {nodeLimit: 1000}}")
	nothing := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "modules: {nodeMetrics: {}}")
	comments := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "# nothing yet\n---\n")
	for name, path := range map[string]string{
		"no path":       "",
		"no file":       filepath.Join(t.TempDir(), "cloudcore.yaml"),
		"no directory":  filepath.Join(t.TempDir(), "none", "cloudcore.yaml"),
		"empty file":    empty,
		"no section":    without,
		"empty section": nothing,
		"comments":      comments,
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
	if c.From() != own || c.Shadowed() != path {
		t.Errorf("the section is from %s, and in %s too; want %s and %s", c.From(), c.Shadowed(), own, path)
	}
	if c, err = LoadConfig(own); err != nil || c.From() != own || c.Shadowed() != "" {
		t.Errorf("named itself, the section is from %s, and in %q too; error %v", c.From(), c.Shadowed(), err)
	}
	write(t, path, "modules: {cloudHub: {}}")
	if c, err = LoadConfig(path); err != nil || c.Shadowed() != "" {
		t.Errorf("error %v, section also in %q, which has none", err, c.Shadowed())
	}
	write(t, path, "modules: {nodeMetrics: [}")
	if c, err = LoadConfig(path); err != nil || c.Shadowed() != "" {
		t.Errorf("error %v, section also in %q; want cloudcore's file to be left alone", err, c.Shadowed())
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
		"nodeTTl2: 5m":                            {".nodeTTl2: there is no such key; is nodeTTL meant? (line 3)"},
		"NodeTTL: 5m":                             {".NodeTTL: there is no such key; is nodeTTL meant? (line 3)"},
		"ENABLE: false":                           {".ENABLE: there is no such key; is enable meant?"},
		"colour: red":                             {".colour: there is no such key; there are enable, bindAddress, ", "limits (line 3)"},
		"limits: {node: 5}":                       {".limits.node: there is no such key; is nodes meant?"},
		"limits: {Nodes: 5}":                      {".limits.Nodes: there is no such key; is nodes meant?"},
		"limits:\n  nodes: 5\n  octets: 5":        {".limits.octets: there is no such key; there are nodes, samplesPerNode, ", "(line 5)"},
		"nodeTTLOverrides: [{node: a, ttl: 5s}]":  {".nodeTTLOverrides[0].node: there is no such key; is nodes meant?"},
		"nodeTTL: 5m\nretention: 1h\nnodeTTL: 6m": {".nodeTTL: stands there twice (lines 3 and 5)"},
		"limits: {nodes: 5, nodes: 6}":            {".limits.nodes: stands there twice"},
		"nodeTTLOverrides: [{nodes: a, ttl: 5s}, {nodes: b, ttl: 5s, ttl: 6s}]": {".nodeTTLOverrides[1].ttl: stands there twice"},
		"nodeTTL: 180":                                 {".nodeTTL: the number 180, must be a duration such as 90s, 3m or 24h (line 3)"},
		"nodeTTL: 3:00":                                {".nodeTTL: ", "3m"},
		"retention: 1d":                                {`.retention: the string "1d", must be a duration`},
		"nodeTTL:":                                     {".nodeTTL: no value; leave the key out"},
		"nodeTTL: ~":                                   {".nodeTTL: no value"},
		"bindAddress:":                                 {".bindAddress: no value"},
		"topics:":                                      {".topics: no value"},
		"topics: [a/user/b, ]\nlimits:":                {".limits: no value"},
		"topics: [a/user/b, null]":                     {".topics[1]: no value"},
		"nodeTTL: [3m]":                                {".nodeTTL: a list, must be a duration"},
		"nodeTTL: {3m: 3m}":                            {".nodeTTL: an object, must be a duration"},
		"nodeTTLOverrides: [{nodes: a, ttl: 5}]":       {".nodeTTLOverrides[0].ttl: the number 5, must be a duration"},
		"nodeTTLOverrides: {nodes: a}":                 {".nodeTTLOverrides: an object, must be a list"},
		"nodeTTLOverrides: [5]":                        {".nodeTTLOverrides[0]: the number 5, must be an object"},
		"nodeTTLOverrides: [{nodes: 7, ttl: 5s}]":      {".nodeTTLOverrides[0].nodes: the number 7, must be a string"},
		"missedReports: three":                         {`.missedReports: the string "three", must be a whole number`},
		`missedReports: "3"`:                           {`.missedReports: the string "3", must be a whole number`},
		"missedReports: 1.5":                           {".missedReports: the number 1.5, must be a whole number"},
		"missedReports: 010":                           {".missedReports: the number 010, must be a whole number"},
		"missedReports: 0x10":                          {".missedReports: the number 0x10, must be a whole number"},
		"missedReports: 1_0":                           {".missedReports: the number 1_0, must be a whole number"},
		"missedReports: 1e300":                         {".missedReports: the number 1e300, must be a whole number"},
		"missedReports: .nan":                          {".missedReports: the number .nan, must be a whole number"},
		"limits: {reportsPerSecond: 0x5}":              {".limits.reportsPerSecond: the number 0x5, must be a number"},
		"limits: {reportsPerSecond: fast}":             {`.limits.reportsPerSecond: the string "fast", must be a number`},
		"enable: 1":                                    {".enable: the number 1, must be true or false"},
		`enable: "true"`:                               {`.enable: the string "true", must be true or false`},
		"enable: maybe":                                {`.enable: the string "maybe", must be true or false`},
		"topics: default/user/sysinfo":                 {`.topics: the string "default/user/sysinfo", must be a list`},
		"topics: [a/user/b, 5]":                        {".topics[1]: the number 5, must be a string; put it in quotes if it is one"},
		"limits: 5":                                    {".limits: the number 5, must be an object"},
		"limits: [5]":                                  {".limits: a list, must be an object"},
		"bindAddress: 10005":                           {".bindAddress: the number 10005, must be a string"},
		"bindAddress: 2024-01-01":                      {".bindAddress: 2024-01-01 of the type !!timestamp, must be a string"},
		"bindAddress: !secret abc":                     {".bindAddress: abc of the type !secret, must be a string"},
		"webConfigFile: true":                          {".webConfigFile: the bool true, must be a string"},
		"identity: " + strings.Repeat("x", 80) + ": 5": {"yaml"},
		"<<: {nodeTTL: 5m}":                            {".<<: keys are not merged here, write them out"},
		strings.Repeat("k", 100) + ": 5":               {"." + strings.Repeat("k", 60) + "…: there is no such key"},
	} {
		t.Run(text, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection(text))
			_, err := LoadConfig(path)
			if err == nil {
				t.Fatal("no error")
			}
			rest, ok := strings.CutPrefix(err.Error(), path+": ")
			if !ok || says[0] != "yaml" && !strings.HasPrefix(rest, "modules.nodeMetrics.") {
				t.Errorf("%q does not begin with file and section", err)
			}
			for _, s := range says {
				if !strings.Contains(rest, s) {
					t.Errorf("%q does not say %q", rest, s)
				}
			}
		})
	}
	if _, err := LoadConfig(t.TempDir()); err == nil {
		t.Error("a directory is taken for a file")
	}
	for name, says := range unreadable(t) {
		if filepath.Base(name) == "nothing" {
			continue // is no error
		}
		if _, err := LoadConfig(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, says)
		}
	}
}

// TestLoadConfigJoinsErrors wants all that is wrong at once, each with its file.
func TestLoadConfigJoinsErrors(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection("enable: 5\ncolour: red\nlimits: {nodes: many}"))
	_, err := LoadConfig(path)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3:\n%v", len(lines), err)
	}
	for i, want := range []string{"enable", "colour", "limits.nodes"} {
		if !strings.HasPrefix(lines[i], path+": modules.nodeMetrics."+want+": ") {
			t.Errorf("line %d is %q, want one about %s", i, lines[i], want)
		}
	}
}

// TestMisplaced tries files whose section would count for nothing.
func TestMisplaced(t *testing.T) {
	const moved = "must stand in modules.nodeMetrics"
	const named = "the section must be named modules.nodeMetrics and stand there"
	for text, says := range map[string]string{
		"modules: [":                                   "yaml",
		"modules: {nodeMetrics: 5}":                    "modules.nodeMetrics: the number 5, must be an object (line 1)",
		"modules: {nodeMetrics: [5]}":                  "modules.nodeMetrics: a list, must be an object",
		"modules: {nodeMetrics: }":                     "modules.nodeMetrics: no value",
		"modules: {nodeMetrics: null}":                 "modules.nodeMetrics: no value",
		"modules: [nodeMetrics]":                       "modules: must be an object, and is a list",
		"modules: nodeMetrics":                         `modules: must be an object, and is the string "nodeMetrics"`,
		"[modules]":                                    "must be an object, and is a list (line 1)",
		"modules: {nodeMetric: {nodeTTL: 5m}}":         "modules.nodeMetric (line 1): " + named,
		"modules: {nodemetrics: {}}":                   "modules.nodemetrics (line 1): " + named,
		"modules: {NodeMetrics: {}}":                   "modules.NodeMetrics (line 1): " + named,
		"modules: {node_metrics: {}}":                  "modules.node_metrics (line 1): " + named,
		"modules: {node-metrics: {}}":                  "modules.node-metrics (line 1): " + named,
		"modules: {nodesMetric: {}}":                   "modules.nodesMetric (line 1): " + named,
		"modules: {nodeMetrics: {}, nodeMetric: {}}":   "modules.nodeMetric (line 1): " + named,
		"nodeMetrics: {nodeTTL: 5m}":                   "nodeMetrics (line 1): " + named,
		"modules:\nnodeMetrics:\n  nodeTTL: 5m":        "nodeMetrics (line 2): " + named,
		"module: {nodeMetrics: {nodeTTL: 5m}}":         "module.nodeMetrics (line 1): " + named,
		"modules: {cloudHub: {nodeMetrics: {}}}":       "modules.cloudHub.nodeMetrics (line 1): " + named,
		"Modules: {nodeMetrics: {}}":                   "Modules.nodeMetrics (line 1): " + named,
		"nodeTTL: 5m":                                  "nodeTTL (line 1): " + moved,
		"a: 1\nnodettl: 5m":                            "nodettl (line 2): " + moved,
		"modules: {mappingFile: /a}":                   "modules.mappingFile (line 1): " + moved,
		"modules:\n  nodeMetrics:\n  missedReports: 5": "modules.missedReports (line 3): " + moved,
		"modules: {nodeMetrics: {}, nodeMetrics: {}}":  "modules.nodeMetrics: stands there twice (lines 1 and 1)",
		"modules: {nodeMetrics: {}}\nmodules: {}":      "modules: stands there twice (lines 1 and 2)",
		"modules: {}\nmodules: {nodeMetrics: {}}":      "modules: stands there twice (lines 1 and 2)",
		"modules: {}\n---\nmodules: {nodeMetrics: {}}": "a second YAML document begins before line 2, of which nothing would count",
		"modules: {nodeMetrics: {}}\n---\na: [":        "yaml",
	} {
		for _, file := range []string{"cloudcore.yaml", "nodemetrics.yaml"} {
			path := write(t, filepath.Join(t.TempDir(), file), text)
			_, err := LoadConfig(filepath.Join(filepath.Dir(path), "cloudcore.yaml"))
			if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), says) {
				t.Errorf("%q in %s: error %v, want one that says %q", text, file, err, says)
			}
		}
	}
	// Keys that others may have too are ours where there are no modules.
	for _, key := range []string{"limits", "bindAddress", "enable", "topics", "retention", "snapshotFile", "Limits"} {
		path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), "kind: CloudCore\n"+key+": 1\n")
		if _, err := LoadConfig(path); err == nil || err.Error() != path+": "+key+" (line 2): "+moved {
			t.Errorf("%s at the top: error %v", key, err)
		}
	}
	// In a file of its own, the section must be.
	for text, says := range map[string]string{
		"":                                     "there is no section modules.nodeMetrics, but nothing; the file must have the section, or not be there",
		"# later\n":                            "but nothing;",
		"modules: {}":                          "but modules;",
		"modules:":                             "but modules;",
		"{enable: true, topics: [a/user/b]}":   "but enable, topics;",
		"{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}": "but a, b, c, d, e, …;",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "cloudcore.yaml"), inSection("nodeTTL: 5m"))
		own := write(t, filepath.Join(dir, "nodemetrics.yaml"), text)
		for _, path := range []string{filepath.Join(dir, "cloudcore.yaml"), own} {
			if _, err := LoadConfig(path); err == nil || !strings.HasPrefix(err.Error(), own+": ") || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: error %v, want one that says %q", text, err, says)
			}
		}
	}
	// Aliases of aliases, nine at a time: a walk through all of them would not end.
	bomb := "a: &a {x: 1}\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c {", c, c)
		for i := range 9 {
			bomb += fmt.Sprintf("k%d: *%c, ", i, c-1)
		}
		bomb += "}\n"
	}
	// None of this is ours.
	for _, text := range []string{
		"modules: {edgeMetrics: {}, metrics: {}, nodes: {}}",
		"modules: {cloudHub: {enable: true, limits: {nodes: 5}, retention: 5, bindAddress: a}}",
		"commonConfig: {monitorServer: {bindAddress: 127.0.0.1:9091}}",
		"a: 1\na: 2",
		"modules: {}\nlimits: {nodes: 5}\nbindAddress: a",
		"modules: {router: {a: 1, a: 2}}",
		bomb,
	} {
		path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), text)
		if c, err := LoadConfig(path); err != nil || c.From() != "" {
			t.Errorf("%q: error %v, section in %q", text, err, c.From())
		}
	}
}

// Forms of YAML that mean what they seem to.
func TestLoadConfigForms(t *testing.T) {
	for text, is := range map[string]func(Config) bool{
		"enable: no":                      func(c Config) bool { return !c.Enable },
		"enable: False":                   func(c Config) bool { return !c.Enable },
		"missedReports: +5":               func(c Config) bool { return c.MissedReports == 5 },
		"limits: {nodes: 2e4}":            func(c Config) bool { return c.Limits.Nodes == 20000 },
		"limits: {nodes: 0}":              func(c Config) bool { return c.Limits.Nodes == 0 },
		"limits: {reportsPerSecond: 0.5}": func(c Config) bool { return c.Limits.ReportsPerSecond == 0.5 },
		"limits: {reportsPerSecond: 2}":   func(c Config) bool { return c.Limits.ReportsPerSecond == 2 },
		"limits: {nodes: -5}":             func(c Config) bool { return c.Limits.Nodes == -5 },
		`bindAddress: "10005"`:            func(c Config) bool { return c.BindAddress == "10005" },
		"nodeTTL: &t 7m\nretention: *t":   func(c Config) bool { return c.Retention.Duration == 7*time.Minute },
		`{"nodeTTL": "7m"}`:               func(c Config) bool { return c.NodeTTL.Duration == 7*time.Minute },
		"nodeTTLOverrides: []":            func(c Config) bool { return len(c.NodeTTLOverrides) == 0 },
		"requireOwnCertificate: true":     func(c Config) bool { return c.RequireOwnCertificate },
		"requireOwnCertificate: false":    func(c Config) bool { return !c.RequireOwnCertificate },
		"topics: [one/user/a]":            func(c Config) bool { return len(c.Topics) == 1 },
		"nodeTTLOverrides: [{nodes: a, ttl: 1s}, {nodes: b, ttl: 2s}]": func(c Config) bool {
			return slices.Equal(c.NodeTTLOverrides, []TTLOverride{{"a", Duration{time.Second}}, {"b", Duration{2 * time.Second}}})
		},
	} {
		c, err := LoadConfig(write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection(text)))
		if err != nil || !is(c) {
			t.Errorf("%s: error %v, and %+v", text, err, c)
		}
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

// A nodemetrics.yaml that leads nowhere is not the same as none: what cloudcore's
// file says would be taken up in its place.
func TestLoadConfigDanglingLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cloudcore.yaml")
	if err := os.WriteFile(path, []byte("modules: {nodeMetrics: {nodeTTL: 5m}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "nodemetrics.yaml")
	if err := os.Symlink("..data/nodemetrics.yaml", own); err != nil {
		t.Fatal(err)
	}
	if c, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), own+": a symbolic link to ..data/nodemetrics.yaml, which is not there") {
		t.Errorf("TTL %v from %q, error %v", c.NodeTTL, c.From(), err)
	}
	if err := os.Mkdir(filepath.Join(dir, "..data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..data", "nodemetrics.yaml"), []byte("modules: {nodeMetrics: {nodeTTL: 7m}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := LoadConfig(path); err != nil || c.From() != own || c.NodeTTL.Duration.Minutes() != 7 {
		t.Errorf("TTL %v from %q, error %v", c.NodeTTL, c.From(), err)
	}
}

// What stands in a file does not get into a terminal or a log as it is.
func TestErrorsCanBeSeen(t *testing.T) {
	for content, want := range map[string]string{
		`modules: {nodeMetrics: {"\e[31m\nx": 1}}`:                                          `modules.nodeMetrics.\x1b[31m\nx: there is no such key`,
		`modules: {nodeMetrics: {nodeTTL: "\e[31m"}}`:                                       `modules.nodeMetrics.nodeTTL: the string "\x1b[31m", must be a duration`,
		`modules: {nodeMetrics: {"` + strings.Repeat("é", 60) + `": 1}}`:                    "modules.nodeMetrics.ééé",
		"modules: {nodeMetrics: {nodeTTLOverrides: [{\"\\u202e\": 1, nodes: a, ttl: 1m}]}}": `modules.nodeMetrics.nodeTTLOverrides[0].\u202e: there is no such key`,
	} {
		path := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), content)
		_, err := LoadConfig(path)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\x1b\n\u202e") || len(err.Error()) > 700 {
			t.Errorf("%s: %q, want %q", content, err, want)
		}
	}
}
