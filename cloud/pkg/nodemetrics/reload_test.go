package nodemetrics

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
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

// settle has the module look at its files as often as a change takes.
func settle(m *Module) {
	for looks := 0; m.check(); looks++ {
		if looks == 5 {
			panic("it never comes to an end")
		}
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
expectGrace: 8m
limits: {nodes: 2, samplesPerNode: 1, reportBytes: 100, labelValueBytes: 16, reportsPerSecond: 2, series: 500, bytes: 70000, pendingBytes: 9000, newNodesPerMinute: 3}`))
	settle(m)
	wantLine(t, m, reloadSuccessful+"1")
	wantLine(t, m, ttlSeconds+"360")

	o := m.registry.Options()
	if o.MissedReports != 5 || o.DisconnectGrace != 2*time.Minute || o.Retention != 12*time.Hour || o.Nodes != 2 || o.ReportsPerSecond != 2 ||
		o.ExpectGrace != 8*time.Minute || o.Series != 500 || o.Bytes != 70000 || o.NewNodesPerMinute != 3 ||
		len(o.Overrides) != 1 || o.Overrides[0].Nodes != "slow-*" || o.Overrides[0].TTL != 20*time.Minute {
		t.Errorf("the registry has %+v", o)
	}
	wantLine(t, m, `nodemetrics_limit{limit="pendingBytes"} 9000`)
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
		settle(m)
		settle(m)
		wantLine(t, m, reloadSuccessful+"0")
		wantLine(t, m, ttlSeconds+"300")
		if n := strings.Count(log(), "is refused"); n != 1 {
			t.Errorf("%s: logged %d times, want once:\n%s", name, n, log())
		}

		mnt.swap(cloudcoreFile("nodeTTL: 5m"))
		settle(m)
		wantLine(t, m, reloadSuccessful+"1")
	}
	mnt.swap(cloudcoreFile("nodeTTL: 7m"))
	settle(m)
	wantLine(t, m, ttlSeconds+"420")
}

func TestReloadVanishedSection(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	log := captureLog(t)
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {cloudHub: {nodeLimit: 500}}"})
	settle(m)
	settle(m)
	wantLine(t, m, ttlSeconds+"300")
	wantLine(t, m, reloadSuccessful+"0")
	if n := strings.Count(log(), "the section is gone"); n != 1 {
		t.Errorf("reported %d times, want once:\n%s", n, log())
	}
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {}", "nodemetrics.yaml": inSection("nodeTTL: 6m")})
	settle(m)
	wantLine(t, m, ttlSeconds+"360")
	wantLine(t, m, reloadSuccessful+"1")
}

// A file that never had the section cannot lose it.
func TestReloadWithoutSection(t *testing.T) {
	mnt := newMount(t, map[string]string{"cloudcore.yaml": "modules: {}"})
	m := fromMount(t, mnt)
	mnt.swap(map[string]string{"cloudcore.yaml": "modules: {cloudHub: {nodeLimit: 500}}"})
	settle(m)
	wantLine(t, m, reloadSuccessful+"1")
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	settle(m)
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
	settle(m)
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
		settle(m)
		wantLine(t, m, reloadSuccessful+"0")
		write(t, mapping, otherMapping)
		settle(m)
		wantLine(t, m, reloadSuccessful+"1")
		accept(t, m, message("edge", `{"turns":7}`))
		wantLine(t, m, `edge_node_turns{node="edge"} 7`)
	})
	t.Run("it alone changes", func(t *testing.T) {
		write(t, mapping, strings.ReplaceAll(otherMapping, "turns", "rounds"))
		settle(m)
		accept(t, m, message("edge", `{"rounds":8}`))
		wantLine(t, m, `edge_node_rounds{node="edge"} 8`)
		wantNoLine(t, m, "edge_node_turns")
	})
	t.Run("it breaks and is mended", func(t *testing.T) {
		write(t, mapping, "families: 5")
		settle(m)
		wantLine(t, m, reloadSuccessful+"0")
		accept(t, m, message("edge", `{"rounds":9}`))
		wantLine(t, m, `edge_node_rounds{node="edge"} 9`)
		write(t, mapping, otherMapping)
		settle(m)
		wantLine(t, m, reloadSuccessful+"1")
		accept(t, m, message("edge", `{"turns":10}`))
	})
	t.Run("it goes", func(t *testing.T) {
		mnt.swap(cloudcoreFile("nodeTTL: 5m"))
		settle(m)
		accept(t, m, message("edge", memory("5")))
		wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 5`)
	})
}

// TestReloadNeedsTwoLooks cuts a file short, as somebody does who writes it anew
// and has not come to its end. What is left is valid.
func TestReloadNeedsTwoLooks(t *testing.T) {
	whole := cloudcoreFile("nodeTTL: 5m\nmissedReports: 7")
	mnt := newMount(t, whole)
	m := fromMount(t, mnt)
	log := captureLog(t)
	mnt.swap(cloudcoreFile("nodeTTL: 5m"))
	if !m.check() {
		t.Error("a change is seen and no other look is asked for")
	}
	mnt.swap(cloudcoreFile("nodeTTL: 5m\nmissed"))
	if !m.check() {
		t.Error("another change is seen and no other look is asked for")
	}
	mnt.swap(whole)
	if m.check() {
		t.Error("nothing has changed and another look is asked for")
	}
	mnt.swap(cloudcoreFile("nodeTTL: 5m")) // as at the first look, which is long ago
	m.check()
	if n := m.registry.Options().MissedReports; n != 7 || log() != "" {
		t.Errorf("%d missed reports are in force, want 7, and the log has\n%s", n, log())
	}
	wantLine(t, m, reloadSuccessful+"1")
	m.check()
	if n := m.registry.Options().MissedReports; n != 3 {
		t.Errorf("%d missed reports are in force, want 3 at the second look", n)
	}
}

// A mapping file, too, is taken up when two looks agree.
func TestReloadOfMappingNeedsTwoLooks(t *testing.T) {
	dir := t.TempDir()
	mapping := write(t, filepath.Join(dir, "mapping.yaml"), otherMapping)
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	turns := func(want string) {
		t.Helper()
		_, _ = m.Handle(message("edge", `{"turns":7,"rounds":8,"cpu":{"load1":1}}`))
		wantLine(t, m, want)
	}
	mnt.swap(cloudcoreFile("nodeTTL: 5m\nmappingFile: " + mapping))
	m.check()
	m.check() // now it knows which mapping
	turns(`edge_node_load1{node="edge"} 1`)
	write(t, mapping, strings.ReplaceAll(otherMapping, "turns", "rounds"))
	m.check()
	turns(`edge_node_load1{node="edge"} 1`)
	settle(m)
	turns(`edge_node_rounds{node="edge"} 8`)
	write(t, mapping, otherMapping)
	m.check()
	turns(`edge_node_rounds{node="edge"} 8`)
	settle(m)
	turns(`edge_node_turns{node="edge"} 7`)

	// One that is in use no longer is not looked at.
	mnt.swap(cloudcoreFile("nodeTTL: 5m"))
	settle(m)
	write(t, mapping, "families: 5")
	if m.check() {
		t.Error("a mapping that nobody uses is looked at")
	}
}

// TestReloadKeepsOwnFile takes the file of its own away from a module that has its
// config from it, or empties it. The section in cloudcore's file, which the other
// shadowed, must not come into force all of a sudden.
func TestReloadKeepsOwnFile(t *testing.T) {
	const other = "nodeTTL: 50m"
	for name, x := range map[string]struct{ own, says string }{
		"emptied":         {"", "there is no section modules.nodeMetrics, but nothing"},
		"without section": {"modules: {}", "there is no section modules.nodeMetrics, but modules"},
		"misspelled":      {"modules: {nodeMetric: {nodeTTL: 6m}}", "modules.nodeMetric"},
		"a list":          {"[]", "must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			mnt := newMount(t, map[string]string{"cloudcore.yaml": inSection(other), "nodemetrics.yaml": inSection("nodeTTL: 6m")})
			m := fromMount(t, mnt)
			wantLine(t, m, ttlSeconds+"360")
			log := captureLog(t)
			mnt.swap(map[string]string{"cloudcore.yaml": inSection(other), "nodemetrics.yaml": x.own})
			settle(m)
			settle(m)
			wantLine(t, m, ttlSeconds+"360")
			wantLine(t, m, reloadSuccessful+"0")
			if n := strings.Count(log(), "\n"); n != 1 || !strings.Contains(log(), x.says) {
				t.Errorf("%d lines of log, want one that says %q:\n%s", n, x.says, log())
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		mnt := newMount(t, map[string]string{"cloudcore.yaml": inSection(other), "nodemetrics.yaml": inSection("nodeTTL: 6m")})
		m := fromMount(t, mnt)
		log := captureLog(t)
		if err := os.Remove(mnt.path("nodemetrics.yaml")); err != nil {
			t.Fatal(err)
		}
		settle(m)
		settle(m)
		wantLine(t, m, ttlSeconds+"360")
		wantLine(t, m, reloadSuccessful+"0")
		if n := strings.Count(log(), "\n"); n != 1 || !strings.Contains(log(), "nodemetrics.yaml: the file is gone") {
			t.Errorf("%d lines of log, want one:\n%s", n, log())
		}
		write(t, mnt.path("nodemetrics.yaml"), inSection("nodeTTL: 8m"))
		settle(m)
		wantLine(t, m, ttlSeconds+"480")
	})
	t.Run("all files", func(t *testing.T) {
		mnt := newMount(t, map[string]string{"cloudcore.yaml": inSection(other), "nodemetrics.yaml": inSection("nodeTTL: 6m")})
		m := fromMount(t, mnt)
		log := captureLog(t)
		if err := os.RemoveAll(mnt.dir); err != nil {
			t.Fatal(err)
		}
		settle(m)
		settle(m)
		wantLine(t, m, ttlSeconds+"360")
		wantLine(t, m, reloadSuccessful+"0")
		if n := strings.Count(log(), "\n"); n != 1 || !strings.Contains(log(), "the section is gone") {
			t.Errorf("%d lines of log, want one:\n%s", n, log())
		}
	})
}

// TestReloadOfWhatIsNoFile puts something in the place of a file that cannot be
// read, or not to its end: nothing may wait for it.
func TestReloadOfWhatIsNoFile(t *testing.T) {
	mapping := write(t, filepath.Join(t.TempDir(), "mapping.yaml"), otherMapping)
	config := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection("nodeTTL: 6m\nmappingFile: "+mapping))
	c, err := LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Host = prometheus.NewRegistry()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, says := range unreadable(t) {
		for _, file := range []string{config, mapping} {
			says := says
			if filepath.Base(name) == "nothing" {
				says = file + ": a symbolic link to " + name + ", which is not there"
			}
			log := captureLog(t)
			if err := os.Rename(file, file+".aside"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(name, file); err != nil {
				t.Fatal(err)
			}
			settle(m)
			settle(m)
			wantLine(t, m, reloadSuccessful+"0")
			wantLine(t, m, ttlSeconds+"360")
			if n := strings.Count(log(), "\n"); n != 1 || !strings.Contains(log(), says) {
				t.Errorf("%s as %s: %d lines of log, want one that says %q:\n%s", name, file, n, says, log())
			}
			if err := os.Rename(file+".aside", file); err != nil {
				t.Fatal(err)
			}
			settle(m)
			wantLine(t, m, reloadSuccessful+"1")
		}
	}
}

// A file that is cut short while the module runs, as by a disk that is full, is refused
// with one line in the log, or is a shorter file that is whole; what is in force stays
// or changes, and reports are taken all the while.
func TestReloadOfTruncatedFiles(t *testing.T) {
	mapping := write(t, filepath.Join(t.TempDir(), "mapping.yaml"), "families:\n- {name: a_value, help: h, path: value}\n- {name: b_value, help: h, path: other}\n")
	config := write(t, filepath.Join(t.TempDir(), "cloudcore.yaml"), inSection("nodeTTL: 6m\nmappingFile: "+mapping))
	c, err := LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Host, c.Limits.ReportsPerSecond = prometheus.NewRegistry(), 100_000
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, file := range []string{config, mapping} {
		whole := contents(t, file)
		for cut := 0; cut < len(whole); cut += 5 {
			log := captureLog(t)
			if err := os.Truncate(file, int64(cut)); err != nil {
				t.Fatal(err)
			}
			settle(m)
			settle(m)
			if m.configRefused.Load() != nil {
				refused++
				wantLine(t, m, ttlSeconds+"360")
				if n := strings.Count(log(), "\n"); n != 1 || !strings.Contains(log(), "the changed one is refused") {
					t.Errorf("%s cut to %d bytes: %d lines of log:\n%s", file, cut, n, log())
				}
			} else if cut == 0 {
				t.Errorf("%s is taken up though nothing is in it", file)
			}
			accept(t, m, message("edge", `{"value": 7}`))
			write(t, file, string(whole))
			settle(m)
			if why := m.configRefused.Load(); why != nil {
				t.Fatalf("%s is whole again, and refused: %s", file, *why)
			}
			wantLine(t, m, ttlSeconds+"360")
			accept(t, m, message("edge", `{"value": 7}`))
			wantLine(t, m, `a_value{node="edge"} 7`)
		}
	}
	if refused < 10 {
		t.Errorf("only %d of the files that were cut are refused", refused)
	}
}

// TestLive changes every key in turn: what the docs mark as live is taken up, all
// else is named in the log and waits.
func TestLive(t *testing.T) {
	mapping := write(t, filepath.Join(t.TempDir(), "mapping.yaml"), otherMapping)
	values := map[string]string{
		"enable": "false", "bindAddress": "127.0.0.1:1", "webConfigFile": "/web.yaml", "maxConnections": "77", "maxScrapes": "7", "scrapeTimeout": "7s", "writeTimeout": "7s",
		"topics":        "[a/user/b]",
		"authorization": "kubernetes", "requireOwnCertificate": "true", "identity": "payload", "nodeNameField": "name", "nodeTTL": "7m", "missedReports": "9",
		"nodeTTLOverrides": "[{nodes: x, ttl: 1h}]", "disconnectGrace": "77s", "retention": "77h", "mappingFile": mapping,
		"limits.nodes": "77", "limits.samplesPerNode": "77", "limits.reportBytes": "777", "limits.labelValueBytes": "77",
		"limits.reportsPerSecond": "77", "expectGrace": "77s", "snapshotFile": "/tmp/none", "limits.series": "77", "limits.bytes": "77",
		"limits.pendingBytes": "77", "limits.newNodesPerMinute": "77",
	}
	live := 0
	var walk func(prefix string, fields reflect.Type, of func(*Config) reflect.Value)
	walk = func(prefix string, fields reflect.Type, of func(*Config) reflect.Value) {
		for i := range fields.NumField() {
			f := fields.Field(i)
			key := f.Tag.Get("json")
			if key == "" || key == "-" {
				continue
			}
			if f.Type == reflect.TypeFor[Limits]() {
				walk(prefix+key+".", f.Type, func(c *Config) reflect.Value { return of(c).Field(i) })
				continue
			}
			t.Run(prefix+key, func(t *testing.T) {
				value, ok := values[prefix+key]
				if !ok {
					t.Fatal("this test has no value for it")
				}
				mnt := newMount(t, cloudcoreFile("{}"))
				m := fromMount(t, mnt)
				log := captureLog(t)
				line := prefix + key + ": " + value
				if prefix != "" {
					line = strings.TrimSuffix(prefix, ".") + ": {" + key + ": " + value + "}"
				}
				if key == "identity" {
					line += "\nnodeNameField: name"
				}
				mnt.swap(cloudcoreFile(line))
				settle(m)
				wantLine(t, m, reloadSuccessful+"1")
				before := DefaultConfig()
				same := reflect.DeepEqual(of(m.config.Load()).Field(i).Interface(), of(&before).Field(i).Interface())
				waits := strings.Contains(log(), `"`+prefix+key+`"`) && strings.Contains(log(), "next start")
				if f.Tag.Get("live") == "true" {
					live++
					if same || waits {
						t.Errorf("it was not taken up; the log has\n%s", log())
					}
				} else if !same || !waits {
					t.Errorf("it was taken up, or nobody said that it waits; the log has\n%s", log())
				}
			})
		}
	}
	walk("", reflect.TypeFor[Config](), func(c *Config) reflect.Value { return reflect.ValueOf(c).Elem() })
	if live < 11 {
		t.Errorf("%d keys are live", live)
	}
}

// What changed after the module was made and before it runs is not lost.
func TestReloadOfChangesBeforeRun(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	settle(m)
	wantLine(t, m, ttlSeconds+"360")
}

// Nor is what changed after the config was loaded and before the module was made.
func TestReloadOfChangesBeforeNew(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	c, err := LoadConfig(mnt.path("cloudcore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Host = prometheus.NewRegistry()
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	for range 2 { // a config may serve for several modules
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		settle(m)
		wantLine(t, m, ttlSeconds+"360")
	}
}

func TestReloadOfNothing(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	log := captureLog(t)
	settle(m)
	mnt.swap(cloudcoreFile("nodeTTL: 5m")) // other files, the same contents
	settle(m)
	if log() != "" {
		t.Errorf("logged %s", log())
	}
	mnt.swap(cloudcoreFile("nodeTTL: 6m"))
	settle(m)
	settle(m)
	if n := strings.Count(log(), "\n"); n != 1 {
		t.Errorf("%d lines of log for one change:\n%s", n, log())
	}
}

// lockedBuffer is a buffer that is read while others write to it.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// captureLog collects what klog writes until the test ends.
func captureLog(t *testing.T) func() string {
	t.Helper()
	var text lockedBuffer
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
