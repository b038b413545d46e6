package contender

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

func init() {
	constructors["edgegauge"] = newEdgegauge
	constructors["edgegauge-collector"] = newEdgegaugeCollector
}

// edgegauge is the module as cloudcore runs it, served by its own listener.
type edgegauge struct {
	*nodemetrics.Module
	address string
}

func newEdgegauge(o Options) (Contender, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	config := nodemetrics.DefaultConfig()
	config.BindAddress = address
	// The benchmark is faster than any fleet: what protects the module from
	// that would be measured instead of it.
	config.Limits.Nodes = 10_000_000
	config.Limits.Series = 1_000_000_000
	config.Limits.Bytes = 1 << 40
	config.Limits.ReportsPerSecond = 100_000
	// No contender serves its process's own metrics, whose cost is that of
	// client_golang whoever serves them.
	config.Host = prometheus.NewRegistry()
	if o.Disconnects {
		config.DisconnectGrace.Duration = DisconnectGrace
	}
	if o.TTLSeconds != 0 {
		config.NodeTTL.Duration = time.Duration(o.TTLSeconds) * time.Second
	}
	m, err := nodemetrics.New(config)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Run(context.Background()) }()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the module ended: %w", err)
		default:
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			return &edgegauge{m, address}, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("the module does not listen on %s", address)
}

// DisconnectGrace is edgegauge's with Options.Disconnects.
const DisconnectGrace = 5 * time.Second

// Address says where the module listens; there is no need for another server.
func (e *edgegauge) Address() string { return e.address }

func (e *edgegauge) Prepare(r Report) func() error {
	message := model.NewMessage("").
		BuildRouter("edge", "user", "node/"+r.Node+"/default/user/sysinfo", "upload").
		FillBody(r.Message)
	return func() error {
		_, err := e.Handle(message)
		return err
	}
}

// edgegaugeCollector is the module on a host's own page.
type edgegaugeCollector struct{ *edgegauge }

func newEdgegaugeCollector(o Options) (Contender, error) {
	c, err := newEdgegauge(o)
	if err != nil {
		return nil, err
	}
	return edgegaugeCollector{c.(*edgegauge)}, nil
}

func (e edgegaugeCollector) Address() string { return "" }

func (e edgegaugeCollector) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(e.Collector())
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
