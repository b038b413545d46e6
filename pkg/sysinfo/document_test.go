package sysinfo

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// What cannot be read is left out of the JSON: an empty document is {}.
func TestEmptyDocument(t *testing.T) {
	got, err := json.Marshal(Document{})
	if err != nil || string(got) != "{}" {
		t.Errorf("got %s and error %v, want {}", got, err)
	}
}

// Of a device only its identity stays; all quantities are optional.
func TestOptionalFields(t *testing.T) {
	d := Document{
		Host: &Host{}, CPU: &CPU{}, Memory: &Memory{}, Processes: &Processes{}, Containers: &Containers{},
		Filesystems: []Filesystem{{}}, Disks: []Disk{{}}, Networks: []Network{{}},
		Temperatures: []Temperature{{}}, GPUs: []GPU{{}},
	}
	got, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"host":{},"cpu":{},"memory":{},` +
		`"filesystems":[{"device":"","mountpoint":"","fstype":""}],"disks":[{"device":""}],"networks":[{"device":""}],` +
		`"temperatures":[{"sensor":""}],"gpus":[{"gpu":""}],"processes":{},"containers":{}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A quantity that is 0 is one that was read: it stays.
func TestZeroIsAValue(t *testing.T) {
	d := Document{CPU: &CPU{Count: Ptr[uint64](0), Load1: Ptr(0.0)}, Networks: []Network{{Device: "eth0", Up: Ptr(false)}}}
	got, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"cpu":{"count":0,"load1":0},"networks":[{"device":"eth0","up":false}]}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Every field has a name of its own in lower camel case, and every number is
// optional: a pointer, or 0 that is left out.
func TestFieldNames(t *testing.T) {
	var check func(t reflect.Type)
	seen := map[reflect.Type]bool{}
	check = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		names := map[string]bool{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || names[name] || name[0] < 'a' || name[0] > 'z' {
				t.Errorf("%s.%s is called %q", typ, f.Name, name)
			}
			names[name] = true
			number := f.Type.Kind() == reflect.Float64 || f.Type.Kind() == reflect.Uint64 || f.Type.Kind() == reflect.Bool
			if number && options != "omitempty" {
				t.Errorf("%s.%s cannot be left out", typ, f.Name)
			}
			check(f.Type)
		}
	}
	check(reflect.TypeOf(Document{}))
	if len(seen) < 11 {
		t.Errorf("only %d types were seen", len(seen))
	}
}
