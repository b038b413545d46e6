package nodemetrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// ModuleName is the module's name in beehive, and that of its group.
const ModuleName = "nodemetrics"

// Module is the beehive module. All its methods may be called by any number of
// goroutines at once, before, while and after it runs.
type Module struct {
	config   atomic.Pointer[Config]
	registry *registry.Registry
	metrics  *metrics
	handler  http.Handler // of all pages

	// The way of a message: see take.
	decoder   atomic.Pointer[mapping.Decoder]
	reports   sync.Pool   // of *mapping.Report
	claims    sync.Pool   // of those that are filled with the node's name alone
	pending   pending     // what is over its node's rate
	rubbish   rubbish     // what nobody can tell whose it is
	encodings encodings   // what comes as Go values
	heard     atomic.Bool // whether any message has come

	// The newest examples of what was not taken, for people.
	refusals     refusals     // of reports
	drops        refusals     // of samples
	nodeRefusals nodeRefusals // of reports, by node

	// Run's.
	started       atomic.Bool
	running       atomic.Bool                   // from where on Wait waits
	ended         atomic.Pointer[chan struct{}] // of the newest run, closed at its end
	watched       watched                       // the config's files
	configRefused atomic.Pointer[string]        // why the config as it is now is; nil if it is not
	unlisted      unlisted                      // nodes of the snapshot file

	// serve's.
	turns     *turns        // of requests
	passwords *passwords    // that somebody made up
	served    atomic.Bool   // whether it came to accept connections
	pause     time.Duration // until it is tried again
	join      sync.Once     // the host's page
	joinErr   error
}

var _ core.Module = (*Module)(nil)

// New returns a module. It checks the config and reads the mapping file, and starts
// nothing.
func New(c Config) (*Module, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := c.checkProgram(); err != nil {
		return nil, err
	}
	seen := c.seen.clone() // others may use the config too
	decoder, err := c.decoder(seen.read)
	if err != nil {
		return nil, err
	}
	nodes, err := registry.New(c.registryOptions(), logChange)
	if err != nil {
		return nil, err
	}
	if c.Host == nil {
		c.Host = prometheus.DefaultGatherer
	}
	c.seen = nil
	m := &Module{
		registry:  nodes,
		metrics:   newMetrics(nodes),
		watched:   watched{names: seen.names, sum: seen.sum()},
		turns:     newTurns(),
		passwords: newPasswords(),
		pause:     5 * time.Second,
	}
	m.config.Store(&c)
	m.decoder.Store(decoder)
	m.reports.New = func() any { return new(mapping.Report) }
	m.claims.New = m.reports.New
	m.metrics.MustRegister(budgets{m})
	m.handler = m.newHandler()
	return m, nil
}

// checkProgram says what the config asks for that the program cannot do.
func (c *Config) checkProgram() error {
	switch {
	case c.Authorization != "" && c.Authorize == nil:
		// Open pages in the place of closed ones would be the worst answer.
		return fmt.Errorf("%s.authorization: %s, which this program cannot ask: it works in a cloudcore with a Kubernetes client", section, c.Authorization)
	case c.RequireOwnCertificate && !c.ChecksCertificates:
		return fmt.Errorf("%s.requireOwnCertificate: true, which this program cannot see to: it works in a cloudcore of KubeEdge v1.18 or later, built with the tag that hack/kubeedge/build.sh finds", section)
	}
	return nil
}

// Register makes a module and registers it with beehive. Call it before beehive
// starts.
func Register(c Config) (*Module, error) {
	m, err := New(c)
	if err != nil {
		return nil, err
	}
	core.Register(m)
	return m, nil
}

// Name returns ModuleName.
func (m *Module) Name() string { return ModuleName }

// Group returns ModuleName: the module is the only one of its group.
func (m *Module) Group() string { return ModuleName }

// Enable reports whether beehive is to start the module.
func (m *Module) Enable() bool { return m.config.Load().Enable }

// Start runs the module and takes messages from its beehive channel until beehive's
// context is done. If the listener fails, Start logs that and tries again: cloudcore
// without its gauges is better than no cloudcore.
func (m *Module) Start() {
	ctx := beehiveContext.GetContext()
	received := make(chan struct{})
	go func() {
		defer close(received)
		m.receive(ctx)
	}()
	if err := m.run(ctx, m.keepServing); err != nil {
		klog.ErrorS(err, "Node metrics are not served by beehive")
	}
	<-ctx.Done()
	wake(received)
}

// Run serves the page, expires nodes and takes up changes of the config until
// ctx is done; then it returns nil. It returns an error if it cannot listen, or
// runs already. Messages come by Handle.
func (m *Module) Run(ctx context.Context) error { return m.run(ctx, m.serve) }

func (m *Module) run(ctx context.Context, serve func(context.Context) error) error {
	if !m.started.CompareAndSwap(false, true) {
		return errors.New("nodemetrics: the module runs already")
	}
	ended := make(chan struct{})
	defer close(ended)
	defer m.started.Store(false)
	m.ended.Store(&ended)
	m.running.Store(true) // from here on Wait waits
	defer m.running.Store(false)
	m.tellOfConfig()
	m.loadSnapshot()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var parts sync.WaitGroup
	for _, part := range []func(context.Context){
		func(ctx context.Context) { _ = m.registry.Run(ctx) },
		m.watch,
		m.keepSnapshot,
		func(ctx context.Context) { m.newRouteWatch().run(ctx) },
	} {
		parts.Add(1)
		go func() {
			defer parts.Done()
			part(ctx)
		}()
	}
	err := serve(ctx)
	cancel()
	parts.Wait()
	return err
}

// Wait waits until the module has ended that was started, or until ctx is done. What
// ends the process should call it first: beehive waits for no module, and the snapshot
// file is written at the end.
func (m *Module) Wait(ctx context.Context) {
	ended := m.ended.Load()
	if ended == nil {
		return // it was never started
	}
	select {
	case <-*ended:
	case <-ctx.Done():
	}
}

// tellOfConfig logs where the config is from.
func (m *Module) tellOfConfig() {
	switch c := m.config.Load(); {
	case c.source == "":
	case c.from == "":
		klog.InfoS("Node metrics find no section "+section+", all is default", "file", c.source)
	case c.shadowed != "":
		klog.InfoS("Node metrics have their config", "file", c.from, "withoutEffect", c.shadowed)
	default:
		klog.InfoS("Node metrics have their config", "file", c.from)
	}
}

// Handler returns the module's pages: /metrics, /healthz, /readyz, and those of
// package statuspage.
func (m *Module) Handler() http.Handler {
	return bounded(m.handler, m.config.Load().WriteTimeout.Duration, m.turns)
}

// Collector offers the nodes' samples and the module's own metrics to a
// registry of the host, for one page with all. See [exposition.Collector].
func (m *Module) Collector() prometheus.Collector {
	return collectors{exposition.Collector(m.registry), m.metrics.Registry}
}

// Expect announces a node that has a Node object: it is shown as down even if it
// never reports. It returns an error if limits.nodes is reached by nodes that are
// all expected; the node then gets the next place that becomes free.
func (m *Module) Expect(node string) error { return m.registry.Expect(node) }

// Disconnected says that the node's session ended. Its newest report then counts for
// at most disconnectGrace.
func (m *Module) Disconnected(node string) { m.registry.Disconnected(node) }

// Connected says that the node has a session again.
func (m *Module) Connected(node string) { m.registry.Connected(node) }

// Forget removes every trace of a node whose Node object was deleted. Reports that
// were still on their way are refused for two seconds.
func (m *Module) Forget(node string) {
	m.registry.Forget(node)
	if m.pending.drop(node) {
		m.metrics.rejected[string(registry.Forgotten)].Inc()
	}
}

func logChange(node string, c registry.Change) {
	klog.V(2).InfoS("Node changed", "node", node, "change", c.String())
}
