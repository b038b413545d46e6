package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/edgegauge/edgegauge/hack/bench/contender"
)

// client reads pages as Prometheus does: one kept connection per target.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}}

// scrape gets the page and returns its size on the wire. The body goes to w
// if w is not nil.
func scrape(ctx context.Context, p *process, encoding string, w io.Writer) (int64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+p.path, nil)
	if err != nil {
		return 0, err
	}
	q.Header.Set("Accept", "text/plain;version=0.0.4")
	q.Header.Set("Accept-Encoding", encoding)
	a, err := client.Do(q)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(a.Body, 300))
		return 0, fmt.Errorf("scrape: %s: %s", a.Status, text)
	}
	if encoding == "gzip" && a.Header.Get("Content-Encoding") != "gzip" {
		return 0, fmt.Errorf("scrape: asked for gzip, got %q", a.Header.Get("Content-Encoding"))
	}
	if w == nil {
		w = io.Discard
	}
	return io.CopyBuffer(struct{ io.Writer }{w}, a.Body, make([]byte, 256<<10))
}

// measurement is the cost of a scrape.
type measurement struct {
	CPU     float64 `json:"cpu"`  // server, seconds, median
	Wall    float64 `json:"wall"` // seconds until the last byte, median
	Bytes   int64   `json:"bytes"`
	Samples int     `json:"samples"`
}

// measure scrapes over and over. Cheap scrapes are measured many at a time,
// because a process's CPU time has a grain. It stops early when a contender
// takes more than patience. The process has served the page before; warm says
// that it should do so once more, in this coding, before it is measured.
func measure(p *process, encoding string, samples int, patience time.Duration, warm bool) (measurement, error) {
	var m measurement
	begin := time.Now()
	repeat := 1
	if warm {
		before, err := p.cpu()
		if err != nil {
			return m, err
		}
		if _, err = scrape(context.Background(), p, encoding, nil); err != nil {
			return m, err
		}
		after, err := p.cpu()
		if err != nil {
			return m, err
		}
		grain := 0.04
		if p.stdin == nil {
			grain = 0.4
		}
		repeat = int(min(200, max(1, grain/max(after-before, 1e-4))))
	}
	var cpu, wall []float64
	for len(cpu) < samples && (len(cpu) == 0 || time.Since(begin) < patience) {
		start := time.Now()
		before, err := p.cpu()
		if err != nil {
			return m, err
		}
		for range repeat {
			if m.Bytes, err = scrape(context.Background(), p, encoding, nil); err != nil {
				return m, err
			}
		}
		after, err := p.cpu()
		if err != nil {
			return m, err
		}
		cpu = append(cpu, (after-before)/float64(repeat))
		wall = append(wall, time.Since(start).Seconds()/float64(repeat))
	}
	m.CPU, m.Wall, m.Samples = median(cpu), median(wall), len(cpu)
	return m, nil
}

// expectation is what every contender's page must hold after the load.
type expectation struct {
	seed   maphash.Seed
	index  map[uint64]int32 // by the hash of the series
	values []float64
	clock  []bool // the value depends on when the report was received
	seen   []bool
}

func expect(d *contender.Data) *expectation {
	n := d.Fleet.Len() * len(contender.Layout)
	e := &expectation{seed: maphash.MakeSeed(), index: make(map[uint64]int32, n)}
	var series []byte
	for i := range d.Fleet.Len() {
		r := d.Report(i, 0)
		for k := range contender.Layout {
			series = contender.AppendSeries(series[:0], r.Node, &contender.Layout[k])
			e.index[maphash.Bytes(e.seed, series)] = int32(len(e.values))
			e.values = append(e.values, r.Values[k])
			e.clock = append(e.clock, contender.Families[contender.Layout[k].Family].Clock)
		}
	}
	e.seen = make([]bool, n)
	return e
}

// check reads a page and returns an error unless it holds exactly the series
// of edge nodes that are expected, with their values. Other families are the
// contender's own affair.
func (e *expectation) check(p *process, encoding string) error {
	clear(e.seen)
	c := &checker{expectation: e}
	if encoding == "gzip" {
		var page bytes.Buffer
		if _, err := scrape(context.Background(), p, encoding, &page); err != nil {
			return err
		}
		z, err := gzip.NewReader(&page)
		if err != nil {
			return err
		}
		if _, err := io.Copy(c, z); err != nil {
			return err
		}
	} else if _, err := scrape(context.Background(), p, encoding, c); err != nil {
		return err
	}
	if len(c.rest) > 0 {
		return fmt.Errorf("the page's last line %q has no end", c.rest)
	}
	if c.count != len(e.values) {
		return fmt.Errorf("%d series of %d", c.count, len(e.values))
	}
	return nil
}

type checker struct {
	*expectation
	rest  []byte
	count int
}

func (c *checker) Write(b []byte) (int, error) {
	n := len(b)
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			c.rest = append(c.rest, b...)
			return n, nil
		}
		line := b[:end]
		if len(c.rest) > 0 {
			c.rest = append(c.rest, line...)
			line = c.rest
		}
		if err := c.line(line); err != nil {
			return 0, err
		}
		c.rest = c.rest[:0]
		b = b[end+1:]
	}
}

func (c *checker) line(line []byte) error {
	if !bytes.HasPrefix(line, []byte("edge_node_")) {
		return nil
	}
	space := bytes.LastIndexByte(line, ' ')
	at, ok := c.index[maphash.Bytes(c.seed, line[:space])]
	if !ok {
		// Labels in another order, or with the Pushgateway's own.
		if at, ok = c.index[maphash.String(c.seed, canonical(string(line[:space])))]; !ok {
			return fmt.Errorf("unexpected series %s", line)
		}
	}
	if c.seen[at] {
		return fmt.Errorf("twice on the page: %s", line)
	}
	c.seen[at] = true
	c.count++
	value, err := strconv.ParseFloat(string(line[space+1:]), 64)
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	if value != c.values[at] && !c.clock[at] {
		return fmt.Errorf("%s: want %v", line, c.values[at])
	}
	return nil
}

// canonical sorts a series' labels and drops the two that a Pushgateway adds.
// The fleet's label values hold no comma.
func canonical(series string) string {
	name, rest, ok := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	if !ok {
		return series
	}
	labels := strings.Split(rest, ",")
	kept := labels[:0]
	for _, l := range labels {
		if !strings.HasPrefix(l, "job=") && !strings.HasPrefix(l, "instance=") {
			kept = append(kept, l)
		}
	}
	sort.Strings(kept)
	return name + "{" + strings.Join(kept, ",") + "}"
}
