package mapping_test

import (
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

type loud struct{}

func (loud) MarshalJSON() ([]byte, error) { panic("loud") }

func TestDecodeContent(t *testing.T) {
	const message = `{"cpu": {"count": 4}}`
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for name, content := range map[string]any{
		"bytes":       []byte(message),
		"a string":    message,
		"raw JSON":    json.RawMessage(message),
		"a map":       map[string]any{"cpu": map[string]int{"count": 4}},
		"a struct":    sysinfo.Document{CPU: &sysinfo.CPU{Count: sysinfo.Ptr[uint64](4)}},
		"a pointer":   &sysinfo.Document{CPU: &sysinfo.CPU{Count: sysinfo.Ptr[uint64](4)}},
		"json.Number": map[string]any{"cpu": map[string]any{"count": json.Number("4")}},
	} {
		t.Run(name, func(t *testing.T) {
			var r mapping.Report
			if err := d.Decode(content, &r); err != nil {
				t.Fatal(err)
			}
			if got := series(&r); len(got) != 1 || got[0] != "edge_node_cpus 4" {
				t.Errorf("got %q, want edge_node_cpus 4", got)
			}
		})
	}
	for name, test := range map[string]struct {
		content any
		reason  mapping.Reason
		detail  string
	}{
		"nil":                       {nil, mapping.NotObject, "null"},
		"no bytes":                  {[]byte(nil), mapping.Truncated, "a value is expected"},
		"a nil pointer":             {(*sysinfo.Document)(nil), mapping.NotObject, "null"},
		"a number":                  {5, mapping.NotObject, `"5"`},
		"a channel":                 {make(chan int), mapping.NotJSON, "a chan int that has no JSON form"},
		"a function":                {func() {}, mapping.NotJSON, "a func() that has no JSON form"},
		"a NaN":                     {map[string]any{"cpu": math.NaN()}, mapping.NotJSON, "NaN"},
		"a MarshalJSON that panics": {loud{}, mapping.NotJSON, "panic: loud"},
		"a large map":               {map[string]string{"x": strings.Repeat("x", mapping.DefaultLimits.Bytes)}, mapping.TooLarge, "a map[string]string of more bytes than that as JSON, the limit is 262144"},
		"large as JSON alone":       {map[string]string{"x": strings.Repeat("\x00", mapping.DefaultLimits.Bytes/2)}, mapping.TooLarge, "bytes, the limit is 262144"},
		"large keys":                {map[string]int{strings.Repeat("k", mapping.DefaultLimits.Bytes): 1}, mapping.TooLarge, "a map[string]int of more bytes than that as JSON"},
		"large bytes":               {map[string]any{"x": make([]byte, mapping.DefaultLimits.Bytes)}, mapping.TooLarge, "the limit is 262144"},
		"large raw JSON":            {map[string]any{"x": json.RawMessage(strings.Repeat(" ", mapping.DefaultLimits.Bytes))}, mapping.TooLarge, "the limit is 262144"},
		"a cycle":                   {cycle(), mapping.TooDeep, "nested deeper than 64"},
		"a cycle of pointers":       {pointerCycle(), mapping.TooDeep, "nested deeper than 64"},
	} {
		t.Run(name, func(t *testing.T) {
			var e *mapping.Error
			if err := d.Decode(test.content, &mapping.Report{}); !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Reason != test.reason || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("got %s: %s, want %s: %s", e.Reason, e.Detail, test.reason, test.detail)
			}
		})
	}
}

func cycle() any {
	m := map[string]any{}
	m["self"] = m
	return m
}

type pointer *pointer

func pointerCycle() any {
	var p pointer
	p = &p
	return p
}

type linked struct {
	Next *linked `json:"next,omitempty"`
}

// What is nested a million deep, in whatever way, is refused: json.Marshal alone
// would overflow the stack, which ends the process.
func TestDeepContent(t *testing.T) {
	million := 1_000_000
	if testing.Short() {
		million = 20_000
	}
	deepMap, deepSlice, deepStruct := any(nil), any(nil), (*linked)(nil)
	var deepPointer any
	for range million {
		deepMap = map[string]any{"a": deepMap}
		deepSlice = []any{deepSlice}
		deepStruct = &linked{deepStruct}
		inner := deepPointer
		deepPointer = &inner
	}
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for name, content := range map[string]any{
		"maps": deepMap, "slices": deepSlice, "structs": deepStruct, "pointers": deepPointer,
		"below a struct": struct{ X any }{deepMap}, "below an array": [1]any{deepSlice},
	} {
		t.Run(name, func(t *testing.T) {
			var e *mapping.Error
			if err := d.Decode(content, &mapping.Report{}); !errors.As(err, &e) || e.Reason != mapping.TooDeep {
				t.Errorf("got %v, want %s", err, mapping.TooDeep)
			}
		})
	}
}

// As deep as a message may be, in process and as bytes alike.
func TestDeepestContent(t *testing.T) {
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	nest := func(n int) (content any) {
		for range n - 1 {
			content = []any{content}
		}
		return map[string]any{"x": content}
	}
	for n, reason := range map[int]mapping.Reason{mapping.MaxDepth: "", mapping.MaxDepth + 1: mapping.TooDeep} {
		text, err := json.Marshal(nest(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range []any{nest(n), text} {
			err := d.Decode(content, &mapping.Report{})
			var e *mapping.Error
			if errors.As(err, &e) != (reason != "") || e != nil && e.Reason != reason {
				t.Errorf("a %T %d deep: %v, want %q", content, n, err, reason)
			}
		}
	}
}

// A value with a million parts costs about as much as one that just fits.
func TestLargeContent(t *testing.T) {
	million := 1_000_000
	if testing.Short() {
		million = 200_000
	}
	keys := make(map[string]int, million)
	for i := range million {
		keys[strconv.Itoa(i)] = i
	}
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for name, content := range map[string]any{
		"keys": keys, "numbers": make([]int, million), "nil": make([]any, million), "an array": &[300_000]bool{},
		"nested": map[string]any{"x": []any{keys}}, "structs": make([]struct{ A, B int }, million), "bytes": make([][]byte, million),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var e *mapping.Error
			err := d.Decode(content, &mapping.Report{})
			runtime.ReadMemStats(&after)
			if !errors.As(err, &e) || e.Reason != mapping.TooLarge {
				t.Errorf("got %v, want %s", err, mapping.TooLarge)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
				t.Errorf("%d bytes allocated", got)
			}
		})
	}
}

// What json.Marshal leaves out is not measured.
func TestContentLeftOut(t *testing.T) {
	type hidden struct {
		Load1  float64 `json:"load1"`
		Secret string  `json:"-"`
		Empty  []int   `json:"empty,omitempty"`
		deep   any
		Cycle  map[string]string `json:"-"`
	}
	content := map[string]any{"cpu": hidden{Load1: 0.5, Secret: strings.Repeat("s", 1<<20), deep: cycle()}}
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(content, &r); err != nil || len(r.Samples) != 1 {
		t.Errorf("%d samples, error %v", len(r.Samples), err)
	}
}

// A field can be called "-", and one that is embedded is not hidden.
func TestContentHardlyHidden(t *testing.T) {
	type inner struct{ Deep any }
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for name, content := range map[string]any{
		"a minus": struct {
			//lint:ignore SA5008 the tag is right: it names the field "-"
			X any `json:"-,"`
		}{cycle()},
		"embedded": struct{ inner }{inner{cycle()}},
	} {
		var e *mapping.Error
		if err := d.Decode(content, &mapping.Report{}); !errors.As(err, &e) || e.Reason != mapping.TooDeep {
			t.Errorf("%s: %v, want %s", name, err, mapping.TooDeep)
		}
	}
}

// What just fits is taken, in whatever form it comes.
func TestContentThatFits(t *testing.T) {
	const room = len(`{"cpu":{"load1":1},"x":""}`)
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	load := map[string]int{"load1": 1}
	text := strings.Repeat("x", mapping.DefaultLimits.Bytes-room)
	raw := json.RawMessage(`"` + text + `"`)
	for name, content := range map[string]any{
		"a string":         map[string]any{"cpu": load, "x": text},
		"numbers for keys": map[string]any{"cpu": load, "x": map[int]bool{1: true, 2: false}},
		"raw JSON":         map[string]any{"cpu": load, "x": raw},
		"a slice":          map[string]any{"cpu": load, "x": make([]int, (mapping.DefaultLimits.Bytes-room)/2)},
		"bytes":            map[string]any{"cpu": load, "x": make([]byte, (mapping.DefaultLimits.Bytes-room)/4*3)},
		"structs":          map[string]any{"cpu": load, "x": make([]struct{ A int }, (mapping.DefaultLimits.Bytes-room)/len(`{"A":0},`))},
	} {
		var r mapping.Report
		if err := d.Decode(content, &r); err != nil || len(r.Samples) != 1 {
			t.Errorf("%s: %d samples, error %v", name, len(r.Samples), err)
		}
	}
}
