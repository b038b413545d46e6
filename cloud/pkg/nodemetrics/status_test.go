package nodemetrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kubeedge/beehive/pkg/core/model"
)

// The status pages tell what became of a node's reports, and of the config.
func TestStatusPages(t *testing.T) {
	mnt := newMount(t, cloudcoreFile("nodeTTL: 5m"))
	m := fromMount(t, mnt)
	accept(t, m, message("edge-1", memory("7")))
	if _, err := m.Handle(message("edge-1", []byte(`{"memory":`))); err == nil {
		t.Fatal("accepted")
	}
	text := get(m, "/nodes/edge-1").Body.String()
	for _, want := range []string{"edge_node_memory_total_bytes", "truncated", "fresh"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of edge-1 lacks %q:\n%s", want, text)
		}
	}
	if text := get(m, "/nodes").Body.String(); !strings.Contains(text, "edge-1") || !strings.Contains(text, "truncated") {
		t.Errorf("the list is\n%s", text)
	}
	status := func() (s struct {
		Nodes       map[string]int
		ConfigFile  string
		ConfigError string
		Limits      []struct {
			Name        string
			Used, Limit float64
		}
		Rejected []struct {
			Reason string
			Count  int
		}
	}) {
		t.Helper()
		w := get(m, "/api/v1/status")
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d, error %v", w.Code, err)
		}
		return s
	}
	s := status()
	if s.Nodes["fresh"] != 1 || s.ConfigError != "" || !strings.HasSuffix(s.ConfigFile, ".yaml") ||
		len(s.Rejected) != 1 || s.Rejected[0].Reason != "truncated" || s.Rejected[0].Count != 1 {
		t.Errorf("the status is %+v", s)
	}
	if l := s.Limits[0]; l.Name != "nodes" || l.Used != 1 || l.Limit != float64(m.config.Load().Limits.Nodes) {
		t.Errorf("the limits are %+v", s.Limits)
	}

	// A config that is refused says why, until it is mended.
	write(t, mnt.path("nodemetrics.yaml"), inSection("nodeTTL: soon"))
	for m.check() {
	}
	if s := status(); !strings.Contains(s.ConfigError, "soon") {
		t.Errorf("of the refused config it says %q", s.ConfigError)
	}
	if text := get(m, "/").Body.String(); !strings.Contains(text, "The config file is refused.") {
		t.Error("the overview does not say that the config is refused")
	}
	write(t, mnt.path("nodemetrics.yaml"), inSection("nodeTTL: 6m"))
	for m.check() {
	}
	if s := status(); s.ConfigError != "" {
		t.Errorf("of the mended config it says %q", s.ConfigError)
	}
}

// The pages follow the authentication of the listener, each of them.
func TestStatusPagesAreClosed(t *testing.T) {
	m := newModule(t, func(c *Config) {
		c.Authorize = func(r *http.Request) error {
			if r.Header.Get("Authorization") == "" {
				return ErrUnauthenticated
			}
			return nil
		}
	})
	accept(t, m, message("edge-1", memory("7")))
	for _, path := range []string{"/", "/nodes", "/nodes/edge-1", "/nodes/?name=edge-1", "/api/v1/status", "/api/v1/nodes", "/api/v1/nodes/edge-1", "/api/v1/openapi.json"} {
		if w := get(m, path); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "edge") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// What is remembered of rejected reports is bounded, and the newest is kept.
func TestNodeRefusalsAreBounded(t *testing.T) {
	var r nodeRefusals
	long := fmt.Errorf("%s", strings.Repeat("x", 10*mostRefusalText))
	for i := range 3 * 4096 {
		r.note(fmt.Sprintf("node-%d", i), "wrong_type", long)
	}
	if len(r.last) != 4096 || len(r.ring) != 4096 {
		t.Errorf("%d nodes are remembered in a ring of %d, want %d", len(r.last), len(r.ring), 4096)
	}
	if _, ok := r.get("node-0"); ok {
		t.Error("the oldest is still there")
	}
	one, ok := r.get(fmt.Sprintf("node-%d", 3*4096-1))
	if !ok || one.Reason != "wrong_type" || len(one.Error) > mostRefusalText+len("…") {
		t.Errorf("the newest is %v, %v", one, ok)
	}
	r.note("node-again", "wrong_type", long)
	r.note("node-again", "late", fmt.Errorf("late"))
	if one, _ := r.get("node-again"); one.Reason != "late" {
		t.Errorf("another reason within a second is not kept: %v", one)
	}
}

// A refused report that names its node only inside is that node's last rejection, if
// there is such a node.
func TestRefusalOfClaimedNode(t *testing.T) {
	m := newModule(t, func(c *Config) { c.Identity, c.NodeNameField, c.Limits.Nodes = IdentityPayload, "node", 1 })
	claim := func(content string) *model.Message {
		msg := message("", content)
		msg.Router.Resource = "node/monitor"
		return msg
	}
	accept(t, m, claim(`{"node":"edge-1","timestamp":1000,`+memory("1")[1:]))
	wantRefused(t, m, claim(`{"node":"edge-1","timestamp":999.5,`+memory("1")[1:]), "late", "")
	wantRefused(t, m, claim(`{"node":"stranger",`+memory("1")[1:]), "too_many_nodes", "")
	if one, ok := m.nodeRefusals.get("edge-1"); !ok || one.Reason != "late" {
		t.Errorf("the last rejection of edge-1 is %+v, %v", one, ok)
	}
	if one, ok := m.nodeRefusals.get("stranger"); ok {
		t.Errorf("of a node that there is not, %+v is remembered", one)
	}
	for path, want := range map[string]string{"/nodes": "<code>late</code>", "/nodes/edge-1": "late", "/api/v1/nodes/edge-1": `"reason": "late"`} {
		if text := get(m, path).Body.String(); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, text)
		}
	}
}
