package nodemetrics

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// TestWorst sends the worst that the greatest limits let through, and a little
// more, and finds nothing on the page that is beyond Worst.
func TestWorst(t *testing.T) {
	name := strings.Repeat("f", 256)
	var fixed []string
	for i := range 12 {
		fixed = append(fixed, fmt.Sprintf("%s%02d: p%d", strings.Repeat("l", 126), i, i))
	}
	spec := filepath.Join(t.TempDir(), "mapping.yaml")
	write(t, spec, fmt.Sprintf("families: [{name: %s, help: h, path: 'x.*.v', keyLabel: key, constLabels: {const: %s}, labels: {%s}, labelsFrom: own}]",
		name, strings.Repeat("c", 512), strings.Join(fixed, ", ")))
	m := newModule(t, func(c *Config) {
		c.MappingFile = spec
		c.Limits.Nodes, c.Limits.SamplesPerNode, c.Limits.LabelValueBytes = 3, 5, 512
	})
	// More samples than fit; of each kind of label one that just fits, and one
	// that does not.
	var elements []string
	for i := range 10 {
		var own, labels []string
		for k := range 16 {
			own = append(own, fmt.Sprintf(`"%s%02d":"%s"`, strings.Repeat("o", 126), k, strings.Repeat("v", 512)))
		}
		for k := range 12 {
			labels = append(labels, fmt.Sprintf(`"p%d":"%s"`, k, strings.Repeat("w", 512)))
		}
		switch i {
		case 1:
			own = append(own, `"seventeenth":"v"`)
		case 2:
			own[0] = fmt.Sprintf(`"%s":"v"`, strings.Repeat("o", 129))
		case 3:
			own[0] = fmt.Sprintf(`"o":"%s"`, strings.Repeat("v", 513))
		}
		key := fmt.Sprintf("%d%s", i, strings.Repeat("k", 511))
		elements = append(elements, fmt.Sprintf(`"%s":{"v":1,%s,"own":{%s}}`, key, strings.Join(labels, ","), strings.Join(own, ",")))
	}
	report := `{"x":{` + strings.Join(elements, ",") + `}}`
	for i := range 4 {
		_, _ = m.Handle(message(fmt.Sprintf("%d%s", i, strings.Repeat("n", 252)), report))
	}

	worst := m.config.Load().Worst()
	text := page(m)
	parser := expfmt.TextParser{}
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	series, labels, nameBytes, valueBytes, bytes := 0, 0, 0, 0, len(text)
	for _, f := range families {
		if f.GetName() != name && !slices.ContainsFunc(mapping.Status[:], func(s mapping.Family) bool { return s.Name == f.GetName() }) {
			continue
		}
		series += len(f.GetMetric())
		for _, x := range f.GetMetric() {
			labels = max(labels, 1+len(x.GetLabel()))
			for _, l := range append(x.GetLabel(), &dto.LabelPair{Value: f.Name}) {
				nameBytes, valueBytes = max(nameBytes, len(l.GetName())), max(valueBytes, len(l.GetValue()))
			}
		}
	}
	got := Worst{series, labels, nameBytes, valueBytes, bytes}
	if got.Series > worst.Series || got.Labels > worst.Labels || got.LabelNameBytes > worst.LabelNameBytes || got.ValueBytes > worst.ValueBytes || got.Bytes > worst.Bytes {
		t.Errorf("the page has %+v, more than %+v", got, worst)
	}
	// And the test comes as near as can be: three samples of the ten are not
	// legal, and a report lacks what only a second one brings.
	near := Worst{3 * (2 + 2), worst.Labels, worst.LabelNameBytes, worst.ValueBytes, 0}
	if got.Labels != near.Labels || got.LabelNameBytes != near.LabelNameBytes || got.ValueBytes != near.ValueBytes || got.Series < near.Series {
		t.Errorf("the page has %+v, the test is weak: it should reach %+v", got, near)
	}
}

// What limits.series and limits.bytes let onto the page is no more than they say,
// whatever the nodes send.
func TestWorstOfAllNodes(t *testing.T) {
	m := newModule(t, func(c *Config) {
		c.Limits.Nodes, c.Limits.Series, c.Limits.Bytes, c.Limits.ReportsPerSecond = 50, 400, 40_000, 100_000
	})
	for i := range 50 {
		var sensors []string
		for k := range 100 {
			sensors = append(sensors, fmt.Sprintf(`{"sensor":"%d%s","celsius":1}`, k, strings.Repeat("s", i)))
		}
		accept(t, m, message(fmt.Sprint("node", i), `{"temperatures":[`+strings.Join(sensors, ",")+`]}`))
	}
	worst := m.config.Load().Worst()
	series, bytes := 0, 0
	for _, line := range strings.SplitAfter(page(m), "\n") {
		if strings.HasPrefix(line, "edge_node_") {
			series++
			bytes += len(line)
		}
	}
	if worst.Series != 400 || series > worst.Series || bytes > 40_000 || worst.Bytes < 40_000 {
		t.Errorf("%d series and %d bytes, the worst is %+v", series, bytes, worst)
	}
	if series < 350 && bytes < 35_000 {
		t.Errorf("%d series and %d bytes: the test is weak", series, bytes)
	}
}
