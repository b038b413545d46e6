package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
)

func newModule(t *testing.T) *nodemetrics.Module {
	t.Helper()
	c := nodemetrics.DefaultConfig()
	c.Host = prometheus.NewRegistry()
	m, err := nodemetrics.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func page(m *nodemetrics.Module) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// TestReplay replays messages in every form that content can have in JSON, and
// lines that are no messages.
func TestReplay(t *testing.T) {
	const report = `{"cpu":{"load1":0.5}}`
	message := func(node, content string) string {
		return `{"header":{"timestamp":1732362000123},"route":{"resource":"node/` + node + `/default/user/sysinfo"},"content":` + content + "}\n"
	}
	lines := message("object", report) +
		message("text", `"{\"cpu\":{\"load1\":0.5}}"`) +
		message("bytes", `"`+base64.StdEncoding.EncodeToString([]byte(report))+`"`) +
		"\n" +
		message("wrong", `{"cpu":{"load1":"x"}}`) +
		"no message\n" +
		`{"route":{}}` + "\n"
	m := newModule(t)
	var out bytes.Buffer
	replay(context.Background(), &out, m, "captured.jsonl", io.NopCloser(strings.NewReader(lines)))

	text := page(m)
	for _, node := range []string{"object", "text", "bytes"} {
		if want := `edge_node_load1{node="` + node + `"} 0.5`; !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{
		"captured.jsonl:6: rejected: no beehive message: ",
		"captured.jsonl:7: rejected: no beehive message: there is no content",
		"Replayed captured.jsonl: 4 messages accepted, 2 rejected.",
		"1 samples dropped, reason wrong_type. The newest: node/wrong/default/user/sysinfo: cpu.load1: the string \"x\"",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not said, but:\n%s", want, &out)
		}
	}
}

// TestExampleMessages replays the sample file that docs/mapping.md points to: all of it
// counts.
func TestExampleMessages(t *testing.T) {
	const file = "../../../docs/examples/messages.jsonl"
	in, err := openReplay(file)
	if err != nil {
		t.Fatal(err)
	}
	m := newModule(t)
	var out bytes.Buffer
	replay(context.Background(), &out, m, file, in)
	text := page(m)
	for _, want := range []string{
		`edge_node_up{node="edge-1"} 1`, `edge_node_up{node="edge-2"} 1`, `edge_node_load1{node="edge-1"} 0.61`,
		`edge_node_temperature_celsius{node="edge-2",sensor="cpu-thermal"} 71.4`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, wrong := range []string{"rejected", "dropped"} {
		if strings.Contains(out.String(), wrong+":") {
			t.Errorf("replay says:\n%s", &out)
		}
	}
}
