//go:build e2e

package command_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/hack/programs"
)

const (
	scrapes   = 100 // beside a crowd
	least     = 99  // of them that must have the page
	mostConns = 256 // the default of maxConnections

	request    = "GET /metrics HTTP/1.1\r\nHost: x\r\n"
	compressed = "Accept-Encoding: gzip\r\n"
)

// TestCrowd has a scraper ask a hundred times beside each kind of crowd, and then
// wants the crowd to be cut. The scraper comes from the crowd's own address, so
// nothing but what they do tells it from them.
func TestCrowd(t *testing.T) {
	if scraper() {
		return
	}
	plain := startCrowded(t, "", "")
	secure := startCrowded(t, "", writeWebConfig(t, ""))
	http2 := startCrowded(t, "", writeWebConfig(t, "http_server_config: {http2: true}\n"))
	for _, test := range []struct {
		name   string
		server *crowded
		size   int
		attack func(*crowd)
	}{
		{"stalled", plain, 1000, func(c *crowd) { c.stall(request + "\r\n") }},
		{"stalled, compressed", plain, 1000, func(c *crowd) { c.stall(request + compressed + "\r\n") }},
		{"stalled, TLS", secure, 1000, func(c *crowd) { c.stall(request + "\r\n") }},
		{"slow ones that come again", plain, 12, func(c *crowd) { c.trickle(request + "\r\n") }},
		{"slow ones that come again, compressed", plain, 12, func(c *crowd) { c.trickle(request + compressed + "\r\n") }},
		{"ten streams of HTTP/2", http2, 1, func(c *crowd) { c.stall(tenStreams()) }},
		{"pipelining", plain, 300, func(c *crowd) { c.pipeline("/healthz") }},
		{"idle", plain, 10_000, func(c *crowd) { c.stall("") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.server
			rest := s.scrapeApart(t, 10)
			goroutines := s.number(t, "go_goroutines ")
			c := gather(t, s, test.size, test.attack)
			beside := s.scrapeApart(t, scrapes)
			t.Logf("%d of %d scrapes have the page; it takes %v at rest, beside the crowd %v (%.1f times) and at most %v; %d came",
				len(beside), scrapes, median(rest), median(beside), median(beside).Seconds()/median(rest).Seconds(), slices.Max(beside), c.came.Load())
			if len(beside) < least {
				t.Errorf("%d of %d scrapes have the page, want %d", len(beside), scrapes, least)
			}
			if n := s.number(t, "nodemetrics_connections "); n > mostConns {
				t.Errorf("%v connections are open, want at most %d", n, mostConns)
			}
			if n := s.number(t, "process_open_fds "); n > mostConns+100 {
				t.Errorf("%v descriptors are open", n)
			}
			c.stop()
			programs.WaitFor(t, "the crowd to be cut", func() bool {
				return s.number(t, "nodemetrics_scrapes_in_flight ") <= 1 && s.number(t, "nodemetrics_connections ") <= 2 &&
					s.number(t, "go_goroutines ") < goroutines+10
			}, nil)
		})
	}
}

// TestFewDescriptors has more clients come than a process with 1,024 descriptors
// could take: most of these are left for cloudcore's edges.
func TestFewDescriptors(t *testing.T) {
	const limit = 1024
	s := startCrowded(t, fmt.Sprintf("ulimit -n %d; ", limit), "")
	gather(t, s, 1500, func(c *crowd) { c.stall("GET /met") })
	if got := s.scrapeApart(t, scrapes); len(got) < least {
		t.Errorf("%d of %d scrapes have the page, want %d", len(got), scrapes, least)
	}
	if n := s.number(t, "process_max_fds "); n != limit {
		t.Errorf("the process may open %v descriptors, want %d", n, limit)
	}
	if n := s.number(t, "process_open_fds "); n > limit/2 {
		t.Errorf("%v of %d descriptors are open", n, limit)
	}
}

// crowded is a command to be crowded. It serves a page that no socket's buffers
// take in, compressed or not.
type crowded struct {
	address string
	secure  bool
	client  *http.Client
}

// newClient asks for pages on a connection for each.
func newClient(address string, secure bool) *crowded {
	return &crowded{address, secure, &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}}
}

// startCrowded starts the command by a shell that runs prepare first.
func startCrowded(t *testing.T, prepare, webConfig string) *crowded {
	t.Helper()
	s := newClient(programs.FreeAddress(t), webConfig != "")
	config := filepath.Join(t.TempDir(), "cloudcore.yaml")
	write(t, config, fmt.Sprintf(`modules:
  nodeMetrics:
    bindAddress: %s
    webConfigFile: %q
    writeTimeout: 2s
    scrapeTimeout: 5s
    nodeTTL: 1h
    limits: {labelValueBytes: 512}
`, s.address, webConfig))
	cmd := exec.Command("bash", "-c", prepare+`exec "$0" "$@"`, nodemetrics(), "--config", config, "--replay", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	programs.Start(t, cmd)
	t.Cleanup(func() { in.Close() })
	const nodes, sensors = 250, 16
	reports := json.NewEncoder(in)
	for i := range nodes {
		var temperatures []any
		for j := range sensors {
			var name strings.Builder
			for k := range 62 {
				fmt.Fprintf(&name, "%08x", uint32((i*sensors+j)*62+k)*2654435761) // which does not compress well
			}
			temperatures = append(temperatures, map[string]any{"sensor": name.String(), "celsius": 1})
		}
		if err := reports.Encode(map[string]any{
			"header":  map[string]any{"timestamp": time.Now().UnixMilli()},
			"route":   map[string]any{"resource": fmt.Sprintf("node/edge-%d/default/user/sysinfo", i)},
			"content": map[string]any{"temperatures": temperatures},
		}); err != nil {
			t.Fatal(err)
		}
	}
	programs.WaitFor(t, "all nodes to be on the page", func() bool {
		page, err := s.page()
		return err == nil && bytes.Count(page, []byte("\nedge_node_up{")) == nodes
	}, nil)
	return s
}

// page gets the page on a connection of its own.
func (s *crowded) page() ([]byte, error) {
	scheme := "http"
	if s.secure {
		scheme = "https"
	}
	response, err := s.client.Get(scheme + "://" + s.address + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}

// asScraper, in the environment, makes this program a scraper: it says of whom.
const asScraper = "NODEMETRICS_SCRAPER"

// order is what a scraper is told, and result what it tells.
type (
	order struct {
		Address string
		Secure  bool
		Scrapes int
	}
	result struct {
		Took   []time.Duration // of those that have the page
		Failed []string
	}
)

// scrapeApart has a process of its own get the page n times, and returns how long
// those took that have it. The crowd is in this one, and would keep a scraper here
// from the processor, not from the page.
func (s *crowded) scrapeApart(t *testing.T, n int) []time.Duration {
	t.Helper()
	what, err := json.Marshal(order{s.address, s.secure, n})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrowd$")
	cmd.Env = append(os.Environ(), asScraper+"="+string(what))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the scraper: %v\n%s", err, out)
	}
	var r result
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&r); err != nil {
		t.Fatalf("the scraper says %q: %v", out, err)
	}
	for _, f := range r.Failed {
		t.Log("a scrape, after ", f)
	}
	if len(r.Took) == 0 {
		t.Fatalf("none of %d scrapes has the page", n)
	}
	return r.Took
}

// scraper is the other process. It returns whether this is that one.
func scraper() bool {
	what := os.Getenv(asScraper)
	if what == "" {
		return false
	}
	var o order
	if err := json.Unmarshal([]byte(what), &o); err != nil {
		panic(err)
	}
	s := newClient(o.Address, o.Secure)
	var r result
	for range o.Scrapes {
		begin := time.Now()
		page, err := s.page()
		if err == nil && !bytes.Contains(page, []byte("\nprocess_open_fds ")) {
			err = errors.New("the page lacks its end")
		}
		if err != nil {
			r.Failed = append(r.Failed, fmt.Sprintf("%v: %v", time.Since(begin), err))
			continue
		}
		r.Took = append(r.Took, time.Since(begin))
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
	return true
}

// number returns the value on the page of the series that begins so.
func (s *crowded) number(t *testing.T, series string) (value float64) {
	t.Helper()
	page, err := s.page()
	if err != nil {
		t.Logf("the page: %v", err)
		return 1e9
	}
	_, rest, _ := strings.Cut(string(page), "\n"+series)
	line, _, _ := strings.Cut(rest, "\n")
	if value, err = strconv.ParseFloat(line, 64); err != nil {
		t.Fatalf("%s: %v", series, err)
	}
	return value
}

func median(all []time.Duration) time.Duration {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// crowd are clients of one server.
type crowd struct {
	server  *crowded
	came    atomic.Int64 // how many have said what they came to say
	stopped atomic.Bool  // nobody comes again
	ended   context.Context
}

// gather has a crowd of some size come. It goes when the test ends.
func gather(t *testing.T, s *crowded, size int, attack func(*crowd)) *crowd {
	t.Helper()
	ended, end := context.WithCancel(context.Background())
	c := &crowd{server: s, ended: ended}
	var all sync.WaitGroup
	t.Cleanup(func() {
		c.stop()
		end()
		all.Wait()
	})
	for range size {
		all.Add(1)
		go func() {
			defer all.Done()
			attack(c)
		}()
	}
	programs.WaitFor(t, "the crowd to be there", func() bool { return c.came.Load() >= int64(size) }, nil)
	return c
}

func (c *crowd) stop() { c.stopped.Store(true) }

// dial opens a connection with a buffer that takes next to nothing, and says
// something.
func (c *crowd) dial(say string) (net.Conn, error) {
	defer c.came.Add(1)
	conn, err := net.DialTimeout("tcp", c.server.address, patience)
	if err != nil {
		return nil, err
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	_ = conn.SetDeadline(time.Now().Add(patience))
	context.AfterFunc(c.ended, func() { conn.Close() })
	if c.server.secure {
		protocol := "http/1.1"
		if strings.HasPrefix(say, preface) {
			protocol = "h2"
		}
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	}
	_, err = io.WriteString(conn, say)
	return conn, err
}

// stall says something and reads no answer.
func (c *crowd) stall(say string) {
	_, _ = c.dial(say) // whom the server refuses has lost already
	<-c.ended.Done()
}

// trickle reads slowly, and comes again when it is cut.
func (c *crowd) trickle(say string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.stopped.Load() {
		conn, err := c.dial(say)
		for some := make([]byte, 1000); err == nil && !c.stopped.Load(); <-tick.C {
			_, err = conn.Read(some)
		}
	}
	<-c.ended.Done()
}

// pipeline asks for a page without end, and reads no answer.
func (c *crowd) pipeline(path string) {
	conn, err := c.dial("")
	for many := strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 100); err == nil; {
		_, err = io.WriteString(conn, many)
	}
	<-c.ended.Done()
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// tenStreams is what an HTTP/2 client says that asks for ten pages at once and has
// room for all of them.
func tenStreams() string {
	const (
		headers, settings, windowUpdate = 1, 4, 8
		endStream, endHeaders           = 1, 4
		window                          = 1<<31 - 1
	)
	b := []byte(preface)
	frame := func(kind, flags byte, stream uint32, payload []byte) {
		b = append(b, byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags)
		b = append(binary.BigEndian.AppendUint32(b, stream), payload...)
	}
	frame(settings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 4}, window)) // of each stream
	frame(windowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, window-65535))
	// By HPACK's table: GET, https, and literally :path and :authority.
	fields := append([]byte{0x82, 0x87, 0x04, 8}, "/metrics"...)
	fields = append(append(fields, 0x01, 1), "x"...)
	for i := range uint32(10) {
		frame(headers, endStream|endHeaders, 2*i+1, fields)
	}
	return string(b)
}
