package nodemetrics

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// What the docs and readers rely on, in numbers.
func TestTimes(t *testing.T) {
	for name, test := range map[string]struct{ got, want time.Duration }{
		"until a report over its rate has its turn":      {pendingTime, 500 * time.Millisecond},
		"between looks at the config":                    {watchPeriod, 5 * time.Second},
		"until the second look":                          {secondLook, 2 * time.Second},
		"until an example gives way to another":          {exampleAge, time.Second},
		"between examples of dropped samples":            {examplesPause, 200 * time.Millisecond},
		"until a reader's connection gives way":          {stuck, 100 * time.Millisecond},
		"until a route is called missing":                {routePatience, 5 * time.Minute},
		"between snapshot files":                         {snapshotPeriod, time.Minute},
		"of rubbish that is read whatever comes":         {rubbishBurst, 4 * time.Second},
		"until a header must have come":                  {newServer(nil).ReadHeaderTimeout, 5 * time.Second},
		"until a request must have come":                 {newServer(nil).ReadTimeout, 10 * time.Second},
		"until a connection without request is closed":   {newServer(nil).IdleTimeout, 2 * time.Minute},
		"for the answer, which depends on what is asked": {newServer(nil).WriteTimeout, 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	if got := newServer(nil).MaxHeaderBytes; got != 32768 {
		t.Errorf("headers may have %d bytes, want 32 KiB", got)
	}
	if rubbishPerSecond != 1048576 || alwaysRead != 16384 || maxFile != 4194304 || maxOverrides != 1000 || mostRefusedNodes != 4096 || mostRefusalText != 300 {
		t.Errorf("bounds in bytes and numbers: %d, %d, %d, %d, %d, %d", rubbishPerSecond, alwaysRead, maxFile, maxOverrides, mostRefusedNodes, mostRefusalText)
	}
	if encodedPerSecond != 1048576 || encodedBurst != time.Second {
		t.Errorf("of Go values over their rate %d bytes a second are encoded, and %v of that at once", encodedPerSecond, encodedBurst)
	}
	if l := newServer(nil).ErrorLog; l.Flags() != 0 || l.Prefix() != "" {
		t.Errorf("a line of net/http has %b and %q before what klog puts there", l.Flags(), l.Prefix())
	}
	if got := (&held{}).size(); got != 256 {
		t.Errorf("a report that waits takes %d bytes beside its content, want 256", got)
	}
	if got := (&held{resource: "four", content: []byte("seven77")}).size(); got != 256+11 {
		t.Errorf("a report of 7 bytes that waits takes %d bytes, want 267", got)
	}
}

// The server's requests know their connection, which bounded counts as busy.
func TestServerKnowsConnections(t *testing.T) {
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	s := newServer(h)
	if s.Handler == nil || s.ErrorLog == nil || s.ConnContext == nil {
		t.Fatalf("%+v", s)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	c := &conn{Conn: a, listener: newListener(nil, 1, time.Second, connMetrics{})}
	ctx := s.ConnContext(context.Background(), c)
	var busy, queued int32
	bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		waiting(r.Context(), true)
		busy, queued = c.busy.Load(), c.queued.Load()
		if c.changed.Swap(0) == 0 {
			t.Error("when a request begins is not noted")
		}
		waiting(r.Context(), false)
	}), time.Second, newTurns()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if c.changed.Load() == 0 {
		t.Error("when a request ends is not noted")
	}
	if busy != 1 || queued != 1 || c.busy.Load() != 0 || c.queued.Load() != 0 {
		t.Errorf("while a request waits: %d busy, %d queued; after it %d and %d", busy, queued, c.busy.Load(), c.queued.Load())
	}
}

// Any of the keys for TLS makes the scheme https, and nothing else does.
func TestSchemeByKey(t *testing.T) {
	for key, want := range map[string]string{
		"cert": "https", "key": "https", "cert_file": "https", "key_file": "https", "client_auth_type": "https", "client_ca": "https", "client_ca_file": "https",
		"min_version": "http", "certs": "http",
	} {
		c := Config{WebConfigFile: write(t, filepath.Join(t.TempDir(), "web.yaml"), "tls_server_config: {"+key+": x}\n")}
		if got := c.Scheme(); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}

// What a slip of the hand makes of the section's name is recognised, other names
// are not.
func TestResembles(t *testing.T) {
	for key, want := range map[string]bool{
		"nodeMetrics": true, "nodemetrics": true, "NODE_METRICS": true, "node-metrics": true, "node_-_-metrics": true, "nodeMetric": true, "nodMetric": true,
		"odMetric": false, "nodeMonitor": false, "cloudHub": false, "metrics": false, "": false,
	} {
		if got := resembles(key, "nodeMetrics"); got != want {
			t.Errorf("%q: %v, want %v", key, got, want)
		}
	}
}
