package nodemetrics

import (
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// What counts for itself is described as it is collected.
func TestDescribed(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message("edge", memory("7")))
	for name, c := range map[string]prometheus.Collector{"budgets": budgets{m}, "nodes": nodeStats{m.registry}} {
		r := prometheus.NewPedanticRegistry()
		if err := r.Register(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if families, err := r.Gather(); err != nil || len(families) == 0 {
			t.Errorf("%s: %d families, %v", name, len(families), err)
		}
	}
}

// A config that the registry refuses changes nothing.
func TestTakeUpRefused(t *testing.T) {
	m := newModule(t, nil)
	before := m.config.Load()
	c := *before
	c.NodeTTL.Duration = -1
	if err := m.takeUp(&prepared{config: c, decoder: m.decoder.Load()}); err == nil {
		t.Error("a TTL below zero was taken up")
	}
	if m.config.Load() != before {
		t.Error("the refused config is in force")
	}
}

// Connections are told apart by their address without the port, if it has one.
func TestHost(t *testing.T) {
	for want, a := range map[string]net.Addr{
		"192.0.2.1":   &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80},
		"2001:db8::1": &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 80},
		"/run/socket": &net.UnixAddr{Name: "/run/socket", Net: "unix"},
	} {
		if got := host(a); got != want {
			t.Errorf("host of %v: %s, want %s", a, got, want)
		}
	}
}
