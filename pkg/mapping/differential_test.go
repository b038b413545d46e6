package mapping

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// rich is a mapping in which all rules meet.
const rich = `
timestamp: {path: t, scale: 0.5}
interval: {path: x.i}
families:
- {name: a, help: h, path: x.v, labels: {l: l, up: ../l}, scale: 2}
- {name: b, help: h, path: "arr[].v", labels: {l: l, top: ../x.l}}
- {name: c, help: h, path: "arr[].in[]", labels: {l: l}}
- {name: d_total, type: counter, help: h, path: any.*, keyLabel: k, labels: {unit: unit}}
- {name: e, help: h, path: any.own}
- {name: f, help: h, path: "own[].v", labels: {m: m}, labelsFrom: l}
- {name: g, help: h, path: "own[].deep[].v", labels: {name: "n"}, labelsFrom: ../l}
- {name: h, help: h, path: e, enum: {"on": 1, "off": 0}, scale: 4}
- {name: i_info, help: h, path: "info[]", value: 1, labels: {l: l, sub: s.l}}
- {name: j, help: h, path: "*.st.z.v", keyLabel: k}
- {name: k, help: h, path: "any.st[].*.v", keyLabel: k, labels: {l: l, o: ../../l}}
- {name: l_info, help: h, path: ., value: 3, labels: {l: l}}
- {name: m, help: h, path: x.v, labels: {v: v}}
- {name: "n", help: h, path: x}
- {name: o, help: h, path: lf.v, labelsFrom: ../x.lf}
- {name: p, help: h, path: x.lf.z}
- {name: q_total, type: counter, help: h, path: "q.*.v", keyLabel: k, labels: {sub: s.l.m}}
- {name: r, help: h, path: "r.*.*", keyLabels: [outer, inner], constLabels: {fixed: 'a "b"'}}
- {name: s_info, help: h, path: "q.*", keyLabel: k, value: 2, constLabels: {a: b, z: c}, labels: {m: s.l.m}}
- {name: u, help: h, path: "own[].v", labels: {z: m, l9: ../x.l, z2: l.z2}, labelsFrom: l}
- {name: v_info, help: h, path: "f.*", keyLabel: aa, value: 2, labels: {z: z}, labelsFrom: .}
- {name: "t:colon", type: counter, help: h, path: "arr[].v", constLabels: {m: m}}
`

func richMapping(t testing.TB) *Mapping {
	t.Helper()
	m, err := Parse([]byte(rich))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compare decodes message with the Decoder and the reference.
func compare(t *testing.T, d *Decoder, message string) (accepted bool) {
	t.Helper()
	m := d.mapping
	var r Report
	err := d.Decode(message, &r)
	want, refused := decodeReference(m, "n", []byte(message))
	if (err != nil) != (refused != nil) {
		t.Fatalf("%q\ndecoder:   %v\nreference: %v", message, err, refused)
	}
	if err != nil {
		return false
	}
	if r.Node != want.node || r.BadNode != want.badNode || r.Dropped != want.dropped || !near(r.Timestamp, want.timestamp) || r.Interval != want.interval || r.Ignored != want.ignored {
		t.Fatalf("%s\ngot  node %q (bad: %v), timestamp %v, interval %v, %d ignored, %v dropped\nwant %+v", message, r.Node, r.BadNode, r.Timestamp, r.Interval, r.Ignored, r.Dropped, want)
	}
	var got, wanted strings.Builder
	for i := range r.Samples {
		s := &r.Samples[i]
		fmt.Fprintf(&got, "%s{%s}\n", m.families[s.Family].Name, s.Labels)
		if i < len(want.samples) && !near(parseFloat(s.Value), want.samples[i].value) {
			t.Errorf("%s\n%s is %s, the reference has %v", message, want.samples[i].series, s.Value, want.samples[i].value)
		}
	}
	for _, s := range want.samples {
		wanted.WriteString(s.series + "\n")
	}
	if got.String() != wanted.String() {
		t.Fatalf("%s\ngot\n%swant\n%s", message, &got, &wanted)
	}
	e, err := d.Explain(message)
	if err != nil || len(e.Ignored) != r.Ignored || len(e.Samples) != len(r.Samples) {
		t.Fatalf("%s\nExplain has %d samples and ignored %q, error %v; Decode %d and %d", message, len(e.Samples), e.Ignored, err, len(r.Samples), r.Ignored)
	}
	if len(e.Dropped) != r.Dropped.Total() {
		t.Fatalf("%s\nExplain says of %d samples that they were dropped, Decode of %d", message, len(e.Dropped), r.Dropped.Total())
	}
	for _, s := range e.Dropped {
		if s.Path == "" || s.Detail == "" {
			t.Fatalf("%s\nExplain does not say where or why a sample was dropped: %+v", message, s)
		}
	}
	for _, s := range e.Samples {
		if s.Path == "" && !strings.HasPrefix(s.Series, "l_info{") { // of the message itself
			t.Fatalf("%s\nExplain does not say where %s stands", message, s.Series)
		}
	}
	return true
}

// unlimited returns a decoder by m without limits that a test would reach.
func unlimited(t testing.TB, m *Mapping) *Decoder {
	t.Helper()
	d, err := NewDecoder(m, "n", Limits{Bytes: MaxBytes, Samples: MaxSamples, LabelValueBytes: MaxLabelValueBytes})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-15*math.Abs(b)
}

// generator makes messages that mostly fit a mapping.
type generator struct{ *rand.Rand }

func (g generator) of(options ...string) string { return options[g.Intn(len(options))] }

func (g generator) value(rules []rule, depth int) string {
	if depth > 6 || g.Intn(200) == 0 {
		return g.of("null", "{}", "[]", "1", `"on"`, `[{"v":1}]`, "true", `{"l":{"m":[]}}`)
	}
	var forms []string
	for _, r := range rules {
		switch {
		case len(r.steps) > 0 && r.steps[0].kind == stepElem:
			forms = append(forms, "array")
		case len(r.steps) > 0 || r.what == "object":
			forms = append(forms, "object")
		default:
			forms = append(forms, r.what)
		}
	}
	if forms == nil {
		return g.of("1", `"z"`, "null", `{"a": [1, {}]}`, "[]")
	}
	space := g.of("", "", "", " ", "\n\t")
	switch g.of(forms...) {
	case "array":
		var parts []string
		for range g.Intn(4) {
			parts = append(parts, g.value(below(rules, step{kind: stepElem}), depth+1))
		}
		return "[" + strings.Join(parts, ","+space) + space + "]"
	case "object":
		var parts []string
		for _, r := range rules {
			if len(r.steps) == 0 || r.steps[0].kind == stepElem || g.Intn(3) == 0 {
				continue
			}
			key := r.steps[0].key
			if r.steps[0].kind == stepAny {
				key = g.of("p", "q", `r\"`, "own", "é", `\u0070`, "")
			}
			if g.Intn(20) == 0 {
				key = g.of("unknown", `\u0076`, "v", "l")
			}
			if strings.Contains(strings.Join(parts, ","), `"`+key+`"`) && g.Intn(20) > 0 {
				continue
			}
			parts = append(parts, fmt.Sprintf(`"%s"%s:%s%s`, key, space, space, g.value(belowKey(rules, key), depth+1)))
		}
		g.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return "{" + strings.Join(parts, ","+space) + space + "}"
	case "names":
		var parts []string
		for range g.Intn(4) {
			parts = append(parts, fmt.Sprintf(`"%s":%s`, g.of("aa", "z", "m", `\u0062b`, "o", "l9", "aa", "aa", "m", "job", "a-b", "__a", "z2", "z3"), g.of("1", `"\""`, `""`, "null", "true", `"é"`, "2", "3", "[1]", "{}")))
		}
		if g.Intn(10) > 0 {
			slices.Sort(parts)
			parts = slices.CompactFunc(parts, func(a, b string) bool { return a[:3] == b[:3] })
		}
		return "{" + strings.Join(parts, ",") + "}"
	case "label":
		return g.of(`"on"`, `"off"`, strconv.Itoa(g.Intn(1000)), "2.50", `"3"`, "true", "null", `"\u0031"`, `"3e0"`)
	}
	if g.Intn(30) == 0 {
		return g.of("{}", "[]", `{"v":1}`, `["z"]`)
	}
	if g.Intn(50) == 0 {
		return g.of(`"on"`, `"N/A"`, `"2024-11-23T11:40:00Z"`, "1e999", `""`, `"0x1"`)
	}
	return g.of("1", "0", "-1.5", "1e3", `"7"`, `"NaN"`, "true", "false", "null", "12345678901234567890123456789", `"\u0032"`)
}

func TestDifferential(t *testing.T) {
	for name, m := range map[string]*Mapping{"rich": richMapping(t), "version 1": Version1()} {
		t.Run(name, func(t *testing.T) {
			g := generator{rand.New(rand.NewSource(1))}
			rules := rulesOf(m, "n")
			d := unlimited(t, m)
			messages := 2000
			if name == "version 1" {
				messages = 300 // the reference is slow with that many families
			}
			if testing.Short() {
				messages /= 10
			}
			accepted := 0
			for range messages {
				if compare(t, d, g.value(rules, 0)) {
					accepted++
				}
			}
			if accepted < messages/50 {
				t.Errorf("only %d of %d messages were accepted: the test is weak", accepted, messages)
			}
			t.Logf("%d of %d accepted", accepted, messages)
		})
	}
}

func FuzzDifferential(f *testing.F) {
	decoders := []*Decoder{unlimited(f, richMapping(f)), unlimited(f, Version1())}
	f.Fuzz(func(t *testing.T, message string) {
		if !utf8.ValidString(message) {
			t.Skip("encoding/json mends it")
		}
		for _, d := range decoders {
			compare(t, d, message)
		}
	})
}
