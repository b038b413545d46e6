package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

func TestParseMappingRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		mapping string
		want    string // every line of the error, or a part of it
	}{
		"nothing":                      {``, "mapping: families: none given, at least one is needed"},
		"no families":                  {`families: []`, "mapping: families: none given"},
		"no YAML":                      {"families: [", "mapping: "},
		"not a mapping":                {"[1, 2]", "mapping: "},
		"an unknown key":               {`families: [{name: a, help: h, path: x, unit: s}]`, `unknown field "unit"`},
		"a key in capitals":            {`families: [{Name: a, help: h, path: x}]`, `unknown field "Name"; is name meant?`},
		"a key in two cases":           {`families: [{name: a, Name: b, help: h, path: x}]`, `families[0]: unknown field "Name"; is name meant?`},
		"families in capitals":         {`Families: [{name: a, help: h, path: x}]`, `unknown field "Families"; is families meant?`},
		"a scale in capitals":          {`{timestamp: {path: t, Scale: 5}, families: [{name: a, help: h, path: x}]}`, `timestamp: unknown field "Scale"; is scale meant?`},
		"an enum without value":        {`families: [{name: a, help: h, path: x, enum: {p: }}]`, `families[0].enum.p: no value`},
		"a key twice":                  {`families: [{name: a, name: b, help: h, path: x}]`, `"name" already set`},
		"a bool for a path":            {`families: [{name: a, help: h, path: y}]`, `families[0] a: path: not of type string but bool (y, n, on, off, yes and no are bools in YAML unless they stand in quotes)`},
		"a bool for a key":             {`families: [{name: a, help: h, path: x, enum: {on: 1}}]`, `families: enum: a key that is the bool true (y, n, on,`},
		"a string for a scale":         {`families: [{name: a, help: h, path: x, scale: big}]`, `families[0] a: scale: not of type float64 but string`},
		"two documents":                {"families: [{name: a, help: h, path: x}]\n---\nfamilies: []", `mapping: a second YAML document, there can be but one`},
		"two wrong types":              {`families: [{name: a, help: h, path: 5}, {name: b, help: h, path: x, labels: {l: 5}}]`, "mapping: families[0] a: path: not of type string but number\nmapping: families[1] b: labels: not of type string but number"},
		"no name":                      {`families: [{help: h, path: x}]`, `mapping: families[0] : name "", not of the form [a-zA-Z_:][a-zA-Z0-9_:]*`},
		"a name in UTF-8":              {`families: [{name: é, help: h, path: x}]`, `name "é", not of the form`},
		"a name with a digit":          {`families: [{name: 1a, help: h, path: x}]`, `name "1a", not of the form`},
		"the exporter's prefix":        {`families: [{name: nodemetrics_a, help: h, path: x}]`, `the prefix nodemetrics_ is the exporter's own`},
		"a name twice":                 {`families: [{name: a, help: h, path: x}, {name: a, help: h, path: z}]`, `mapping: families[1] a: the name is taken by a`},
		"a name twice but _total":      {`families: [{name: a, help: h, path: x}, {name: a_total, type: counter, help: h, path: z}]`, `mapping: families[1] a_total: the name is taken by a`},
		"a name of the registry":       {`families: [{name: edge_node_up, help: h, path: x}]`, `the name is taken by edge_node_up`},
		"a type":                       {`families: [{name: a, type: info, help: h, path: x}]`, `type "info", not gauge or counter`},
		"a histogram":                  {`families: [{name: a, type: histogram, help: h, path: x}]`, `families[0] a: type "histogram": a field of a message is one number, a histogram is many; map its count`},
		"a summary":                    {`families: [{name: a, type: summary, help: h, path: x}]`, `type "summary": a field of a message is one number, a summary is many`},
		"a gauge with _total":          {`families: [{name: a_total, help: h, path: x}]`, `type gauge: only names of counters end in _total`},
		"no help":                      {`families: [{name: a, path: x}]`, `mapping: families[0] a: help is missing`},
		"no path":                      {`families: [{name: a, help: h}]`, `mapping: families[0] a: path is missing`},
		"a path of the root":           {`families: [{name: a, help: h, path: .}]`, `path ".": the message itself has no value`},
		"a path with a dot first":      {`families: [{name: a, help: h, path: .x}]`, `path ".x": an empty key`},
		"a * without label":            {`families: [{name: a, help: h, path: x.*}]`, `path "x.*": a * needs keyLabel`},
		"two *":                        {`families: [{name: a, help: h, path: x.*.*, keyLabel: k}]`, `path "x.*.*": 2 * need as many keyLabels, 1 are given`},
		"a keyLabel without *":         {`families: [{name: a, help: h, path: x, keyLabel: k}]`, `keyLabel "k" without a * in the path "x"`},
		"a keyLabel that is wrong":     {`families: [{name: a, help: h, path: x.*, keyLabel: "k-k"}]`, `label "k-k" is not of the form`},
		"a keyLabel that is taken":     {`families: [{name: a, help: h, path: x.*, keyLabel: node}]`, `label "node" is set by Prometheus or the exporter`},
		"a label that is wrong":        {`families: [{name: a, help: h, path: x, labels: {"1": l}}]`, `label "1" is not of the form`},
		"a label of Prometheus":        {`families: [{name: a, help: h, path: x, labels: {__name__: l}}]`, `begins with __, as Prometheus' own do`},
		"a label that is taken":        {`families: [{name: a, help: h, path: x, labels: {instance: l}}]`, `label "instance" is set by Prometheus or the exporter`},
		"a label twice":                {`families: [{name: a, help: h, path: x.*, keyLabel: k, labels: {k: l}}]`, `label k is given twice`},
		"a label of many":              {`families: [{name: a, help: h, path: x, labels: {l: "z[]"}}]`, `label l: "z[]": a label has one value, so neither [] nor * can stand here`},
		"a label of an object":         {`families: [{name: a, help: h, path: x.v, labels: {l: .}}]`, `label l: ".": a label's value stands at a key`},
		"a label of an object up":      {`families: [{name: a, help: h, path: x.z.v, labels: {l: ../.}}]`, `label l: "../.": a label's value stands at a key`},
		"a label without key":          {`families: [{name: a, help: h, path: x.v, labels: {l: ../}}]`, `label l: "../": an empty key`},
		"a label out of it":            {`families: [{name: a, help: h, path: "x[].v", labels: {l: ../../z}}]`, `label l: "../../z": ../ leads out of the message`},
		"labelsFrom out of it":         {`families: [{name: a, help: h, path: x, labelsFrom: ../z}]`, `labelsFrom "../z": ../ leads out of the message`},
		"labelsFrom the value":         {`families: [{name: a, help: h, path: x.v, labelsFrom: v}]`, `labelsFrom "v": the value itself stands in that object`},
		"labelsFrom above it":          {`families: [{name: a, help: h, path: x.v, labelsFrom: .}]`, `labelsFrom ".": the value itself stands in that object`},
		"a scale that is none":         {`families: [{name: a, help: h, path: x, scale: .inf}]`, `mapping: `},
		"an enum out of range":         {`families: [{name: a, help: h, path: x, enum: {p: 1e300}, scale: 1e300}]`, `enum "p": 1e+300 times scale 1e+300 is out of range`},
		"a value and an enum":          {`families: [{name: a, help: h, path: x, value: 1, labels: {l: l}, enum: {p: 1}}]`, `value goes with neither enum nor scale`},
		"a value and a scale":          {`families: [{name: a, help: h, path: x, value: 1, labels: {l: l}, scale: 2}]`, `value goes with neither enum nor scale`},
		"a value without labels":       {`families: [{name: a, help: h, path: x, value: 1}]`, `value without labels would say nothing`},
		"a timestamp of many":          {"timestamp: {path: \"t[]\"}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path "t[]": one value is wanted, so only keys can stand in it`},
		"a timestamp of the root":      {"timestamp: {path: .}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path ".": one value is wanted`},
		"a timestamp nowhere":          {"timestamp: {scale: 2}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path is missing`},
		"a timestamp backwards":        {"timestamp: {path: t, scale: -1}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: scale -1, not a positive number`},
		"an interval's path":           {"interval: {path: \"t..u\"}\nfamilies: [{name: a, help: h, path: x}]", `mapping: interval: path "t..u": an empty key`},
		"an interval as timestamp":     {"timestamp: {path: t}\ninterval: {path: t}\nfamilies: [{name: a, help: h, path: x}]", `mapping: interval: path "t": another field about the report stands there`},
		"a long name":                  {`families: [{name: ` + strings.Repeat("a", 257) + `, help: h, path: x}]`, `a name of 257 bytes, the limit is 256`},
		"a name of Prometheus":         {`families: [{name: up, help: h, path: x}]`, `families[0] up: the name is one that Prometheus itself writes`},
		"a scrape's name":              {`families: [{name: scrape_a, help: h, path: x}]`, `scrape_a: the name is one that Prometheus itself writes`},
		"an alert's name":              {`families: [{name: ALERTS, help: h, path: x}]`, `ALERTS: the name is one that Prometheus itself writes`},
		"an alert's state":             {`families: [{name: ALERTS_FOR_STATE, help: h, path: x}]`, `ALERTS_FOR_STATE: the name is one`},
		"_total behind its gauge":      {`families: [{name: a_total, type: counter, help: h, path: x}, {name: a, help: h, path: z}]`, `families[1] a: the name is taken by a_total: on a page both would be called a`},
		"_total of a plain one":        {`families: [{name: a_total, type: counter, help: h, path: x}, {name: a, type: counter, help: h, path: z}]`, `families[1] a: the name is taken by a_total`},
		"_created":                     {`families: [{name: a_total, type: counter, help: h, path: x}, {name: a_created, help: h, path: z}]`, `families[1] a_created: the name is taken by a_total: on a page both would be called a_created`},
		"_created before":              {`families: [{name: a_created, help: h, path: z}, {name: a_total, type: counter, help: h, path: x}]`, `families[1] a_total: the name is taken by a_created: on a page both would be called a_created`},
		"_total of the registry":       {`families: [{name: edge_node_up_total, type: counter, help: h, path: x}]`, `the name is taken by edge_node_up: on a page both would be called edge_node_up`},
		"a long help":                  {`families: [{name: a, help: ` + strings.Repeat("h", 1025) + `, path: x}]`, `help of 1025 bytes, the limit is 1024`},
		"a scale of 0":                 {`families: [{name: a, help: h, path: x, scale: 0}]`, `mapping: families[0] a: scale 0 would make every value 0`},
		"a scale of 0.0":               {`families: [{name: a, help: h, path: x, scale: 0.0}]`, `scale 0 would make every value 0`},
		"a scale of -0":                {`families: [{name: a, help: h, path: x, scale: -0}]`, `scale 0 would make every value 0`},
		"a negative counter":           {`families: [{name: a_total, type: counter, help: h, path: x, scale: -1}]`, `scale -1: a counter that is scaled by it would be negative`},
		"a negative info counter":      {`families: [{name: a_total, type: counter, help: h, path: x, value: -1, labels: {l: l}}]`, `value -1: a counter is never negative`},
		"a negative word":              {`families: [{name: a_total, type: counter, help: h, path: x, enum: {w: -1}}]`, `enum "w": -1: a counter is never negative`},
		"a timestamp's scale of 0":     {"timestamp: {path: t, scale: 0}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: scale 0 would make every value 0`},
		"an interval's scale of 0":     {"interval: {path: t, scale: 0}\nfamilies: [{name: a, help: h, path: x}]", `mapping: interval: scale 0 would make every value 0`},
		"a wrong timestamp":            {"timestamp: 5\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: `},
		"an unknown timestamp key":     {"timestamp: {path: t, unit: s}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: json: unknown field "unit"`},
		"a long label":                 {`families: [{name: a, help: h, path: x, labels: {` + strings.Repeat("l", 129) + `: l}}]`, `is longer than 128 bytes`},
		"many labels":                  {`families: [{name: a, help: h, path: x, labels: {a: a, b: b, c: c, d: d, e: e, f: f, g: g, h: h, i: i, j: j, k: k, l: l, m: m, o: o, p: p}}]`, `15 labels, the limit is 14`},
		"many labels of all kinds":     {`families: [{name: a, help: h, path: "x.*", keyLabel: z, constLabels: {q: q, r: r}, labels: {a: a, b: b, c: c, d: d, e: e, f: f, g: g, h: h, i: i, j: j, k: k, l: l}}]`, `15 labels, the limit is 14`},
		"few keyLabels":                {`families: [{name: a, help: h, path: x.*.*, keyLabels: [k]}]`, `path "x.*.*": 2 * need as many keyLabels, 1 are given`},
		"many keyLabels":               {`families: [{name: a, help: h, path: x.*, keyLabels: [k, l]}]`, `path "x.*": 1 * need as many keyLabels, 2 are given`},
		"keyLabels without *":          {`families: [{name: a, help: h, path: x, keyLabels: [k]}]`, `keyLabel "k" without a * in the path "x"`},
		"keyLabels that are equal":     {`families: [{name: a, help: h, path: x.*.*, keyLabels: [k, k]}]`, `label k is given twice`},
		"keyLabel and keyLabels":       {`families: [{name: a, help: h, path: x.*, keyLabel: k, keyLabels: [k]}]`, `keyLabel and keyLabels are both given`},
		"an empty constant":            {`families: [{name: a, help: h, path: x, constLabels: {l: ""}}]`, `constLabels: label l is empty`},
		"a long constant":              {`families: [{name: a, help: h, path: x, constLabels: {l: ` + strings.Repeat("v", 513) + `}}]`, `constLabels: label l has 513 bytes, the limit is 512`},
		"a constant that is taken":     {`families: [{name: a, help: h, path: x, constLabels: {job: v}}]`, `label "job" is set by Prometheus or the exporter`},
		"a constant that is there":     {`families: [{name: a, help: h, path: x, labels: {l: l}, constLabels: {l: v}}]`, `label l is given twice`},
		"constants alone":              {`families: [{name: a, help: h, path: x, value: 1, constLabels: {l: v}}]`, `value without labels would say nothing`},
		"a deep path":                  {`families: [{name: a, help: h, path: ` + strings.Repeat("x.", 64) + `x}]`, `65 steps, but a message is at most 64 deep`},
		"the label service":            {`families: [{name: a, help: h, path: x, labels: {service: l}}]`, `label "service" is set by Prometheus or the exporter`},
		"the label container":          {`families: [{name: a, help: h, path: x, labels: {container: l}}]`, `label "container" is set by Prometheus or the exporter`},
		"the label endpoint":           {`families: [{name: a, help: h, path: x, labels: {endpoint: l}}]`, `label "endpoint" is set by Prometheus or the exporter`},
		"the label prometheus":         {`families: [{name: a, help: h, path: x, labels: {prometheus: l}}]`, `label "prometheus" is set by Prometheus or the exporter`},
		"the label prometheus_replica": {`families: [{name: a, help: h, path: x, labels: {prometheus_replica: l}}]`, `label "prometheus_replica" is set by Prometheus or the exporter`},
		"the label le":                 {`families: [{name: a, help: h, path: x, labels: {le: l}}]`, `label "le" is set by Prometheus or the exporter`},
		"the label quantile":           {`families: [{name: a, help: h, path: x, labels: {quantile: l}}]`, `label "quantile" is set by Prometheus or the exporter`},
		"the label namespace":          {`families: [{name: a, help: h, path: x, labels: {namespace: l}}]`, `label "namespace" is set by Prometheus or the exporter`},
		"the label pod":                {`families: [{name: a, help: h, path: x, labels: {pod: l}}]`, `label "pod" is set by Prometheus or the exporter`},
		"the label job":                {`families: [{name: a, help: h, path: x, labels: {job: l}}]`, `label "job" is set by Prometheus or the exporter`},
		"all of it": {"timestamp: {path: a.}\ninterval: {path: t, scale: -1}\nfamilies: [{name: a, path: x.}, {name: b, type: x, help: h, path: z}]",
			"mapping: families[0] a: help is missing\n" +
				"mapping: families[1] b: type \"x\", not gauge or counter\n" +
				"mapping: interval: scale -1, not a positive number\n" +
				"mapping: families[0] a: path \"x.\": a dot at the end\n" +
				"mapping: timestamp: path \"a.\": a dot at the end"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Parse([]byte(test.mapping))
			if err == nil || m != nil {
				t.Fatalf("got %v and error %v", m, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if strings.Contains(test.want, "mapping: families[") && !strings.HasPrefix(line, "mapping: ") {
					t.Errorf("a line that does not say where: %s", line)
				}
			}
		})
	}
}

func TestNewDecoderChecksNodeField(t *testing.T) {
	for path, want := range map[string]string{
		"n[]":       `field of the node's name: path "n[]": one value is wanted, so only keys can stand in it`,
		"n.":        `field of the node's name: path "n.": a dot at the end`,
		"timestamp": `field of the node's name: path "timestamp": another field about the report stands there`,
	} {
		if _, err := mapping.NewDecoder(mapping.Version1(), path, mapping.Limits{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

func TestParseMappingDefaults(t *testing.T) {
	m := parse(t, `{"families": [{"name": "a", "help": "h", "path": "x"}]}`) // JSON is YAML
	families := m.Families()
	if len(families) != 1+len(mapping.Status) || families[0].Type != mapping.Gauge || families[0].Scale != 1 {
		t.Errorf("got %+v, want a gauge of scale 1 and the families of Status", families)
	}
	for i, at := range m.Status() {
		if families[at].Name != mapping.Status[i].Name || families[at].Path != "" {
			t.Errorf("Status()[%d] leads to %+v", i, families[at])
		}
	}
}

// What stands at the edge of a rule, and is fine.
func TestParseMappingAccepts(t *testing.T) {
	for name, families := range map[string]string{
		"a name with a colon":        `{name: "a:b", help: h, path: x}`,
		"the longest name":           `{name: ` + strings.Repeat("a", 256) + `, help: h, path: x}`,
		"the longest label":          `{name: a, help: h, path: x, labels: {` + strings.Repeat("l", 128) + `: l}}`,
		"the longest help":           `{name: a, help: ` + strings.Repeat("h", 1024) + `, path: x}`,
		"the longest constant":       `{name: a, help: h, path: x, constLabels: {l: ` + strings.Repeat("v", 512) + `}}`,
		"the deepest path":           `{name: a, help: h, path: ` + strings.Repeat("x.", 63) + `x}`,
		"a counter without _total":   `{name: a, type: counter, help: h, path: x}`,
		"names like Prometheus'":     `{name: up_a, help: h, path: x}, {name: alerts, help: h, path: z}, {name: scrapes, help: h, path: w}`,
		"names like the exporter's":  `{name: nodemetrics, help: h, path: x}`,
		"suffixes without a clash":   `{name: a, help: h, path: x}, {name: a_created, help: h, path: z}, {name: a_count, help: h, path: c}, {name: a_sum, help: h, path: s}, {name: a_bucket, help: h, path: b}, {name: a_info, help: h, path: i}`,
		"counters with suffixes":     `{name: a_total, type: counter, help: h, path: x}, {name: a_count, type: counter, help: h, path: c}, {name: a_sum, type: counter, help: h, path: s}`,
		"a gauge scaled to below 0":  `{name: a, help: h, path: x, scale: -1, enum: {w: 1}}`,
		"a counter that is scaled":   `{name: a_total, type: counter, help: h, path: x, scale: 0.001, enum: {w: 0}}`,
		"an info counter of 0":       `{name: a_total, type: counter, help: h, path: x, value: 0, labels: {l: l}}`,
		"as many labels as possible": `{name: a, help: h, path: x, labels: {a: a, b: b, c: c, d: d, e: e, f: f, g: g, h: h, i: i, j: j, k: k, l: l, m: m, o: o}}`,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Parse([]byte("families: [" + families + "]"))
			if err != nil {
				t.Fatal(err)
			}
			newDecoder(t, m, "", mapping.Limits{})
		})
	}
}

func TestFamilyNames(t *testing.T) {
	for name, test := range map[string]struct {
		family     mapping.Family
		open, typ  string
		pageNames  []string
		labelNames []string
	}{
		"gauge":     {mapping.Family{Name: "a", Type: mapping.Gauge, Labels: map[string]string{"z": "x", "b": "y"}}, "a", "gauge", []string{"a"}, []string{"b", "z"}},
		"counter":   {mapping.Family{Name: "a_total", Type: mapping.Counter, KeyLabel: "k", ConstLabels: map[string]string{"c": "v"}}, "a", "counter", []string{"a", "a_total", "a_created"}, []string{"c", "k"}},
		"no _total": {mapping.Family{Name: "a", Type: mapping.Counter, KeyLabels: []string{"y", "x"}}, "a", "unknown", []string{"a"}, []string{"x", "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if open, typ := test.family.OpenMetrics(); open != test.open || typ != test.typ {
				t.Errorf("in OpenMetrics %s of type %s", open, typ)
			}
			if got := test.family.PageNames(); !slices.Equal(got, test.pageNames) {
				t.Errorf("PageNames are %q, want %q", got, test.pageNames)
			}
			if got := test.family.LabelNames(); !slices.Equal(got, test.labelNames) {
				t.Errorf("LabelNames are %q, want %q", got, test.labelNames)
			}
		})
	}
}
