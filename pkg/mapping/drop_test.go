package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// What is wrong with one sample: its reason, its path, and what is said of it.
func TestDrops(t *testing.T) {
	for name, test := range map[string]struct {
		message string
		reason  mapping.Reason
		path    string
		detail  string // a part of it
	}{
		"a number out of range":             {`{"any": {"p": 1, "q": 1e309}}`, mapping.NumberRange, "any.q", `"1e309" is out of range of float64`},
		"a number out of range by its sum":  {`{"x": {"v": 1e308}}`, mapping.NumberRange, "x.v", `"1e308" is out of range`},
		"a string out of range":             {`{"arr": [{"v": "-1e999", "l": "x"}]}`, mapping.NumberRange, "arr[0].v", `"-1e999" is out of range`},
		"a timestamp out of range":          {`{"t": 1e999}`, mapping.NumberRange, "t", `out of range of float64`},
		"a timestamp that is none":          {`{"t": "NaN"}`, mapping.NumberRange, "t", `NaN is no time`},
		"a negative interval":               {`{"i": -1}`, mapping.NumberRange, "i", "-1 seconds, not within 0 and 2678400"},
		"a long interval":                   {`{"i": 2678401}`, mapping.NumberRange, "i", "not within 0 and 2678400"},
		"a word for a number":               {`{"x": {"v": "high"}}`, mapping.WrongType, "x.v", `the string "high" where a number is expected`},
		"an empty string for a number":      {`{"x": {"v": ""}}`, mapping.WrongType, "x.v", `the string "" where a number is expected`},
		"a hexadecimal":                     {`{"x": {"v": "0x10"}}`, mapping.WrongType, "x.v", `"0x10" where a number is expected`},
		"a number with underscores":         {`{"x": {"v": "1_000"}}`, mapping.WrongType, "x.v", `"1_000" where a number is expected`},
		"signs alone":                       {`{"x": {"v": "-"}}`, mapping.WrongType, "x.v", `"-" where a number is expected`},
		"a number with a unit":              {`{"x": {"v": "5 MB"}}`, mapping.WrongType, "x.v", `"5 MB" where a number is expected`},
		"long text for a number":            {`{"x": {"v": "` + strings.Repeat("w", 99) + `"}}`, mapping.WrongType, "x.v", `"` + strings.Repeat("w", 40) + `"…`},
		"an object for a number":            {`{"x": {"v": {}}}`, mapping.WrongType, "x.v", "an object where the mapping has a value"},
		"an array for a number":             {`{"any": {"p": []}}`, mapping.WrongType, "any.p", "an array where the mapping has a value"},
		"an object for a label":             {`{"x": {"l": {}, "v": 1}}`, mapping.WrongType, "x.l", "an object where the mapping has a value"},
		"a number for an object":            {`{"x": 5}`, mapping.WrongType, "x", `the number "5" where the mapping has an object`},
		"a bool for an object":              {`{"any": true}`, mapping.WrongType, "any", `a bool where the mapping has an object`},
		"a string for an array":             {`{"arr": "z"}`, mapping.WrongType, "arr", `the string "z" where the mapping has an array`},
		"an object for an array":            {`{"arr": {}}`, mapping.WrongType, "arr", "an object where the mapping has an array"},
		"an array for an object":            {`{"x": []}`, mapping.WrongType, "x", "an array where the mapping has an object"},
		"a number for an array element":     {`{"arr": [{"v": 1}, 2]}`, mapping.WrongType, "arr[1]", `the number "2" where the mapping has an object`},
		"a string for labels":               {`{"own": [{"v": 1, "l": "z"}]}`, mapping.WrongType, "own[0].l", `the string "z" where the mapping has an object`},
		"an array among labels":             {`{"own": [{"v": 1, "l": {"p": []}}]}`, mapping.WrongType, "own[0].l.p", "where a label value is expected"},
		"a word that the enum has not":      {`{"e": "On"}`, mapping.WrongType, "e", `the string "On", which the mapping's enum does not have`},
		"a timestamp that is a word":        {`{"t": "now"}`, mapping.WrongType, "t", `the string "now" where a number is expected`},
		"a node name that is a number":      {`{"n": 5}`, mapping.WrongType, "n", `the number "5" where the node's name is expected`},
		"a node name that is an object":     {`{"n": {}}`, mapping.WrongType, "n", "an object where the mapping has a value"},
		"an interval that is an object":     {`{"i": {}}`, mapping.WrongType, "i", "an object where the mapping has a value"},
		"a key in the notation of paths":    {`{"any": {"a.b[]\\\n": "z"}}`, mapping.WrongType, `any.a\.b\[]\\` + "\uFFFD", "a number is expected"},
		"a key that is a star":              {`{"any": {"*": "z"}}`, mapping.WrongType, `any.\*`, "a number is expected"},
		"a key that is empty":               {`{"any": {"": []}}`, mapping.WrongType, `any.""`, "an array where the mapping has a value"},
		"a label that is not UTF-8":         {"{\"x\": {\"v\": 1, \"l\": \"a\xff\"}}", mapping.InvalidUTF8, "x.l", `the label value "a\xff" is not UTF-8`},
		"a key label that is not UTF-8":     {"{\"any\": {\"a\xff\": 1}}", mapping.InvalidUTF8, "any.a\uFFFD", `the label value "a\xff" is not UTF-8`},
		"a node name that is not UTF-8":     {"{\"n\": \"a\xff\"}", mapping.InvalidUTF8, "n", `the node name "a\xff" is not UTF-8`},
		"a chosen label that is not UTF-8":  {"{\"own\": [{\"v\": 1, \"l\": {\"p\": \"\xff\"}}]}", mapping.InvalidUTF8, "own[0].l.p", `the label value "\xff" is not UTF-8`},
		"a chosen name that is not legal":   {`{"own": [{"v": 1, "l": {"a-b": 1}}]}`, mapping.InvalidLabelName, "own[0].l.a-b", `label "a-b" is not of the form`},
		"a chosen name that is empty":       {`{"own": [{"v": 1, "l": {"": 1}}]}`, mapping.InvalidLabelName, `own[0].l.""`, `label "" is not of the form`},
		"a chosen name of Prometheus' own":  {`{"own": [{"v": 1, "l": {"__name__": 1}}]}`, mapping.InvalidLabelName, "own[0].l.__name__", "begins with __, as Prometheus' own do"},
		"a chosen name that is taken":       {`{"own": [{"v": 1, "l": {"node": 1}}]}`, mapping.InvalidLabelName, "own[0].l.node", "is set by Prometheus or the exporter"},
		"a chosen name twice":               {`{"own": [{"v": 1, "l": {"a": 1, "b": 1, "\u0061": 2}}]}`, mapping.InvalidLabelName, "own[0].l.a", "label a is given twice"},
		"a chosen name that the family has": {`{"own": [{"v": 1, "l": {"fixed": 1}}]}`, mapping.InvalidLabelName, "own[0].l.fixed", "label fixed is given twice"},
		"a long label":                      {`{"arr": [{"v": 1, "l": "p"}, {"l": "` + strings.Repeat(`\u00e9`, 9) + `", "v": 2}]}`, mapping.LabelTooLong, "arr[1].l", "a label value of 18 bytes, the limit is 16"},
		"a long key label":                  {`{"any": {"` + strings.Repeat("k", 17) + `": 1}}`, mapping.LabelTooLong, "any." + strings.Repeat("k", 17), "17 bytes, the limit is 16"},
		"a long number label":               {`{"x": {"v": 1, "l": 12345678901234567}}`, mapping.LabelTooLong, "x.l", "17 bytes, the limit is 16"},
		"a long info label":                 {`{"info": [{"l": "` + strings.Repeat("k", 17) + `"}]}`, mapping.LabelTooLong, "info[0].l", "17 bytes, the limit is 16"},
		"a long chosen value":               {`{"own": [{"v": 1, "l": {"p": "` + strings.Repeat("k", 17) + `"}}]}`, mapping.LabelTooLong, "own[0].l.p", "17 bytes, the limit is 16"},
		"a long chosen name":                {`{"own": [{"v": 1, "l": {"` + strings.Repeat("k", 129) + `": 1}}]}`, mapping.InvalidLabelName, "own[0].l." + strings.Repeat("k", 40) + "…", "is longer than 128 bytes"},
		"a long node name":                  {`{"n": "` + strings.Repeat("k", 254) + `"}`, mapping.LabelTooLong, "n", "a node name of 254 bytes, the limit is 253"},
		"a key twice":                       {`{"x": {"v": 1, "v": 2}}`, mapping.DuplicateSeries, "x.v", `a second series a with the labels ""`},
		"an object twice":                   {`{"x": {"v": 1}, "x": {"v": 2}}`, mapping.DuplicateSeries, "x.v", `a second series a`},
		"two elements with equal labels":    {`{"arr": [{"v": 1, "l": "p"}, {"l": "p", "v": 2}]}`, mapping.DuplicateSeries, "arr[1].v", `a second series b with the labels "l=\"p\""`},
		"two elements, one escaped":         {`{"arr": [{"v": 1, "l": "p"}, {"l": "\u0070", "v": 2}]}`, mapping.DuplicateSeries, "arr[1].v", `a second series b`},
		"an empty and a missing label":      {`{"arr": [{"v": 1, "l": ""}, {"v": 2}]}`, mapping.DuplicateSeries, "arr[1].v", `a second series b`},
		"two equal keys of a *":             {`{"any": {"p": 1, "p": 1}}`, mapping.DuplicateSeries, "any.p", `a second series c_total`},
		"two info objects":                  {`{"info": [{"l": 1}, {"l": 2}, {"l": 1}]}`, mapping.DuplicateSeries, "info[2]", `a second series f_info`},
		"two of many":                       {`{"arr": [` + elements(9) + `, {"v": 1, "l": 3}]}`, mapping.DuplicateSeries, "arr[9].v", `"l=\"3\""`},
		"chosen labels in another order":    {`{"own": [{"v": 1, "l": {"p": 1, "q": 2}}, {"v": 1, "l": {"q": 2, "p": 1}}]}`, mapping.DuplicateSeries, "own[1].v", `a second series d`},
		"too many":                          {`{"arr": [` + elements(11) + `]}`, mapping.TooManySamples, "arr[10].v", "more than 10 samples, which is the limit"},
		"too many, info objects among them": {`{"info": [{},{},{},{},{},{},{},{},{},{},{}]}`, mapping.TooManySamples, "info[10]", "more than 10 samples"},
		"too many labels": {`{"own": [{"v": 1, "l": {"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1}}]}`,
			mapping.TooManyLabels, "own[0].l.q", "more than 16 labels, which is the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "n", mapping.Limits{Bytes: 1000, Samples: 10, LabelValueBytes: 16})
			var r mapping.Report
			if err := d.Decode(test.message, &r); err != nil {
				t.Fatal(err)
			}
			at := slices.Index(mapping.DropReasons(), test.reason)
			if r.Dropped[at] != 1 || r.Dropped.Total() != 1 {
				t.Errorf("dropped %v, want 1 for %s, at %d", r.Dropped, test.reason, at)
			}
			e, err := d.Explain(test.message)
			if err != nil || len(e.Dropped) != 1 {
				t.Fatalf("Explain has %v and error %v, want one that is dropped", e, err)
			}
			got := e.Dropped[0]
			if got.Reason != test.reason || got.Path != test.path || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("got  %s at %q: %s\nwant %s at %q: %s", got.Reason, got.Path, got.Detail, test.reason, test.path, test.detail)
			}
			if got.Offset < 0 || got.Offset > len(test.message) {
				t.Errorf("offset %d in a message of %d bytes", got.Offset, len(test.message))
			}
			if examples := d.Examples(test.message); len(examples) != 1 || examples[0] != got {
				t.Errorf("the examples are %v", examples)
			}
		})
	}
}
