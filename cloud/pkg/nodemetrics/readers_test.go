package nodemetrics

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// crowded returns a running module with a page that no socket's buffers take in.
func crowded(t *testing.T, change func(*Config)) (m *Module, address string) {
	t.Helper()
	m = newModule(t, func(c *Config) {
		c.BindAddress = freeAddress(t)
		c.Limits.LabelValueBytes = 512
		c.WriteTimeout.Duration = time.Second
		if change != nil {
			change(c)
		}
	})
	fill(t, m)
	serveUntilEnd(t, m)
	return m, m.config.Load().BindAddress
}

// serveUntilEnd has m run until the test ends.
func serveUntilEnd(t *testing.T, m *Module) {
	t.Helper()
	stop := run(t, m)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// fill makes a page of some 18 MB that does not compress to less than a socket takes.
func fill(t *testing.T, m *Module) { fillWith(t, m, 2000) }

// fillWith makes a page of some 9 KB for each node.
func fillWith(t *testing.T, m *Module, nodes int) {
	for i := range nodes {
		var b strings.Builder
		for j := range 16 {
			if j > 0 {
				b.WriteString(",")
			}
			b.WriteString(`{"celsius":1,"sensor":"`)
			for k := range 62 {
				fmt.Fprintf(&b, "%08x", uint32((i*16+j)*62+k)*2654435761)
			}
			b.WriteString(`"}`)
		}
		accept(t, m, message(fmt.Sprintf("edge-%d", i), `{"temperatures":[`+b.String()+`]}`))
	}
}

// hung opens a connection and says something; it reads nothing but what it is told.
func hung(t *testing.T, address, say string, read int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	if _, err := io.WriteString(c, say); err != nil {
		t.Fatal(err)
	}
	if read > 0 {
		if _, err := io.ReadFull(c, make([]byte, read)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// scrapeOnce gets the page over the network, on a connection of its own.
func scrapeOnce(address, encoding string) (int64, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Accept-Encoding", encoding)
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, errors.New(response.Status)
	}
	return io.Copy(io.Discard, response.Body)
}

func metricValue(t *testing.T, m *Module, name, label string) float64 {
	t.Helper()
	families, err := m.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			if f.GetName() == name && (label == "" || x.GetLabel()[0].GetValue() == label) {
				return x.GetGauge().GetValue() + x.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no %s %s", name, label)
	return 0
}

const getMetrics = "GET /metrics HTTP/1.1\r\nHost: x\r\n"

// Whoever opens the page and does not read, more of them than there are slots and
// some that come again and again, keeps nobody out.
func TestStalledReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	m, address := crowded(t, nil)
	for _, encoding := range []string{"", "Accept-Encoding: gzip\r\n"} {
		for range 60 {
			hung(t, address, getMetrics+encoding+"\r\n", 0)
		}
	}
	ended := make(chan struct{})
	var again sync.WaitGroup
	for range 12 {
		again.Add(1)
		go func() { // reads slowly, and comes again when it is cut
			defer again.Done()
			for {
				c, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				_ = c.(*net.TCPConn).SetReadBuffer(4096)
				fmt.Fprint(c, getMetrics+"\r\n")
				for {
					select {
					case <-ended:
						c.Close()
						return
					case <-time.After(20 * time.Millisecond):
					}
					if _, err := c.Read(make([]byte, 1000)); err != nil {
						break
					}
				}
				c.Close()
			}
		}()
	}
	defer again.Wait()
	defer close(ended)
	for i := range 20 {
		encoding := []string{"identity", "gzip"}[i%2]
		if n, err := scrapeOnce(address, encoding); err != nil || encoding == "identity" && n < 16<<20 {
			t.Errorf("scrape %d, %s: %d bytes, %v", i, encoding, n, err)
		}
	}
	if n := metricValue(t, m, "nodemetrics_scrapes_in_flight", ""); n > 256 {
		t.Errorf("%v scrapes in flight", n)
	}
}

// On every page, a connection that takes nothing is closed after writeTimeout.
func TestPipelining(t *testing.T) {
	m, address := crowded(t, func(c *Config) { c.WriteTimeout.Duration = 200 * time.Millisecond })
	for _, path := range []string{"/healthz", "/readyz", "/", "/nowhere"} {
		t.Run(path, func(t *testing.T) {
			before := metricValue(t, m, "nodemetrics_connections_closed_total", "stalled")
			requests := strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
			for {
				if _, err := io.WriteString(c, requests); err != nil {
					if ne, ok := err.(net.Error); ok && ne.Timeout() {
						t.Fatal("the connection is still open")
					}
					break
				}
			}
			eventually(t, patience, "the connection is counted as stalled", func() bool {
				return metricValue(t, m, "nodemetrics_connections_closed_total", "stalled") > before
			})
		})
	}
	eventually(t, patience, "no connection is open", func() bool { return metricValue(t, m, "nodemetrics_connections", "") == 0 })
}

// A reader whose page waits in the socket's buffer, so that all is written at once,
// has no longer than others to take it.
func TestUnreadPageInTheKernel(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux closes such connections")
	}
	m := newModule(t, func(c *Config) {
		c.BindAddress = freeAddress(t)
		c.Limits.LabelValueBytes = 512
		c.WriteTimeout.Duration = 300 * time.Millisecond
	})
	fillWith(t, m, 10)
	serveUntilEnd(t, m)
	hung(t, m.config.Load().BindAddress, getMetrics+"\r\n", 0)
	eventually(t, 10*time.Second, "the page is written", func() bool {
		return metricValue(t, m, "nodemetrics_scrapes_total", "200") == 1
	})
	eventually(t, 10*time.Second, "the connection is closed", func() bool { return metricValue(t, m, "nodemetrics_connections", "") == 0 })
	if n := metricValue(t, m, "nodemetrics_connections_closed_total", "stalled"); n != 1 {
		t.Errorf("%v connections are counted as stalled, want 1", n)
	}
}

// A scrape that is not read is over after writeTimeout, though it might take longer,
// and one that is read a little at a time after scrapeTimeout.
func TestScrapeIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	for name, test := range map[string]struct {
		change func(*Config)
		read   bool
	}{
		"not read":    {func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = 300*time.Millisecond, time.Minute }, false},
		"read slowly": {func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = time.Minute, time.Second }, true},
	} {
		t.Run(name, func(t *testing.T) {
			m, address := crowded(t, test.change)
			c := hung(t, address, getMetrics+"\r\n", len("HTTP/1.1 200"))
			if n := metricValue(t, m, "nodemetrics_scrapes_in_flight", ""); n != 1 {
				t.Fatalf("%v scrapes in flight", n)
			}
			eventually(t, 20*time.Second, "the scrape is over", func() bool {
				if test.read {
					_, _ = c.Read(make([]byte, 100))
				}
				return metricValue(t, m, "nodemetrics_scrapes_in_flight", "") == 0
			})
		})
	}
}

// There are so many connections and no more, whatever they do, and a scraper gets in.
func TestConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	for name, say := range map[string]string{
		"say nothing": "", "say a little": "GET /met", "have been answered": "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"do not read": getMetrics + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			m, address := crowded(t, func(c *Config) { c.MaxConnections = 16 })
			for i := range 200 {
				c, err := net.Dial("tcp", address)
				if err != nil {
					continue // closed at once
				}
				defer c.Close()
				fmt.Fprint(c, say)
				if i%40 == 0 {
					if _, err := scrapeOnce(address, "identity"); err != nil {
						t.Errorf("beside %d connections: %v", i, err)
					}
				}
			}
			for range 5 {
				if _, err := scrapeOnce(address, "identity"); err != nil {
					t.Error(err)
				}
			}
			if n := metricValue(t, m, "nodemetrics_connections", ""); n > 16 {
				t.Errorf("%v connections are open", n)
			}
			if n := metricValue(t, m, "nodemetrics_connections_closed_total", "replaced"); n < 100 {
				t.Errorf("%v connections were replaced", n)
			}
		})
	}
}

// The listener leaves cloudcore most of its descriptors.
func TestDescriptors(t *testing.T) {
	if n := connectionsFor(8); n != 8 {
		t.Errorf("of 8 connections %d are allowed", n)
	}
	const many = 1 << 30
	if n := connectionsFor(many); n >= many || n < 8 {
		t.Errorf("without a bound of its own, the listener may have %d connections", n)
	}
}

// A host whose metrics hang costs its own part of the page, and nothing outlives Run.
func TestHostHangs(t *testing.T) {
	release := make(chan struct{})
	m := newModule(t, func(c *Config) {
		c.BindAddress = freeAddress(t)
		c.Host = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
			<-release
			return nil, nil
		})
	})
	accept(t, m, message("edge", memory("7")))
	stop := run(t, m)
	for range 5 {
		if n, err := scrapeOnce(m.config.Load().BindAddress, "identity"); err != nil || n < 1000 {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	if n := metricValue(t, m, "nodemetrics_host_gather_errors_total", ""); n != 5 {
		t.Errorf("%v scrapes are counted as without the host, want 5", n)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	eventually(t, patience, "no scrape outlives Run", func() bool { return !strings.Contains(stacks(), "exposition.(*scrape).serve") })
	if n := strings.Count(stacks(), "exposition.(*guard).gather("); n != 1 {
		t.Errorf("%d goroutines gather the host's metrics", n)
	}
	close(release)
	eventually(t, patience, "nobody gathers any more", func() bool { return !strings.Contains(stacks(), "exposition.(*guard).gather(") })
}

// Ten scrapes that stall, each with a full round of reports before the next, cost at
// most the heap at rest once more and one page.
func TestStalledReadersMemory(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes several seconds, and minutes with the race detector; make test runs this without it")
	}
	m, address := crowded(t, func(c *Config) { c.WriteTimeout.Duration, c.ScrapeTimeout.Duration = time.Minute, time.Minute })
	heap := func() float64 {
		var s runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&s)
		return float64(s.HeapAlloc)
	}
	rest := heap()
	size := float64(len(page(m)))
	for i := range 10 {
		hung(t, address, getMetrics+[]string{"", "Accept-Encoding: gzip\r\n"}[i%2]+"\r\n", len("HTTP/1.1 200"))
		fill(t, m)
	}
	var got float64
	defer func() {
		t.Logf("heap at rest %.1f MB, page %.1f MB, with ten stalled scrapes %.1f MB", rest/1e6, size/1e6, got/1e6)
	}()
	eventually(t, patience, "the heap is at most twice the one at rest and a page", func() bool {
		got = heap()
		return got <= 2*rest+size
	})
	if n := metricValue(t, m, "nodemetrics_scrapes_in_flight", ""); n < 1 {
		t.Errorf("%v scrapes are in flight", n)
	}
}

// secure returns a module with TLS, and more of a web configuration, and a client of it.
func secure(t *testing.T, more string, change func(*Config)) (m *Module, roots *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	ca := newAuthority(t)
	server := ca.issue(t, "server")
	write(t, filepath.Join(dir, "server.crt"), server.pem)
	write(t, filepath.Join(dir, "server.key"), server.keyPEM(t))
	file := write(t, filepath.Join(dir, "web.yaml"), "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"+more)
	roots = x509.NewCertPool()
	roots.AddCert(ca.cert)
	m = newModule(t, func(c *Config) {
		c.BindAddress, c.WebConfigFile = freeAddress(t), file
		if change != nil {
			change(c)
		}
	})
	serveUntilEnd(t, m)
	return m, roots
}

// HTTP/2 is off, unless the web configuration asks for it in so many words.
func TestHTTP2(t *testing.T) {
	for more, want := range map[string]int{
		"": 1, "http_server_config: {headers: {X-Frame-Options: deny}}\n": 1, "http_server_config: {http2: false}\n": 1,
		"http_server_config: {http2: true}\n": 2,
	} {
		m, roots := secure(t, more, nil)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
		client := &http.Client{Transport: transport}
		var response *http.Response
		eventually(t, patience, "the page is served", func() bool {
			var err error
			response, err = client.Get("https://" + m.config.Load().BindAddress + "/healthz")
			return err == nil
		})
		response.Body.Close()
		if response.ProtoMajor != want {
			t.Errorf("with %q: %s", more, response.Proto)
		}
		transport.CloseIdleConnections()
	}
}

// Basic auth, too, leaves the pages for probes open, and only them.
func TestProbesAreOpen(t *testing.T) {
	m, roots := secure(t, "basic_auth_users: {prometheus: $2a$04$svPWyWjQCqty3naPy.8MxO38JyfouN0YB37B8QLpv5jWRRGSmhKea}\n", nil)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 401, "/": 401, "/healthz/x": 401, "/nowhere": 401, "//healthz": 401} {
		var code int
		eventually(t, patience, "an answer", func() bool {
			response, err := client.Get("https://" + m.config.Load().BindAddress + path)
			if err != nil {
				return false
			}
			response.Body.Close()
			code = response.StatusCode
			return true
		})
		if code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
}

// The passwords of the web configuration are checked one at a time, and one that was
// right before does not wait for those of others.
func TestPasswordsOfTheWebConfig(t *testing.T) {
	m, roots := secure(t, "basic_auth_users: {prometheus: $2a$04$svPWyWjQCqty3naPy.8MxO38JyfouN0YB37B8QLpv5jWRRGSmhKea}\n", nil)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	ask := func(path, password string) (code int) {
		r, err := http.NewRequest(http.MethodGet, "https://"+m.config.Load().BindAddress+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			r.SetBasicAuth("prometheus", password)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		response.Body.Close()
		return response.StatusCode
	}
	eventually(t, patience, "the page is served", func() bool { return ask("/healthz", "") == 200 })
	if !m.passwords.enter(context.Background(), "another") { // whose password is being checked
		t.Fatal("somebody else's is")
	}
	first := make(chan int, 1)
	go func() { first <- ask("/metrics", "open sesame") }()
	eventually(t, patience, "a password waits", func() bool {
		m.passwords.mu.Lock()
		defer m.passwords.mu.Unlock()
		return len(m.passwords.waiting) == 1
	})
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 401, "/": 401} {
		if code := ask(path, ""); code != want {
			t.Errorf("%s without a password: %d, want %d", path, code, want)
		}
	}
	m.passwords.leave(0)
	if code := <-first; code != 200 {
		t.Errorf("with the right password: %d", code)
	}
	eventually(t, patience, "the next one may come", func() bool {
		m.passwords.mu.Lock()
		defer m.passwords.mu.Unlock()
		return !m.passwords.closed
	})
	if !m.passwords.enter(context.Background(), "another") {
		t.Fatal("somebody else's password is checked")
	}
	for _, path := range []string{"/metrics", "/nodes"} {
		if code := ask(path, "open sesame"); code != 200 {
			t.Errorf("%s with one that was right before: %d", path, code)
		}
	}
	m.passwords.leave(0)
	if code := ask("/metrics", "wrong"); code != 401 {
		t.Errorf("with a wrong one: %d", code)
	}
}

// A port that is taken, or a certificate that is missing, is said once and tried
// again until it can be had.
func TestServingComesBack(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	server := ca.issue(t, "server")
	file := write(t, filepath.Join(dir, "web.yaml"), "tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
	address := freeAddress(t)
	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m := newModule(t, func(c *Config) { c.BindAddress, c.WebConfigFile = address, file })
	m.pause = time.Millisecond
	log := captureLog(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- m.run(ctx, m.keepServing) }()
	// Each is said once, though it is tried again a thousand times a second.
	said := func(what string) {
		t.Helper()
		eventually(t, 20*time.Second, what+" is said", func() bool { return strings.Contains(log(), what) })
	}
	said("server.crt: no such file")
	write(t, filepath.Join(dir, "server.key"), server.keyPEM(t))
	if err := os.Rename(write(t, filepath.Join(dir, "whole"), server.pem), filepath.Join(dir, "server.crt")); err != nil {
		t.Fatal(err)
	}
	said("address already in use")
	if n := strings.Count(log(), "cannot be served"); n != 2 {
		t.Errorf("%d lines say that nothing is served, want 2:\n%s", n, log())
	}
	taken.Close()
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	eventually(t, patience, "the page is served", func() bool {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprint(c, "GET /healthz HTTP/1.0\r\n\r\n")
		line, err := bufio.NewReader(c).ReadString('\n')
		return err == nil && strings.Contains(line, "200")
	})
	// A certificate that is gone while serving costs new connections, not the
	// listener, and one that is back is taken up.
	if err := os.Rename(filepath.Join(dir, "server.crt"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	if c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots}); err == nil {
		c.Close()
		t.Error("without its certificate the listener serves")
	}
	if err := os.Rename(filepath.Join(dir, "away"), filepath.Join(dir, "server.crt")); err != nil {
		t.Fatal(err)
	}
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	if err != nil {
		t.Errorf("with its certificate back: %v", err)
	} else {
		c.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Requests are bounded too: their headers in size, and the time that they take to
// come.
func TestRequests(t *testing.T) {
	m := newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	stop := run(t, m)
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	address := m.config.Load().BindAddress
	c := hung(t, address, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", 40<<10)+"\r\n\r\n", 0)
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "431") {
		t.Errorf("a header of 40 KiB: %q, %v", line, err)
	}
	if testing.Short() {
		t.Skip("the rest takes several seconds")
	}
	begin := time.Now()
	slow := hung(t, address, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-", 0)
	_ = slow.SetReadDeadline(begin.Add(20 * time.Second))
	if _, err := io.ReadAll(slow); err != nil {
		t.Errorf("a header that never ends: %v after %v", err, time.Since(begin))
	}
	if d := time.Since(begin); d < 4*time.Second {
		t.Errorf("a slow header was given %v only", d)
	}
}
