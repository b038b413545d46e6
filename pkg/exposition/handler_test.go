package exposition_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func small(t *testing.T) *registry.Registry {
	r := newRegistry(t, registry.Options{})
	put(t, r, parse(t, `families: [{name: a, help: "a", path: a}]`), "n", `{"a": 1}`)
	return r
}

// endless returns a registry whose page no socket's buffers take in.
func endless(t *testing.T) *registry.Registry {
	r := newRegistry(t, registry.Options{})
	m := parse(t, `families: [{name: a, help: "a", path: a, labels: {l: l}}]`)
	random := rand.New(rand.NewSource(1)) // what does not compress
	label := make([]byte, 1<<13)
	for i := range 1000 {
		random.Read(label)
		sample := mapping.Sample{Family: 0, Labels: fmt.Appendf(nil, `l="%x"`, label), Value: []byte("1")}
		if err := r.Put(fmt.Sprint("n", i), &mapping.Report{Mapping: m, Samples: []mapping.Sample{sample}}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// hang asks for the page and reads no more than the beginning of the answer,
// if that is not cut off already.
func hang(t *testing.T, server *httptest.Server, header string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: h\r\n"+header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(conn, make([]byte, len("HTTP/1.1 200")))
	return conn
}

// HEAD has the headers of GET and no body, which is seen without net/http's server:
// that one takes a body away.
func TestHead(t *testing.T) {
	h := exposition.NewHandler(small(t), exposition.HandlerOptions{})
	for accept, want := range map[string]string{
		"":                "text/plain; version=0.0.4; charset=utf-8",
		acceptOpenMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
	} {
		for _, coding := range []string{"", "gzip"} {
			for _, method := range []string{http.MethodHead, http.MethodGet} {
				request := httptest.NewRequest(method, "/metrics", nil)
				request.Header.Set("Accept", accept)
				request.Header.Set("Accept-Encoding", coding)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request)
				if w.Code != http.StatusOK || (w.Body.Len() > 0) != (method == http.MethodGet) {
					t.Errorf("%s: status %d, %d bytes", method, w.Code, w.Body.Len())
				}
				for name, want := range map[string]string{
					"Content-Type": want, "Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store", "Content-Encoding": coding,
				} {
					if got := w.Header().Get(name); got != want {
						t.Errorf("%s: %s is %q, want %q", method, name, got, want)
					}
				}
			}
		}
	}
}

func TestOtherMethods(t *testing.T) {
	h := exposition.NewHandler(small(t), exposition.HandlerOptions{})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/metrics", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

// A page is the same compressed, and the compressor used again.
func TestGzip(t *testing.T) {
	r, _ := large(t)
	h := exposition.NewHandler(r, exposition.HandlerOptions{})
	want := page(t, r, "")
	for range 3 {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		if got := w.Header().Get("Content-Encoding"); got != "gzip" {
			t.Fatalf("Content-Encoding is %q", got)
		}
		if w.Body.Len() > len(want)/4 {
			t.Errorf("%d bytes are compressed to %d", len(want), w.Body.Len())
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z)
		if err != nil || string(got) != want {
			t.Errorf("decompressed, the page is another one of %d bytes, want %d; error %v", len(got), len(want), err)
		}
	}
}

// However many scrapes hang, the next one is served: it cuts one of them.
func TestMaxInFlight(t *testing.T) {
	r := endless(t)
	for _, limit := range []int{1, 3, 0} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			server := httptest.NewServer(exposition.NewHandler(r, exposition.HandlerOptions{MaxInFlight: limit, Timeout: time.Hour}))
			t.Cleanup(server.Close) // after the hanging connections
			count := map[int]int{0: 10}[limit] + limit
			for range count {
				hang(t, server, "")
			}
			for range 2 { // which wait until one has stalled
				response, err := http.Get(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				n, err := io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK || n < 1000<<14 {
					t.Errorf("beside %d hanging scrapes: status %d, %d bytes, error %v", count, response.StatusCode, n, err)
				}
			}
		})
	}
}

type gathererFunc func() ([]*dto.MetricFamily, error)

func (f gathererFunc) Gather() ([]*dto.MetricFamily, error) { return f() }

// A scrape whose reader hangs ends by itself: after the handler's time or the
// scraper's, whichever is shorter.
func TestTimeout(t *testing.T) {
	r := endless(t)
	for name, test := range map[string]struct {
		timeout time.Duration
		header  string
	}{
		"the handler's": {10 * time.Millisecond, ""},
		"the scraper's": {time.Hour, "X-Prometheus-Scrape-Timeout-Seconds: 0.01\r\n"},
		"the shorter":   {10 * time.Millisecond, "X-Prometheus-Scrape-Timeout-Seconds: 3600\r\n"},
		"compressed":    {10 * time.Millisecond, "Accept-Encoding: gzip\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := exposition.NewHandler(r, exposition.HandlerOptions{Timeout: test.timeout})
			ended := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r)
				close(ended)
			}))
			t.Cleanup(server.Close) // after the hanging connections
			conn := hang(t, server, test.header)
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the scrape goes on")
			}
			if rest, _ := io.ReadAll(conn); strings.HasSuffix(string(rest), "\r\n0\r\n\r\n") {
				t.Errorf("the page was taken in whole, %d bytes", len(rest))
			}
		})
	}
}
