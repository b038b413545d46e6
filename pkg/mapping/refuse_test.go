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
		"a number":                   {`12`, mapping.NotObject, "", "a JSON object is expected"},
		"a string":                   {`"abc"`, mapping.NotObject, "", "a JSON object is expected"},
		"null":                       {`null`, mapping.NotObject, "", "a JSON object is expected"},
		"an array":                   {` [{"x": 1}] `, mapping.NotObject, "", "a JSON object is expected"},
		"a string cut":               {`"abc`, mapping.Truncated, "", "the end of a string is expected"},
		"an array that bad":          {`[1, x]`, mapping.NotJSON, "", "a value is expected"},
		"too large":                  {`{"q": "` + strings.Repeat("x", 1000) + `"}`, mapping.TooLarge, "", "1009 bytes, the limit is 1000"},
		"too deep":                   {`{"q":` + strings.Repeat("[", 64), mapping.TooDeep, "q", "nested deeper than 64"},
		"objects too deep":           {strings.Repeat(`{"q":`, 65), mapping.TooDeep, "q", "nested deeper than 64"},
		"mapped too deep":            {`{"x":` + strings.Repeat(`{"q":`, 64), mapping.TooDeep, "x.q", "nested deeper than 64"},
		"a key without end":          {`{"x": {"v`, mapping.Truncated, "x", "the end of a string is expected"},
		"a long key":                 {`{"` + strings.Repeat("é", 99) + `": x}`, mapping.NotJSON, strings.Repeat("é", 20) + "…", "a value is expected"},
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
	for _, message := range []string{`x`, `1`, `{`, `{"q": "` + strings.Repeat("x", 1000) + `"}`, `{"q":` + strings.Repeat("[", 64)} {
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
		"a chosen name":      `{"own": [{"v": 1, "l": {"` + wild + `": 1}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "n", mapping.Limits{LabelValueBytes: 1 << 15})
			e, err := d.Explain(message)
			if err == nil {
				if len(e.Dropped) == 0 {
					t.Fatal("nothing is wrong")
				}
				err = &e.Dropped[0].Error
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
