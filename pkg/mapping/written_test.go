package mapping_test

import (
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// What YAML would take for another value than it looks like, or pass over, is an
// error that names the place.
func TestWritten(t *testing.T) {
	const family = "families:\n- {name: a, help: h, path: v, labels: {l: l}, "
	for name, test := range map[string]struct{ spec, want string }{
		"an octal scale":        {family + "scale: 010}", "families[0].scale: 010 is not written in decimal"},
		"a negative one":        {family + "scale: -010}", "families[0].scale: -010 is not"},
		"eight, which is none":  {family + "scale: 08}", "families[0].scale: 08 is not"},
		"a zero before a point": {family + "scale: 00.5}", "families[0].scale: 00.5 is not"},
		"hexadecimal":           {family + "scale: 0x10}", "families[0].scale: 0x10 is not"},
		"binary":                {family + "scale: 0b11}", "families[0].scale: 0b11 is not"},
		"octal of YAML 1.2":     {family + "scale: 0o10}", "families[0].scale: 0o10 is not"},
		"underscores":           {family + "scale: 1_000}", "families[0].scale: 1_000 is not"},
		"an octal value":        {family + "value: 010}", "families[0].value: 010 is not"},
		"an octal word":         {family + "enum: {010: 1}}", "families[0].enum.010: 010 is not"},
		"a word's octal value":  {family + "enum: {open: 010}}", "families[0].enum.open: 010 is not"},
		"an octal constant":     {family + "constLabels: {room: 007}}", "families[0].constLabels.room: 007 is not"},
		"an octal time scale":   {"timestamp: {path: t, scale: 010}\n" + family + "}", "timestamp.scale: 010 is not"},
		"behind an anchor":      {"timestamp: &f {path: t, scale: 010}\ninterval: *f\n" + family + "}", "timestamp.scale: 010 is not"},

		"a word with a point":  {family + "enum: {1.0: 1}}", "families[0].enum.1.0: a key that is the number 1.0; put it in quotes"},
		"a word with exponent": {family + "enum: {1e3: 1}}", "families[0].enum.1e3: a key that is the number 1e3"},
		"a word with a plus":   {family + "enum: {+5: 1}}", "families[0].enum.+5: a key that is the number +5"},
		"a word that is null":  {family + "enum: {null: 1}}", "families[0].enum.null: a key that is null; put it in quotes"},
		"a word that is ~":     {family + "enum: {~: 1}}", "families[0].enum.~: a key that is null"},
		"infinity":             {family + "scale: .inf}", "families[0].scale: .inf is no finite number"},
		"minus infinity":       {family + "enum: {a: -.Inf}}", "families[0].enum.a: -.Inf is no finite number"},
		"no number at all":     {family + "scale: .NaN}", "families[0].scale: .NaN is no finite number"},
		"a word for a mapping": {"hello", "an object is expected, and it is of type string"},
		"a list for a mapping": {"[a]", "an object is expected, and it is of type array"},
		"a word for a family":  {"families: [x]", "mapping: families[0]: an object is expected, and it is of type string"},
		"a word for the time":  {"timestamp: t\n" + family + "}", "timestamp: an object is expected, and it is of type string"},

		"a key that is no text":  {family + "enum: {\"\\e[31m\\n\": }}", `families[0].enum.\x1b[31m\n: no value`},
		"labels without value":   {"families:\n- name: a\n  help: h\n  path: v\n  labels:\n", "families[0].labels: no value; leave the key out, or give it one (line 5)"},
		"scale null":             {family + "scale: null}", "families[0].scale: no value"},
		"scale of nothing":       {family + "scale: ~}", "families[0].scale: no value"},
		"a label without":        {"families:\n- {name: a, help: h, path: v, labels: {l: }}", "families[0].labels.l: no value"},
		"a constant without":     {family + "constLabels: {room: null}}", "families[0].constLabels.room: no value"},
		"an enum without":        {family + "enum: null}", "families[0].enum: no value"},
		"a key label without":    {family + "keyLabel: }", "families[0].keyLabel: no value"},
		"a help without":         {"families:\n- {name: a, help: , path: v}", "families[0].help: no value"},
		"a key in a list":        {"families:\n- {name: a, help: h, path: v.*.*, keyLabels: [a, null]}", "families[0].keyLabels[1]: no value"},
		"a family without":       {"families:\n- \n- {name: a, help: h, path: v}", "families[0]: no value"},
		"families without":       {"families:\n", "families: no value"},
		"a timestamp without":    {"timestamp:\n" + family + "}", "timestamp: no value"},
		"an interval's scale":    {"interval: {path: i, scale: }\n" + family + "}", "interval.scale: no value"},
		"a very long wrong word": {family + "enum: {0" + strings.Repeat("1", 70) + ": 1}}", "0" + strings.Repeat("1", 59) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mapping.Parse([]byte(test.spec)); err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 600 {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	for name, rest := range map[string]string{
		"a whole number":         "scale: 10}",
		"a fraction":             "scale: 0.5}",
		"zero in an enum":        "enum: {closed: 0, open: 1}}",
		"an exponent":            "scale: 1e-3}",
		"a plus":                 "scale: +5}",
		"a point first":          "scale: .5}",
		"a quoted constant":      `constLabels: {room: "007"}}`,
		"a word with zeros":      "constLabels: {room: a007}}",
		"a quoted octal word":    `enum: {"010": 1}}`,
		"words that are numbers": `enum: {0: 1, 1: 2, -1: 3, 15: 4, "1.0": 5}}`,
		"no, quoted":             `enum: {"no": 0}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mapping.Parse([]byte(family + rest)); err != nil {
				t.Error(err)
			}
		})
	}
	m, err := mapping.Parse([]byte(family + `enum: {"010": 5}}`))
	if err != nil {
		t.Fatal(err)
	}
	var r mapping.Report
	if err := newDecoder(t, m, "", mapping.Limits{}).Decode(`{"v": "010", "l": "x"}`, &r); err != nil || len(r.Samples) != 1 || string(r.Samples[0].Value) != "5" {
		t.Errorf("%v, %v", err, r.Samples)
	}
}

// A chosen label that is empty is as if it were not there, whatever its name.
func TestEmptyChosenLabels(t *testing.T) {
	m := parse(t, `families: [{name: a, help: h, path: "x[].v", labels: {l: l}, constLabels: {k: c}, labelsFrom: own}]`)
	for own, want := range map[string]string{
		`{"l": ""}`:                            `k="c",l="1"`,
		`{"k": ""}`:                            `k="c",l="1"`,
		`{"k": "", "l": "", "m": "2"}`:         `k="c",l="1",m="2"`,
		`{"b": "", "m": "2"}`:                  `k="c",l="1",m="2"`,
		`{"m": "", "m": "2"}`:                  `k="c",l="1",m="2"`,
		`{"m": "2", "m": ""}`:                  `k="c",l="1",m="2"`,
		`{"l": null}`:                          `k="c",l="1"`,
		`{"l": "2"}`:                           "",
		`{"k": "2"}`:                           "",
		`{"m": "2", "m": "2"}`:                 "",
		`{}`:                                   `k="c",l="1"`,
		`{"a": "", "b": "0", "z": "", "y":""}`: `b="0",k="c",l="1"`,
	} {
		var r mapping.Report
		if err := newDecoder(t, m, "", mapping.Limits{}).Decode(`{"x": [{"v": 1, "l": "1", "own": `+own+`}]}`, &r); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(r.Samples) > 0 {
			got = string(r.Samples[0].Labels)
		}
		if got != want || len(r.Samples)+r.Dropped.Total() != 1 {
			t.Errorf("%s: %q, %d dropped, want %q", own, got, r.Dropped.Total(), want)
		}
	}
}
