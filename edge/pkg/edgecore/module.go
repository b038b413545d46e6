// Package edgecore is the reporter of sysInfo as a beehive module, for edgecore
// forks that rather compile it in than run a process beside edgecore. It reads
// the same values as the sysinfo-reporter and hands its messages to edgehub
// directly, without a broker.
//
// Its contract is the reporter's: nothing is queued, and nothing in it panics,
// exits or holds up the process that it shares with edgecore.
package edgecore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kubeedge/beehive/pkg/core"
	beehiveContext "github.com/kubeedge/beehive/pkg/core/context"
	"github.com/kubeedge/beehive/pkg/core/model"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/edge/pkg/report"
)

// ModuleName is the module's name in beehive, and that of its group.
const ModuleName = "sysinfo"

// What a message says of itself. They are those of a report that came through
// edgecore's broker, so that the cloud need not tell the two apart.
const (
	source    = "bus"
	group     = "user"
	operation = "upload"
)

// Config is what a Module needs to know. The zero value is a disabled module
// with useful settings.
type Config struct {
	// Enable says whether the module runs.
	Enable bool
	// Interval is the time between reports. Zero means a minute.
	Interval time.Duration
	// Topic becomes the end of the message's resource. Empty means
	// default/user/sysinfo.
	Topic string
	// HubModule is edgehub's name in beehive. Empty means websocket, the name
	// that KubeEdge gives it whatever the protocol.
	HubModule string
	// Connected tells whether edgehub has its connection to the cloud; the
	// fork passes cloudconnection.IsConnected. While it says no, nothing is
	// sent: beehive would keep a thousand reports of the past for the cloud's
	// return. Nil means always connected.
	Connected func() bool
	// Host says what to read. Its zero value is this host.
	Host host.Options
	// CustomDir holds files with values of the node's owner. Empty means none.
	CustomDir string
	// CustomMaxAge leaves out custom files not written for so long. Zero
	// means however old.
	CustomMaxAge time.Duration
}

// Module is the beehive module.
type Module struct {
	config Config
	start  func(time.Duration) time.Duration // the first report's delay
}

var _ core.Module = (*Module)(nil)

// New returns a module of a valid config. It reads and starts nothing.
func New(c Config) (*Module, error) {
	if c.Interval == 0 {
		c.Interval = time.Minute
	}
	if c.Topic == "" {
		c.Topic = "default/user/sysinfo"
	}
	if c.HubModule == "" {
		c.HubModule = "websocket"
	}
	if c.Connected == nil {
		c.Connected = func() bool { return true }
	}
	var errs []error
	if c.Interval < 100*time.Millisecond || c.Interval > 24*time.Hour {
		errs = append(errs, fmt.Errorf("interval %v: must be from 100ms to 24h", c.Interval))
	}
	if len(c.Topic) > 256 || strings.ContainsAny(c.Topic, "+#\x00") {
		errs = append(errs, fmt.Errorf("topic %q: must be at most 256 bytes without wildcards", c.Topic))
	}
	if c.CustomMaxAge < 0 {
		errs = append(errs, fmt.Errorf("customMaxAge %v: must not be negative", c.CustomMaxAge))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Module{config: c, start: report.RandomStart}, nil
}

// Register makes a module of the config and registers it with beehive, before
// core.Run.
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

// Group returns a group of the module's own: others' messages would fill a
// channel that nobody reads.
func (m *Module) Group() string { return ModuleName }

// Enable tells whether beehive is to start the module.
func (m *Module) Enable() bool { return m.config.Enable }

// Start runs the module until beehive's context ends.
func (m *Module) Start() { _ = m.Run(beehiveContext.GetContext()) } // its only error is the context's end

// Run reports until ctx ends, and returns ctx's error. It may be called again
// after that, by one goroutine at a time.
func (m *Module) Run(ctx context.Context) error {
	reports := &report.Source{
		Host:     host.New(m.config.Host),
		Custom:   &custom.Reader{Dir: m.config.CustomDir, MaxAge: m.config.CustomMaxAge},
		Interval: m.config.Interval,
		LeftOut:  func(err error) { klog.InfoS("Left out of the report", "err", err) },
	}
	start := m.start(m.config.Interval)
	klog.InfoS("Reporting sysInfo", "topic", m.config.Topic, "interval", m.config.Interval, "firstReportIn", start)
	reports.Read(ctx) // so that the first report has a CPU ratio
	slot := report.NewSlot()
	// beehive's Send waits as long as edgehub's channel is full, so it gets a
	// goroutine of its own, and one only. Cleanup of edgehub ends its wait.
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case content := <-slot.Newest():
				m.send(content)
			}
		}
	}()
	report.Every(ctx, start, m.config.Interval, func() {
		if m.config.Connected() {
			slot.Put(reports.Message(ctx))
		}
	})
	klog.InfoS("Stopped reporting sysInfo")
	return ctx.Err()
}

// send hands one report to edgehub.
func (m *Module) send(content []byte) {
	message := model.NewMessage("").
		BuildRouter(source, group, m.config.Topic, operation).
		FillBody(string(content)) // as edgecore's broker does; edgehub would encode bytes
	beehiveContext.Send(m.config.HubModule, *message)
	if klog.V(4).Enabled() {
		klog.InfoS("Handed a report to the hub", "bytes", len(content))
	}
}
