package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// parse reads a mapping, of which the list of families alone may be given.
func parse(t testing.TB, spec string) *mapping.Mapping {
	t.Helper()
	if !strings.Contains(spec, "families") {
		spec = "families: " + spec
	}
	m, err := mapping.Parse([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newDecoder(t testing.TB, m *mapping.Mapping, nodeField string, limits mapping.Limits) *mapping.Decoder {
	t.Helper()
	d, err := mapping.NewDecoder(m, nodeField, limits)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// series returns the samples of r as lines of a page.
func series(r *mapping.Report) []string {
	var lines []string
	for _, s := range r.Samples {
		line := r.Mapping.Families()[s.Family].Name
		if len(s.Labels) > 0 {
			line += "{" + string(s.Labels) + "}"
		}
		lines = append(lines, line+" "+string(s.Value))
	}
	return lines
}

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct {
		mapping, message string
		want             []string
	}{
		"a key": {
			`[{name: a, help: h, path: x}]`,
			`{"x": 1}`,
			[]string{`a 1`}},
		"keys of nested objects": {
			`[{name: a, help: h, path: x.y.z}]`,
			`{"x": {"y": {"z": 1, "w": 2}}}`,
			[]string{`a 1`}},
		"the same number for two families": {
			`[{name: a, help: h, path: x}, {name: b_total, type: counter, help: h, path: x}]`,
			`{"x": 1}`,
			[]string{`a 1`, `b_total 1`}},
		"families come sorted by name": {
			`[{name: b, help: h, path: x}, {name: a, help: h, path: "y"}]`,
			`{"x": 1, "y": 2}`,
			[]string{`a 2`, `b 1`}},
		"array elements": {
			`[{name: a, help: h, path: "x[].v", labels: {l: "n"}}]`,
			`{"x": [{"n": "p", "v": 1}, {"v": 2, "n": "q"}, {"n": "r"}]}`,
			[]string{`a{l="p"} 1`, `a{l="q"} 2`}},
		"bare array elements": {
			`[{name: a, help: h, path: "x.y[]", labels: {l: "n"}}]`,
			`{"x": {"y": [1], "n": "p"}}`,
			[]string{`a{l="p"} 1`}},
		"nested arrays": {
			`[{name: a, help: h, path: "x[].y[].v", labels: {inner: "n", outer: ../n, top: ../../n}}]`,
			`{"x": [{"y": [{"n": 1, "v": 5}, {"n": 2, "v": 6}], "n": "p"}, {"n": "q", "y": [{"v": 7}]}], "n": "t"}`,
			[]string{`a{inner="1",outer="p",top="t"} 5`, `a{inner="2",outer="p",top="t"} 6`, `a{outer="q",top="t"} 7`}},
		"every key": {
			`[{name: a, help: h, path: x.*, keyLabel: k}]`,
			`{"x": {"p": 1, "q\"": 2}}`,
			[]string{`a{k="p"} 1`, `a{k="q\""} 2`}},
		"every key, and one with a path of its own": {
			`[{name: a, help: h, path: x.*, keyLabel: k, labels: {unit: unit}}, {name: b, help: h, path: x.own}]`,
			`{"x": {"p": 1, "own": 2, "unit": "C"}}`,
			[]string{`a{k="p",unit="C"} 1`, `b 2`}},
		"every key's object": {
			`[{name: a, help: h, path: x.*.v, keyLabel: k, labels: {l: "n", m: ../n}}]`,
			`{"x": {"p": {"v": 1, "n": "i"}, "q": {"v": 2}, "r": {}}, "n": "o"}`,
			[]string{`a{k="p",l="i"} 1`, `a{k="q"} 2`}},
		"a label beside the object of a *": {
			`[{name: a, help: h, path: x.*.v, keyLabel: k, labels: {m: ../../n}}]`,
			`{"x": {"p": {"v": 1}}, "n": "o"}`,
			[]string{`a{k="p",m="o"} 1`}},
		"every key of array elements": {
			`[{name: a, help: h, path: "x[].y.*", keyLabel: k, labels: {l: ../n}}]`,
			`{"x": [{"n": 1, "y": {"p": 1}}, {"n": 2, "y": {"p": 2}}]}`,
			[]string{`a{k="p",l="1"} 1`, `a{k="p",l="2"} 2`}},
		"array elements of every key": {
			`[{name: a, help: h, path: "x.*.y[].v", keyLabel: k, labels: {l: "n"}}]`,
			`{"x": {"p": {"y": [{"n": "i", "v": 1}]}, "q": {"y": [{"n": "i", "v": 2}, {"n": "j", "v": 3}]}}}`,
			[]string{`a{k="p",l="i"} 1`, `a{k="q",l="i"} 2`, `a{k="q",l="j"} 3`}},
		"arrays of every key": {
			`[{name: a, help: h, path: "*[].v", keyLabel: k, labels: {l: "n"}}]`,
			`{"p": [{"n": "i", "v": 1}], "q": [{"n": "i", "v": 2}]}`,
			[]string{`a{k="p",l="i"} 1`, `a{k="q",l="i"} 2`}},
		"a label further down": {
			`[{name: a, help: h, path: x.v, labels: {l: spec.model}}]`,
			`{"x": {"v": 1, "spec": {"model": "m"}}}`,
			[]string{`a{l="m"} 1`}},
		"labels of every scalar type, sorted by name": {
			`[{name: a, help: h, path: v, labels: {s: s, "n": "n", t: t, f: f}}]`,
			`{"v": 1, "s": "x", "n": 1.50, "t": true, "f": false}`,
			[]string{`a{f="false",n="1.50",s="x",t="true"} 1`}},
		"labels that are missing, null or empty": {
			`[{name: a, help: h, path: v, labels: {x: x, "y": "y", z: z}}]`,
			`{"v": 1, "y": null, "z": ""}`,
			[]string{`a 1`}},
		"a label that is a value too": {
			`[{name: a, help: h, path: v, labels: {l: w}}, {name: b, help: h, path: w}]`,
			`{"v": 1, "w": 2}`,
			[]string{`a{l="2"} 1`, `b 2`}},
		"escapes in label values": {
			`[{name: a, help: h, path: v, labels: {l: l}}]`,
			`{"v": 1, "l": "q\" b\\ s\/ n\n t\t r\r \b\f é \u00e9 \ud83d\ude00 \ud83d 😀"}`,
			[]string{`a{l="q\" b\\ s/ n\n t` + "\t r\r \b\f" + ` é é 😀 ` + "\uFFFD" + ` 😀"} 1`}},
		"escaped keys in the path": {
			`[{name: a, help: h, path: 'x\.y.\*.a\\b\[]', labels: {l: 'p\.q'}}]`,
			`{"x.y": {"*": {"a\\b[]": 1, "p.q": "z"}, "other": {"a\\b[]": 2}}}`,
			[]string{`a{l="z"} 1`}},
		"escaped keys in the message": {
			`[{name: a, help: h, path: é.y.*, keyLabel: k}]`,
			`{"\u00e9": {"\u0079": {"\u0041\n": 1}}}`,
			[]string{`a{k="A\n"} 1`}},
		"bools, strings, null": {
			`[{name: a, help: h, path: "x[].v", labels: {"n": "n"}}]`,
			`{"x": [{"n":1,"v":true}, {"n":2,"v":false}, {"n":3,"v":"4.50"}, {"n":4,"v":null}, {"n":5,"v":"-1e3"}, {"n":6,"v":"1\u0030"}, {"n":7,"v":"+5"}]}`,
			[]string{`a{n="1"} 1`, `a{n="2"} 0`, `a{n="3"} 4.50`, `a{n="5"} -1000`, `a{n="6"} 10`, `a{n="7"} 5`}},
		"NaN and infinities": {
			`[{name: a, help: h, path: "x.*", keyLabel: k}]`,
			`{"x": {"a":"NaN", "b":"nan", "c":"Inf", "d":"+inf", "e":"-Infinity", "f":"infinity", "g":"-inf"}}`,
			[]string{`a{k="a"} NaN`, `a{k="b"} NaN`, `a{k="c"} +Inf`, `a{k="d"} +Inf`, `a{k="e"} -Inf`, `a{k="f"} +Inf`, `a{k="g"} -Inf`}},
		"numbers keep their digits": {
			`[{name: a, help: h, path: "x.*", keyLabel: k}]`,
			`{"x": {"a": 0, "b": -0, "c": 18446744073709551615, "d": 0.1000, "e": 123456789012345678901234}}`,
			[]string{`a{k="a"} 0`, `a{k="b"} -0`, `a{k="c"} 18446744073709551615`, `a{k="d"} 0.1000`, `a{k="e"} 123456789012345678901234`}},
		"long decimals and exponents are shortened": {
			`[{name: a, help: h, path: "x.*", keyLabel: k}]`,
			`{"x": {"a": 0.10000000000000000000000000, "b": 1e3, "c": 1.5E-7, "d": 5e-324, "e": 1e-999, "f": -1.7976931348623157e308, "g": 1234567890123456789012345}}`,
			[]string{`a{k="a"} 0.1`, `a{k="b"} 1000`, `a{k="c"} 1.5e-07`, `a{k="d"} 5e-324`, `a{k="e"} 0`, `a{k="f"} -1.7976931348623157e+308`, `a{k="g"} 1.2345678901234568e+24`}},
		"scale": {
			`[{name: a, help: h, path: "x.*", keyLabel: k, scale: 0.001}]`,
			`{"x": {"a": 1500, "b": true, "c": false, "d": "250", "e": "-Inf", "f": -1, "g": 52300}}`,
			[]string{`a{k="a"} 1.5`, `a{k="b"} 0.001`, `a{k="c"} 0`, `a{k="d"} 0.25`, `a{k="e"} -Inf`, `a{k="f"} -0.001`, `a{k="g"} 52.3`}},
		"enum": {
			`[{name: a, help: h, path: "x.*", keyLabel: k, enum: {"on": 1, "off": 0, "": 2, "é\n": 3}}]`,
			`{"x": {"a": "on", "b": "off", "c": "", "d": 7, "e": true, "f": "\u00e9\n"}}`,
			[]string{`a{k="a"} 1`, `a{k="b"} 0`, `a{k="c"} 2`, `a{k="d"} 7`, `a{k="e"} 1`, `a{k="f"} 3`}},
		"enum with a scale": {
			`[{name: a, help: h, path: x, enum: {"on": 3}, scale: 0.5}]`,
			`{"x": "on"}`,
			[]string{`a 1.5`}},
		"an info family": {
			`[{name: a_info, help: h, path: x, value: 1, labels: {l: l, m: m.n, t: ../t}}]`,
			`{"x": {"m": {"n": "b"}, "l": "a"}, "t": "c"}`,
			[]string{`a_info{l="a",m="b",t="c"} 1`}},
		"an info family of the message itself": {
			`[{name: a_info, help: h, path: ., value: 2.5, labels: {l: l}}]`,
			`{"l": "a"}`,
			[]string{`a_info{l="a"} 2.5`}},
		"info families without a label are not there": {
			`[{name: a_info, help: h, path: "x[]", value: 1, labels: {l: l}}, {name: b, help: h, path: "y"}]`,
			`{"x": [{}, {"l": "a"}, {"l": ""}, {"l": null}], "y": 1}`,
			[]string{`a_info{l="a"} 1`, `b 1`}},
		"an info family of every key": {
			`[{name: a_info, help: h, path: x.*, value: 1, keyLabel: k, labels: {l: l}}]`,
			`{"x": {"p": {"l": "a"}, "q": {}}}`,
			[]string{`a_info{k="p",l="a"} 1`, `a_info{k="q"} 1`}},
		"labels of the node's choice": {
			`[{name: a, help: h, path: "x[].v", labels: {m: m}, labelsFrom: l}]`,
			`{"x": [{"v": 1, "l": {"z": "1", "b": 2, "n": null, "e": "", "a": true}, "m": "M"}, {"v": 2}, {"l": {}, "v": 3, "m": "N"}]}`,
			[]string{`a{a="true",b="2",m="M",z="1"} 1`, `a 2`, `a{m="N"} 3`}},
		"a label of the node's choice where the mapping's is missing": {
			`[{name: a, help: h, path: "x[].v", labels: {m: m, s: s.t}, labelsFrom: l}]`,
			`{"x": [{"v": 1, "l": {"a": 1, "m": "own", "z": 2}}, {"v": 2, "m": null, "s": {}, "l": {"m": "own", "s": 3}}, {"v": 3, "m": "", "l": {"m": "\""}}, {"v": 4, "m": "M", "l": {"m": "", "s": null}}]}`,
			[]string{`a{a="1",m="own",z="2"} 1`, `a{m="own",s="3"} 2`, `a{m="\""} 3`, `a{m="M"} 4`}},
		"a label of the node's choice where the mapping's key is empty": {
			`[{name: a, help: h, path: x.*.v, keyLabel: k, labelsFrom: l}]`,
			`{"x": {"": {"v": 1, "l": {"k": "own"}}}}`,
			[]string{`a{k="own"} 1`}},
		"a label of the node's choice that the mapping names too": {
			`[{name: a, help: h, path: v, labels: {zone: l.zone}, labelsFrom: l}, {name: b_info, help: h, path: i, value: 1, labels: {os: os}, labelsFrom: .}]`,
			`{"v": 1, "l": {"zone": "z", "b": 2, "zz": 3}, "i": {"arch": "arm64", "os": "linux"}}`,
			[]string{`a{b="2",zone="z",zz="3"} 1`, `b_info{arch="arm64",os="linux"} 1`}},
		"labels of the node's choice with escapes": {
			`[{name: a, help: h, path: v, labelsFrom: l}]`,
			`{"v": 1, "l": {"\u0062\u0061": "\"", "bb": "x"}}`,
			[]string{`a{ba="\"",bb="x"} 1`}},
		"labels of the node's choice, for all of an array": {
			`[{name: a, help: h, path: "x[].v", labels: {"n": "n"}, labelsFrom: ../l}, {name: b, help: h, path: w, labelsFrom: l}]`,
			`{"x": [{"v": 1, "n": 1}, {"v": 2, "n": 2}], "w": 3, "l": {"z": 1, "y": 2}}`,
			[]string{`a{n="1",y="2",z="1"} 1`, `a{n="2",y="2",z="1"} 2`, `b{y="2",z="1"} 3`}},
		"labels of the node's choice as an info family": {
			`[{name: a_info, help: h, path: x, value: 1, labelsFrom: .}]`,
			`{"x": {"b": "c", "a": 1}}`,
			[]string{`a_info{a="1",b="c"} 1`}},
		"one of the labels of the node's choice for another family": {
			`[{name: a, help: h, path: v, labelsFrom: l}, {name: b, help: h, path: w, labels: {zone: l.zone}}, {name: c, help: h, path: l.n}]`,
			`{"v": 1, "w": 2, "l": {"zone": "z", "n": 3}}`,
			[]string{`a{n="3",zone="z"} 1`, `b{zone="z"} 2`, `c 3`}},
		"a path through a value": {
			`[{name: a, help: h, path: x}, {name: b, help: h, path: x.y}]`,
			`{"x": {"y": 1}}`,
			[]string{`b 1`}},
		"of two equal label keys the last counts": {
			`[{name: a, help: h, path: v, labels: {l: l}}]`,
			`{"l": "a", "v": 1, "l": "b"}`,
			[]string{`a{l="b"} 1`}},
		"two equal objects join": {
			`[{name: a, help: h, path: x.a}, {name: b, help: h, path: x.b}]`,
			`{"x": {"a": 1}, "x": {"b": 2}}`,
			[]string{`a 1`, `b 2`}},
		"constant labels": {
			`[{name: a, help: h, path: "x[].v", labels: {m: m}, constLabels: {a: "q\"\\", z: Z}}, {name: b, help: h, path: "y", constLabels: {c: C}}]`,
			`{"x": [{"v": 1, "m": "M"}, {"v": 2}], "y": 3}`,
			[]string{`a{a="q\"\\",m="M",z="Z"} 1`, `a{a="q\"\\",z="Z"} 2`, `b{c="C"} 3`}},
		"constant labels of families that share the others": {
			`[{name: a, help: h, path: "x[].v", labels: {m: m}, constLabels: {k: a}}, {name: b, help: h, path: "x[].w", labels: {m: m}, constLabels: {k: b}}]`,
			`{"x": [{"v": 1, "w": 2, "m": "M"}]}`,
			[]string{`a{k="a",m="M"} 1`, `b{k="b",m="M"} 2`}},
		"constant labels do not make an info sample": {
			`[{name: a_info, help: h, path: "x[]", value: 1, labels: {m: m}, constLabels: {k: K, l: L}}, {name: b, help: h, path: "y"}]`,
			`{"x": [{"m": "M"}, {}], "y": 1}`,
			[]string{`a_info{k="K",l="L",m="M"} 1`, `b 1`}},
		"constant labels beside those of the node's choice": {
			`[{name: a, help: h, path: v, labelsFrom: l, constLabels: {m: M}}]`,
			`{"v": 1, "l": {"z": 1, "b": 2}}`,
			[]string{`a{b="2",m="M",z="1"} 1`}},
		"every key of every key": {
			`[{name: a, help: h, path: x.*.*, keyLabels: [outer, inner]}]`,
			`{"x": {"p": {"q": 1, "r": 2}, "s": {"q": 3}}}`,
			[]string{`a{inner="q",outer="p"} 1`, `a{inner="r",outer="p"} 2`, `a{inner="q",outer="s"} 3`}},
		"several * with arrays between": {
			`[{name: a, help: h, path: "*.x[].y.*.z.*.v", keyLabels: [k1, k2, k3], labels: {l: ../../../../l}}]`,
			`{"p": {"x": [{"y": {"q": {"z": {"r": {"v": 1}}}}, "l": "L"}, {"y": {"q": {"z": {"s": {"v": 2}}}}}]}}`,
			[]string{`a{k1="p",k2="q",k3="r",l="L"} 1`, `a{k1="p",k2="q",k3="s"} 2`}},
		"one * in the form of several": {
			`[{name: a, help: h, path: x.*, keyLabels: [k]}]`,
			`{"x": {"p": 1}}`,
			[]string{`a{k="p"} 1`}},
		"names with colons, counters without _total": {
			`[{name: "a:b", help: h, path: x}, {name: c, type: counter, help: h, path: "y"}]`,
			`{"x": 1, "y": 2}`,
			[]string{`a:b 1`, `c 2`}},
		"counters that are 0 or more": {
			`[{name: a_total, type: counter, help: h, path: "x[]", labels: {}}, {name: b_total, type: counter, help: h, path: "y.*", keyLabel: k, scale: 0.5}]`,
			`{"x": [-0], "y": {"a": 0, "b": "-0", "c": -0.0, "d": "+Inf", "e": true, "f": 1e-9, "g": "-0e5"}}`,
			[]string{`a_total -0`, `b_total{k="a"} 0`, `b_total{k="b"} -0`, `b_total{k="c"} -0`, `b_total{k="d"} +Inf`, `b_total{k="e"} 0.5`, `b_total{k="f"} 5e-10`, `b_total{k="g"} -0`}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, test.mapping), "", mapping.Limits{})
			var r mapping.Report
			if err := d.Decode(test.message, &r); err != nil {
				t.Fatal(err)
			}
			if r.Dropped.Total() > 0 {
				t.Errorf("%v are dropped", r.Dropped)
			}
			if got := series(&r); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestDecodeCountsIgnoredKeys(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: "x[].v"}]`), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"x": [{"v": 1, "p": {"deep": 1}}], "q": [{"deep": 1}], "r": 2}`, &r); err != nil {
		t.Fatal(err)
	}
	if r.Ignored != 3 {
		t.Errorf("%d keys ignored, want 3: p, q and r", r.Ignored)
	}
}
