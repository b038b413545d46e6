package mapping_test

import (
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

var messages = []string{
	`{"t": 5, "i": 6, "n": "first", "x": {"v": 1, "l": "one"}, "info": [{"l": "i"}], "q": 1}`,
	`{"arr": [{"v": 1, "l": "\u0061"}, {"v": 2}], "any": {"p": 1, "q": 2}, "x": {}, "n": null}`,
	`{"own": [{"v": 1, "l": {"b": 1, "a": 2}, "fixed": "f"}, {"l": {}, "v": 2}]}`,
	`{"x": {"v": "high"}, "t": 7, "n": "refused"}`,
	`{"e": "on"}`,
	`{"own": [{"v": 1}], "arr": [{}, {"l": "z", "v": 0}]}`,
}

// decodeNew is what a message gives with a Report that was never used.
func decodeNew(t testing.TB, d *mapping.Decoder, message string) (*mapping.Report, string) {
	t.Helper()
	var r mapping.Report
	return &r, outcome(d.Decode(message, &r), &r)
}

func outcome(err error, r *mapping.Report) string {
	if err != nil {
		return err.Error()
	}
	return strings.Join(series(r), "\n")
}

// A Report that is used again holds nothing of earlier messages.
func TestReportReuse(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	other := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	var r mapping.Report
	rnd := rand.New(rand.NewSource(1))
	for range 1000 {
		if rnd.Intn(10) == 0 { // another mapping in between
			if err := other.Decode(`{"cpu": {"count": 1}}`, &r); err != nil || len(r.Samples) != 1 || r.Mapping != mapping.Version1() {
				t.Fatal(err, series(&r))
			}
		}
		message := messages[rnd.Intn(len(messages))]
		got := outcome(d.Decode(message, &r), &r)
		fresh, want := decodeNew(t, d, message)
		if got != want || r.Node != fresh.Node || r.Timestamp != fresh.Timestamp || r.Interval != fresh.Interval || r.Ignored != fresh.Ignored || r.Mapping != d.Mapping() {
			t.Fatalf("%s:\ngot  %s %+v\nwant %s %+v", message, got, r, want, fresh)
		}
	}
}

// A Report does not refer to the message that it was made of.
func TestReportKeepsNoInput(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	for _, message := range messages {
		fresh, want := decodeNew(t, d, message)
		content := []byte(message)
		var r mapping.Report
		err := d.Decode(content, &r)
		if string(content) != message {
			t.Fatalf("Decode changed its input to %s", content)
		}
		for i := range content {
			content[i] = '!'
		}
		if got := outcome(err, &r); got != want || r.Node != fresh.Node {
			t.Errorf("%s: after the input was overwritten the report is\n%s\nand was\n%s", message, got, want)
		}
	}
}

// Once its memory has grown, decoding into a Report allocates nothing.
func TestReportAllocations(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
	var content any = messages[1]
	var r mapping.Report
	if got := testing.AllocsPerRun(100, func() {
		if err := d.Decode(content, &r); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func TestDecoderConcurrency(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	var want []string
	for _, m := range messages {
		_, s := decodeNew(t, d, m)
		want = append(want, s)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var r mapping.Report
			for i := range 200 {
				n := (i + g) % len(messages)
				if got := outcome(d.Decode(messages[n], &r), &r); got != want[n] {
					t.Errorf("got %s, want %s", got, want[n])
					return
				}
			}
		}()
	}
	wg.Wait()
}

// shuffled writes v as JSON with the keys of every object in random order.
func shuffled(rnd *rand.Rand, v any) string {
	switch v := v.(type) {
	case [][2]any: // an object
		order := slices.Clone(v)
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		var parts []string
		for _, kv := range order {
			parts = append(parts, kv[0].(string)+":"+shuffled(rnd, kv[1]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, shuffled(rnd, e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return v.(string)
}

func TestDecodeAnyKeyOrder(t *testing.T) {
	object := func(kv ...any) (o [][2]any) {
		for i := 0; i < len(kv); i += 2 {
			o = append(o, [2]any{kv[i], kv[i+1]})
		}
		return
	}
	message := object(
		`"t"`, `5`, `"i"`, `"6"`, `"n"`, `"edge"`,
		`"x"`, object(`"v"`, `1`, `"l"`, `"one"`, `"q"`, `null`),
		`"arr"`, []any{object(`"v"`, `1`, `"l"`, `"p"`), object(`"l"`, `"\u0070\n"`, `"v"`, `2`, `"q"`, `{}`)},
		`"own"`, []any{object(`"v"`, `1`, `"l"`, object(`"z"`, `1`, `"a"`, `2`, `"g"`, `"3"`), `"fixed"`, `"f"`), object(`"v"`, `2`)},
		`"info"`, []any{object(`"l"`, `"i"`)},
		`"any"`, object(`"p"`, `1`),
		`"e"`, `"on"`,
	)
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	want := "a{l=\"one\"} 2\nb{l=\"p\"} 1\nb{l=\"p\\n\"} 2\nc_total{k=\"p\"} 1\nd{a=\"2\",fixed=\"f\",g=\"3\",z=\"1\"} 1\nd 2\ne 1\nf_info{l=\"i\"} 1"
	rnd := rand.New(rand.NewSource(1))
	for range 200 {
		m := shuffled(rnd, message)
		r, got := decodeNew(t, d, m)
		if got != want || r.Node != "edge" || r.Timestamp != 5 || r.Interval != 6 || r.Ignored != 2 {
			t.Fatalf("%s: got\n%s\n%+v", m, got, r)
		}
	}
}
