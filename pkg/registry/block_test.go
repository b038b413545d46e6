package registry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// decoded returns a report of a_value, between the families of mapping.Status
// f_value, and z_values.
func decoded(t *testing.T, message string) *mapping.Report {
	t.Helper()
	m, err := mapping.Parse([]byte(`families:
  - {name: a_value, help: h, path: value}
  - {name: edge_node_middle, help: h, path: middle}
  - {name: z_values, help: h, path: values.*, keyLabel: key}
  - {name: z_unused, help: h, path: unused}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{Bytes: 1 << 20, Samples: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	var r mapping.Report
	if err := d.Decode(message, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// text returns the lines of b, each run of one family headed by its name.
func text(b Block, families []mapping.Family) string {
	var sb strings.Builder
	node, lines := b.Split()
	for last := -1; len(lines) > 0; {
		family := lines.Family()
		if family != last {
			fmt.Fprintf(&sb, "%s:\n", families[family].Name)
			last = family
		}
		end, rest := lines.Next()
		fmt.Fprintf(&sb, "%s%s%s", families[family].Name, node, end)
		lines = rest
	}
	return sb.String()
}

var everything = status{up: true, received: 1732362000.25, interval: 60, time: 1732361990}

const message = `{"value": 1, "middle": -2.50, "values": {"x": "+Inf", "y\"\\\n": "NaN"}}`

func TestRender(t *testing.T) {
	r := decoded(t, message)
	got := text(new(blockWriter).report("edge-1", r, r.Samples, everything), r.Mapping.Families())
	want := `a_value:
a_value{node="edge-1"} 1
edge_node_clock_skew_seconds:
edge_node_clock_skew_seconds{node="edge-1"} -10.250
edge_node_last_report_timestamp_seconds:
edge_node_last_report_timestamp_seconds{node="edge-1"} 1732362000.250
edge_node_middle:
edge_node_middle{node="edge-1"} -2.50
edge_node_report_interval_seconds:
edge_node_report_interval_seconds{node="edge-1"} 60
edge_node_up:
edge_node_up{node="edge-1"} 1
z_values:
z_values{node="edge-1",key="x"} +Inf
z_values{node="edge-1",key="y\"\\\n"} NaN
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is not known of a node's time has no line.
func TestReportStatus(t *testing.T) {
	const (
		up       = "edge_node_up:\nedge_node_up{node=\"n\"} 1\n"
		received = "edge_node_last_report_timestamp_seconds:\nedge_node_last_report_timestamp_seconds{node=\"n\"} 5.000\n"
	)
	for name, test := range map[string]struct {
		status status
		want   string
	}{
		"received": {status{up: true, received: 5}, received + up},
		"time": {status{up: true, received: 5, time: 7.5},
			"edge_node_clock_skew_seconds:\nedge_node_clock_skew_seconds{node=\"n\"} 2.500\n" + received + up},
		"interval": {status{up: true, received: 5, interval: 0.25}, received +
			"edge_node_report_interval_seconds:\nedge_node_report_interval_seconds{node=\"n\"} 0.25\n" + up},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := test.status.lines(), strings.Count(test.want, "} "); got != want {
				t.Errorf("counted as %d lines, want %d", got, want)
			}
			r := decoded(t, `{"value": 1}`)
			if got := text(new(blockWriter).report("n", r, r.Samples, test.status), r.Mapping.Families()); got != "a_value:\na_value{node=\"n\"} 1\n"+test.want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// Of an expired node the block has only edge_node_up and when it reported last.
func TestShed(t *testing.T) {
	r := decoded(t, `{"value": 1, "middle": 2, "values": {"x": 1}}`)
	for _, st := range []status{everything, {up: true, received: 1732362000.25}} {
		got := text(new(blockWriter).shed(new(blockWriter).report("n", r, r.Samples, st), r.Mapping), mapping.Status[:])
		want := `edge_node_last_report_timestamp_seconds:
edge_node_last_report_timestamp_seconds{node="n"} 1732362000.250
edge_node_up:
edge_node_up{node="n"} 0
`
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A block is taken over in the memory of the one before, if that has room and
// not much more than is needed.
func TestBlockOver(t *testing.T) {
	for _, test := range []struct {
		need, room int
		over       bool
	}{
		{100, 99, false}, {100, 100, true}, {100, 189, true}, {100, 190, false}, {1, 0, false},
	} {
		old := make(Block, test.room/2, test.room)
		b := Block(strings.Repeat("x", test.need))
		got := b.over(old)
		if (got != nil) != test.over {
			t.Errorf("%d bytes over a room of %d: %v, want %v", test.need, test.room, got != nil, test.over)
		}
		if got != nil && (string(got) != string(b) || &got[0] != &old[:1][0]) {
			t.Errorf("%d bytes over a room of %d: got %q, of other memory or content", test.need, test.room, got)
		}
	}
}

// A block has all lines, however long the name and however many the samples,
// and its copy takes no more room than any copy of so many bytes.
func TestRenderSize(t *testing.T) {
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, `,"k%d":%d`, i, i)
	}
	for name, message := range map[string]string{
		"few samples":  `{"value": 1}`,
		"all families": `{"value": 1, "middle": 2, "values": {"x": 1, "y": 2}, "unused": 3}`,
		"many samples": `{"values": {"": 0` + many.String() + `}}`,
	} {
		for _, node := range []string{"n", strings.Repeat("n", sysinfo.MaxNodeName), strings.Repeat(`"`, sysinfo.MaxNodeName), strings.Repeat("é\n", 1000)} {
			r := decoded(t, message)
			b := new(blockWriter).report(node, r, r.Samples, everything).clone()
			if exact := cap(append(Block(nil), b...)); cap(b) > exact {
				t.Errorf("%s of a name of %d bytes: %d bytes take the room of %d, want %d", name, len(node), len(b), cap(b), exact)
			}
			if got, want := strings.Count(string(b), "} "), len(r.Samples)+everything.lines(); got != want {
				t.Errorf("%s of a name of %d bytes: %d lines, want %d", name, len(node), got, want)
			}
		}
	}
}

// escapedNames are node names and the label value that each is written as.
var escapedNames = map[string]string{
	"edge-1":        `edge-1`,
	"":              ``,
	`a"b`:           `a\"b`,
	`a\b`:           `a\\b`,
	`a\nb`:          `a\\nb`,
	`a\\nb`:         `a\\\\nb`,
	"a\nb":          `a\nb`,
	`ends in \`:     `ends in \\`,
	"Äöü 漢字 \t\r{}": "Äöü 漢字 \t\r{}",
}

func TestEscapedNames(t *testing.T) {
	for name, want := range escapedNames {
		r := decoded(t, `{"value": 1}`)
		if got := text(new(blockWriter).report(name, r, r.Samples, status{}), r.Mapping.Families()); !strings.Contains(got, "a_value{node=\""+want+"\"} 1\n") {
			t.Errorf("%q is rendered as\n%s", name, got)
		}
		if got := text(new(blockWriter).down(name), mapping.Status[:]); got != "edge_node_up:\nedge_node_up{node=\""+want+"\"} 0\n" {
			t.Errorf("%q is down as\n%s", name, got)
		}
		n := node{block: new(blockWriter).down(name), escaped: want != name}
		if got := n.name(); got != name {
			t.Errorf("%q is called %q", name, got)
		}
		for other := range escapedNames {
			if n.named(other) != (other == name) {
				t.Errorf("%q is taken for %q", name, other)
			}
		}
	}
}

// Lines of families whose indexes take two bytes stand under their own names.
func TestManyFamilies(t *testing.T) {
	spec, message := "families:\n", "{"
	const families = 1200
	for i := range families {
		spec += fmt.Sprintf("  - {name: m%04d, help: h, path: f%d}\n", i, i)
		message += fmt.Sprintf(`"f%d": %d, `, i, i)
	}
	m, err := mapping.Parse([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{Bytes: 1 << 20, Samples: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	var r mapping.Report
	if err := d.Decode(strings.TrimSuffix(message, ", ")+"}", &r); err != nil {
		t.Fatal(err)
	}
	b := new(blockWriter).report("n", &r, r.Samples, everything)
	_, lines := b.Split()
	for i := range families {
		for strings.HasPrefix(m.Families()[lines.Family()].Name, "edge_node_") {
			_, lines = lines.Next()
		}
		family := lines.Family()
		var end []byte
		end, lines = lines.Next()
		if name := m.Families()[family].Name; name != fmt.Sprintf("m%04d", i) || string(end) != fmt.Sprintf("} %d\n", i) {
			t.Fatalf("line %d is %s%s", i, name, end)
		}
	}
	shed := new(blockWriter).shed(b.clone(), m)
	if got, want := text(shed, mapping.Status[:]), "edge_node_last_report_timestamp_seconds:\n"+`edge_node_last_report_timestamp_seconds{node="n"} 1732362000.250`+"\nedge_node_up:\n"+`edge_node_up{node="n"} 0`+"\n"; got != want {
		t.Errorf("down it shows\n%s\nwant\n%s", got, want)
	}
}
