package mapping_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// everything is a mapping with every kind of rule in it.
const everything = `
timestamp: {path: t}
interval: {path: i}
families:
- {name: a, help: h, path: x.v, labels: {l: l}, scale: 2}
- {name: b, help: h, path: "arr[].v", labels: {l: l}}
- {name: c_total, type: counter, help: h, path: any.*, keyLabel: k}
- {name: d, help: h, path: "own[].v", labels: {fixed: fixed}, labelsFrom: l}
- {name: e, help: h, path: e, enum: {"on": 1}}
- {name: f_info, help: h, path: "info[]", value: 1, labels: {l: l}}
`

func TestDecodeRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		message string
		reason  mapping.Reason
		path    string
		detail  string // a part of it
	}{
		"nothing":                    {``, mapping.Truncated, "", "a value is expected"},
		"white space":                {" \n", mapping.Truncated, "", "a value is expected"},
		"no JSON":                    {`hello`, mapping.NotJSON, "", `'h' where a value is expected`},
		"a byte order mark":          {"\uFEFF{}", mapping.NotJSON, "", "a value is expected"},
		"NUL":                        {"\x00", mapping.NotJSON, "", `'\x00' where a value is expected`},
		"a word cut short":           {`{"x": tru`, mapping.Truncated, "x", "true is expected"},
		"a word misspelt":            {`{"x": trie}`, mapping.NotJSON, "x", `'i' where true is expected`},
		"a comment":                  {`{} // c`, mapping.NotJSON, "", "the end of the message is expected"},
		"two messages":               {`{}{}`, mapping.NotJSON, "", "the end of the message is expected"},
		"an array and more":          {`[] 1`, mapping.NotJSON, "", "the end of the message is expected"},
		"a comma at the end":         {`{"q": 1,}`, mapping.NotJSON, "", "a key is expected"},
		"a comma at an array's end":  {`{"q": [1,]}`, mapping.NotJSON, "q", "a value is expected"},
		"no comma":                   {`{"q": [1 2]}`, mapping.NotJSON, "q", "a comma or ] is expected"},
		"no comma in an object":      {`{"q": 1 "r": 2}`, mapping.NotJSON, "", "a comma or } is expected"},
		"no colon":                   {`{"q" 1}`, mapping.NotJSON, "", "a colon is expected"},
		"a key that is none":         {`{q: 1}`, mapping.NotJSON, "", "a key is expected"},
		"a leading zero":             {`{"q": 01}`, mapping.NotJSON, "", "a comma or } is expected"},
		"a leading plus":             {`{"q": +1}`, mapping.NotJSON, "q", "a value is expected"},
		"a minus alone":              {`{"q": -}`, mapping.NotJSON, "q", "a digit is expected"},
		"a point alone":              {`{"q": .5}`, mapping.NotJSON, "q", "a value is expected"},
		"a point at the end":         {`{"q": 1.}`, mapping.NotJSON, "q", "a digit is expected"},
		"an exponent without digits": {`{"q": 1e+}`, mapping.NotJSON, "q", "a digit is expected"},
		"a number cut short":         {`{"q": 1e`, mapping.Truncated, "q", "a digit is expected"},
		"NaN bare":                   {`{"q": NaN}`, mapping.NotJSON, "q", "a value is expected"},
		"a control character":        {"{\"q\": \"a\tb\"}", mapping.NotJSON, "q", "control character 0x09"},
		"an unknown escape":          {`{"q": "\x41"}`, mapping.NotJSON, "q", "an escape is expected"},
		"an escape cut short":        {`{"q": "\`, mapping.Truncated, "q", "an escape is expected"},
		"a \\u that is none":         {`{"q": "\u00g0"}`, mapping.NotJSON, "q", "a hexadecimal digit is expected"},
		"a \\u cut short":            {`{"q": "\u00`, mapping.Truncated, "q", "a hexadecimal digit is expected"},
		"a string without end":       {`{"q": "abc`, mapping.Truncated, "q", "the end of a string is expected"},
		"an object without end":      {`{"x": {"v": 1`, mapping.Truncated, "x", "a comma or } is expected"},
		"an array without end":       {`{"arr": [{"v": 1}`, mapping.Truncated, "arr", "a comma or ] is expected"},
		"an unknown array w/o end":   {`{"q": [`, mapping.Truncated, "q", "a value is expected"},
		"labels without end":         {`{"own": [{"l": {"a":`, mapping.Truncated, "own[0].l.a", "a value is expected"},

		"a number":          {`12`, mapping.NotObject, "", "a JSON object is expected"},
		"a string":          {`"abc"`, mapping.NotObject, "", "a JSON object is expected"},
		"null":              {`null`, mapping.NotObject, "", "a JSON object is expected"},
		"an array":          {` [{"x": 1}] `, mapping.NotObject, "", "a JSON object is expected"},
		"a string cut":      {`"abc`, mapping.Truncated, "", "the end of a string is expected"},
		"an array that bad": {`[1, x]`, mapping.NotJSON, "", "a value is expected"},

		"too large":         {`{"q": "` + strings.Repeat("x", 1000) + `"}`, mapping.TooLarge, "", "1009 bytes, the limit is 1000"},
		"too deep":          {`{"q":` + strings.Repeat("[", 64), mapping.TooDeep, "q", "nested deeper than 64"},
		"objects too deep":  {strings.Repeat(`{"q":`, 65), mapping.TooDeep, "q", "nested deeper than 64"},
		"mapped too deep":   {`{"x":` + strings.Repeat(`{"q":`, 64), mapping.TooDeep, "x.q", "nested deeper than 64"},
		"a key without end": {`{"x": {"v`, mapping.Truncated, "x", "the end of a string is expected"},
		"not too deep": {`{"q":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
			mapping.NoSamples, "", "1 keys ignored"},

		"a number out of range":            {`{"any": {"p": 1, "q": 1e309}}`, mapping.NumberRange, "any.q", `"1e309" is out of range of float64`},
		"a number out of range by its sum": {`{"x": {"v": 1e308}}`, mapping.NumberRange, "x.v", `"1e308" is out of range`},
		"a string out of range":            {`{"arr": [{"v": "-1e999", "l": "x"}]}`, mapping.NumberRange, "arr[0].v", `"-1e999" is out of range`},
		"a timestamp out of range":         {`{"t": 1e999}`, mapping.NumberRange, "t", `out of range of float64`},
		"a timestamp that is none":         {`{"t": "NaN"}`, mapping.NumberRange, "t", `NaN is no time`},
		"a negative interval":              {`{"i": -1}`, mapping.NumberRange, "i", "an interval of -1 seconds, not within 0 and 2678400"},
		"a long interval":                  {`{"i": 2678401}`, mapping.NumberRange, "i", "not within 0 and 2678400"},

		"a word for a number":            {`{"x": {"v": "high"}}`, mapping.WrongType, "x.v", `the string "high" where a number is expected`},
		"an empty string for a number":   {`{"x": {"v": ""}}`, mapping.WrongType, "x.v", `the string "" where a number is expected`},
		"a hexadecimal":                  {`{"x": {"v": "0x10"}}`, mapping.WrongType, "x.v", `"0x10" where a number is expected`},
		"a number with underscores":      {`{"x": {"v": "1_000"}}`, mapping.WrongType, "x.v", `"1_000" where a number is expected`},
		"signs alone":                    {`{"x": {"v": "-"}}`, mapping.WrongType, "x.v", `"-" where a number is expected`},
		"a number with a unit":           {`{"x": {"v": "5 MB"}}`, mapping.WrongType, "x.v", `"5 MB" where a number is expected`},
		"long text for a number":         {`{"x": {"v": "` + strings.Repeat("w", 99) + `"}}`, mapping.WrongType, "x.v", `"` + strings.Repeat("w", 40) + `"…`},
		"an object for a number":         {`{"x": {"v": {}}}`, mapping.WrongType, "x.v", "an object where the mapping has a value"},
		"an array for a number":          {`{"any": {"p": []}}`, mapping.WrongType, "any.p", "an array where the mapping has a value"},
		"an object for a label":          {`{"x": {"l": {}, "v": 1}}`, mapping.WrongType, "x.l", "an object where the mapping has a value"},
		"a number for an object":         {`{"x": 5}`, mapping.WrongType, "x", `the number "5" where the mapping has an object`},
		"a bool for an object":           {`{"any": true}`, mapping.WrongType, "any", `a bool where the mapping has an object`},
		"a string for an array":          {`{"arr": "z"}`, mapping.WrongType, "arr", `the string "z" where the mapping has an array`},
		"an object for an array":         {`{"arr": {}}`, mapping.WrongType, "arr", "an object where the mapping has an array"},
		"an array for an object":         {`{"x": []}`, mapping.WrongType, "x", "an array where the mapping has an object"},
		"a number for an array element":  {`{"arr": [{"v": 1}, 2]}`, mapping.WrongType, "arr[1]", `the number "2" where the mapping has an object`},
		"a string for labels":            {`{"own": [{"l": "z"}]}`, mapping.WrongType, "own[0].l", `the string "z" where the mapping has an object`},
		"an array among labels":          {`{"own": [{"l": {"p": []}}]}`, mapping.WrongType, "own[0].l.p", "where a label value is expected"},
		"a word that the enum has not":   {`{"e": "On"}`, mapping.WrongType, "e", `the string "On", which the mapping's enum does not have`},
		"a timestamp that is a word":     {`{"t": "now"}`, mapping.WrongType, "t", `the string "now" where a number is expected`},
		"a node name that is a number":   {`{"n": 5}`, mapping.WrongType, "n", `the number "5" where the node's name is expected`},
		"a node name that is an object":  {`{"n": {}}`, mapping.WrongType, "n", "an object where the mapping has a value"},
		"an interval that is an object":  {`{"i": {}}`, mapping.WrongType, "i", "an object where the mapping has a value"},
		"a key in the notation of paths": {`{"any": {"a.b[]\\\n": "z"}}`, mapping.WrongType, `any.a\.b\[]\\` + "\uFFFD", "a number is expected"},
		"a key that is a star":           {`{"any": {"*": "z"}}`, mapping.WrongType, `any.\*`, "a number is expected"},
		"a key that is empty":            {`{"any": {"": []}}`, mapping.WrongType, `any.""`, "an array where the mapping has a value"},
		"a long key":                     {`{"` + strings.Repeat("é", 99) + `": x}`, mapping.NotJSON, strings.Repeat("é", 20) + "…", "a value is expected"},

		"a label that is not UTF-8":         {"{\"x\": {\"v\": 1, \"l\": \"a\xff\"}}", mapping.InvalidUTF8, "x.l", `the label value "a\xff" is not UTF-8`},
		"a key label that is not UTF-8":     {"{\"any\": {\"a\xff\": 1}}", mapping.InvalidUTF8, "any.a\uFFFD", `the label value "a\xff" is not UTF-8`},
		"a node name that is not UTF-8":     {"{\"n\": \"a\xff\"}", mapping.InvalidUTF8, "n", `the node name "a\xff" is not UTF-8`},
		"a chosen label that is not UTF-8":  {"{\"own\": [{\"v\": 1, \"l\": {\"p\": \"\xff\"}}]}", mapping.InvalidUTF8, "own[0].l.p", `the label value "\xff" is not UTF-8`},
		"a chosen name that is not legal":   {`{"own": [{"v": 1, "l": {"a-b": 1}}]}`, mapping.InvalidLabelName, "own[0].l.a-b", `label "a-b" is not of the form`},
		"a chosen name that is empty":       {`{"own": [{"v": 1, "l": {"": 1}}]}`, mapping.InvalidLabelName, `own[0].l.""`, `label "" is not of the form`},
		"a chosen name of Prometheus' own":  {`{"own": [{"v": 1, "l": {"__name__": 1}}]}`, mapping.InvalidLabelName, "own[0].l.__name__", "begins with __, as Prometheus' own do"},
		"a chosen name that is taken":       {`{"own": [{"v": 1, "l": {"node": 1}}]}`, mapping.InvalidLabelName, "own[0].l.node", "is set by Prometheus or the exporter"},
		"a chosen name twice":               {`{"own": [{"v": 1, "l": {"a": 1, "b": 1, "\u0061": 2}}]}`, mapping.InvalidLabelName, "own[0].l", "label a is given twice"},
		"a chosen name that the family has": {`{"own": [{"v": 1, "l": {"fixed": 1}}]}`, mapping.InvalidLabelName, "own[0].l.fixed", "label fixed is given twice"},

		"a long label":        {`{"arr": [{"v": 1, "l": "p"}, {"l": "` + strings.Repeat(`\u00e9`, 9) + `", "v": 2}]}`, mapping.LabelTooLong, "arr[1].l", "a label value of 18 bytes, the limit is 16"},
		"a long key label":    {`{"any": {"` + strings.Repeat("k", 17) + `": 1}}`, mapping.LabelTooLong, "any." + strings.Repeat("k", 17), "17 bytes, the limit is 16"},
		"a long number label": {`{"x": {"v": 1, "l": 12345678901234567}}`, mapping.LabelTooLong, "x.l", "17 bytes, the limit is 16"},
		"a long info label":   {`{"info": [{"l": "` + strings.Repeat("k", 17) + `"}]}`, mapping.LabelTooLong, "info[0].l", "17 bytes, the limit is 16"},
		"a long chosen value": {`{"own": [{"v": 1, "l": {"p": "` + strings.Repeat("k", 17) + `"}}]}`, mapping.LabelTooLong, "own[0].l.p", "17 bytes, the limit is 16"},
		"a long chosen name":  {`{"own": [{"v": 1, "l": {"` + strings.Repeat("k", 129) + `": 1}}]}`, mapping.InvalidLabelName, "own[0].l." + strings.Repeat("k", 40) + "…", "is longer than 128 bytes"},
		"a long node name":    {`{"n": "` + strings.Repeat("k", 254) + `"}`, mapping.LabelTooLong, "n", "a node name of 254 bytes, the limit is 253"},

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
			mapping.TooManySamples, "own[0].l.q", "more than 16 labels, which is the limit"},

		"no samples":                {`{}`, mapping.NoSamples, "", "0 keys ignored"},
		"no samples that are known": {`{"q": 1, "x": {"w": 1}}`, mapping.NoSamples, "", "2 keys ignored"},
		"no samples with a value":   {`{"x": {"v": null}, "t": 1, "i": 1, "n": "n"}`, mapping.NoSamples, "", "no field that the mapping knows"},
		"no info with a label":      {`{"info": [{"l": ""}, {}]}`, mapping.NoSamples, "", "no field that the mapping knows has a value"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "n", mapping.Limits{Bytes: 1000, Samples: 10, LabelValueBytes: 16})
			r := mapping.Report{}
			err := d.Decode(test.message, &r)
			var e *mapping.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Reason != test.reason || e.Path != test.path || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("got  %s at %q: %s\nwant %s at %q: %s", e.Reason, e.Path, e.Detail, test.reason, test.path, test.detail)
			}
			if e.Offset < 0 || e.Offset > len(test.message) {
				t.Errorf("offset %d in a message of %d bytes", e.Offset, len(test.message))
			}
			if len(r.Samples) > 0 || r.Node != "" || r.Timestamp != 0 || r.Interval != 0 || r.Ignored != 0 {
				t.Errorf("the report kept something of a refused message: %+v", r)
			}
			if e.Path != "" && !strings.HasPrefix(err.Error(), e.Path+": ") {
				t.Errorf("the error %q does not begin with its path", err)
			}
		})
	}
}

// elements returns n array elements with different labels.
func elements(n int) string {
	var all []string
	for i := range n {
		all = append(all, `{"v": 1, "l": `+strconv.Itoa(i)+`}`)
	}
	return strings.Join(all, ", ")
}

func TestReasonsAreAllReached(t *testing.T) {
	reached := map[mapping.Reason]bool{}
	for _, message := range []string{
		`x`, `1`, `{`, `{"q": "` + strings.Repeat("x", 1000) + `"}`, `{"q":` + strings.Repeat("[", 64), `{"i": -1}`, `{"x": 1}`,
		"{\"n\": \"\xff\"}", `{"own": [{"l": {"": 1}}]}`, `{"any": {"` + strings.Repeat("k", 17) + `": 1}}`,
		`{"x": {"v": 1, "v": 2}}`, `{"arr": [` + elements(11) + `]}`, `{}`,
	} {
		d := newDecoder(t, parse(t, everything), "n", mapping.Limits{Bytes: 1000, Samples: 10, LabelValueBytes: 16})
		var e *mapping.Error
		if errors.As(d.Decode(message, &mapping.Report{}), &e) {
			reached[e.Reason] = true
		}
	}
	for _, r := range mapping.Reasons() {
		if !reached[r] {
			t.Errorf("%s was not reached", r)
		}
	}
	if len(reached) != len(mapping.Reasons()) {
		t.Errorf("%d reasons reached, Reasons has %d", len(reached), len(mapping.Reasons()))
	}
}

// What a node writes ends up in logs: an error is one printable line of
// bounded length, whatever the keys and values are.
func TestErrorsAreShortLines(t *testing.T) {
	wild := strings.Repeat("\x1b[31m.\\u0000\\r\\n\u2028", 50)
	wild = strings.ReplaceAll(wild, "\x1b", `\u001b`)
	deep := strings.Repeat(`{"`+wild+`":`, 30)
	for name, message := range map[string]string{
		"a key":              `{"` + wild + `": x}`,
		"keys of keys":       `{"any": ` + deep + `x`,
		"a value":            `{"x": {"v": "` + wild + `"}}`,
		"an unknown enum":    `{"e": "` + wild + `"}`,
		"a node name":        "{\"n\": \"" + wild + "\xff\"}",
		"a label":            "{\"x\": {\"v\": 1, \"l\": \"" + wild + "\xff\"}}",
		"a label twice":      `{"arr": [{"v": 1, "l": "` + wild + `"}, {"v": 1, "l": "` + wild + `"}]}`,
		"the message itself": `"` + wild + `"`,
		"a chosen name":      `{"own": [{"l": {"` + wild + `": 1}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "n", mapping.Limits{LabelValueBytes: 1 << 15})
			err := d.Decode(message, &mapping.Report{})
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if len(text) > 4000 {
				t.Errorf("%d bytes: %.200s…", len(text), text)
			}
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00\x1b\u2028") {
				t.Errorf("not one printable line: %q", text)
			}
		})
	}
}
