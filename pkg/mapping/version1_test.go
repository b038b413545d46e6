package mapping_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// fill sets every field of v, with one element in each slice and map, to a
// value of its own, and calls leaf with the path of each number and string in
// the notation of mappings.
func fill(v reflect.Value, path string, leaf func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, leaf)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path+"[]", leaf)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, path+".*", leaf)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("some"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if path != "" {
				name = path + "." + name
			}
			fill(v.Field(i), name, leaf)
		}
	default:
		leaf(path, v)
	}
}

// Every field of Document is a sample, a label, or says something about the
// report: a field that is added without a family fails here.
func TestVersion1MapsEveryField(t *testing.T) {
	known := map[string]bool{"timestamp": true, "intervalSeconds": true, "custom[].labels.*": true}
	for _, f := range mapping.Version1().Families() {
		if f.Path == "" {
			continue // of the registry
		}
		known[f.Path] = true
		parent := f.Path
		if f.Value == nil {
			parent = f.Path[:strings.LastIndexByte(f.Path, '.')]
		}
		for _, ref := range f.Labels {
			known[parent+"."+ref] = true
		}
	}
	var doc sysinfo.Document
	fill(reflect.ValueOf(&doc).Elem(), "", func(path string, _ reflect.Value) {
		if !known[path] {
			t.Errorf("the mapping has nothing for %s", path)
		}
	})
}

// A Document with all fields set gives a sample of every family, and each
// sample has the value and the labels that were set.
func TestVersion1HasEveryFamily(t *testing.T) {
	doc := &sysinfo.Document{}
	n := 0
	values := map[string]string{} // by path
	fill(reflect.ValueOf(doc).Elem(), "", func(path string, v reflect.Value) {
		n++
		switch v.Kind() {
		case reflect.String:
			v.SetString(fmt.Sprintf("text%d", n))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Uint64:
			v.SetUint(uint64(n))
		case reflect.Float64:
			v.SetFloat(float64(n) + 0.5)
		default:
			t.Fatalf("%s is a %s, of which the test knows nothing", path, v.Type())
		}
		values[path] = strings.Replace(fmt.Sprint(v.Interface()), "true", "1", 1)
	})
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	var r mapping.Report
	if err := d.Decode(doc, &r); err != nil {
		t.Fatal(err)
	}
	if r.Timestamp != doc.Timestamp || r.Interval != doc.IntervalSeconds || r.Ignored != 0 {
		t.Errorf("timestamp %v, interval %v, %d ignored; want %v, %v, 0", r.Timestamp, r.Interval, r.Ignored, doc.Timestamp, doc.IntervalSeconds)
	}
	got := series(&r)
	var want []string
	for _, f := range mapping.Version1().Families() {
		if f.Path == "" {
			continue
		}
		value, parent := values[f.Path], f.Path
		if f.Value != nil {
			value = "1"
		} else {
			parent = f.Path[:strings.LastIndexByte(f.Path, '.')]
		}
		var labels []string
		for name, ref := range f.Labels {
			labels = append(labels, fmt.Sprintf("%s=%q", name, values[parent+"."+ref]))
		}
		if f.KeyLabel != "" {
			labels = append(labels, f.KeyLabel+`="some"`)
		}
		if f.LabelsFrom != "" {
			labels = append(labels, fmt.Sprintf("some=%q", values[parent+"."+f.LabelsFrom+".*"]))
		}
		slices.Sort(labels)
		line := f.Name
		if len(labels) > 0 {
			line += "{" + strings.Join(labels, ",") + "}"
		}
		want = append(want, line+" "+value)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestVersion1Names(t *testing.T) {
	for _, f := range mapping.Version1().Families() {
		if !strings.HasPrefix(f.Name, "edge_node_") {
			t.Errorf("%s does not begin with edge_node_", f.Name)
		}
	}
}
