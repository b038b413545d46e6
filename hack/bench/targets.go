package main

import (
	"fmt"
	"math"
	"slices"
)

// verdict is one target, what was reached, and whether that is enough.
type verdict struct {
	what          string
	figure, bound float64
	unit          string
	ok            bool
}

func (v verdict) String() string {
	word := "short"
	if v.ok {
		word = "ok"
	}
	return fmt.Sprintf("%-5s  %s: %s, bound %s", word, v.what, quantity(v.figure, v.unit), quantity(v.bound, v.unit))
}

func quantity(x float64, unit string) string {
	if unit != "" {
		unit = " " + unit
	}
	switch {
	case x == math.Trunc(x) && math.Abs(x) < 1e6:
		return fmt.Sprintf("%.0f%s", x, unit)
	case math.Abs(x) >= 100:
		return fmt.Sprintf("%.0f%s", x, unit)
	case math.Abs(x) >= 1:
		return fmt.Sprintf("%.2f%s", x, unit)
	default:
		return fmt.Sprintf("%.3g%s", x, unit)
	}
}

const mebibyte = 1 << 20

// targets compares the run with the project's targets. All ratios are of
// figures of this one run.
func (r *results) targets() []verdict {
	var out []verdict
	atMost := func(figure, bound float64, unit, format string, args ...any) {
		out = append(out, verdict{fmt.Sprintf(format, args...), figure, bound, unit, figure <= bound})
	}
	atLeast := func(figure, bound float64, unit, format string, args ...any) {
		out = append(out, verdict{fmt.Sprintf(format, args...), figure, bound, unit, figure >= bound})
	}
	for _, f := range r.Fleets {
		e := f.Contenders[edgegauge]
		if e == nil {
			continue
		}
		size := plural(f.Nodes, "node")
		// Sending the bytes bounds a plain page of some hundred nodes, whatever
		// puts it together, so there it is not compared with the others.
		if g := f.Contenders[gaugeVec]; g != nil && f.Nodes > 600 {
			atLeast(g.Plain.CPU/e.Plain.CPU, 50, "times less", "CPU of a plain scrape, %s, against GaugeVec", size)
		}
		if k := f.Contenders[stateStore]; k != nil && f.Nodes > 600 {
			atLeast(k.Plain.CPU/e.Plain.CPU, 4, "times less", "CPU of a plain scrape, %s, against kube-state-metrics' store", size)
		}
		if s := f.Contenders[static]; s != nil {
			atMost(e.Plain.CPU/s.Plain.CPU, 5, "times", "CPU of a plain scrape, %s, of the static buffer's", size)
		}
		if g := f.Contenders[gaugeVec]; g != nil {
			atLeast(g.Gzip.CPU/e.Gzip.CPU, 20, "times less", "CPU of a gzip scrape, %s, against GaugeVec", size)
		}
		if k := f.Contenders[stateStore]; k != nil {
			atLeast(k.Gzip.CPU/e.Gzip.CPU, 6, "times less", "CPU of a gzip scrape, %s, against kube-state-metrics' store", size)
		}
		atMost(e.Compression, 1.25, "times", "compressed page, %s, of gzip level 6's", size)
		if lead := f.lead(); lead > 0 {
			atLeast(lead, 1.3, "times faster", "compressing the page of %s by linezip, against the fastest library", size)
		}
		if g := f.Contenders[gaugeVec]; g != nil {
			atMost(e.Heap/g.Heap, 1.0/3, "times", "heap, %s, of GaugeVec's", size)
		}
		atMost(e.Heap/float64(f.Series), 130, "bytes", "heap per series, %s", size)
		atMost(max(e.Peak, e.PeakGzip)/mebibyte, 8, "MiB", "memory that a scrape adds, %s", size)
		atMost(max(e.PeakTen, e.PeakTenGzip)/mebibyte, 80, "MiB", "memory that ten scrapes at once add, %s", size)
		atMost(e.Report.Nanoseconds/e.Report.JSON, 0.5, "times", "time of a report, %s, of encoding/json's alone", size)
		atMost(e.Report.Allocs, 5, "", "allocations of a report, %s", size)
		atMost(e.Scraped.P99/e.Idle.P99, 10, "times", "99th percentile of Put while scraped, %s, of an idle registry's", size)
		atMost(e.Scraped.Max*1e3, 5, "ms", "slowest Put while scraped, %s", size)
		atMost(e.Hung.P99/e.Idle.P99, 10, "times", "99th percentile of Put while scrapers hang, %s, of an idle registry's", size)
		atMost(e.Hung.Max*1e3, 5, "ms", "slowest Put while scrapers hang, %s", size)
	}
	small := r.contender(600, edgegauge)
	for _, nodes := range []int{10_000, 100_000} {
		if e := r.contender(nodes, edgegauge); e != nil && small != nil {
			atMost(e.Report.Nanoseconds/small.Report.Nanoseconds, 1.5, "times", "time of a report, %s, of that with 600", plural(nodes, "node"))
		}
	}
	if a, b := r.contender(10_000, edgegauge), r.contender(100_000, edgegauge); a != nil && b != nil {
		atMost(b.Plain.CPU/a.Plain.CPU/10, 2, "times", "CPU per series of a plain scrape, 100,000 nodes, of that with 10,000")
		atMost(b.Gzip.CPU/a.Gzip.CPU/10, 2, "times", "CPU per series of a gzip scrape, 100,000 nodes, of that with 10,000")
	}
	if c := r.contender(600, pushgatewayChecked); c != nil && small != nil {
		atLeast(c.Report.CPU/small.Report.CPU, 1000, "times less", "CPU of a report, 600 nodes, against a checked push")
	}
	if c := r.contender(600, pushgateway); c != nil && small != nil {
		atLeast(c.Report.CPU/small.Report.CPU, 40, "times less", "CPU of a report, 600 nodes, against an unchecked push")
	}
	if x := r.Expiry; x != nil {
		size := plural(x.Nodes, "node")
		atLeast(float64(x.Before), float64(x.Nodes), "", "on the page before all of %s expire", size)
		atMost(float64(x.After), 0, "", "on the page once all of %s have expired", size)
		atMost(x.Wait.Max*1e3, 1, "ms", "slowest Put while %s expire and are swept", size)
	}
	return out
}

// contender returns what was measured of a contender with a fleet of one size,
// or nil.
func (r *results) contender(nodes int, name string) *contenderResult {
	if f := r.fleet(nodes); f != nil {
		return f.Contenders[name]
	}
	return nil
}

// sizes are those of the fleets measured.
func (r *results) sizes() []int {
	var sizes []int
	for _, f := range r.Fleets {
		sizes = append(sizes, f.Nodes)
	}
	slices.Sort(sizes)
	return sizes
}
