package main

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core"
	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

// reportTopic is where the reports of these tests come by.
const reportTopic = "default/user/sysinfo"

// certified returns what a connection knows of an edge with a certificate of this
// name that calls itself node.
func certified(commonName, node string) (http.Header, []*x509.Certificate) {
	header := http.Header{}
	header.Set("node_id", node)
	return header, []*x509.Certificate{{Subject: pkix.Name{CommonName: commonName}}}
}

// fromEdge returns a message as cloudhub gets it from an edgecore.
func fromEdge(resource string) *model.Message {
	message := model.NewMessage("")
	message.BuildRouter(routeSource, "user", resource, model.UploadOperation)
	message.FillBody([]byte(`{}`))
	return message
}

// count returns the value of a counter.
func count(t *testing.T, counter prometheus.Collector) float64 {
	t.Helper()
	metrics := prometheus.NewPedanticRegistry()
	metrics.MustRegister(counter)
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

// TestForeignCertificates: a report by another node's certificate is counted, and
// refused where that is asked for. Nothing else is.
func TestForeignCertificates(t *testing.T) {
	other := func(change func(*model.Message)) *model.Message {
		message := fromEdge(reportTopic)
		change(message)
		return message
	}
	for name, test := range map[string]struct {
		certificate, node string
		message           *model.Message
		foreign           bool
	}{
		"its own":                     {"system:node:edge-2", "edge-2", fromEdge(reportTopic), false},
		"another's":                   {"system:node:edge-3", "edge-2", fromEdge(reportTopic), true},
		"another's, the second topic": {"system:node:edge-3", "edge-2", fromEdge("SYS/dis/upload_records"), true},
		"of a node without a name":    {"system:node:", "edge-2", fromEdge(reportTopic), true},
		"of a longer name":            {"system:node:edge-23", "edge-2", fromEdge(reportTopic), true},
		"in other letters":            {"system:node:Edge-2", "edge-2", fromEdge(reportTopic), true},
		"v1.13's":                     {"kubeedge.io", "edge-2", fromEdge(reportTopic), false},
		"no node's":                   {"edge-3", "edge-2", fromEdge(reportTopic), false},
		"a topic that is no report's": {"system:node:edge-3", "edge-2", fromEdge("default/user/other"), false},
		"the beginning of a topic":    {"system:node:edge-3", "edge-2", fromEdge("default/user"), false},
		"more than a topic":           {"system:node:edge-3", "edge-2", fromEdge(reportTopic + "/x"), false},
		// cloudhub makes node/edge-2/default/user/sysinfo of both.
		"a part of the topic in the name":             {"system:node:edge-3", "edge-2/default", fromEdge("user/sysinfo"), true},
		"the same, of a node without a name":          {"system:node:edge-3", "/default", fromEdge("user/sysinfo"), true},
		"the same, also in the certificate":           {"system:node:edge-2/default", "edge-2/default", fromEdge("user/sysinfo"), true},
		"a part of the topic in the name, its own":    {"system:node:edge-2", "edge-2/default", fromEdge("user/sysinfo"), false},
		"a part of another topic in the name":         {"system:node:edge-3", "edge-2/default", fromEdge(reportTopic), false},
		"a keepalive":                                 {"system:node:edge-3", "edge-2", other(func(m *model.Message) { m.Router.Operation = "keepalive" }), false},
		"a node's status":                             {"system:node:edge-3", "edge-2", other(func(m *model.Message) { m.Router.Operation = model.UpdateOperation }), false},
		"an upload that is not of the group of users": {"system:node:edge-3", "edge-2", other(func(m *model.Message) { m.Router.Group = "resource" }), false},
	} {
		t.Run(name, func(t *testing.T) {
			header, chain := certified(test.certificate, test.node)
			for _, refuse := range []bool{false, true} {
				c := newCertificates([]string{reportTopic, "SYS/dis/upload_records"}, refuse)
				want := 0.0
				for i := 0; i < 3; i++ {
					if test.foreign {
						want++
					}
					if got := c.admit(header, chain, test.message); got == (test.foreign && refuse) {
						t.Errorf("requireOwnCertificate: %v: admitted: %v", refuse, got)
					}
				}
				if got := count(t, c.total); got != want {
					t.Errorf("requireOwnCertificate: %v: counted %v, want %v", refuse, got, want)
				}
			}
		})
	}
	c := newCertificates([]string{reportTopic}, true)
	header, _ := certified("", "edge-2")
	if !c.admit(header, nil, fromEdge(reportTopic)) || count(t, c.total) != 0 {
		t.Error("a connection without a certificate tells nothing")
	}
	_, chain := certified("system:node:edge-3", "")
	if c.admit(http.Header{}, chain, fromEdge(reportTopic)) || count(t, c.total) != 1 {
		t.Error("a report in nobody's name came by a node's certificate")
	}
	// The first certificate is that of the edge, the others are of who signed it.
	header, chain = certified("system:node:edge-2", "edge-2")
	if !c.admit(header, append(chain, &x509.Certificate{Subject: pkix.Name{CommonName: "system:node:edge-3"}}), fromEdge(reportTopic)) {
		t.Error("the certificate of whoever signed counts")
	}
}

// TestForeignCertificatesInTheLog: both names stand there, once in ten minutes, and
// names without end cost neither memory nor lines without end.
func TestForeignCertificatesInTheLog(t *testing.T) {
	c := newCertificates(nil, false)
	now := time.Unix(1000, 0)
	c.now = func() time.Time { return now }
	for _, step := range []struct {
		after time.Duration
		node  string
		want  bool
	}{
		{0, "edge-2", true}, {0, "edge-2", false}, {0, "edge-4", true},
		{10*time.Minute - 1, "edge-2", false}, {1, "edge-2", true}, {0, "edge-2", false}, {0, "edge-4", true},
	} {
		now = now.Add(step.after)
		if got := c.name(step.node); got != step.want {
			t.Errorf("%v: %s in the log: %v, want %v", now.Sub(time.Unix(1000, 0)), step.node, got, step.want)
		}
	}
	now = now.Add(time.Hour)
	for turn := 1; turn <= 2; turn++ {
		lines := 0
		for i := 0; i < 1000; i++ {
			if c.name(fmt.Sprint("made-up-", turn, "-", i)) {
				lines++
			}
		}
		if lines != 256 || len(c.named) != 256 {
			t.Errorf("turn %d: 1,000 names make %d lines, and %d are kept, want 256", turn, lines, len(c.named))
		}
		now = now.Add(10 * time.Minute)
	}
	if !c.name("edge-2") {
		t.Error("after all that no node is named any more")
	}
	// What differs beyond the length of a node's name is the same in the log.
	for i, want := range []bool{true, false} {
		if got := c.name(fmt.Sprint(strings.Repeat("z", 253), i)); got != want {
			t.Errorf("a name that is too long, turn %d: in the log: %v", i, got)
		}
	}
	if !c.name(strings.Repeat("z", 252)) {
		t.Error("a long name is taken for a longer one")
	}

	log := captured(t, func() {
		header, chain := certified("system:node:"+strings.Repeat("y", 1000)+"\n", "edge-2\nedge-5")
		c := newCertificates([]string{reportTopic}, true)
		c.admit(header, chain, fromEdge(reportTopic))
		c.admit(header, chain, fromEdge(reportTopic))
	})
	if strings.Count(log, "by the certificate of another") != 1 || !strings.Contains(log, `node="edge-2?edge-5"`) ||
		!strings.Contains(log, `certificateOf="`+strings.Repeat("y", 253)+`"`) || !strings.Contains(log, "refused=true") {
		t.Errorf("the log is\n%s", log)
	}
}

// TestRequireOwnCertificate: a build that sees no certificates does not start with a
// configuration that relies on them, and has no counter that would say 0.
func TestRequireOwnCertificate(t *testing.T) {
	unregistered(t)
	file := t.TempDir() + "/cloudcore.yaml"
	config := "modules: {router: {enable: true}, nodeMetrics: {bindAddress: 127.0.0.1:0, requireOwnCertificate: true}}"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	metrics := prometheus.NewRegistry()
	err := register(file, metrics)
	if !seesCertificates {
		if err == nil || !strings.Contains(err.Error(), "registering the nodemetrics module: modules.nodeMetrics.requireOwnCertificate: true, which") {
			t.Errorf("got %v, want an error about the key", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if a := core.GetModules()[adapterName].GetModule().(*adapter); !a.certificates.refuse || a.certificates.topics[0] != reportTopic {
		t.Errorf("registered: %+v", a.certificates)
	}
}

// unregistered has beehive know none of our modules, now and after the test.
func unregistered(t *testing.T) {
	forget := func() {
		for _, name := range []string{nodemetrics.ModuleName, adapterName} {
			delete(core.GetModules(), name)
		}
	}
	forget()
	t.Cleanup(forget)
}

// logBuffer takes a log that others, such as connections of other tests that end, may
// write to as well.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// captured returns what is logged meanwhile.
func captured(t *testing.T, do func()) string {
	t.Helper()
	var text logBuffer
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("one_output", "true")
	klog.SetOutput(&text)
	defer func() {
		klog.SetOutput(os.Stderr)
		_ = flags.Set("one_output", "false")
		_ = flags.Set("logtostderr", "true")
	}()
	do()
	klog.Flush()
	return text.String()
}

func BenchmarkAdmit(b *testing.B) {
	for name, test := range map[string]struct {
		owner   string
		message *model.Message
	}{
		"report":    {"edge-2", fromEdge("SYS/dis/upload_records")},
		"keepalive": {"edge-2", model.NewMessage("").BuildRouter("edgehub", "resource", "node", "keepalive")},
		"foreign":   {"edge-3", fromEdge("SYS/dis/upload_records")},
	} {
		b.Run(name, func(b *testing.B) {
			header, chain := certified("system:node:"+test.owner, "edge-2")
			c := newCertificates([]string{reportTopic, "SYS/dis/upload_records"}, false)
			c.named["edge-2"] = c.now().Add(time.Hour)
			b.ReportAllocs()
			for b.Loop() {
				c.admit(header, chain, test.message)
			}
		})
	}
}
