package main

import (
	"bytes"
	"fmt"
	"math"
)

// What SCALE.md assumes beside what was measured.
const (
	assumedReport    = 60.0   // seconds between a node's reports
	assumedScrape    = 60.0   // seconds between scrapes: more often shows the same report again
	assumedTimeout   = 10.0   // seconds, Prometheus' default scrape timeout
	assumedCloudcore = 20_000 // nodes of a cloudcore, the default of limits.nodes
	assumedMemory    = 32e9   // bytes of memory of a Prometheus server, half of it for queries and compaction
)

// scale is SCALE.md: fleets past one machine, computed from the costs of the
// largest fleet that was measured. It is nil if something it needs is missing.
func (r *results) scale() []byte {
	if len(r.Fleets) == 0 || r.Prometheus == nil {
		return nil
	}
	sizes := r.sizes()
	f := r.fleet(sizes[len(sizes)-1])
	e := f.Contenders[edgegauge]
	if e == nil {
		return nil
	}
	p := r.Prometheus
	series := float64(f.Series)
	perNode := series / float64(f.Nodes)

	// Per series and scrape, or per series.
	cpu, plainCPU := e.Gzip.CPU/series, e.Plain.CPU/series
	wire, heap := float64(e.Gzip.Bytes)/series, e.Heap/series
	wall := p.Server.Scrape / float64(p.Series)
	head := p.Server.Memory / float64(p.Series)
	agentMemory := p.Agent.Memory / float64(p.Series)
	longest := int(assumedTimeout / (wall * perNode))

	var out bytes.Buffer
	fmt.Fprintf(&out, "# Past one machine\n\n")
	fmt.Fprintf(&out, "Written by `make bench-full` from the costs that it measured ([RESULTS.md](RESULTS.md), %s): nothing here was run at this size, everything is those costs times the fleet. ", r.Date)
	fmt.Fprintf(&out, "Assumed: %.0f series per node, a report every %.0f s, a scrape every %.0f s (a shorter interval shows Prometheus the same report again; with 15 s all that is per scrape counts four times), %s per cloudcore, which is the default of `limits.nodes`.\n\n",
		perNode, assumedReport, assumedScrape, plural(assumedCloudcore, "node"))

	fmt.Fprintf(&out, "## The costs\n\n")
	table(&out,
		[]string{"what", "cost", "measured with"},
		[]string{"a report, bytes to visible", duration(e.Report.CPU) + " CPU", plural(f.Nodes, "node")},
		[]string{"a gzip scrape, per series", duration(cpu) + " CPU", plural(f.Nodes, "node")},
		[]string{"a plain scrape, per series", duration(plainCPU) + " CPU", plural(f.Nodes, "node")},
		[]string{"the page, per series, gzip", significant(wire) + " B", plural(f.Nodes, "node")},
		[]string{"heap, per series", significant(heap) + " B", plural(f.Nodes, "node")},
		[]string{"a report on the wire", size(float64(f.MessageBytes)), "without what MQTT, TLS and KubeEdge add"},
		[]string{"Prometheus " + p.Version + ", a scrape, per series", duration(wall), plural(p.Nodes, "node")},
		[]string{"… its CPU, per sample", duration(p.Server.CPU), plural(p.Nodes, "node")},
		[]string{"… its memory, per series", size(head), plural(p.Nodes, "node") + ", after " + fmt.Sprint(scrapes) + " scrapes"},
		[]string{"Prometheus agent, CPU per sample", duration(p.Agent.CPU), plural(p.Nodes, "node") + ", remote write to a store that takes everything"},
		[]string{"… its memory, per series", size(agentMemory), plural(p.Nodes, "node")},
		[]string{"… remote write, per sample", significant(p.Agent.Sent) + " B", plural(p.Nodes, "node")},
	)

	fmt.Fprintf(&out, "## The fleets\n\n")
	head0 := []string{""}
	rows := [][]string{
		{"series"}, {"cloudcores"}, {"reports a second, of all"}, {"reports' bytes a second, of all"},
		{"per cloudcore: CPU of reports"}, {"per cloudcore: CPU of one Prometheus' scrapes"}, {"per cloudcore: heap"},
		{"per cloudcore: page, gzip"}, {"per cloudcore: a scrape takes Prometheus"},
		{"samples a second, of all"}, {"pages' bytes a second, of all"},
		{"Prometheus: memory for the series, of all"}, {"Prometheus: CPU, of all"},
		{fmt.Sprintf("Prometheus: servers of %s", size(assumedMemory))},
		{"or agents: memory, of all"}, {"or agents: CPU, of all"}, {"or agents: remote write a second, of all"},
	}
	for _, nodes := range []int{10_000, 100_000, 1_000_000} {
		n := float64(nodes)
		cores := math.Ceil(n / assumedCloudcore)
		here := n / cores * perNode // series of one cloudcore
		all := n * perNode
		samples := all / assumedScrape
		cells := []string{
			grouped(int(all)), grouped(int(cores)), grouped(int(n / assumedReport)), size(n/assumedReport*float64(f.MessageBytes)) + "/s",
			percent(n / cores / assumedReport * e.Report.CPU), percent(here * cpu / assumedScrape), size(here * heap),
			size(here * wire), duration(here * wall),
			grouped(int(samples)), size(samples*wire) + "/s",
			size(all * head), processors(samples * p.Server.CPU),
			grouped(int(math.Max(1, math.Ceil(all*head/(assumedMemory/2))))),
			size(all * agentMemory), processors(samples * p.Agent.CPU), size(samples*p.Agent.Sent) + "/s",
		}
		head0 = append(head0, plural(nodes, "node"))
		for i := range rows {
			rows[i] = append(rows[i], cells[i])
		}
	}
	table(&out, append([][]string{head0}, rows...)...)

	fmt.Fprintf(&out, "## Where it bends first\n\n")
	fmt.Fprintf(&out, "1. **The page of one cloudcore, at Prometheus.** A target is scraped by one goroutine: it parses and appends %s series a second, so a page of %s takes the default timeout of %.0f s, while edgegauge has spent %s of CPU on it. With %s per cloudcore it takes %s. Dropping series by relabelling does not help, they are parsed first: give the mapping fewer series, the job a longer `scrape_timeout`, or the fleet more cloudcores.\n",
		grouped(int(1/wall)), plural(longest, "node"), assumedTimeout, duration(float64(longest)*perNode*cpu), plural(assumedCloudcore, "node"), duration(assumedCloudcore*perNode*wall))
	fmt.Fprintf(&out, "2. **Prometheus' memory.** At %s a series a server of %s, half of it left for queries and compaction, holds %s. Beyond that, shard: every cloudcore is a target of its own, so `hashmod` on `__address__`, or `shards` in the operator's Prometheus, splits the fleet by cloudcores with no change here. A node that moves to another cloudcore moves to another shard; its samples leave the old page after `disconnectGrace`.\n",
		size(head), size(assumedMemory), plural(int(assumedMemory/2/head/perNode), "node"))
	fmt.Fprintf(&out, "3. **The store behind agents.** An agent keeps no history, but it knows every series and queues what it sends: after these few scrapes it held %s a series, %s of what the server did, and did not grow with the retention. A million nodes are %s of remote write a second (%s samples), which is what Mimir, Thanos Receive or VictoriaMetrics must be sized for; their own costs were not measured here.\n",
		size(agentMemory), percent(agentMemory/head), size(1e6*perNode/assumedScrape*p.Agent.Sent), grouped(int(1e6*perNode/assumedScrape)))
	share := (assumedCloudcore/assumedReport*e.Report.CPU + assumedCloudcore*perNode*cpu/assumedScrape)
	fmt.Fprintf(&out, "4. **edgegauge, last.** In a cloudcore of %s it takes %s of one core for reports and scrapes together and %s of heap. Two Prometheus servers for availability double the scrapes alone. What the websockets and the router of KubeEdge cost for the same reports is not in this figure.\n",
		plural(assumedCloudcore, "node"), percent(share), size(assumedCloudcore*perNode*heap))
	return out.Bytes()
}

func percent(share float64) string { return significant(share*100) + " %" }

// processors writes CPU seconds per second.
func processors(x float64) string {
	if x == 1 {
		return "1 core"
	}
	return significant(x) + " cores"
}
