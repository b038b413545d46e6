package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// The contenders, in the order of the tables.
const (
	edgegauge          = "edgegauge"
	edgegaugeCollector = "edgegauge-collector"
	pushgateway        = "pushgateway"
	pushgatewayChecked = "pushgateway-checked"
	gaugeVec           = "gaugevec"
	constMetric        = "constmetric"
	stateStore         = "ksm"
	victoria           = "vm"
	statsd             = "statsd"
	static             = "static"
)

var order = []string{
	edgegauge, edgegaugeCollector, pushgatewayChecked, pushgateway, gaugeVec, constMetric, stateStore, victoria, statsd, static,
}

// sequence is in which order they are measured: what is compared closely is
// measured closely together, so that a machine that changes its speed on the
// way changes it for both.
var sequence = []string{
	pushgatewayChecked, pushgateway, statsd, constMetric, edgegaugeCollector, victoria, gaugeVec, stateStore, edgegauge, static,
}

// bench is one run.
type bench struct {
	out     string // where results are kept on the way
	sizes   []int
	only    []string
	profile string
	quick   bool

	base time.Time
}

const (
	// patience is how long a measurement may take: slow contenders at
	// 100,000 nodes get fewer samples than the others.
	patience = 15 * time.Second
	// compressorRounds is how often each compressor is measured at least.
	compressorRounds = 7
	// slow is a scrape that is not repeated to warm up once more.
	slow = 5 * time.Second
)

func (b *bench) samples(name string) int {
	switch {
	case b.quick:
		return 3
	case name == edgegauge, name == static:
		return 11
	}
	return 5
}

func (b *bench) wants(name string) bool { return b.only == nil || slices.Contains(b.only, name) }

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func (b *bench) run() (*results, error) {
	begin := time.Now()
	b.base = begin.Truncate(time.Millisecond)
	r := &results{Date: begin.Format("2006-01-02"), Machine: machine(), Load: loadAverage(), Versions: versions()}
	gateway, err := exec.LookPath("prometheus-pushgateway")
	if err != nil {
		gateway = ""
		r.Missing = append(r.Missing, "the Pushgateway (Debian's package prometheus-pushgateway is not installed)")
	}
	for _, nodes := range b.sizes {
		data := contender.NewData(nodes, b.base)
		want := expect(data)
		f := fleetResult{Nodes: nodes, Series: len(want.values), Contenders: map[string]*contenderResult{}}
		f.MessageBytes = len(data.Report(0, 0).Message)
		for _, name := range sequence {
			if !b.wants(name) {
				continue
			}
			if name == statsd && nodes > 50_000 {
				r.Missing = append(r.Missing, fmt.Sprintf("%s with %s (a scrape takes it most of a minute)", titles[name], plural(nodes, "node")))
				continue
			}
			b.progress("%d nodes: %s", nodes, name)
			var c *contenderResult
			switch name {
			case pushgateway:
				if gateway == "" {
					continue
				}
				c, err = b.measurePushgateway(gateway, nodes, want)
			case pushgatewayChecked:
				if gateway == "" || nodes > 10_000 {
					continue
				}
				c, err = b.measureChecked(gateway, nodes)
			case static:
				c, err = b.measureStatic(nodes, want)
			default:
				c, err = b.measure(name, nodes, want)
			}
			switch {
			case err == nil:
				f.Contenders[name] = c
			case name == edgegauge:
				return nil, fmt.Errorf("%s with %d nodes: %w", name, nodes, err)
			default:
				// A peer that fails is no reason to lose the run.
				b.progress("%s failed: %v", name, err)
				r.Missing = append(r.Missing, fmt.Sprintf("%s with %s (%v)", titles[name], plural(nodes, "node"), err))
			}
		}
		if b.wants(edgegauge) {
			b.progress("%d nodes: compressors", nodes)
			if f.Compressors, err = measureCompressors(nodes, b.base); err != nil {
				return nil, fmt.Errorf("compressors with %d nodes: %w", nodes, err)
			}
		}
		r.Fleets = append(r.Fleets, f)
		r.Seconds = time.Since(begin).Seconds()
		if err := r.save(filepath.Join(b.out, "results.json")); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.Fleets, func(a, b fleetResult) int { return a.Nodes - b.Nodes })
	if b.wants(edgegauge) {
		b.progress("reports of several forms")
		rounds := 20
		if b.quick {
			rounds = 3
		}
		if r.Forms, err = measureForms(rounds); err != nil {
			return nil, fmt.Errorf("forms: %w", err)
		}
		largest := slices.Max(b.sizes)
		b.progress("%d nodes expire at once", largest)
		if r.Expiry, err = b.measureExpiry(largest); err != nil {
			return nil, fmt.Errorf("expiry: %w", err)
		}
		b.progress("the fleet of 600 for ten minutes")
		if r.Story, err = b.measureStory(gateway); err != nil {
			return nil, fmt.Errorf("ten minutes of 600 nodes: %w", err)
		}
	}
	if b.wants(edgegauge) && !b.quick {
		b.progress("a Prometheus scrapes")
		if r.Prometheus, err = b.measurePrometheus(min(slices.Max(b.sizes), 10_000)); err != nil {
			b.progress("Prometheus failed: %v", err)
			r.Missing = append(r.Missing, fmt.Sprintf("what a Prometheus pays (%v)", err))
		}
	}
	r.Seconds = time.Since(begin).Seconds()
	return r, nil
}

func (b *bench) serve(name string, nodes int, flags ...string) (*process, error) {
	return start(append([]string{"serve", "-contender", name, "-nodes", strconv.Itoa(nodes),
		"-base", strconv.FormatInt(b.base.UnixMilli(), 10)}, flags...)...)
}

// measure measures a contender that lives in a process of this program.
func (b *bench) measure(name string, nodes int, want *expectation) (*contenderResult, error) {
	p, err := b.serve(name, nodes)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	c := &contenderResult{}
	a, err := p.ask(request{Op: "load", Count: nodes})
	if err != nil {
		return nil, err
	}
	c.Load = a.Cost.CPU
	if a, err = p.ask(request{Op: "heap"}); err != nil {
		return nil, err
	}
	c.Heap = float64(a.Heap)
	if err := b.scrapes(p, name, c, want); err != nil {
		return nil, err
	}

	count := 20_000
	if b.quick {
		count = 2_000
	}
	profiled := name == edgegauge && b.profile != ""
	if profiled {
		if _, err := p.ask(request{Op: "profile", Path: filepath.Join(b.profile, fmt.Sprintf("report-%d.pprof", nodes))}); err != nil {
			return nil, err
		}
	}
	if a, err = p.ask(request{Op: "reports", Count: count}); err != nil {
		return nil, err
	}
	c.Report = &a.Cost
	if profiled {
		if _, err := p.ask(request{Op: "profiled"}); err != nil {
			return nil, err
		}
	}
	if err := b.latencies(p, name, c); err != nil {
		return nil, err
	}
	return c, nil
}

// scrapes checks the page and measures what it costs.
func (b *bench) scrapes(p *process, name string, c *contenderResult, want *expectation) error {
	begin := time.Now()
	var err error
	if c.Peak, err = p.peak(func() error { return want.check(p, "identity") }); err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	warm := time.Since(begin) < slow
	ours := name == edgegauge || name == edgegaugeCollector
	if ours || len(want.values) < 1_000_000 {
		if err := want.check(p, "gzip"); err != nil {
			return fmt.Errorf("the compressed page: %w", err)
		}
	}
	if name == edgegauge {
		if c.Peak, err = p.peak(func() error { return concurrently(p, "identity", 1) }); err != nil {
			return err
		}
		if c.PeakGzip, err = p.peak(func() error { return concurrently(p, "gzip", 1) }); err != nil {
			return err
		}
		if c.PeakTen, err = p.peak(func() error { return concurrently(p, "identity", 10) }); err != nil {
			return err
		}
		if c.PeakTenGzip, err = p.peak(func() error { return concurrently(p, "gzip", 10) }); err != nil {
			return err
		}
		if c.Compression, err = compression(p); err != nil {
			return err
		}
	}
	for _, m := range []struct {
		encoding string
		out      *measurement
	}{{"identity", &c.Plain}, {"gzip", &c.Gzip}} {
		if *m.out, err = measure(p, m.encoding, b.samples(name), patience, warm); err != nil {
			return err
		}
		if ours && b.profile != "" {
			if err := profileScrapes(p, m.encoding, filepath.Join(b.profile, fmt.Sprintf("%s-%s-%d.pprof", name, m.encoding, len(want.values)))); err != nil {
				return err
			}
		}
	}
	return nil
}

func profileScrapes(p *process, encoding, path string) error {
	if _, err := p.ask(request{Op: "profile", Path: path}); err != nil {
		return err
	}
	for begin := time.Now(); time.Since(begin) < 3*time.Second; {
		if _, err := scrape(context.Background(), p, encoding, nil); err != nil {
			return err
		}
	}
	_, err := p.ask(request{Op: "profiled"})
	return err
}

// concurrently scrapes n times at once. A server that refuses some of the
// scrapes because too many are in flight has answered them.
func concurrently(p *process, encoding string, n int) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { _, errs[i] = scrape(context.Background(), p, encoding, nil) })
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			return nil
		}
	}
	return errors.Join(errs...)
}

// compression compares the page's compressed size with gzip's at level 6.
func compression(p *process) (float64, error) {
	var plain bytes.Buffer
	if _, err := scrape(context.Background(), p, "identity", &plain); err != nil {
		return 0, err
	}
	var size counter
	z, err := gzip.NewWriterLevel(&size, 6)
	if err != nil {
		return 0, err
	}
	if _, err := z.Write(plain.Bytes()); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	compressed, err := scrape(context.Background(), p, "gzip", nil)
	return float64(compressed) / float64(size), err
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// latencies measures single deliveries: with nobody scraping, with the page
// being scraped back to back, and with scrapers that stopped reading.
func (b *bench) latencies(p *process, name string, c *contenderResult) error {
	q := request{Op: "latency", Rate: 2000, Seconds: 5}
	if name == edgegauge && !b.quick {
		q.Seconds = 10
	}
	a, err := p.ask(q)
	if err != nil {
		return err
	}
	c.Idle = &a.Wait
	passes := 1
	if name == edgegauge && !b.quick {
		passes = 3
	}
	if c.Scraped, err = repeated(passes, func() (reply, error) { return whileRead(p, q) }); err != nil {
		return err
	}
	if name != edgegauge {
		return nil
	}

	for range 2 {
		conn, err := hang(p)
		if err != nil {
			return err
		}
		defer conn.Close()
	}
	c.Hung, err = repeated(passes, func() (reply, error) { return p.ask(q) })
	return err
}

// repeated measures waits several times over and returns the median pass, by its
// slowest. One pass tells more of the machine than of what is measured: the
// slowest of thousands is found by whatever takes a processor away for once.
func repeated(passes int, measure func() (reply, error)) (*quantile, error) {
	var waits []quantile
	for range passes {
		a, err := measure()
		if err != nil {
			return nil, err
		}
		waits = append(waits, a.Wait)
	}
	slices.SortFunc(waits, func(a, b quantile) int { return cmp.Compare(a.Max, b.Max) })
	median := waits[len(waits)/2]
	for _, w := range waits {
		median.Passes = append(median.Passes, w.Max)
	}
	return &median, nil
}

// hang asks for the page and then does not read it.
func hang(p *process) (net.Conn, error) {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	_, err = io.WriteString(conn, "GET "+p.path+" HTTP/1.1\r\nHost: hung\r\nAccept: text/plain;version=0.0.4\r\n\r\n")
	return conn, err
}

// measureStatic measures the floor: bytes made beforehand.
func (b *bench) measureStatic(nodes int, want *expectation) (*contenderResult, error) {
	c := &contenderResult{}
	for _, m := range []struct {
		name, encoding string
		out            *measurement
	}{{"static-plain", "identity", &c.Plain}, {"static-gzip", "gzip", &c.Gzip}} {
		p, err := b.serve(m.name, nodes)
		if err != nil {
			return nil, err
		}
		if err = want.check(p, m.encoding); err == nil {
			*m.out, err = measure(p, m.encoding, b.samples(static), patience, true)
		}
		p.stop()
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// measurePushgateway measures a Pushgateway that does not check what is
// pushed: only that can be loaded with a larger fleet. Its scrapes cost the
// same either way.
func (b *bench) measurePushgateway(binary string, nodes int, want *expectation) (*contenderResult, error) {
	gateway, err := startPushgateway(binary, "--persistence.file=", "--push.disable-consistency-check")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	pusher, err := b.startPusher(gateway, nodes)
	if err != nil {
		return nil, err
	}
	defer pusher.stop()
	c := &contenderResult{}
	if _, err := pusher.ask(request{Op: "load", Count: nodes}); err != nil {
		return nil, err
	}
	if c.Heap, err = gatewayHeap(gateway); err != nil {
		return nil, err
	}
	if err := b.scrapes(gateway, pushgateway, c, want); err != nil {
		return nil, err
	}
	if c.Report, c.Pusher, err = pushes(pusher, gateway, min(nodes, 5000)); err != nil {
		return nil, err
	}
	return c, nil
}

// startPusher starts the process that pushes the nodes' reports to a gateway.
func (b *bench) startPusher(gateway *process, nodes int) (*process, error) {
	return start("push", "-gateway", "http://"+gateway.address, "-nodes", strconv.Itoa(nodes),
		"-base", strconv.FormatInt(b.base.UnixMilli(), 10))
}

// measureChecked measures what a push costs a Pushgateway as it comes. A large
// store is filled unchecked first and handed over in the persistence file:
// filling it checked takes hours.
func (b *bench) measureChecked(binary string, nodes int) (*contenderResult, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := "--persistence.file=" + filepath.Join(dir, "store")

	gateway, err := startPushgateway(binary, file, "--push.disable-consistency-check")
	if err != nil {
		return nil, err
	}
	pusher, err := b.startPusher(gateway, nodes)
	if err == nil {
		_, err = pusher.ask(request{Op: "load", Count: nodes})
		pusher.stop()
	}
	gateway.stop()
	if err != nil {
		return nil, err
	}

	if gateway, err = startPushgateway(binary, file); err != nil {
		return nil, err
	}
	defer gateway.stop()
	if pusher, err = b.startPusher(gateway, nodes); err != nil {
		return nil, err
	}
	defer pusher.stop()
	c := &contenderResult{}
	count := max(8, 200*600/nodes)
	c.Report, c.Pusher, err = pushes(pusher, gateway, count)
	return c, err
}

// pushes measures further pushes for nodes that the gateway knows: the report's
// cost to both sides together, and the pusher's share of the CPU.
func pushes(pusher, gateway *process, count int) (*cost, float64, error) {
	var before, after [2]float64
	var err error
	for side, p := range []*process{pusher, gateway} {
		if before[side], err = p.cpu(); err != nil {
			return nil, 0, err
		}
	}
	a, err := pusher.ask(request{Op: "load", Count: count})
	if err != nil {
		return nil, 0, err
	}
	for side, p := range []*process{pusher, gateway} {
		if after[side], err = p.cpu(); err != nil {
			return nil, 0, err
		}
	}
	own := (after[0] - before[0]) / float64(count)
	return &cost{Nanoseconds: a.Cost.Nanoseconds, CPU: own + (after[1]-before[1])/float64(count)}, own, nil
}

// gatewayHeap asks the Pushgateway's profiler for a collection and for the
// heap after it.
func gatewayHeap(gateway *process) (float64, error) {
	p := &process{address: gateway.address, path: "/debug/pprof/heap?gc=1&debug=1"}
	var page bytes.Buffer
	for range 2 {
		page.Reset()
		if _, err := scrape(context.Background(), p, "identity", &page); err != nil {
			return 0, err
		}
	}
	const field = "# HeapAlloc = "
	_, rest, ok := bytes.Cut(page.Bytes(), []byte(field))
	if !ok {
		return 0, errors.New("the Pushgateway does not tell its heap")
	}
	number, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.ParseFloat(string(number), 64)
}

// measureExpiry lets a whole fleet expire at one moment, by ending all of its
// sessions, while other nodes keep reporting. It does so once to see the page at
// the end of the TTL, and then with nobody reading it, because a reader
// of a large page on the same machine takes processor time from the server,
// which says nothing about what waits for what.
func (b *bench) measureExpiry(nodes int) (*expiry, error) {
	const others = 100
	p, err := b.serve(edgegauge, nodes+others, "-disconnects")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	e := &expiry{Nodes: nodes}
	if _, err := p.ask(request{Op: "load", Count: nodes + others}); err != nil {
		return nil, err
	}
	if e.Before, err = samplesOnPage(p, nodes); err != nil {
		return nil, err
	}
	heap, err := p.ask(request{Op: "heap"})
	if err != nil {
		return nil, err
	}
	e.HeapBefore = float64(heap.Heap)
	if _, err := p.ask(request{Op: "disconnect", Count: nodes}); err != nil {
		return nil, err
	}
	timer := time.NewTimer(contender.DisconnectGrace)
	defer timer.Stop()
	<-timer.C
	if e.After, err = samplesOnPage(p, nodes); err != nil {
		return nil, err
	}

	passes := 3
	if b.quick {
		passes = 1
	}
	wait, err := repeated(passes, func() (reply, error) {
		if _, err := p.ask(request{Op: "load", Count: nodes + others}); err != nil {
			return reply{}, err
		}
		if _, err := p.ask(request{Op: "disconnect", Count: nodes}); err != nil {
			return reply{}, err
		}
		// The window spans the end of the TTL and the sweeps that follow it,
		// which come every ten seconds at the latest.
		return p.ask(request{Op: "latency", Rate: 2000, Seconds: 20, First: nodes, Count: others})
	})
	if err != nil {
		return nil, err
	}
	e.Wait = *wait
	if heap, err = p.ask(request{Op: "heap"}); err != nil {
		return nil, err
	}
	e.HeapAfter = float64(heap.Heap)
	return e, nil
}

// samplesOnPage counts the first nodes' series on the page of a family that
// only fresh nodes have.
func samplesOnPage(p *process, nodes int) (int, error) {
	var page bytes.Buffer
	if _, err := scrape(context.Background(), p, "identity", &page); err != nil {
		return 0, err
	}
	count := 0
	prefix := []byte(`edge_node_load1{node="edge-node-`)
	for line := range bytes.Lines(page.Bytes()) {
		if rest, ok := bytes.CutPrefix(line, prefix); ok {
			number, _, _ := bytes.Cut(rest, []byte(`"`))
			if i, err := strconv.Atoi(string(number)); err == nil && i < nodes {
				count++
			}
		}
	}
	return count, nil
}
