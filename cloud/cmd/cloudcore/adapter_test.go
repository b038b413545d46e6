package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"github.com/kubeedge/beehive/pkg/core"
	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"
)

// calls is an exporter that writes down what it is told.
type calls []string

func (c *calls) note(what string, about interface{}) {
	*c = append(*c, fmt.Sprintf("%s %v", what, about))
}

func (c *calls) Handle(message interface{}) (interface{}, error) {
	c.note("handle", message.(*model.Message).GetResource())
	return nil, fmt.Errorf("refused")
}

func (c *calls) Expect(node string) error {
	c.note("expect", node)
	return nil
}
func (c *calls) Forget(node string) { c.note("forget", node) }
func (c *calls) Listed(listed func(node string) bool) {
	for _, node := range []string{"edge-1", "edge-2"} {
		c.note("listed", fmt.Sprint(node, " ", listed(node)))
	}
}
func (c *calls) Connected(node string)    { c.note("connected", node) }
func (c *calls) Disconnected(node string) { c.note("disconnected", node) }

// informer is one that has listed all that there is.
type informer struct{ cache.Store }

func (informer) HasSynced() bool         { return true }
func (i informer) GetStore() cache.Store { return i.Store }

// TestAdapterTellsTheExporter: what happens in KubeEdge reaches the exporter as
// what it is.
func TestAdapterTellsTheExporter(t *testing.T) {
	var told calls
	router := newTable()
	a := newAdapter(&told, router, []string{"default/user/sysinfo"}, newCertificates(nil, false))

	a.nodes.handler().OnUpdate(edgeNode("edge-1", "a"), edgeNode("edge-1", "b"))
	a.sessions.observe(session("edge-1", true))
	handle := router.keys["bus/node/edge-1/default/user/sysinfo"]
	if handle == nil {
		t.Fatalf("no route for the node: %v", router.sorted())
	}
	// The router logs every error of a handler.
	if _, err := handle(upload("edge-1", "default/user/sysinfo")); err != nil {
		t.Errorf("a refused report is an error for the router: %v", err)
	}
	nodes := informer{cache.NewStore(cache.MetaNamespaceKeyFunc)}
	if err := nodes.Add(edgeNode("edge-1", "b")); err != nil {
		t.Fatal(err)
	}
	a.nodes.list(nodes, nil)
	a.sessions.observe(session("edge-1", false))
	a.nodes.handler().OnDelete(edgeNode("edge-1", "b"))

	want := "forget edge-1, expect edge-1, connected edge-1, handle node/edge-1/default/user/sysinfo, listed edge-1 true, listed edge-2 false, disconnected edge-1, forget edge-1"
	if got := strings.Join(told, ", "); got != want {
		t.Errorf("the exporter was told\n%s\nwant\n%s", got, want)
	}
}

// TestStandsInFrontOnce: asked for its group, the adapter takes its place in front of
// cloudhub, and however often that is asked, it stands there once.
func TestStandsInFrontOnce(t *testing.T) {
	a := newAdapter(&calls{}, newTable(), nil, newCertificates(nil, false))
	if a.standInFront == nil {
		t.Fatal("nothing that could stand in front of cloudhub")
	}
	stood := 0
	a.standInFront = func() { stood++ }
	for i := 0; i < 3; i++ {
		if got := a.Group(); got != "edgecontroller" || stood != 1 {
			t.Errorf("of the group %s, %d times in front of cloudhub", got, stood)
		}
	}
	if a.Name() != "nodemetrics-kubeedge" || !a.Enable() {
		t.Errorf("its name is %s, enabled: %v", a.Name(), a.Enable())
	}
}

// TestRegister: what the file says decides whether there is an exporter, and it
// stands where cloudhub's announcements of sessions go.
func TestRegister(t *testing.T) {
	write := func(config string) string {
		file := filepath.Join(t.TempDir(), "cloudcore.yaml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	unregistered(t)
	metrics := prometheus.NewRegistry()

	if err := register(write("modules: {router: {enable: false}, nodeMetrics: {enable: false}}"), metrics); err != nil {
		t.Errorf("an exporter that is off needs nothing: %v", err)
	}
	for file, want := range map[string]string{
		write("modules: {router: {enable: true}, nodeMetrics: {nodeTTL: 1ms}}"): "modules.nodeMetrics.nodeTTL",
		write("modules: {router: {enable: true}, nodeMetrics: {ttl: 1m}}"):      "loading modules.nodeMetrics: ",
		write("modules: {router: {enable: false}}"):                             "modules.router.enable is false",
	} {
		if err := register(file, metrics); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	for _, name := range []string{nodemetrics.ModuleName, adapterName} {
		if core.GetModules()[name] != nil {
			t.Fatalf("%s is registered though the exporter is off or its configuration wrong", name)
		}
	}

	if err := register(write("modules: {router: {enable: true}, nodeMetrics: {bindAddress: 127.0.0.1:0}}"), metrics); err != nil {
		t.Fatal(err)
	}
	for name, group := range map[string]string{nodemetrics.ModuleName: nodemetrics.ModuleName, adapterName: "edgecontroller"} {
		info := core.GetModules()[name]
		if info == nil {
			t.Errorf("%s is not registered", name)
		} else if got := info.GetModule().Group(); got != group {
			t.Errorf("the group of %s: got %s, want %s", name, got, group)
		}
	}
	if info := core.GetModules()[nodemetrics.ModuleName]; info != nil && info.GetModule() != core.Module(exporterModule) {
		t.Error("at the end another module is waited for than the one that is registered")
	}
	want := "nodemetrics_routes 0: Routes installed in KubeEdge's router, one per edge node and topic.\n"
	if seesCertificates {
		want = "nodemetrics_foreign_certificate_reports_total 0: Reports in the name of one node that came by the certificate of another.\n" + want
	}
	families, err := metrics.Gather()
	got := ""
	for _, f := range families {
		got += fmt.Sprint(f.GetName(), " ", f.GetMetric()[0].GetCounter().GetValue()+f.GetMetric()[0].GetGauge().GetValue(), ": ", f.GetHelp(), "\n")
	}
	if err != nil || got != want {
		t.Errorf("metrics of the adapter: got\n%s%v, want\n%s", got, err, want)
	}

	// With authorization there is somebody to ask; without, that is an error.
	if err := register(write("modules: {router: {enable: true}, nodeMetrics: {bindAddress: 127.0.0.1:0, authorization: kubernetes}}"), prometheus.NewRegistry()); err != nil {
		t.Error(err)
	}
	// A gauge of that name that is there already is an error and not a panic.
	if err := register(write("modules: {router: {enable: true}, nodeMetrics: {bindAddress: 127.0.0.1:0}}"), metrics); err == nil || !strings.Contains(err.Error(), "the adapter's metrics") {
		t.Errorf("the gauge of routes a second time: %v", err)
	}
}
