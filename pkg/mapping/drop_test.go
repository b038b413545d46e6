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
		"an array among labels":             {`{"own": [{"v": 1, "l": {"p": []}}]}`, mapping.WrongType, "own[0].l.p", "an array where a label value is expected"},
		"an object among labels":            {`{"own": [{"v": 1, "l": {"p": {}}}]}`, mapping.WrongType, "own[0].l.p", "an object where a label value is expected"},
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
		"a chosen name that the family has": {`{"own": [{"v": 1, "fixed": 2, "l": {"fixed": 1}}]}`, mapping.InvalidLabelName, "own[0].l.fixed", "label fixed is given twice"},
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
		"a chosen name beside a bad label":  {`{"own": [{"v": 1, "l": {"fixed": 1}, "fixed": []}]}`, mapping.WrongType, "own[0].fixed", "an array where the mapping has a value"},
		"two series by a chosen label":      {`{"own": [{"v": 1, "fixed": 1}, {"v": 1, "l": {"fixed": 1}}]}`, mapping.DuplicateSeries, "own[1].v", `a second series d with the labels "fixed=\"1\""`},
		"too many labels": {`{"own": [{"v": 1, "l": {"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1}}]}`,
			mapping.TooManyLabels, "own[0].l.q", "more than 16 labels, which is the limit"},

		"an interval in nanoseconds":    {`{"i": 60000000000}`, mapping.NumberRange, "i", "6e+10 seconds, not within 0 and 2678400; 60000000000 seconds are more than a day; as microseconds it would be 60000 s"},
		"a negative counter":            {`{"any": {"p": -1}}`, mapping.InvalidCounter, "any.p", `a counter of "-1", which is not 0 or more`},
		"a counter a little below 0":    {`{"any": {"p": -5e-324}}`, mapping.InvalidCounter, "any.p", `a counter of "-5e-324"`},
		"a counter that is NaN":         {`{"any": {"p": "nan"}}`, mapping.InvalidCounter, "any.p", `a counter of "NaN"`},
		"a counter that is -Inf":        {`{"any": {"p": "-inf"}}`, mapping.InvalidCounter, "any.p", `a counter of "-Inf"`},
		"N/A":                           {`{"x": {"v": "N/A"}}`, mapping.WrongType, "x.v", `the string "N/A" where a number is expected`},
		"an object for a label, first":  {`{"arr": [{"l": {"a": [1]}, "v": 1}]}`, mapping.WrongType, "arr[0].l", "an object where the mapping has a value"},
		"an array for a label, behind":  {`{"arr": [{"v": 1, "l": []}]}`, mapping.WrongType, "arr[0].l", "an array where the mapping has a value"},
		"an object for a node name":     {`{"n": {"a": 1}}`, mapping.WrongType, "n", "an object where the mapping has a value"},
		"a chosen name that is long":    {`{"own": [{"v": 1, "l": {"` + strings.Repeat("a", 129) + `": "v"}}]}`, mapping.InvalidLabelName, "own[0].l." + strings.Repeat("a", 40) + "…", "is longer than 128 bytes"},
		"a chosen name of the operator": {`{"own": [{"v": 1, "l": {"endpoint": "v"}}]}`, mapping.InvalidLabelName, "own[0].l.endpoint", "is set by Prometheus"},
		"a long text as timestamp":      {`{"t": "` + strings.Repeat("9", 400) + `"}`, mapping.NumberRange, "t", "out of range"},
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

// How many samples are dropped where one value is wrong, and what stays.
func TestDropsCount(t *testing.T) {
	const devices = `
- {name: a, help: h, path: "x[].v", labels: {l: l, s: s.t}}
- {name: b, help: h, path: "x[].w", labels: {l: l, s: s.t}}
- {name: c, help: h, path: "x[].w", labels: {"n": "n"}}
- {name: d, help: h, path: y.p, labels: {m: ../m.o}}
- {name: e, help: h, path: y.q}
- {name: f, help: h, path: "z[].v", labels: {k: k}, labelsFrom: c}
- {name: g, help: h, path: "z[].c.n"}
`
	for name, test := range map[string]struct {
		message string
		dropped map[mapping.Reason]int
		stay    []string
	}{
		"a value of two families":           {`{"x": [{"w": "N/A", "v": 1}]}`, map[mapping.Reason]int{mapping.WrongType: 2}, []string{"a 1"}},
		"an object for two families":        {`{"x": [{"w": {"a": 1}, "v": 1}]}`, map[mapping.Reason]int{mapping.WrongType: 2}, []string{"a 1"}},
		"a label that two families share":   {`{"x": [{"l": "` + strings.Repeat("l", 17) + `", "v": 1, "w": 2}]}`, map[mapping.Reason]int{mapping.LabelTooLong: 2}, []string{"c 2"}},
		"a label below something else":      {`{"x": [{"s": "text", "v": 1, "w": 2}, {"s": {"t": "T"}, "v": 3}]}`, map[mapping.Reason]int{mapping.WrongType: 2}, []string{`a{s="T"} 3`, "c 2"}},
		"a bad label that nothing needs":    {`{"x": [{"l": [], "n": "N"}], "m": 5}`, nil, nil},
		"a label far from its sample":       {`{"m": [], "y": {"p": 1, "q": 2}}`, map[mapping.Reason]int{mapping.WrongType: 1}, []string{"e 2"}},
		"of equal keys the last":            {`{"m": [], "m": {"o": "O"}, "y": {"p": 1}}`, nil, []string{`d{m="O"} 1`}},
		"of equal keys the last, bad":       {`{"m": {"o": "O"}, "m": [], "y": {"p": 1}}`, map[mapping.Reason]int{mapping.WrongType: 1}, nil},
		"of equal keys the last, both bad":  {`{"z": [{"v": 1, "c": {"a-b": 1}, "c": 5}, {"v": 1, "c": {"a-b": 1, "c": []}}]}`, map[mapping.Reason]int{mapping.WrongType: 2, mapping.InvalidLabelName: 1}, nil},
		"all that is below":                 {`{"y": 5, "x": [1, {"v": 1}, "a", null, [2]]}`, map[mapping.Reason]int{mapping.WrongType: 4}, []string{"a 1"}},
		"nothing but labels below":          {`{"m": 5, "y": {"q": 1}}`, nil, []string{"e 1"}},
		"one chosen label of several":       {`{"z": [{"v": 1, "c": {"a": 1, "b-c": 2, "n": 3}}, {"v": 4, "c": {"a": 2}}]}`, map[mapping.Reason]int{mapping.InvalidLabelName: 1}, []string{`f{a="2"} 4`, "g 3"}},
		"a mapped object among the chosen":  {`{"z": [{"v": 1, "c": {"n": {"x": 1}}}]}`, map[mapping.Reason]int{mapping.WrongType: 2}, nil},
		"a second series, and a third":      {`{"x": [{"v": 1}, {"v": 2}, {"v": 3}]}`, map[mapping.Reason]int{mapping.DuplicateSeries: 2}, []string{"a 1"}},
		"the first is bad, the second good": {`{"x": [{"v": "bad"}, {"v": 2}, {"v": 3}]}`, map[mapping.Reason]int{mapping.WrongType: 1, mapping.DuplicateSeries: 1}, []string{"a 2"}},
		"over the limit, and a bad one":     {`{"x": [` + elements(11) + `], "y": 5}`, map[mapping.Reason]int{mapping.TooManySamples: 1, mapping.WrongType: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, devices), "", mapping.Limits{Samples: 10, LabelValueBytes: 16})
			var r mapping.Report
			if err := d.Decode(test.message, &r); err != nil {
				t.Fatal(err)
			}
			for i, reason := range mapping.DropReasons() {
				if r.Dropped[i] != test.dropped[reason] {
					t.Errorf("%d dropped for %s, want %d", r.Dropped[i], reason, test.dropped[reason])
				}
			}
			if got := series(&r); test.stay != nil && !slices.Equal(got, test.stay) {
				t.Errorf("what stays is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.stay, "\n"))
			}
			e, err := d.Explain(test.message)
			if err != nil || len(e.Dropped) != r.Dropped.Total() {
				t.Errorf("Explain shows %d dropped, error %v", len(e.Dropped), err)
			}
		})
	}
}

// A dropped sample says of which family it is, where it is of one.
func TestDroppedFamily(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{LabelValueBytes: 16})
	for message, want := range map[string]string{
		`{"x": {"v": "N/A"}}`:                  "a",
		`{"x": {"v": {}}}`:                     "a",
		`{"x": 5}`:                             "",
		`{"t": "now"}`:                         "",
		`{"n": 5}`:                             "",
		`{"any": {"p": -1}}`:                   "c_total",
		`{"arr": [{"v": 1}, {"v": 1}]}`:        "b",
		`{"own": [{"v": 1, "l": {"a-b": 1}}]}`: "d",
		`{"info": [{"l": "` + strings.Repeat("l", 17) + `"}]}`:        "f_info",
		`{"info": [{"l": []}], "t": 1}`:                               "f_info",
		`{"arr": [{"v": 1, "l": "` + strings.Repeat("l", 17) + `"}]}`: "b",
	} {
		e, err := d.Explain(message)
		if err != nil || len(e.Dropped) != 1 || e.Dropped[0].Family != want {
			t.Errorf("%s: %+v and error %v, want one of family %q", message, e, err, want)
		}
	}
}

// Examples has one for each reason, the first.
func TestExamples(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	got := d.Examples(`{"any": {"p": -1, "q": -2}, "x": {"v": "N/A"}, "e": "z", "arr": [{"v": 1e999}]}`)
	var lines []string
	for i := range got {
		lines = append(lines, string(got[i].Reason)+" "+got[i].Path)
	}
	slices.Sort(lines)
	if want := []string{"invalid_counter any.p", "number_range arr[0].v", "wrong_type x.v"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if got := d.Examples(`{`); got != nil {
		t.Errorf("of a message that is refused: %v", got)
	}
	if got := d.Examples(`{"x": {"v": 1}}`); len(got) > 0 {
		t.Errorf("of a message that is fine: %v", got)
	}
}

// In steady state a dropped sample is one count.
func TestDropsAllocateNothing(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{LabelValueBytes: 16, Samples: 12})
	long := strings.Repeat("l", 17)
	var content any = `{"x": {"v": "N/A", "l": []}, "arr": [{"v": {}}, {"v": 1, "l": "` + long + `"}, {"v": 1}, {"v": 1}, 5],
		"any": {"p": -1, "` + long + `": 1}, "t": "now", "i": -5, "n": 7, "e": "none", "info": [{"l": "` + long + `"}],
		"own": [{"v": 1, "l": {"a-b": 1}}, {"v": 1, "l": {"a": 1, "b": 2, "a": 3}}, {"v": 1, "l": {"a": []}}, {"v": 1, "fixed": 1, "l": {"fixed": 1}}]}`
	var r mapping.Report
	if got := testing.AllocsPerRun(100, func() {
		if err := d.Decode(content, &r); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%v allocations, want none", got)
	}
	if n := r.Dropped.Total(); n < 15 {
		t.Errorf("only %d are dropped: %v", n, r.Dropped)
	}
}

func TestDropReasonsAreAllReached(t *testing.T) {
	reasons := mapping.DropReasons()
	if len(reasons) != len(mapping.Drops{}) {
		t.Fatalf("%d reasons for %d counts", len(reasons), len(mapping.Drops{}))
	}
	for i, r := range reasons {
		if r == "" || slices.Index(reasons, r) != i {
			t.Errorf("reason %d is %q", i, r)
		}
		if slices.Contains(mapping.Reasons(), r) {
			t.Errorf("%s refuses a message and drops a sample", r)
		}
	}
	reasons[0] = "changed"
	if mapping.DropReasons()[0] == "changed" {
		t.Error("a caller can change the reasons")
	}
}
