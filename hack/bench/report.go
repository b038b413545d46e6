package main

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// titles are the contenders' names in the tables and the plots.
var titles = map[string]string{
	edgegauge:          "edgegauge, listener",
	edgegaugeCollector: "edgegauge, Collector",
	pushgatewayChecked: "Pushgateway",
	pushgateway:        "Pushgateway, unchecked",
	gaugeVec:           "GaugeVec",
	constMetric:        "const metrics",
	stateStore:         "kube-state-metrics' store",
	victoria:           "VictoriaMetrics/metrics",
	statsd:             "statsd_exporter",
	static:             "static bytes",
}

// grouped writes a number with its thousands separated.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// plural writes a number and its noun.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// duration writes seconds with three significant digits and a fitting unit.
func duration(seconds float64) string {
	switch {
	case seconds == 0:
		return "–"
	case seconds < 1e-6:
		return significant(seconds*1e9) + " ns"
	case seconds < 1e-3:
		return significant(seconds*1e6) + " µs"
	case seconds < 1:
		return significant(seconds*1e3) + " ms"
	}
	return significant(seconds) + " s"
}

func size(b float64) string {
	switch {
	case b < 1e3:
		return significant(b) + " B"
	case b < 1e6:
		return significant(b/1e3) + " kB"
	case b < 1e9:
		return significant(b/1e6) + " MB"
	}
	return significant(b/1e9) + " GB"
}

// significant writes a positive number with two or three digits that mean
// something.
func significant(x float64) string {
	switch {
	case x >= 100:
		return grouped(int(x + 0.5))
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// table writes a Markdown table.
func table(out *bytes.Buffer, rows ...[]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			out.WriteString("|---" + strings.Repeat("|---:", len(row)-1) + "|\n")
		}
	}
	out.WriteByte('\n')
}

// row is a contender's row, with cells for every fleet; nil if none has a text.
func (r *results) row(name string, cells ...func(f *fleetResult, c *contenderResult) string) []string {
	row := []string{titles[name]}
	some := false
	for i := range r.Fleets {
		f := &r.Fleets[i]
		c := f.Contenders[name]
		for _, cell := range cells {
			text := "–"
			if c != nil {
				if t := cell(f, c); t != "" {
					text, some = t, true
				}
			}
			row = append(row, text)
		}
	}
	if !some {
		return nil
	}
	if name == edgegauge {
		for i := range row {
			row[i] = "**" + row[i] + "**"
		}
	}
	return row
}

func (r *results) tableOf(out *bytes.Buffer, heads []string, cells ...func(f *fleetResult, c *contenderResult) string) {
	head := []string{""}
	for _, f := range r.Fleets {
		for _, h := range heads {
			head = append(head, grouped(f.Nodes)+": "+h)
		}
	}
	rows := [][]string{head}
	for _, name := range order {
		if row := r.row(name, cells...); row != nil {
			rows = append(rows, row)
		}
	}
	table(out, rows...)
}

// markdown is RESULTS.md.
func (r *results) markdown(verdicts []verdict) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# What a scrape, a report and a fleet cost\n\n")
	fmt.Fprintf(&out, "Written by `make bench` or `make bench-full`; the numbers behind it are in [results.json](results.json).\n\n")
	fmt.Fprintf(&out, "Measured on %s (%s) in one run of %.0f minutes; load average before it %.1f. ", r.Date, r.Machine, r.Seconds/60, r.Load)
	var names []string
	for name := range r.Versions {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = name + " " + r.Versions[name]
	}
	fmt.Fprintf(&out, "Versions: %s.\n", strings.Join(names, ", "))
	for _, m := range r.Missing {
		fmt.Fprintf(&out, "\nNot to be had here, so not in the tables: %s.\n", m)
	}
	out.WriteString(`
How: every contender is a process of its own, scraped over loopback by another; CPU is the server's user and system time
(getrusage; for the Pushgateway, proc(5)). Every page is first checked to hold the same series with the same values; then come a
warm-up and five measured scrapes or more (cheap ones many times each, fewer where the table says so), of which the median is quoted. All contenders get identical reports:
`)
	if len(r.Fleets) > 0 {
		fmt.Fprintf(&out, "30 series in 22 families per node, %s of JSON. ", size(float64(r.Fleets[0].MessageBytes)))
	}
	out.WriteString("Absolute figures move with the machine and with what else it does, the waits of single reports most of all; the ratios hold.\n\n")

	out.WriteString("## Targets\n\n```\n")
	short := 0
	for _, v := range verdicts {
		fmt.Fprintln(&out, v)
		if !v.ok {
			short++
		}
	}
	fmt.Fprintf(&out, "```\n\n%d of %d reached.\n\n", len(verdicts)-short, len(verdicts))

	out.WriteString("## A scrape\n\nServer CPU:\n\n")
	r.tableOf(&out, []string{"plain", "gzip"},
		func(_ *fleetResult, c *contenderResult) string { return measured(c.Plain) },
		func(_ *fleetResult, c *contenderResult) string { return measured(c.Gzip) })
	out.WriteString("The same as multiples of edgegauge's listener:\n\n")
	r.tableOf(&out, []string{"plain", "gzip"},
		func(f *fleetResult, c *contenderResult) string {
			return multiple(c.Plain.CPU, f.Contenders[edgegauge], func(e *contenderResult) float64 { return e.Plain.CPU })
		},
		func(f *fleetResult, c *contenderResult) string {
			return multiple(c.Gzip.CPU, f.Contenders[edgegauge], func(e *contenderResult) float64 { return e.Gzip.CPU })
		})
	out.WriteString("Time from request to last byte, and bytes on the wire:\n\n")
	r.tableOf(&out, []string{"plain", "gzip"},
		func(_ *fleetResult, c *contenderResult) string {
			if c.Plain.Samples == 0 {
				return ""
			}
			return duration(c.Plain.Wall) + ", " + size(float64(c.Plain.Bytes))
		},
		func(_ *fleetResult, c *contenderResult) string {
			if c.Gzip.Samples == 0 {
				return ""
			}
			return duration(c.Gzip.Wall) + ", " + size(float64(c.Gzip.Bytes))
		})
	out.WriteString("![server CPU of a scrape against the fleet's size](scrape.svg)\n\n")

	r.compressorTable(&out)
	out.WriteString("## Memory\n\nHeap after the load, and resident memory that a running plain scrape adds:\n\n")
	r.tableOf(&out, []string{"heap", "per series", "scrape adds"},
		func(_ *fleetResult, c *contenderResult) string { return nonZero(c.Heap, size) },
		func(f *fleetResult, c *contenderResult) string {
			return nonZero(c.Heap/float64(f.Series), func(x float64) string { return significant(x) + " B" })
		},
		func(_ *fleetResult, c *contenderResult) string {
			if c.Heap == 0 {
				return ""
			}
			return "+" + size(c.Peak)
		})
	for _, f := range r.Fleets {
		if e := f.Contenders[edgegauge]; e != nil {
			fmt.Fprintf(&out, "edgegauge, %s: a gzip scrape adds %s, ten plain ones at once %s, ten gzip ones %s; compressed the page is %.2f times what level 6 makes of it.\n\n",
				plural(f.Nodes, "node"), size(e.PeakGzip), size(e.PeakTen), size(e.PeakTenGzip), e.Compression)
		}
	}
	out.WriteString("![heap against the fleet's size](memory.svg)\n\n")

	out.WriteString("## A report\n\nSteady state, time and allocations until a scrape that starts then sees it. edgegauge starts from the bytes of the message, the others from decoded values;\n" +
		"a push is the CPU of both processes.\n\n")
	r.tableOf(&out, []string{"time", "allocations"},
		func(_ *fleetResult, c *contenderResult) string {
			if c.Report == nil {
				return ""
			}
			if c.Pusher != 0 {
				return duration(c.Report.CPU) + " CPU"
			}
			return duration(c.Report.Nanoseconds / 1e9)
		},
		func(_ *fleetResult, c *contenderResult) string {
			if c.Report == nil || c.Pusher != 0 {
				return ""
			}
			return strconv.FormatFloat(c.Report.Allocs, 'f', 0, 64)
		})
	for _, f := range r.Fleets {
		if e := f.Contenders[edgegauge]; e != nil {
			fmt.Fprintf(&out, "encoding/json alone, into a plain struct, %s: %s.\n\n", plural(f.Nodes, "node"), duration(e.Report.JSON/1e9))
		}
	}
	out.WriteString("![a report's cost against the fleet's size](report.svg)\n\n")
	out.WriteString("How long a single report waits, 99th percentile and slowest, of 2,000 a second for five seconds (edgegauge: ten seconds, with scrapers three times over: the pass whose slowest is the median, and in brackets the slowest of each):\n\n")
	r.tableOf(&out, []string{"nobody scrapes", "scraped back to back", "scrapers hang"},
		func(_ *fleetResult, c *contenderResult) string { return waits(c.Idle) },
		func(_ *fleetResult, c *contenderResult) string { return waits(c.Scraped) },
		func(_ *fleetResult, c *contenderResult) string { return waits(c.Hung) })

	r.formTable(&out)
	if x := r.Expiry; x != nil {
		fmt.Fprintf(&out, "## Expiry\n\nThe sessions of %s end at once. Before the TTL's end %s are on the page, at its end %s; meanwhile other nodes' reports took %s at the 99th percentile and %s at the slowest (the median of the passes, whose slowest took %s). The heap went from %s to %s (a node that is expired but not forgotten keeps its name and the time of its last report).\n\n",
			plural(x.Nodes, "node"), grouped(x.Before), grouped(x.After), duration(x.Wait.P99), duration(x.Wait.Max), slowest(x.Wait), size(x.HeapBefore), size(x.HeapAfter))
	}
	if s := r.Story; s != nil {
		r.tell(&out, s)
	}
	return out.Bytes()
}

// tell writes what ten minutes of 600 nodes cost.
func (r *results) tell(out *bytes.Buffer, s *story) {
	fmt.Fprintf(out, "## %s, a report a minute, a scrape every 15 s\n\n", plural(storyNodes, "node"))
	fmt.Fprintf(out, "Ten minutes, a tenth of the nodes replaced by others every minute, gzip scrapes. A minute is compressed into %.0f s (and edgegauge's TTL with it): CPU is that of the work, per minute of the fleet. Memory is resident at the end.\n\n", storyMinute.Seconds())
	rows := [][]string{
		{"", "cloudcore's side, CPU per minute", "Pushgateway, CPU per minute", "cloudcore's side, memory", "Pushgateway, memory", "page at the end"},
		{"**edgegauge**", duration(s.New.CloudcoreCPU), "none", size(s.New.CloudcoreMemory), "none", size(float64(s.New.PageBytes))},
	}
	if !s.OldMissing {
		rows = append(rows, []string{"push, unchecked Pushgateway", duration(s.Old.CloudcoreCPU), duration(s.Old.GatewayCPU), size(s.Old.CloudcoreMemory), size(s.Old.GatewayMemory), size(float64(s.Old.PageBytes))})
		checked := r.contender(600, pushgatewayChecked)
		unchecked := r.contender(600, pushgateway)
		if checked != nil && unchecked != nil {
			// The checked run would take the time it costs; it differs from
			// the unchecked one by what a push costs the gateway.
			gateway := s.Old.GatewayCPU + storyNodes*((checked.Report.CPU-checked.Pusher)-(unchecked.Report.CPU-unchecked.Pusher))
			rows = append(rows, []string{"push, Pushgateway as it comes (computed)", duration(s.Old.CloudcoreCPU), "more than " + duration(gateway), "as above", "as above", "as above"})
		}
	}
	table(out, rows...)
	out.WriteString("The last row is the one above it with the cost of a checked push to a gateway that holds 600 groups; with the churn it holds more, and a push costs more.\n\n")
}

func measured(m measurement) string {
	if m.Samples == 0 {
		return ""
	}
	text := duration(m.CPU)
	if m.Samples < 5 {
		text += fmt.Sprintf(" (of %d)", m.Samples)
	}
	return text
}

func multiple(x float64, e *contenderResult, of func(*contenderResult) float64) string {
	if e == nil || x == 0 {
		return ""
	}
	return significant(x/of(e)) + " ×"
}

func nonZero(x float64, format func(float64) string) string {
	if x == 0 {
		return ""
	}
	return format(x)
}

func waits(q *quantile) string {
	if q == nil {
		return ""
	}
	text := duration(q.P99) + ", " + duration(q.Max)
	if len(q.Passes) > 1 {
		text += " (" + slowest(*q) + ")"
	}
	return text
}

// slowest lists the slowest of all passes.
func slowest(q quantile) string {
	var all []string
	for _, x := range slices.Sorted(slices.Values(q.Passes)) {
		all = append(all, duration(x))
	}
	return strings.Join(all, ", ")
}

// formTable writes what reports of several forms cost.
func (r *results) formTable(out *bytes.Buffer) {
	if len(r.Forms) == 0 {
		return
	}
	fmt.Fprintf(out, "What a report costs by its form, %s, median of the rounds. A message in a map comes from another module of the same cloudcore and is encoded first.\n\n", plural(formNodes, "node"))
	rows := [][]string{{"", "message", "series", "time", "a series", "allocations", "encoding/json alone, into maps"}}
	for _, f := range r.Forms {
		message, decoding := "in memory", "–"
		if f.Bytes > 0 {
			message, decoding = size(float64(f.Bytes)), duration(f.JSON/1e9)
		}
		rows = append(rows, []string{f.Name, message, grouped(f.Series), duration(f.Nanoseconds / 1e9), duration(f.Nanoseconds / 1e9 / float64(f.Series)),
			strconv.FormatFloat(f.Allocs, 'f', 0, 64), decoding})
	}
	table(out, rows...)
}

// compressorTable writes what compressing a page alone costs.
func (r *results) compressorTable(out *bytes.Buffer) {
	head, some := []string{""}, false
	for _, f := range r.Fleets {
		head = append(head, grouped(f.Nodes)+": CPU", grouped(f.Nodes)+": size")
		some = some || f.Compressors != nil
	}
	if !some {
		return
	}
	rows := [][]string{head}
	for _, name := range compressors {
		row := []string{name}
		for _, f := range r.Fleets {
			c, ok := f.Compressors[name]
			if !ok {
				row = append(row, "–", "–")
				continue
			}
			row = append(row, duration(c.Seconds), size(float64(c.Bytes)))
		}
		if name == ours {
			for i := range row {
				row[i] = "**" + row[i] + "**"
			}
		}
		rows = append(rows, row)
	}
	out.WriteString("Compressing the same page, and nothing else, one goroutine:\n\n")
	table(out, rows...)
}
