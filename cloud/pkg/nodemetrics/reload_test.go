package nodemetrics

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

// mount is a directory as a ConfigMap is mounted: the files are links into
// ..data, which is a link to the directory of the newest contents.
type mount struct {
	t   *testing.T
	dir string
	n   int
}

func newMount(t *testing.T, files map[string]string) *mount {
	m := &mount{t: t, dir: t.TempDir()}
	m.swap(files)
	return m
}

func (m *mount) path(name string) string { return filepath.Join(m.dir, name) }

// swap puts new contents in the place of the old ones, in one step.
func (m *mount) swap(files map[string]string) {
	m.t.Helper()
	m.n++
	fail := func(err error) {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	now := "..version" + string(rune('0'+m.n))
	fail(os.Mkdir(m.path(now), 0o755))
	for name, text := range files {
		write(m.t, filepath.Join(m.dir, now, name), text)
		if err := os.Symlink(filepath.Join("..data", name), m.path(name)); err != nil && !os.IsExist(err) {
			m.t.Fatal(err)
		}
	}
	fail(os.Symlink(now, m.path("..new")))
	fail(os.Rename(m.path("..new"), m.path("..data")))
	if m.n > 1 {
		fail(os.RemoveAll(m.path("..version" + string(rune('0'+m.n-1)))))
	}
}

func cloudcoreFile(lines string) map[string]string {
	return map[string]string{"cloudcore.yaml": inSection(lines)}
}

// fromMount is a module that was made by the mount's files.
func fromMount(t *testing.T, mnt *mount) *Module {
	t.Helper()
	c, err := LoadConfig(mnt.path("cloudcore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Host = prometheus.NewRegistry()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	reloadSuccessful = "nodemetrics_config_last_reload_successful "
	ttlSeconds       = "nodemetrics_node_ttl_seconds "
)

func TestReloadTakesUpLiveValues(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	wantLine(t, m, reloadSuccessful+"1")
	wantLine(t, m, ttlSeconds+"300")

	mnt.swap(cloudcoreFile(`nodeTTL: 6m
missedReports: 5
nodeTTLOverrides: [{nodes: "slow-*", ttl: 20m}]
disconnectGrace: 2m
retention: 12h
limits: {nodes: 2, samplesPerNode: 1, reportBytes: 100, labelValueBytes: 16, reportsPerSecond: 2}`))
	m.check()
	wantLine(t, m, reloadSuccessful+"1")
	wantLine(t, m, ttlSeconds+"360")

	o := m.registry.Options()
	if o.MissedReports != 5 || o.DisconnectGrace != 2*time.Minute || o.Retention != 12*time.Hour || o.Nodes != 2 || o.ReportsPerSecond != 2 ||
		len(o.Overrides) != 1 || o.Overrides[0].Nodes != "slow-*" || o.Overrides[0].TTL != 20*time.Minute {
		t.Errorf("the registry has %+v", o)
	}
	if _, err := m.Handle(message("edge", `{"pad":"`+strings.Repeat("x", 100)+`"}`)); err == nil || reasonOf(err) != "too_large" {
		t.Errorf("a message of 110 bytes: %v, want too_large", err)
	}
	for content, reason := range map[string]string{
		`{"cpu":{"load1":1,"load5":1}}`:                                 "too_many_samples",
		`{"temperatures":[{"sensor":"12345678901234567","celsius":1}]}`: "label_too_long",
	} {
		accept(t, m, message("edge", content))
		wantLine(t, m, fmt.Sprintf("nodemetrics_samples_dropped_total{reason=%q} 1", reason))
	}
}

func TestReloadRefusesBrokenEdit(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	for name, lines := range map[string]string{
		"beyond its bounds": "nodeTTL: 1ms\nlimits: {nodes: 7}",
		"unknown key":       "nodeTTL: 6m\nnodesTTL: 7m",
		"wrong type":        "nodeTTL: 6m\nlimits: 5",
		"no mapping":        "nodeTTL: 6m\nmappingFile: /nowhere",
		"not YAML":          "nodeTTL: [",
	} {
		log := captureLog(t)
		mnt.swap(cloudcoreFile(lines))
		m.check()
		m.check()
		wantLine(t, m, reloadSuccessful+"0")
		wantLine(t, m, ttlSeconds+"300")
		if n := strings.Count(log(), "is refused"); n != 1 {
			t.Errorf("%s: logged %d times, want once:\n%s", name, n, log())
		}

		mnt.swap(cloudcoreFile("nodeTTL: 5m"))
		m.check()
		wantLine(t, m, reloadSuccessful+"1")
	}
	mnt.swap(cloudcoreFile("nodeTTL: 7m"))
	m.check()
	wantLine(t, m, ttlSeconds+"420")
}

func TestReloadVanishedSection(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	log := captureLog(t)
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {cloudHub: {nodeLimit: 500}}"})
	m.check()
	m.check()
	wantLine(t, m, ttlSeconds+"300")
	wantLine(t, m, reloadSuccessful+"0")
	if n := strings.Count(log(), "the section is gone"); n != 1 {
		t.Errorf("reported %d times, want once:\n%s", n, log())
	}
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {}", "nodemetrics.yaml": inSection("nodeTTL: 6m")})
	m.check()
	wantLine(t, m, ttlSeconds+"360")
	wantLine(t, m, reloadSuccessful+"1")
}

// A file that never had the section cannot lose it.
func TestReloadWithoutSection(t *testing.T) {
	mnt := newMount(t, map[string]string{"cloudcore.yaml": "modules: {}"})
	m := fromMount(t, mnt)
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {cloudHub: {nodeLimit: 500}}"})
	m.check()
	wantLine(t, m, reloadSuccessful+"1")
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	m.check()
	wantLine(t, m, ttlSeconds+"360")
}

func TestReloadKeepsFixedValues(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("bindAddress: 127.0.0.1:10005"))
	m := fromMount(t, mnt)
	log := captureLog(t)
	mnt.swap(cloudcoreFile(`enable: false
bindAddress: 127.0.0.1:10006
webConfigFile: /web.yaml
topics: [another/user/topic]
identity: payload
nodeNameField: node
nodeTTL: 6m`))
	m.check()
	wantLine(t, m, reloadSuccessful+"1")
	wantLine(t, m, ttlSeconds+"360")
	c := m.config.Load()
	if !c.Enable || c.BindAddress != "127.0.0.1:10005" || c.WebConfigFile != "" || c.Topics[0] != "default/user/sysinfo" ||
		c.Identity != IdentitySession || c.NodeNameField != "" {
		t.Errorf("taken up: %+v", c)
	}
	for _, field := range []string{"enable", "bindAddress", "webConfigFile", "topics", "identity", "nodeNameField"} {
		if !strings.Contains(log(), `"`+field+`"`) {
			t.Errorf("%s is not named in the log:\n%s", field, log())
		}
	}
	if strings.Contains(log(), `"nodeTTL"`) && !strings.Contains(log(), `nodeTTL="6m0s"`) {
		t.Errorf("nodeTTL is named as kept:\n%s", log())
	}
	// The node's name is not looked for in messages all of a sudden.
	if _, err := m.Handle(message("edge", `{"node":"other",`+memory("1")[1:])); err != nil {
		t.Error(err)
	}
	wantLine(t, m, "nodemetrics_identity_mismatches_total 0")
}

const otherMapping = "families: [{name: edge_node_turns, help: Turns., path: turns}]"

func TestReloadMapping(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	mapping := mnt.path("mapping.yaml")

	t.Run("it is named before it is there", func(t *testing.T) {
		mnt.swap(cloudcoreFile("mappingFile: " + mapping))
		m.check()
		wantLine(t, m, reloadSuccessful+"0")
		write(t, mapping, otherMapping)
		m.check()
		wantLine(t, m, reloadSuccessful+"1")
		accept(t, m, message("edge", `{"turns":7}`))
		wantLine(t, m, `edge_node_turns{node="edge"} 7`)
	})
	t.Run("it alone changes", func(t *testing.T) {
		write(t, mapping, strings.ReplaceAll(otherMapping, "turns", "rounds"))
		m.check()
		accept(t, m, message("edge", `{"rounds":8}`))
		wantLine(t, m, `edge_node_rounds{node="edge"} 8`)
		wantNoLine(t, m, "edge_node_turns")
	})
	t.Run("it breaks and is mended", func(t *testing.T) {
		write(t, mapping, "families: 5")
		m.check()
		wantLine(t, m, reloadSuccessful+"0")
		accept(t, m, message("edge", `{"rounds":9}`))
		wantLine(t, m, `edge_node_rounds{node="edge"} 9`)
		write(t, mapping, otherMapping)
		m.check()
		wantLine(t, m, reloadSuccessful+"1")
		accept(t, m, message("edge", `{"turns":10}`))
	})
	t.Run("it goes", func(t *testing.T) {
		mnt.swap(cloudcoreFile("nodeTTL: 5m"))
		m.check()
		accept(t, m, message("edge", memory("5")))
		wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 5`)
	})
}

// What changed after the module was made and before it runs is not lost.
func TestReloadOfChangesBeforeRun(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	m.check()
	wantLine(t, m, ttlSeconds+"360")
}

func TestReloadOfNothing(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	log := captureLog(t)
	m.check()
	mnt.swap(cloudcoreFile("nodeTTL: 5m")) // other files, the same contents
	m.check()
	if log() != "" {
		t.Errorf("logged %s", log())
	}
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	m.check()
	m.check()
	if n := strings.Count(log(), "\n"); n != 1 {
		t.Errorf("%d lines of log for one change:\n%s", n, log())
	}
}

// captureLog collects what klog writes until the test ends.
func captureLog(t *testing.T) func() string {
	t.Helper()
	var text bytes.Buffer
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("one_output", "true") // or an error stands in the log of every lower severity
	klog.SetOutput(&text)
	t.Cleanup(func() {
		klog.Flush()
		klog.SetOutput(os.Stderr)
		_ = flags.Set("one_output", "false")
		_ = flags.Set("logtostderr", "true")
	})
	return func() string {
		klog.Flush()
		return text.String()
	}
}
