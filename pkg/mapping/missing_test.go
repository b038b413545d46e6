package mapping_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Explain lists the families that a message has nothing for, each with the
// unmapped field that looks most like what the mapping has.
func TestMissing(t *testing.T) {
	d := newDecoder(t, parse(t, `
- {name: a, help: h, path: memory.availableBytes}
- {name: b, help: h, path: cpu.load1}
- {name: c, help: h, path: "disks[].readBytes", labels: {device: device}}
- {name: d, help: h, path: temps.*, keyLabel: k}
- {name: e, help: h, path: uptime}
- {name: f, help: h, path: there}
- {name: g, help: h, path: wrong}
- {name: h_info, help: h, path: host, value: 1, labels: {os: os}}
`), "", mapping.Limits{})
	e, err := d.Explain(`{"mem": {"available_bytes": 1}, "cpu": {"load_1": 1}, "disk": [{"read_bytes": 1}, {"read_bytes": 2}],
		"zzz": {"y": [1, [2]]}, "there": 1, "wrong": "N/A", "host": {"operating": "linux"}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mapping.Missing{
		{"a", "memory.availableBytes", "mem.available_bytes"},
		{"b", "cpu.load1", "cpu.load_1"},
		{"c", "disks[].readBytes", "disk[].read_bytes"},
		{"d", "temps.*", ""},
		{"e", "uptime", ""},
		{"h_info", "host", ""},
	}
	if !reflect.DeepEqual(e.Missing, want) {
		t.Errorf("got  %+v\nwant %+v", e.Missing, want)
	}
	if want := []string{"mem", "cpu.load_1", "disk", "zzz", "host.operating"}; !reflect.DeepEqual(e.Ignored, want) {
		t.Errorf("ignored %q, want %q", e.Ignored, want)
	}
	if len(e.Ignored) != e.Report.Ignored {
		t.Errorf("%d are ignored by Decode", e.Report.Ignored)
	}
}

// The nearest of several wins, and one that has the right last key is nearer.
func TestNearest(t *testing.T) {
	for path, test := range map[string]struct{ message, want string }{
		"load1":       {`{"load15": 1, "Load1": 2, "load5": 3}`, "Load1"},
		"cpu.load1":   {`{"sys": {"load1": 1}, "cpu_load": 2}`, "sys.load1"},
		"a.b.c":       {`{"a.b": {"c": 1}}`, `a\.b.c`},
		"temperature": {`{"humidity": 1, "temperatur": {"x": 1}}`, "temperatur"},
		"abcde":       {`{"abcxy": 1}`, "abcxy"},
		"abcdf":       {`{"abxyz": 1}`, ""},
		"usage":       {`{"` + strings.Repeat("u", 300) + `": 1}`, ""},
	} {
		d := newDecoder(t, parse(t, `[{name: a, help: h, path: "`+path+`"}]`), "", mapping.Limits{})
		e, err := d.Explain(test.message)
		if err != nil || len(e.Missing) != 1 || e.Missing[0].Nearest != test.want {
			t.Errorf("%s in %s: %+v and error %v, want %q", path, test.message, e, err, test.want)
		}
	}
}

// However much a message has that nothing maps, and however much is missing,
// explaining it takes no longer than people wait.
func TestMissingIsBounded(t *testing.T) {
	file, _ := largeMapping(mapping.MaxFamilies)
	message := `{"y": {` + strings.Repeat(`"`+strings.Repeat("k", 30)+`": {"a": [1]}, `, 4000) + `"z": 1}}`
	e, err := newDecoder(t, parse(t, file), "", mapping.Limits{}).Explain(message)
	if err != nil || len(e.Missing) != mapping.MaxFamilies || len(e.Ignored) != 1 {
		t.Errorf("%d missing, error %v", len(e.Missing), err)
	}
}
