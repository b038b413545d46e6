package edgecore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/common"
	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"

	document "github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var hubs atomic.Int32

// hub adds a module that stands in for edgehub to beehive's one context.
func hub(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("hub-%d", hubs.Add(1))
	beehiveContext.AddModule(&common.ModuleInfo{ModuleName: name, ModuleType: common.MsgCtxTypeChannel})
	return name
}

func TestMain(m *testing.M) {
	beehiveContext.InitContext([]string{common.MsgCtxTypeChannel})
	os.Exit(m.Run())
}

// run starts a module that reports at once and often.
func run(t *testing.T, c Config) (stop func()) {
	t.Helper()
	c.Interval = 100 * time.Millisecond
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.start = func(time.Duration) time.Duration { return 200 * time.Millisecond } // some ticks of the processors
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	}
}

func receive(t *testing.T, name string) (model.Message, document.Document) {
	t.Helper()
	message, err := beehiveContext.Receive(name)
	if err != nil {
		t.Fatal(err)
	}
	content, ok := message.GetContent().(string)
	if !ok {
		t.Fatalf("content is a %T", message.GetContent())
	}
	var doc document.Document
	if err := json.Unmarshal([]byte(content), &doc); err != nil {
		t.Fatal(err)
	}
	return message, doc
}

func TestMessage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"battery_volts":12.5}`), 0o644); err != nil {
		t.Fatal(err)
	}
	name := hub(t)
	stop := run(t, Config{HubModule: name, CustomDir: dir})
	message, doc := receive(t, name)
	receive(t, name)
	stop()
	if got := fmt.Sprint(message.GetSource(), " ", message.GetGroup(), " ", message.GetOperation(), " ", message.GetResource()); got != "bus user upload default/user/sysinfo" {
		t.Errorf("message of %s", got)
	}
	if message.GetID() == "" || message.GetTimestamp() == 0 || message.IsSync() {
		t.Errorf("header %+v", message.Header)
	}
	if doc.IntervalSeconds != 0.1 || len(doc.Custom) != 1 {
		t.Errorf("report %+v", doc)
	}
	if runtime.GOOS == "linux" && (doc.CPU == nil || doc.CPU.UsageRatio == nil) {
		t.Error("the first report has no CPU ratio")
	}
}

func TestNothingWhileDisconnected(t *testing.T) {
	name := hub(t)
	var connected atomic.Bool
	asked := make(chan bool, 100)
	stop := run(t, Config{HubModule: name, Topic: "SYS/dis/upload_records", Connected: func() bool {
		asked <- true
		return connected.Load()
	}})
	defer stop()
	for i := 0; i < 3; i++ {
		<-asked
	}
	back := float64(time.Now().UnixMilli()) / 1000
	connected.Store(true)
	message, doc := receive(t, name)
	if doc.Timestamp < back {
		t.Errorf("a report of %.3f s before the connection was back", back-doc.Timestamp)
	}
	if message.GetResource() != "SYS/dis/upload_records" {
		t.Errorf("resource %s", message.GetResource())
	}
}

// A hub that takes nothing holds up one goroutine, and not the module.
func TestFullHub(t *testing.T) {
	name := hub(t)
	for i := 0; i < channelSize; i++ {
		beehiveContext.Send(name, model.Message{})
	}
	asked := make(chan bool, 100)
	stop := run(t, Config{HubModule: name, Connected: func() bool { asked <- true; return true }})
	for i := 0; i < 5; i++ {
		<-asked
	}
	stop()
	for i := 0; i < channelSize; i++ { // a hub that comes to itself
		if _, err := beehiveContext.Receive(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, doc := receive(t, name); doc.Timestamp == 0 {
		t.Errorf("report %+v", doc)
	}
}

// channelSize is the size of a beehive channel.
const channelSize = 1024

func TestNoHub(t *testing.T) {
	asked := make(chan bool, 100)
	stop := run(t, Config{HubModule: "nobody", Connected: func() bool { asked <- true; return true }})
	// beehive drops what it has for nobody, and the module goes on.
	for i := 0; i < 5; i++ {
		<-asked
	}
	stop()
	select {
	case <-asked:
		t.Error("went on after its end")
	default:
	}
}

func TestConfig(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		error  string
	}{
		"zero":       {Config{}, ""},
		"interval":   {Config{Interval: time.Millisecond}, "interval 1ms: must be from 100ms to 24h"},
		"topic":      {Config{Topic: "a/#"}, `topic "a/#"`},
		"custom age": {Config{CustomMaxAge: -1}, "customMaxAge"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := New(test.config)
			if (err == nil) != (test.error == "") || err != nil && !strings.Contains(err.Error(), test.error) {
				t.Fatalf("error %v, want %q", err, test.error)
			}
			if m != nil && (m.Enable() || m.Name() != ModuleName || m.Group() != ModuleName) {
				t.Errorf("module %+v", m)
			}
		})
	}
}

// A fleet that starts at once does not report in step.
func TestStartIsRandom(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := 0; i < 10; i++ {
		m, err := New(Config{Interval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		seen[m.start(time.Hour)] = true
	}
	if len(seen) < 9 {
		t.Errorf("starts %v", seen)
	}
}

// What is left unset has a useful value.
func TestDefaults(t *testing.T) {
	m, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := m.config
	if c.Interval != time.Minute || c.Topic != "default/user/sysinfo" || c.HubModule != "websocket" || !c.Connected() {
		t.Errorf("config %+v", c)
	}
}

func TestRegister(t *testing.T) {
	m, err := Register(Config{Enable: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := core.GetModules()[ModuleName]; got == nil || got.GetModule() != m {
		t.Errorf("registered %+v", got)
	}
	if _, err := Register(Config{Interval: -1}); err == nil {
		t.Error("no error of a wrong config")
	}
}
