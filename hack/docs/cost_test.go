package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// costTable shows what the benchmark measured with 10,000 nodes.
func costTable(t *testing.T) string {
	data, err := os.ReadFile("../bench/results.json")
	if err != nil {
		t.Fatal(err)
	}
	type contender struct {
		Heap        float64
		Plain, Gzip struct{ CPU float64 }
		Report      *struct{ CPU float64 }
		Pusher      float64
	}
	var results struct {
		Date, Machine string
		Fleets        []struct {
			Nodes, Series int
			Contenders    map[string]*contender
		}
	}
	if err := json.Unmarshal(data, &results); err != nil {
		t.Fatal(err)
	}
	columns := []struct{ name, title string }{
		{"edgegauge", "**edgegauge**"}, {"ksm", "kube-state-metrics' store"}, {"gaugevec", "GaugeVec, promhttp"}, {"pushgateway", "Pushgateway, unchecked"},
	}
	const nodes = 10_000
	for _, f := range results.Fleets {
		if f.Nodes != nodes {
			continue
		}
		var b strings.Builder
		b.WriteString("| Per cloudcore with 10,000 nodes of 30 series |")
		for _, c := range columns {
			if f.Contenders[c.name] == nil {
				t.Fatalf("hack/bench/results.json has no %s", c.name)
			}
			fmt.Fprintf(&b, " %s |", c.title)
		}
		b.WriteString("\n|---|" + strings.Repeat("---:|", len(columns)) + "\n")
		row := func(title, unit string, value func(*contender) float64) {
			fmt.Fprintf(&b, "| %s |", title)
			for _, c := range columns {
				fmt.Fprintf(&b, " %s %s |", digits(value(f.Contenders[c.name])), unit)
			}
			b.WriteByte('\n')
		}
		row("CPU of a scrape, gzip, as Prometheus asks for it", "ms", func(c *contender) float64 { return c.Gzip.CPU * 1e3 })
		row("CPU of a scrape, plain", "ms", func(c *contender) float64 { return c.Plain.CPU * 1e3 })
		row("CPU of a report", "µs", func(c *contender) float64 {
			if c.Report == nil {
				t.Fatal("hack/bench/results.json lacks the cost of a report")
			}
			return c.Report.CPU * 1e6
		})
		row("Heap per series", "B", func(c *contender) float64 { return c.Heap / float64(f.Series) })
		fmt.Fprintf(&b, "\nMeasured by `make bench` on %s, %s; absolute figures are that machine's, ratios hold.\n", results.Date, results.Machine)
		return b.String()
	}
	t.Fatalf("hack/bench/results.json has no fleet of %d nodes", nodes)
	return ""
}

// digits writes a number with three significant digits.
func digits(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
