package main

import (
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
)

// TestStrangers: a report in the name of a node without a session is counted, and
// reaches the exporter all the same. What is merely early or late is not.
func TestStrangers(t *testing.T) {
	const topic = "default/user/sysinfo"
	report := func(node string) func(*adapter, func()) {
		return func(a *adapter, _ func()) {
			if _, err := a.nodes.routes.handle(upload(node, topic)); err != nil {
				t.Error(err)
			}
		}
	}
	begin := func(a *adapter, _ func()) { a.sessions.observe(session("edge-1", true)) }
	end := func(a *adapter, _ func()) { a.sessions.observe(session("edge-1", false)) }
	pass := func(_ *adapter, pass func()) { pass() } // the grace
	odd := func(a *adapter, _ func()) {
		_, _ = a.nodes.routes.handle(model.NewMessage("").BuildRouter(routeSource, "user", "nonsense", model.UploadOperation))
	}
	remove := func(a *adapter, _ func()) { a.nodes.handler().OnDelete(edgeNode("edge-1", "a")) }
	for name, test := range map[string]struct {
		steps   []func(*adapter, func())
		counted float64
		handled int
	}{
		"a session of its own":              {[]func(*adapter, func()){begin, report("edge-1"), pass, report("edge-1"), pass}, 0, 2},
		"announced late":                    {[]func(*adapter, func()){report("edge-1"), report("edge-1"), begin, pass, report("edge-1"), pass}, 0, 3},
		"never announced":                   {[]func(*adapter, func()){report("edge-1"), report("edge-1"), pass, report("edge-1"), pass}, 3, 3},
		"not judged yet":                    {[]func(*adapter, func()){report("edge-1")}, 0, 1},
		"on its way at the session's end":   {[]func(*adapter, func()){begin, end, report("edge-1"), pass}, 0, 1},
		"long after the session's end":      {[]func(*adapter, func()){begin, end, pass, report("edge-1"), pass}, 1, 1},
		"another node's session":            {[]func(*adapter, func()){begin, report("edge-2"), pass}, 1, 1},
		"the old session ends late":         {[]func(*adapter, func()){begin, begin, end, pass, report("edge-1"), pass}, 0, 1},
		"a session, in the grace, and gone": {[]func(*adapter, func()){report("edge-1"), begin, end, report("edge-1"), pass, report("edge-1"), pass}, 1, 3},
		"the node is deleted":               {[]func(*adapter, func()){report("edge-1"), remove, pass}, 0, 1},
		"no node's message":                 {[]func(*adapter, func()){odd, pass}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var told handled
			a := newAdapter(&told, newTable(), []string{topic})
			var later []func()
			a.strangers.after = func(d time.Duration, f func()) {
				if d != sessionGrace {
					t.Errorf("a grace of %v", d)
				}
				later = append(later, f)
			}
			for _, step := range test.steps {
				step(a, func() {
					now := later
					later = nil
					for _, f := range now {
						f()
					}
				})
			}
			metrics := prometheus.NewRegistry()
			metrics.MustRegister(a.strangers.total)
			families, err := metrics.Gather()
			if err != nil {
				t.Fatal(err)
			}
			if got := families[0].GetMetric()[0].GetCounter().GetValue(); got != test.counted || int(told) != test.handled {
				t.Errorf("counted %v and handled %d, want %v and %d", got, told, test.counted, test.handled)
			}
		})
	}
}

// handled is an exporter that counts the messages.
type handled int

func (h *handled) Handle(interface{}) (interface{}, error) { *h++; return nil, nil }
func (h *handled) Expect(string) error                     { return nil }
func (h *handled) Forget(string)                           {}
func (h *handled) Listed(func(string) bool)                {}
func (h *handled) Connected(string)                        {}
func (h *handled) Disconnected(string)                     {}
