package mapping

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// FuzzDecode: whatever the bytes are, they become a report that keeps the
// package's contract, or an Error with a reason of the closed set.
func FuzzDecode(f *testing.F) {
	limits := Limits{Bytes: 4096, Samples: 20, LabelValueBytes: 32}
	var decoders []*Decoder
	for _, m := range []*Mapping{richMapping(f), Version1()} {
		d, err := NewDecoder(m, "n", limits)
		if err != nil {
			f.Fatal(err)
		}
		decoders = append(decoders, d)
	}
	var r Report // used again, as the exporter does
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, d := range decoders {
			before := slices.Clone(message)
			err := d.Decode(message, &r)
			if !slices.Equal(before, message) {
				t.Fatalf("Decode changed its input %q to %q", before, message)
			}
			if err != nil {
				checkError(t, err, len(message), Reasons())
				if len(r.Samples) > 0 {
					t.Fatalf("%q was refused, yet there are samples", message)
				}
				continue
			}
			checkDrops(t, d, message, &r)
			if !json.Valid(message) {
				t.Fatalf("%q was accepted, json.Valid refuses it", message)
			}
			checkReport(t, &r, limits)
		}
	})
}

// checkDrops holds what Explain says of dropped samples to what Decode counted.
func checkDrops(t *testing.T, d *Decoder, message []byte, r *Report) {
	t.Helper()
	e, err := d.Explain(message)
	if err != nil {
		t.Fatalf("%q was accepted, Explain says %v", message, err)
	}
	var said Drops
	for i := range e.Dropped {
		x := &e.Dropped[i]
		checkError(t, &x.Error, len(message), DropReasons())
		if x.Path == "" {
			t.Fatalf("%q: it is not said where %v stands", message, x)
		}
		said[slices.Index(DropReasons(), x.Reason)]++
	}
	if said != r.Dropped {
		t.Fatalf("%q: Decode dropped %v, Explain says %v", message, r.Dropped, said)
	}
}

func checkError(t *testing.T, err error, size int, reasons []Reason) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !slices.Contains(reasons, e.Reason) || e.Detail == "" || e.Offset < 0 || e.Offset > size {
		t.Fatalf("the error %#v", err)
	}
	if text := e.Error(); len(text) > 64*4*mostOfKey || !utf8.ValidString(text) || regexp.MustCompile(`[\x00-\x1f]`).MatchString(text) {
		t.Fatalf("the error is no line: %q", text)
	}
}

var labelsForm = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])+"(,|$))*$`)

func checkReport(t *testing.T, r *Report, limits Limits) {
	t.Helper()
	if len(r.Samples) > limits.Samples || !utf8.ValidString(r.Node) || len(r.Node) > sysinfo.MaxNodeName || r.Interval < 0 || r.Interval > sysinfo.MaxInterval {
		t.Fatalf("%d samples, node %q, interval %v", len(r.Samples), r.Node, r.Interval)
	}
	seen := map[string]bool{}
	for i := range r.Samples {
		s := &r.Samples[i]
		if !utf8.Valid(s.Labels) || !labelsForm.Match(s.Labels) {
			t.Fatalf("the labels %q", s.Labels)
		}
		if _, err := strconv.ParseFloat(string(s.Value), 64); err != nil {
			t.Fatalf("the value %q: %v", s.Value, err)
		}
		if i > 0 && s.Family < r.Samples[i-1].Family {
			t.Fatal("samples are not in the order of their families")
		}
		series := strconv.Itoa(s.Family) + string(s.Labels)
		if seen[series] {
			t.Fatalf("%s twice", series)
		}
		seen[series] = true
	}
}

// FuzzMapping: whatever a mapping file holds, it becomes a mapping that a
// decoder can be made of, or an error.
func FuzzMapping(f *testing.F) {
	f.Fuzz(func(t *testing.T, file, message []byte) {
		m, err := Parse(file)
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(m.Families(), func(a, b Family) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) }) {
			t.Fatal("families are not sorted")
		}
		d, err := NewDecoder(m, "", Limits{})
		if err != nil {
			t.Fatalf("Parse accepts what NewDecoder refuses: %v", err)
		}
		var r Report
		if err := d.Decode(message, &r); err != nil {
			checkError(t, err, len(message), Reasons())
			return
		}
		checkReport(t, &r, DefaultLimits)
	})
}

// A fuzz target without seeds tests nothing when it is run as a test.
func TestFuzzSeeds(t *testing.T) {
	for _, target := range []string{"FuzzDecode", "FuzzDifferential", "FuzzMapping", "FuzzPath", "FuzzLabel"} {
		seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(seeds) < 3 {
			t.Errorf("%s has %d seeds (%v), want 3 or more", target, len(seeds), err)
		}
		for _, seed := range seeds {
			if text, err := os.ReadFile(seed); err != nil || len(text) == 0 {
				t.Errorf("%s: %d bytes, %v", seed, len(text), err)
			}
		}
	}
}
