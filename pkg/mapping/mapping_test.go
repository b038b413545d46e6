package mapping_test

import (
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

func TestParseMappingRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		mapping string
		want    string // every line of the error, or a part of it
	}{
		"nothing":                  {``, "mapping: families: none given, at least one is needed"},
		"no families":              {`families: []`, "mapping: families: none given"},
		"no YAML":                  {"families: [", "mapping: "},
		"not a mapping":            {"[1, 2]", "mapping: "},
		"an unknown key":           {`families: [{name: a, help: h, path: x, unit: s}]`, `unknown field "unit"`},
		"a key twice":              {`families: [{name: a, name: b, help: h, path: x}]`, `"name" already set`},
		"a bool for a path":        {`families: [{name: a, help: h, path: y}]`, `families[0] a: path: not of type string but bool (y, n, on, off, yes and no are bools in YAML unless they stand in quotes)`},
		"a bool for a key":         {`families: [{name: a, help: h, path: x, enum: {on: 1}}]`, `families: enum: a key that is the bool true (y, n, on,`},
		"a string for a scale":     {`families: [{name: a, help: h, path: x, scale: big}]`, `families[0] a: scale: not of type float64 but string`},
		"two documents":            {"families: [{name: a, help: h, path: x}]\n---\nfamilies: []", `mapping: a second YAML document, there can be but one`},
		"two wrong types":          {`families: [{name: a, help: h, path: 5}, {name: b, help: h, path: x, labels: {l: 5}}]`, "mapping: families[0] a: path: not of type string but number\nmapping: families[1] b: labels: not of type string but number"},
		"no name":                  {`families: [{help: h, path: x}]`, `mapping: families[0] : name "", not of the form [a-zA-Z_:][a-zA-Z0-9_:]*`},
		"a name in UTF-8":          {`families: [{name: é, help: h, path: x}]`, `name "é", not of the form`},
		"a name with a digit":      {`families: [{name: 1a, help: h, path: x}]`, `name "1a", not of the form`},
		"the exporter's prefix":    {`families: [{name: nodemetrics_a, help: h, path: x}]`, `the prefix nodemetrics_ is the exporter's own`},
		"a name twice":             {`families: [{name: a, help: h, path: x}, {name: a, help: h, path: z}]`, `mapping: families[1] a: the name is taken by a`},
		"a name twice but _total":  {`families: [{name: a, help: h, path: x}, {name: a_total, type: counter, help: h, path: z}]`, `mapping: families[1] a_total: the name is taken by a`},
		"a name of the registry":   {`families: [{name: edge_node_up, help: h, path: x}]`, `the name is taken by edge_node_up`},
		"a type":                   {`families: [{name: a, type: info, help: h, path: x}]`, `type "info", not gauge or counter`},
		"a histogram":              {`families: [{name: a, type: histogram, help: h, path: x}]`, `families[0] a: type "histogram": a field of a message is one number, a histogram is many; map its count`},
		"a summary":                {`families: [{name: a, type: summary, help: h, path: x}]`, `type "summary": a field of a message is one number, a summary is many`},
		"a gauge with _total":      {`families: [{name: a_total, help: h, path: x}]`, `type gauge: only names of counters end in _total`},
		"no help":                  {`families: [{name: a, path: x}]`, `mapping: families[0] a: help is missing`},
		"no path":                  {`families: [{name: a, help: h}]`, `mapping: families[0] a: path is missing`},
		"a path of the root":       {`families: [{name: a, help: h, path: .}]`, `path ".": the message itself has no value`},
		"a path with a dot first":  {`families: [{name: a, help: h, path: .x}]`, `path ".x": an empty key`},
		"a * without label":        {`families: [{name: a, help: h, path: x.*}]`, `path "x.*": a * needs keyLabel`},
		"two *":                    {`families: [{name: a, help: h, path: x.*.*, keyLabel: k}]`, `path "x.*.*": 2 * need as many keyLabels, 1 are given`},
		"a keyLabel without *":     {`families: [{name: a, help: h, path: x, keyLabel: k}]`, `keyLabel "k" without a * in the path "x"`},
		"a keyLabel that is wrong": {`families: [{name: a, help: h, path: x.*, keyLabel: "k-k"}]`, `label "k-k" is not of the form`},
		"a keyLabel that is taken": {`families: [{name: a, help: h, path: x.*, keyLabel: node}]`, `label "node" is set by Prometheus or the exporter`},
		"a label that is wrong":    {`families: [{name: a, help: h, path: x, labels: {"1": l}}]`, `label "1" is not of the form`},
		"a label of Prometheus":    {`families: [{name: a, help: h, path: x, labels: {__name__: l}}]`, `begins with __, as Prometheus' own do`},
		"a label that is taken":    {`families: [{name: a, help: h, path: x, labels: {instance: l}}]`, `label "instance" is set by Prometheus or the exporter`},
		"a label twice":            {`families: [{name: a, help: h, path: x.*, keyLabel: k, labels: {k: l}}]`, `label k is given twice`},
		"a label of many":          {`families: [{name: a, help: h, path: x, labels: {l: "z[]"}}]`, `label l: "z[]": a label has one value, so neither [] nor * can stand here`},
		"a label of an object":     {`families: [{name: a, help: h, path: x.v, labels: {l: .}}]`, `label l: ".": a label's value stands at a key`},
		"a label of an object up":  {`families: [{name: a, help: h, path: x.z.v, labels: {l: ../.}}]`, `label l: "../.": a label's value stands at a key`},
		"a label without key":      {`families: [{name: a, help: h, path: x.v, labels: {l: ../}}]`, `label l: "../": an empty key`},
		"a label out of it":        {`families: [{name: a, help: h, path: "x[].v", labels: {l: ../../z}}]`, `label l: "../../z": ../ leads out of the message`},
		"labelsFrom out of it":     {`families: [{name: a, help: h, path: x, labelsFrom: ../z}]`, `labelsFrom "../z": ../ leads out of the message`},
		"labelsFrom the value":     {`families: [{name: a, help: h, path: x.v, labelsFrom: v}]`, `labelsFrom "v": the value itself stands in that object`},
		"labelsFrom above it":      {`families: [{name: a, help: h, path: x.v, labelsFrom: .}]`, `labelsFrom ".": the value itself stands in that object`},
		"a scale that is none":     {`families: [{name: a, help: h, path: x, scale: .inf}]`, `mapping: `},
		"an enum out of range":     {`families: [{name: a, help: h, path: x, enum: {p: 1e300}, scale: 1e300}]`, `enum "p": 1e+300 times scale 1e+300 is out of range`},
		"a value and an enum":      {`families: [{name: a, help: h, path: x, value: 1, labels: {l: l}, enum: {p: 1}}]`, `value goes with neither enum nor scale`},
		"a value and a scale":      {`families: [{name: a, help: h, path: x, value: 1, labels: {l: l}, scale: 2}]`, `value goes with neither enum nor scale`},
		"a value without labels":   {`families: [{name: a, help: h, path: x, value: 1}]`, `value without labels would say nothing`},
		"a timestamp of many":      {"timestamp: {path: \"t[]\"}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path "t[]": one value is wanted, so only keys can stand in it`},
		"a timestamp of the root":  {"timestamp: {path: .}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path ".": one value is wanted`},
		"a timestamp nowhere":      {"timestamp: {scale: 2}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: path is missing`},
		"a timestamp backwards":    {"timestamp: {path: t, scale: -1}\nfamilies: [{name: a, help: h, path: x}]", `mapping: timestamp: scale -1, not a positive number`},
		"an interval's path":       {"interval: {path: \"t..u\"}\nfamilies: [{name: a, help: h, path: x}]", `mapping: interval: path "t..u": an empty key`},
		"an interval as timestamp": {"timestamp: {path: t}\ninterval: {path: t}\nfamilies: [{name: a, help: h, path: x}]", `mapping: interval: path "t": another field about the report stands there`},
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
