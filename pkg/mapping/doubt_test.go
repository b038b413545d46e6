package mapping

import (
	"strings"
	"testing"
)

func TestTimeDoubt(t *testing.T) {
	for _, test := range []struct {
		seconds, scale float64
		want           string
	}{
		{0, 1, ""},
		{946684800, 1, ""},
		{1732362000.5, 1, ""},
		{4102444799, 1, ""},
		{946684799, 1, "1999-12-31T23:59:59Z is before the year 2000: the node's clock is wrong, or"},
		{-1, 1, "1969-12-31T23:59:59Z is before the year 2000: "},
		{12345.5, 1, "1970-01-01T03:25:45.5Z is before the year 2000: "},
		{4102444800, 1, "2100-01-01T00:00:00Z is after the year 2100: "},
		{1732362000123, 1, "1.732362000123e+12 seconds since 1970 is after the year 2100; as milliseconds it would be 2024-11-23T11:40:00.123Z: give the mapping's timestamp the scale 0.001$"},
		{1732362000123456, 1, "as microseconds it would be 2024-11-23T11:40:00.123456Z: give the mapping's timestamp the scale 0.000001$"},
		{1732362000123456000, 1, "as nanoseconds it would be 2024-11-23T11:40:00.123456Z: give the mapping's timestamp the scale 0.000000001$"},
		{1732362000123456, 0.001, "as nanoseconds it would be 2024-11-23T11:40:00.123456Z: give the mapping's timestamp the scale 0.000000001$"},
		{1732362.0005, 0.001, "1970-01-21T01:12:42.0005Z is before the year 2000; as seconds it would be 2024-11-23T11:40:00.5Z: give the mapping's timestamp the scale 1$"},
		{1e300, 1, "1e+300 seconds since 1970 is after the year 2100: "},
		{-1e300, 1, "-1e+300 seconds since 1970 is before the year 2000: "},
	} {
		if got := timeDoubt(test.seconds, test.scale); !strings.Contains(got+"$", test.want) || (got == "") != (test.want == "") {
			t.Errorf("%v with scale %v: %q, want %q", test.seconds, test.scale, got, test.want)
		}
	}
}

func TestIntervalDoubt(t *testing.T) {
	for _, test := range []struct {
		seconds, scale float64
		want           string
	}{
		{0, 1, ""},
		{60, 1, ""},
		{86400, 1, ""},
		{86401, 1, "86401 seconds are more than a day; as milliseconds it would be 86.401 s: give the mapping's interval the scale 0.001$"},
		{2678400, 1, "as milliseconds it would be 2678.4 s"},
		{1e9, 1, "as microseconds it would be 1000 s"},
		{3.6e6, 60, "as seconds it would be 60000 s: give the mapping's interval the scale 1$"},
		{1e300, 1, "seconds are more than a day"},
		{5e5, 1e6, "500000 seconds are more than a day$"},
	} {
		if got := intervalDoubt(test.seconds, test.scale); !strings.Contains(got+"$", test.want) || (got == "") != (test.want == "") {
			t.Errorf("%v with scale %v: %q, want %q", test.seconds, test.scale, got, test.want)
		}
	}
}

func TestTimeText(t *testing.T) {
	for seconds, want := range map[float64]string{
		0:              "1970-01-01T00:00:00Z",
		1.25:           "1970-01-01T00:00:01.25Z",
		-0.5:           "1969-12-31T23:59:59.5Z",
		253402300799:   "9999-12-31T23:59:59Z",
		253402300800:   "2.534023008e+11 seconds since 1970",
		-62167219200:   "0000-01-01T00:00:00Z",
		-62167219200.5: "-6.21672192005e+10 seconds since 1970",
	} {
		if got := TimeText(seconds); got != want {
			t.Errorf("%v: %q, want %q", seconds, got, want)
		}
	}
}

func TestExplainDoubts(t *testing.T) {
	m, err := Parse([]byte("timestamp: {path: t}\ninterval: {path: i}\nfamilies: [{name: a, help: h, path: x}]"))
	if err != nil {
		t.Fatal(err)
	}
	d := unlimited(t, m)
	for message, want := range map[string][]string{
		`{"t": 1732362000, "i": 60}`:         nil,
		`{"t": 1732362000123, "i": 100000}`:  {"timestamp: 1.732362000123e+12 seconds since 1970 is after", "interval: 100000 seconds are more than a day"},
		`{"t": 1732362000123456789, "i": 1}`: {"timestamp: 1.7323620001234568e+18 seconds"},
	} {
		e, err := d.Explain(message)
		if err != nil || len(e.Doubts) != len(want) || e.Report.Dropped.Total() > 0 || e.Report.Timestamp < 1732362000 {
			t.Errorf("%s: doubts %q, %v dropped, error %v; want %q", message, e.Doubts, e.Report.Dropped, err, want)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(e.Doubts[i], want[i]) {
				t.Errorf("%s: %q, want %q", message, e.Doubts[i], want[i])
			}
		}
	}
}
