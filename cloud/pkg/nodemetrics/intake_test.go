package nodemetrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kubeedge/beehive/pkg/core/model"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

func TestHandleContent(t *testing.T) {
	type memoryOf struct {
		TotalBytes uint64 `json:"totalBytes"`
	}
	for name, content := range map[string]any{
		"bytes":      []byte(memory("7")),
		"string":     memory("7"),
		"RawMessage": json.RawMessage(memory("7")),
		"map":        map[string]any{"memory": map[string]any{"totalBytes": 7}},
		"struct": struct {
			Memory memoryOf `json:"memory"`
		}{memoryOf{7}},
		"document":  &sysinfo.Document{Memory: &sysinfo.Memory{TotalBytes: sysinfo.Ptr[uint64](7)}},
		"marshaler": marshaler(func() ([]byte, error) { return []byte(memory("7")), nil }),
	} {
		t.Run(name, func(t *testing.T) {
			m := newModule(t, nil)
			accept(t, m, message("edge", content))
			wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 7`)
			wantLine(t, m, `nodemetrics_reports_total{reason="",result="accepted"} 1`)
			sized := 0
			switch content.(type) {
			case []byte, string, json.RawMessage:
				sized = 1
			}
			wantLine(t, m, fmt.Sprintf("nodemetrics_report_bytes_count %d", sized))
			wantLine(t, m, "nodemetrics_report_duration_seconds_count 1")
		})
	}
}

type marshaler func() ([]byte, error)

func (f marshaler) MarshalJSON() ([]byte, error) { return f() }

func TestHandleContentWithoutJSON(t *testing.T) {
	for name, content := range map[string]any{
		"channel":    make(chan int),
		"function":   func() {},
		"failing":    marshaler(func() ([]byte, error) { return nil, errors.New("no") }),
		"panicking":  marshaler(func() ([]byte, error) { panic("no") }),
		"not JSON":   marshaler(func() ([]byte, error) { return []byte("{"), nil }),
		"nil typed":  marshaler(nil),
		"nil in map": map[string]any{"memory": marshaler(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModule(t, nil)
			wantRefused(t, m, message("edge", content), "not_json", "")
			accept(t, m, message("edge", memory("7")))
		})
	}
	m := newModule(t, nil)
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	wantRefused(t, m, message("edge", cyclic), "too_deep", "")
	wantRefused(t, m, message("edge", nil), "not_object", "")
	wantRefused(t, m, message("edge", (*sysinfo.Document)(nil)), "not_object", "")
}

func TestHandleMessage(t *testing.T) {
	m := newModule(t, nil)
	msg := message("edge", memory("7"))
	accept(t, m, msg)
	accept(t, m, *msg)
	wantLine(t, m, `nodemetrics_reports_total{reason="",result="accepted"} 2`)
	for what, v := range map[string]any{
		"nothing came":                         nil,
		"a nil *model.Message":                 (*model.Message)(nil),
		"a string, a *model.Message":           "node/edge/default/user/sysinfo",
		"a **model.Message, a *model.Message":  &msg,
		"a []uint8, a *model.Message":          []byte(memory("7")),
		"a struct {}, a *model.Message":        struct{}{},
		"a []*model.Message, a *model.Message": []*model.Message{msg},
	} {
		wantRefused(t, m, v, "not_message", what)
	}
	wantRefused(t, m, &model.Message{}, "no_node", `the resource ""`)
}

// wantRefused wants a message to be refused for the reason, counted once.
func wantRefused(t *testing.T, m *Module, msg any, reason, says string) {
	t.Helper()
	before := rejections(t, m)
	result, err := m.Handle(msg)
	if err == nil || !strings.Contains(err.Error(), says) || result != nil {
		t.Errorf("%T: result %v, error %q; want one that says %q", msg, result, err, says)
	}
	for r, n := range rejections(t, m) {
		want := before[r]
		if r == reason {
			want++
		}
		if n != want {
			t.Errorf("%T: %s counted %v times more, want %v (%v)", msg, r, n-before[r], want-before[r], err)
		}
	}
}

// rejections are the counts by reason, as they are shown.
func rejections(t *testing.T, m *Module) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	families, err := m.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "nodemetrics_reports_total" {
			continue
		}
		for _, x := range f.GetMetric() {
			if x.GetLabel()[1].GetValue() == "rejected" {
				counts[x.GetLabel()[0].GetValue()] = x.GetCounter().GetValue()
			}
		}
	}
	return counts
}

func TestIdentitySession(t *testing.T) {
	m := newModule(t, func(c *Config) { c.NodeNameField = "node" })
	claim := func(resource, content string) *model.Message {
		msg := message("", content)
		msg.Router.Resource = resource
		return msg
	}
	accept(t, m, claim("node/one/default/user/sysinfo", memory("1")))
	accept(t, m, claim("node/two/x", `{"node":"two",`+memory("2")[1:]))
	wantLine(t, m, "nodemetrics_identity_mismatches_total 0")
	accept(t, m, claim("node/three/a/b/c/d", `{"node":"one",`+memory("3")[1:]))
	wantLine(t, m, "nodemetrics_identity_mismatches_total 1")
	for _, line := range []string{`{node="one"} 1`, `{node="two"} 2`, `{node="three"} 3`} {
		wantLine(t, m, "edge_node_memory_total_bytes"+line)
	}
	for _, resource := range []string{"", "node", "node/", "node//x", "node/four", "node/four/", "node/monitor", "Node/four/x", "/node/four/x", "membership/detail"} {
		wantRefused(t, m, claim(resource, `{"node":"four",`+memory("4")[1:]), "no_node", fmt.Sprintf("%q", resource))
	}
	wantNoLine(t, m, `edge_node_up{node="four"}`)
}

func TestIdentityPayload(t *testing.T) {
	m := newModule(t, func(c *Config) { c.Identity, c.NodeNameField = IdentityPayload, "meta.node" })
	claim := func(resource, node string) *model.Message {
		msg := message("", `{"meta":{"node":`+node+`},`+memory("1")[1:])
		msg.Router.Resource = resource
		return msg
	}
	accept(t, m, claim("node/monitor", `"one"`))
	accept(t, m, claim("", `"two"`))
	accept(t, m, claim("node/three/monitor", `"one"`))
	accept(t, m, claim("node/four/monitor", `"four"`))
	wantLine(t, m, "nodemetrics_identity_mismatches_total 1")
	for _, node := range []string{"one", "two", "three", "four"} {
		wantLine(t, m, fmt.Sprintf("edge_node_up{node=%q} 1", node))
	}
	wantRefused(t, m, claim("node/monitor", `""`), "no_node", "meta.node")
	wantRefused(t, m, func() *model.Message {
		msg := message("", memory("1"))
		msg.Router.Resource = "node/monitor"
		return msg
	}(), "no_node", "meta.node")
	wantRefused(t, m, claim("node/monitor", "5"), "bad_node", "meta.node")
	wantRefused(t, m, claim("node/monitor", `"`+strings.Repeat("n", 254)+`"`), "bad_node", "253")
	wantRefused(t, m, claim("node/monitor", "\"\xff\""), "bad_node", "meta.node")
	wantRefused(t, m, claim("node/monitor", `{}`), "bad_node", "meta.node")
	accept(t, m, claim("node/monitor", `"`+strings.Repeat("n", 253)+`"`))
}

// A report is as old as it says, or else as its message is.
func TestOrder(t *testing.T) {
	at := func(header int64, own string) *model.Message {
		msg := message("edge", memory("1"))
		if own != "" {
			msg.Content = `{"timestamp":` + own + `,` + memory("1")[1:]
		}
		msg.Header.Timestamp = header
		return msg
	}
	for name, x := range map[string]struct {
		held, next *model.Message
		late       bool
	}{
		"by header, newer":         {at(1_700_000_000_000, ""), at(1_700_000_000_001, ""), false},
		"by header, as old":        {at(1_700_000_000_000, ""), at(1_700_000_000_000, ""), false},
		"by header, older":         {at(1_700_000_000_000, ""), at(1_699_999_999_999, ""), true},
		"by its own, before":       {at(5, "1700000000.5"), at(6, "1700000000.4"), true},
		"own after header":         {at(1_700_000_000_000, ""), at(5, "1700000000.1"), false},
		"own before header":        {at(1_700_000_000_000, ""), at(1_800_000_000_000, "1699999999.9"), true},
		"clock set back":           {at(1_700_000_000_000, ""), at(1_699_999_000_000, ""), false},
		"without any time":         {at(1_700_000_000_000, ""), at(0, ""), false},
		"after one without a time": {at(0, ""), at(1, ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModule(t, nil)
			accept(t, m, x.held)
			if x.late {
				wantRefused(t, m, x.next, "late", "older")
			} else {
				accept(t, m, x.next)
			}
		})
	}
}

func TestHandleCountsEveryReason(t *testing.T) {
	limited := func(c *Config) {
		c.Limits = Limits{Nodes: 1, SamplesPerNode: 2, ReportBytes: 1000, LabelValueBytes: 16, ReportsPerSecond: 100_000}
	}
	cases := map[string]struct {
		msg    any
		before func(t *testing.T, m *Module)
	}{
		"not_message": {msg: 5},
		"no_node":     {msg: &model.Message{Content: memory("1")}},
		"bad_node":    {msg: message(strings.Repeat("n", 254), memory("1"))},
		"internal":    {msg: message("edge", memory("1")), before: func(_ *testing.T, m *Module) { breakPool(m) }},
		"not_json":    {msg: message("edge", "{memory}")},
		"not_object":  {msg: message("edge", "[1]")},
		"truncated":   {msg: message("edge", `{"memory":{"totalBytes":1`)},
		"too_large":   {msg: message("edge", `{"pad":"`+strings.Repeat("x", 1000)+`"}`)},
		"too_deep":    {msg: message("edge", `{"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+"}")},
		"late": {msg: message("edge", `{"timestamp":1000,`+memory("1")[1:]), before: func(t *testing.T, m *Module) {
			accept(t, m, message("edge", `{"timestamp":1001,`+memory("1")[1:]))
		}},
		// One that cannot wait for its turn: what it would take is too much.
		"rate_limited": {msg: message("edge", memory("1")), before: func(t *testing.T, m *Module) {
			c := *m.config.Load()
			c.Limits.PendingBytes = 1
			m.config.Store(&c)
			limit(t, m, func(o *registry.Options) { o.ReportsPerSecond = 0.001 })
			accept(t, m, message("edge", memory("1")))
			accept(t, m, message("edge", memory("1")))
		}},
		"forgotten": {msg: message("edge", memory("1")), before: func(t *testing.T, m *Module) {
			accept(t, m, message("edge", memory("1")))
			m.Forget("edge")
		}},
		"no_room": {msg: message("edge", memory("1")), before: func(t *testing.T, m *Module) {
			limit(t, m, func(o *registry.Options) { o.Series = 1 })
		}},
		"too_many_new_nodes": {msg: unnamed("two", memory("1")), before: func(t *testing.T, m *Module) {
			c := *m.config.Load()
			c.Identity, c.NodeNameField = IdentityPayload, "node"
			decoder, err := c.decoder(os.ReadFile)
			if err != nil {
				t.Fatal(err)
			}
			m.config.Store(&c)
			m.decoder.Store(decoder)
			limit(t, m, func(o *registry.Options) { o.Nodes, o.NewNodesPerMinute = 100, 1 })
			accept(t, m, unnamed("one", memory("1")))
		}},
		"too_many_nodes": {msg: message("another", memory("1")), before: func(t *testing.T, m *Module) {
			accept(t, m, message("edge", memory("1")))
		}},
	}
	for _, reason := range reasons() {
		if _, ok := cases[reason]; !ok {
			t.Errorf("no case for %s", reason)
		}
	}
	for reason, x := range cases {
		t.Run(reason, func(t *testing.T) {
			m := newModule(t, limited)
			wantLine(t, m, fmt.Sprintf("nodemetrics_reports_total{reason=%q,result=\"rejected\"} 0", reason))
			if x.before != nil {
				x.before(t, m)
			}
			wantRefused(t, m, x.msg, reason, "")
			wantLine(t, m, fmt.Sprintf("nodemetrics_reports_total{reason=%q,result=\"rejected\"} 1", reason))
		})
	}
}

// limit changes the registry's options.
func limit(t *testing.T, m *Module, change func(*registry.Options)) {
	t.Helper()
	o := m.registry.Options()
	change(&o)
	if err := m.registry.SetOptions(o); err != nil {
		t.Fatal(err)
	}
}

// unnamed is a message whose node only the field "node" names.
func unnamed(node, content string) *model.Message {
	msg := message("", fmt.Sprintf(`{"node":%q,`, node)+content[1:])
	msg.Router.Resource = "node/monitor"
	return msg
}

// breakPool makes the handling of the next message panic.
func breakPool(m *Module) { m.reports.New = func() any { return nil } }

func TestHandleBadNode(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message(strings.Repeat("n", 253), memory("1")))
	wantRefused(t, m, message(strings.Repeat("n", 254), memory("1")), "bad_node", "the limit is 253")
	wantRefused(t, m, message("edge\xff", memory("1")), "bad_node", `"edge\xff"`)
	accept(t, m, message("ed\"g\\e\nß", memory("1")))
	wantLine(t, m, `edge_node_up{node="ed\"g\\e\nß"} 1`)
}

func TestHandleDoesNotKeepTheMessage(t *testing.T) {
	m := newModule(t, nil)
	content := []byte(`{"host":{"kernel":"6.1.0"},"temperatures":[{"sensor":"cpu","celsius":52.5}]}`)
	msg := message("edge", content)
	accept(t, m, msg)
	before := page(m)
	for i := range content {
		content[i] = '#'
	}
	msg.Router.Resource = "gone"
	if after := page(m); !strings.Contains(after, `edge_node_temperature_celsius{node="edge",sensor="cpu"} 52.5`) ||
		!strings.Contains(after, `kernel="6.1.0"`) {
		t.Errorf("the page changed with the message, from\n%s\nto\n%s", before, after)
	}
	wantRefused(t, m, message("edge", content), "not_json", "")
}

func TestHandleDoesNotChangeTheMessage(t *testing.T) {
	m := newModule(t, nil)
	content := []byte(memory("1"))
	msg := message("edge", content)
	before := *msg
	accept(t, m, msg)
	if before.Header != msg.Header || before.Router != msg.Router || !bytes.Equal(content, []byte(memory("1"))) {
		t.Errorf("changed to %+v", msg)
	}
}

func TestHandleCountsIgnoredFieldsOncePerReport(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message("edge", memory("1")))
	wantLine(t, m, "nodemetrics_reports_with_ignored_fields_total 0")
	accept(t, m, message("edge", `{"a":1,"b":2,"c":[1,2,{"d":3}],`+memory("1")[1:]))
	wantLine(t, m, "nodemetrics_reports_with_ignored_fields_total 1")
}

// Whatever panics costs a counter, and few lines in the log.
func TestHandlePanic(t *testing.T) {
	m := newModule(t, nil)
	log := captureLog(t)
	breakPool(m)
	for range 100 {
		wantRefused(t, m, message("edge", memory("1")), "internal", "panic")
	}
	if n := strings.Count(log(), "Report could not be handled"); n < 1 || n > 10 {
		t.Errorf("logged %d times, want once a second", n)
	}
	if !strings.Contains(log(), "intake.go") {
		t.Errorf("no stack in\n%s", log())
	}
	m.reports.New = func() any { return new(mapping.Report) }
	accept(t, m, message("edge", memory("1")))
}
