package nodemetrics

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
)

// newModule returns a module whose page has no other metrics than its own.
func newModule(t testing.TB, change func(*Config)) *Module {
	t.Helper()
	c := DefaultConfig()
	c.Limits.ReportsPerSecond = 100_000
	c.Host = prometheus.NewRegistry()
	if change != nil {
		change(&c)
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// message is one as cloudhub makes it of a report of node.
func message(node string, content any) *model.Message {
	m := model.NewMessage("").BuildRouter("bus", "user", "node/"+node+"/default/user/sysinfo", "upload").FillBody(content)
	m.Header.Timestamp = 0
	return m
}

// memory is a report of one sample.
func memory(value string) string { return `{"memory":{"totalBytes":` + value + `}}` }

func accept(t testing.TB, m *Module, msg any) {
	t.Helper()
	if _, err := m.Handle(msg); err != nil {
		t.Fatalf("refused: %v", err)
	}
}

// get fetches a page without a network.
func get(m *Module, path string) *httptest.ResponseRecorder {
	return ask(m, httptest.NewRequest(http.MethodGet, path, nil))
}

func ask(m *Module, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	return w
}

func page(m *Module) string { return get(m, "/metrics").Body.String() }

// wantLine wants a line on the page.
func wantLine(t testing.TB, m *Module, line string) {
	t.Helper()
	if text := page(m); !strings.Contains(text, "\n"+line+"\n") {
		name, _, _ := strings.Cut(line, "{")
		name, _, _ = strings.Cut(name, " ")
		var near []string
		for _, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(l, name) {
				near = append(near, l)
			}
		}
		t.Errorf("want %s, have\n%s", line, strings.Join(near, "\n"))
	}
}

// wantNoLine wants no line of the page to begin so.
func wantNoLine(t testing.TB, m *Module, start string) {
	t.Helper()
	if text := page(m); strings.Contains(text, "\n"+start) {
		t.Errorf("there is a line %s…", start)
	}
}

// eventually waits for a condition that other goroutines bring about.
func eventually(t testing.TB, within time.Duration, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(within)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
