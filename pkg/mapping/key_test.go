package mapping

import "testing"

// Keys are expected in the order of the message before. A key that looks like
// several, unless it is unescaped, is not taken for them.
func TestExpectedKeys(t *testing.T) {
	m, err := Parse([]byte(`families:
- {name: odd, help: h, path: 'a":1,"b'}
- {name: plain, help: h, path: plain}
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(m, "", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var r Report // the same for all, so that each message learns from those before
	for _, test := range []struct {
		message string
		odd     string // "" for none
	}{
		{`{"a\":1,\"b": 5, "plain": 1}`, "5"},
		{`{"a":1,"b":2, "plain": 1}`, ""},
		{`{"plain": 1, "a\":1,\"b": 6}`, "6"},
		{`{"plain": 1, "a":1,"b":2}`, ""},
	} {
		if err := d.Decode(test.message, &r); err != nil {
			t.Fatal(test.message, err)
		}
		odd := ""
		for _, s := range r.Samples {
			if m.families[s.Family].Name == "odd" {
				odd = string(s.Value)
			}
		}
		if odd != test.odd {
			t.Errorf("%s: got %q, want %q", test.message, odd, test.odd)
		}
	}
	if err := d.Decode(`{"a":1,"b":2}`, &r); err != nil || len(r.Samples) > 0 {
		t.Errorf("got %v and error %v, want no samples", r.Samples, err)
	}
}
