package mapping_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

func TestExplain(t *testing.T) {
	d := newDecoder(t, parse(t, everything), "n", mapping.Limits{})
	e, err := d.Explain(`{
		"t": 5, "n": "edge", "x": {"w": {"deep": [1]}, "v": 1, "l": "q\""},
		"arr": [{"v": "7"}, {"l": "p", "v": true, "o": []}],
		"any": {"a.b": 1}, "own": [{"l": {"p": 1, "z": null}, "v": 2}],
		"info": [{"l": "i"}, {}], "x.w": 1, "w": 1, "w": 2
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mapping.Explained{
		{Path: "x.v", Series: `a{l="q\""}`, Value: "2"},
		{Path: "arr[0].v", Series: `b`, Value: "7"},
		{Path: "arr[1].v", Series: `b{l="p"}`, Value: "1"},
		{Path: `any.a\.b`, Series: `c_total{k="a.b"}`, Value: "1"},
		{Path: "own[0].v", Series: `d{p="1"}`, Value: "2"},
		{Path: "info[0]", Series: `f_info{l="i"}`, Value: "1"},
	}
	if !reflect.DeepEqual(e.Samples, want) {
		t.Errorf("got  %+v\nwant %+v", e.Samples, want)
	}
	if want := []string{"x.w", "arr[1].o", `x\.w`, "w", "w"}; !reflect.DeepEqual(e.Ignored, want) {
		t.Errorf("ignored %q, want %q", e.Ignored, want)
	}
	if e.Report.Ignored != len(e.Ignored) || e.Report.Node != "edge" || e.Report.Timestamp != 5 {
		t.Errorf("the report is %+v", e.Report)
	}
}

// One value may be the sample of several families.
func TestExplainSharedValue(t *testing.T) {
	d := newDecoder(t, parse(t, `[{name: a, help: h, path: x}, {name: b, help: h, path: x}]`), "", mapping.Limits{})
	e, err := d.Explain(map[string]any{"x": 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := []mapping.Explained{{"x", "a", "1"}, {"x", "b", "1"}}; !reflect.DeepEqual(e.Samples, want) {
		t.Errorf("got %+v, want %+v", e.Samples, want)
	}
}

func TestExplainRefuses(t *testing.T) {
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for _, content := range []any{`{"cpu": {"count": "many"}`, make(chan int), `[]`} {
		e, err := d.Explain(content)
		var want *mapping.Error
		if e != nil || !errors.As(err, &want) {
			t.Errorf("got %v and %v, want an *Error", e, err)
		}
	}
}
