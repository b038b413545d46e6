package mapping_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Every control character must be escaped in a string, and nothing else.
func TestControlCharacters(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: v, labels: {l: l}}]`), "", mapping.Limits{})
	for c := range 0x80 {
		if c == '"' || c == '\\' {
			continue
		}
		for _, message := range []string{fmt.Sprintf(`{"v":1,"l":"a%cb"}`, c), fmt.Sprintf(`{"v":1,"a%cb":1}`, c), fmt.Sprintf(`{"v":1,"q":["a%cb"]}`, c)} {
			err := d.Decode(message, &mapping.Report{})
			var e *mapping.Error
			if refused := errors.As(err, &e) && e.Reason == mapping.NotJSON && e.Offset == strings.IndexByte(message, byte(c)); refused != (c < 0x20) {
				t.Errorf("%q: %v", message, err)
			}
		}
	}
}

// White space is what JSON says, between any two tokens.
func TestWhiteSpace(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: "x[].v", labels: {l: l}}]`), "", mapping.Limits{})
	tokens := []string{"{", `"x"`, ":", "[", "{", `"v"`, ":", "1", ",", `"l"`, ":", `"L"`, "}", ",", "null", "]", ",", `"q"`, ":", "[", "]", "}"}
	for c := range 0x21 {
		space := string(rune(c))
		for _, message := range []string{space + strings.Join(tokens, space) + space, strings.Join(tokens, space+space)} {
			var r mapping.Report
			err := d.Decode(message, &r)
			legal := strings.Contains(" \t\r\n", space)
			if (err == nil) != legal || legal && (len(r.Samples) != 1 || r.Ignored != 1) {
				t.Errorf("%q between tokens: %d samples, error %v", space, len(r.Samples), err)
			}
		}
	}
}

// What is closed is no longer deep, however often it comes.
func TestDepthIsGivenBack(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
	for name, one := range map[string]string{
		"unknown empty objects": `"q": {}`,
		"unknown objects":       `"q": {"r": 1, "s": {}}`,
		"unknown empty arrays":  `"q": []`,
		"unknown arrays":        `"q": [1, [2], []]`,
		"mapped empty objects":  `"x": {}`,
		"mapped objects":        `"x": {"l": 1}`,
		"mapped empty arrays":   `"arr": []`,
		"mapped arrays":         `"arr": [{}, {"l": 1}]`,
		"labels":                `"own": [{"l": {}}, {"l": {"a": 1}}]`,
		"what does not fit":     `"arr": {"a": []}, "x": [[], {}]`,
		"bad labels":            `"own": [{"l": {"a": {}, "b": []}}]`,
	} {
		message := "{" + strings.Repeat(one+", ", 2*mapping.MaxDepth) + `"e": "on"}`
		var r mapping.Report
		if err := d.Decode(message, &r); err != nil || len(r.Samples) != 1 {
			t.Errorf("%s: %d samples, error %v", name, len(r.Samples), err)
		}
	}
}

// Families of one device share the text of their labels only where all of them
// are the same.
func TestSharedLabels(t *testing.T) {
	d := newDecoder(t, parse(t, `
- {name: a, help: h, path: "x[].v", labels: {l: l}}
- {name: b, help: h, path: "x[].v", labels: {l: l}}
- {name: c, help: h, path: "x[].v", labels: {l: m}}
- {name: d, help: h, path: "x[].v", labels: {m: l}}
- {name: e, help: h, path: "x[].v", labels: {l: l}, labelsFrom: p}
- {name: f, help: h, path: "x[].v", labels: {l: l}, labelsFrom: q}
- {name: g, help: h, path: "x[].v", labels: {l: l}, constLabels: {k: g}}
- {name: h, help: h, path: "x[].v", labels: {l: l}, constLabels: {k: h}}
- {name: i, help: h, path: "x[].y[].v", labels: {l: ../l}}
- {name: j, help: h, path: "x[].y[].v", labels: {l: l}}
- {name: k, help: h, path: "z.*", keyLabel: l}
- {name: l, help: h, path: "z.*", keyLabel: l}
- {name: m, help: h, path: "x[].v"}
`), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"x": [{"v": 1, "l": "L", "m": "M", "p": {"p": "P"}, "q": {"q": "Q"}, "y": [{"v": 2, "l": "in"}]}, {"v": 3, "l": "L2"}], "z": {"Z": 4}}`, &r); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`a{l="L"} 1`, `a{l="L2"} 3`, `b{l="L"} 1`, `b{l="L2"} 3`, `c{l="M"} 1`, `c 3`, `d{m="L"} 1`, `d{m="L2"} 3`,
		`e{l="L",p="P"} 1`, `e{l="L2"} 3`, `f{l="L",q="Q"} 1`, `f{l="L2"} 3`,
		`g{k="g",l="L"} 1`, `g{k="g",l="L2"} 3`, `h{k="h",l="L"} 1`, `h{k="h",l="L2"} 3`,
		`i{l="L"} 2`, `j{l="in"} 2`, `k{l="Z"} 4`, `l{l="Z"} 4`, `m 1`,
	}
	if got := series(&r); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r.Dropped.Total() != 1 { // the second of m
		t.Errorf("%v are dropped", r.Dropped)
	}
}

// The forms of numbers in strings, and what the page gets.
func TestNumbersInStrings(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: v}]`), "", mapping.Limits{})
	for text, want := range map[string]string{
		"0":                         "0",
		"-0":                        "-0",
		"0012":                      "0012",
		"5.":                        "5",
		".5":                        "0.5",
		"-.5":                       "-0.5",
		"+7":                        "7",
		"1.50":                      "1.50",
		"-12.25":                    "-12.25",
		"1e3":                       "1000",
		"1E-7":                      "1e-07",
		"123456789012345678901234":  "123456789012345678901234",
		"1234567890123456789012345": "1.2345678901234568e+24",
		"-2.2250738585072014":       "-2.2250738585072014",
		"0.1000000000000000000000":  "0.1000000000000000000000",
		"0.10000000000000000000000": "0.1",
		"NAN":                       "NaN",
		"nan":                       "NaN",
		"Infinity":                  "+Inf",
		"-INF":                      "-Inf",
		"+infinity":                 "+Inf",
		"":                          "",
		"-":                         "",
		"+":                         "",
		".":                         "",
		"--5":                       "",
		"5-":                        "",
		"1.2.3":                     "",
		"1e":                        "",
		"e5":                        "",
		"infinit":                   "",
		"+infinityy":                "",
		"-nan":                      "",
		"\vinf":                     "", // a + and a - but for one bit
		"\rinf":                     "",
		"0x10":                      "",
		"1_0":                       "",
		" 1":                        "",
		"1 ":                        "",
		"true":                      "",
		"1,5":                       "",
		"5/":                        "",
		"5:":                        "",
	} {
		var r mapping.Report
		if err := d.Decode(map[string]string{"v": text}, &r); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(r.Samples) > 0 {
			got = string(r.Samples[0].Value)
		}
		if got != want || (r.Dropped.Total() == 1) != (want == "") {
			t.Errorf("%q became %q, want %q; %v dropped", text, got, want, r.Dropped)
		}
	}
}

// Bare numbers, at the edges of what is copied digit by digit.
func TestNumbers(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: v}]`), "", mapping.Limits{})
	for text, want := range map[string]string{
		"0": "0", "-0": "-0", "10": "10", "0.5": "0.5", "-0.50": "-0.50", "1e0": "1", "1E+2": "100", "1e-2": "0.01", "0e0": "0",
		"123456789012345678901234": "123456789012345678901234", "1234567890123456789012345": "1.2345678901234568e+24",
		"-12345678901234567890123": "-12345678901234567890123", "0.1000000000000000000000": "0.1000000000000000000000",
		"1.7976931348623157e308": "1.7976931348623157e+308", "5e-324": "5e-324", "2e-324": "0",
	} {
		for _, message := range []string{`{"v":` + text + `}`, `{"v":` + text + ` }`, `{"v":` + text + `,"q":1}`} {
			var r mapping.Report
			if err := d.Decode(message, &r); err != nil || len(r.Samples) != 1 || string(r.Samples[0].Value) != want {
				t.Errorf("%s: %q, error %v; want %s", message, series(&r), err, want)
			}
		}
	}
	for _, text := range []string{"00", "-", "1.", ".1", "+1", "1e", "1e+", "0x1", "-a", "1.e1", "01.5", "-01", "1a", "1-", "--1", "1..2", "1e1.5"} {
		for _, message := range []string{`{"v":` + text + `}`, `{"q":[` + text + `]}`} {
			if err := d.Decode(message, &mapping.Report{}); err == nil {
				t.Errorf("%s is accepted", message)
			}
		}
	}
}

// A message that ends at any byte is truncated, and says so.
func TestTruncatedAnywhere(t *testing.T) {
	const message = `{"t":1,"x":{"v":-1.5e+3,"l":"a\u00e9\n"},"arr":[{"v":true},{"v":null}],"own":[{"v":false,"l":{"a":"b"}}],"q":[{}]}`
	d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
	var r mapping.Report
	for range 2 { // as it comes, and with the order of keys learnt
		if err := d.Decode(message, &r); err != nil || r.Dropped.Total() > 0 {
			t.Fatal(err, r.Dropped)
		}
		for n := range message {
			var e *mapping.Error
			if err := d.Decode(message[:n], &r); !errors.As(err, &e) || e.Reason != mapping.Truncated || e.Offset != n {
				t.Errorf("%q: %v", message[:n], err)
			}
		}
	}
}

// Eight samples of a family are compared one by one, more by their hashes: in
// both the first of equal ones stays, wherever they stand.
func TestDuplicatesAnywhere(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
	for _, n := range []int{2, 3, 7, 8, 9, 10, 50} {
		for _, pair := range [][2]int{{0, 1}, {0, n - 1}, {n - 2, n - 1}} {
			var all []string
			for i := range n {
				label := i
				if i == pair[1] {
					label = pair[0]
				}
				all = append(all, fmt.Sprintf(`{"v": %d, "l": %d}`, i, label))
			}
			var r mapping.Report
			if err := d.Decode(`{"arr": [`+strings.Join(all, ",")+`]}`, &r); err != nil {
				t.Fatal(err)
			}
			if len(r.Samples) != n-1 || r.Dropped.Total() != 1 {
				t.Fatalf("%d with %v equal: %d samples, %v dropped", n, pair, len(r.Samples), r.Dropped)
			}
			at := 0
			for i := range n {
				if i == pair[1] {
					continue
				}
				if got := string(r.Samples[at].Value); got != fmt.Sprint(i) {
					t.Errorf("%d with %v equal: sample %d is %s", n, pair, at, got)
				}
				at++
			}
		}
	}
}

// The path and offset of an error are those of the trouble, however deep.
func TestErrorPlaces(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	for message, want := range map[string]string{
		`{"q": {"r": [1, {"s": tru}]}}`:                   "q",
		`{"x": {"v": 1, "l": nul}}`:                       "x.l",
		`{"arr": [{"v": 1}, {"v": x}]}`:                   "arr[1].v",
		`{"arr": [{"v": 1}, x]}`:                          "arr[1]",
		`{"own": [{"l": {"a": x}}]}`:                      "own[0].l.a",
		`{"any": {"a.b": x}}`:                             `any.a\.b`,
		`{"any": {"` + strings.Repeat("k", 40) + `": x}}`: "any." + strings.Repeat("k", 40),
		`{"any": {"` + strings.Repeat("k", 41) + `": x}}`: "any." + strings.Repeat("k", 40) + "…",
	} {
		var e *mapping.Error
		if err := d.Decode(message, &mapping.Report{}); !errors.As(err, &e) || e.Path != want || message[e.Offset] == ' ' {
			t.Errorf("%s: %v, want one at %s", message, err, want)
		}
	}
}

// An error in the JSON points at the byte that is wrong, which is ! here.
func TestErrorOffsets(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	for _, message := range []string{
		`!`, `[!`, `[1!`, `[1] !`, `{!`, `{"q"!`, `{"q":!`, `{"q":1!`, `{"q":1,!`, `{"q":1} !`, `{"q":[!`, `{"q":[1!`, `{"q":[1,!`,
		`{"q":"a\!"}`, `{"q":"\u!000"}`, `{"q":"\u0!00"}`, `{"q":"\u00!0"}`, `{"q":"\u000!"}`,
		`{"q":t!ue}`, `{"q":tru!}`, `{"q":fal!e}`, `{"q":nu!l}`, `{"q":-!`, `{"q":1.!`, `{"q":1e!`, `{"q":1e+!`, `{"q":1.5!`,
		`{"x":!`, `{"x":{!`, `{"x":{"v":!`, `{"x":{"v":1!`, `{"arr":[!`, `{"arr":[{"v":1}!`, `{"own":[{"l":!`, `{"own":[{"l":{!`, `{"own":[{"l":{"a"!`, `{"own":[{"l":{"a":!`, `{"own":[{"l":{"a":1!`,
	} {
		var r mapping.Report
		for range 2 {
			var e *mapping.Error
			if err := d.Decode(message, &r); !errors.As(err, &e) || e.Reason != mapping.NotJSON || e.Offset != strings.IndexByte(message, '!') {
				t.Errorf("%s: %v", message, err)
			}
		}
	}
}

// A sample's line is its labels, a brace, its value and a line feed, in memory
// that no other sample writes to.
func TestSampleLine(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"x": {"v": "4", "l": "L\""}, "arr": [{"v": 1}, {"v": 2, "l": "p"}, {"v": "bad"}, {"v": 2, "l": "p"}], "e": "on",
		"own": [{"v": 7, "l": {"b": 1, "a": 2}}], "info": [{"l": "i"}, {}], "any": {"k": 1, "m": -1}}`, &r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range r.Samples {
		s := &r.Samples[i]
		if want := string(s.Labels) + "} " + string(s.Value) + "\n"; string(s.Line()) != want {
			t.Errorf("the line is %q, want %q", s.Line(), want)
		}
		_ = append(s.Value, "overwritten"...) // must not reach what stands behind it
		got = append(got, string(s.Line()))
	}
	want := []string{"l=\"L\\\"\"} 8\n", "} 1\n", "l=\"p\"} 2\n", "k=\"k\"} 1\n", "a=\"2\",b=\"1\"} 7\n", "} 1\n", "l=\"i\"} 1\n"}
	for i := range r.Samples {
		if string(r.Samples[i].Line()) != got[i] {
			t.Errorf("line %d changed from %q to %q", i, got[i], r.Samples[i].Line())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Rules and dashboards name these words.
func TestReasonWords(t *testing.T) {
	if got, want := mapping.Reasons(), []mapping.Reason{"not_json", "not_object", "truncated", "too_large", "too_deep"}; !slices.Equal(got, want) {
		t.Errorf("Reasons are %q, want %q", got, want)
	}
	want := []mapping.Reason{
		"wrong_type", "number_range", "invalid_counter", "invalid_utf8", "label_too_long", "invalid_label_name", "too_many_labels",
		"duplicate_series", "too_many_samples",
	}
	if got := mapping.DropReasons(); !slices.Equal(got, want) {
		t.Errorf("DropReasons are %q, want %q", got, want)
	}
}

// Whatever is no limit at all has its default, and the greatest ones are taken.
func TestDefaultLimits(t *testing.T) {
	if want := (mapping.Limits{Bytes: 262144, Samples: 1000, LabelValueBytes: 256}); mapping.DefaultLimits != want {
		t.Errorf("DefaultLimits are %+v, want %+v", mapping.DefaultLimits, want)
	}
	newDecoder(t, mapping.Version1(), "", mapping.Limits{Bytes: mapping.MaxBytes, Samples: mapping.MaxSamples, LabelValueBytes: mapping.MaxLabelValueBytes})
	newDecoder(t, mapping.Version1(), "", mapping.Limits{Bytes: 1, Samples: 1, LabelValueBytes: 1})
	for _, l := range []mapping.Limits{
		{Bytes: mapping.MaxBytes + 1}, {Samples: mapping.MaxSamples + 1}, {LabelValueBytes: mapping.MaxLabelValueBytes + 1},
		{Bytes: -1}, {Samples: -1}, {LabelValueBytes: -1},
	} {
		if _, err := mapping.NewDecoder(mapping.Version1(), "", l); err == nil {
			t.Errorf("%+v is taken", l)
		}
	}
}

// A place of the message that several things of a mapping lead to serves all.
func TestPlacesOfManyUses(t *testing.T) {
	d := newDecoder(t, parse(t, `timestamp: {path: m.v}
interval: {path: m.i}
families:
- {name: a, help: h, path: m.v, labels: {l: v}}
- {name: b_info, help: h, path: m, value: 1, labels: {i: i}}
- {name: c, help: h, path: m.*, keyLabel: k}
- {name: d, help: h, path: m.n}
- {name: e, help: h, path: "m.x[]"}
- {name: f, help: h, path: m.x}
`), "m.n", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(`{"m": {"v": 5, "i": 6, "n": "7", "z": 8, "x": [9]}}`, &r); err != nil {
		t.Fatal(err)
	}
	want := []string{`a{l="5"} 5`, `b_info{i="6"} 1`, `c{k="z"} 8`, `d 7`, `e 9`}
	if got := series(&r); !slices.Equal(got, want) || r.Timestamp != 5 || r.Interval != 6 || r.Node != "7" || r.Ignored != 0 || r.Dropped.Total() != 0 {
		t.Errorf("got %q, timestamp %v, interval %v, node %q, %d ignored, %v dropped; want %q", got, r.Timestamp, r.Interval, r.Node, r.Ignored, r.Dropped, want)
	}
	if err := d.Decode(`{"m": {"x": 9, "n": 7}}`, &r); err != nil {
		t.Fatal(err)
	}
	if got := series(&r); !slices.Equal(got, []string{"d 7", "f 9"}) || r.Node != "" || !r.BadNode || r.Dropped.Total() != 1 {
		t.Errorf("got %q, node %q (bad: %v), %v dropped", got, r.Node, r.BadNode, r.Dropped)
	}
}

// MaxMetadata is what the HELP and TYPE lines of the largest mapping take, escaped.
func TestMaxMetadata(t *testing.T) {
	name, help := strings.Repeat("n", 256), strings.Repeat(`\\`, 1024)
	one := len("# HELP " + name + " " + help + "\n# TYPE " + name + " counter\n")
	if all := (mapping.MaxFamilies + len(mapping.Status)) * one; mapping.MaxMetadata != all {
		t.Errorf("MaxMetadata is %d, it can be %d", mapping.MaxMetadata, all)
	}
}
