package nodemetrics

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
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

// patience is how long tests wait for what must happen: a busy machine is no fault.
const patience = 30 * time.Second

// freeAddress is one that nobody listened on a moment ago. It is below the ports that
// the system gives to clients, so that no connection takes it meanwhile.
func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := findAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func findAddress() (string, error) {
	for {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 12000+rand.IntN(20000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return l.Addr().String(), l.Close()
	}
}

// TestConfigIsNamed wants the log to say where the config is from, or that there is
// none: without a word, nobody would see that a section is not found.
func TestConfigIsNamed(t *testing.T) {
	section := map[string]string{"nodemetrics.yaml": inSection("{}")}
	for name, x := range map[string]struct {
		files map[string]string
		says  string
	}{
		"no section": {map[string]string{"cloudcore.yaml": "modules: {}"}, "find no section modules.nodeMetrics, all is default"},
		"no file":    {nil, "find no section modules.nodeMetrics, all is default"},
		"own file":   {section, `file="DIR/nodemetrics.yaml"`},
		"its file":   {cloudcoreFile("{}"), `file="DIR/cloudcore.yaml"`},
		"both":       {map[string]string{"nodemetrics.yaml": inSection("{}"), "cloudcore.yaml": inSection("{}")}, `withoutEffect="DIR/cloudcore.yaml"`},
	} {
		mnt := newMount(t, x.files)
		c, err := LoadConfig(mnt.path("cloudcore.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		c.Host, c.BindAddress = prometheus.NewRegistry(), freeAddress(t)
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		log := captureLog(t)
		stop := run(t, m)
		eventually(t, patience, "the module runs", func() bool { return m.running.Load() && strings.Contains(log(), "served") })
		if err := stop(); err != nil {
			t.Error(err)
		}
		if says := strings.ReplaceAll(x.says, "DIR", mnt.dir); !strings.Contains(log(), says) {
			t.Errorf("%s: the log does not say %s:\n%s", name, says, log())
		}
	}
}
