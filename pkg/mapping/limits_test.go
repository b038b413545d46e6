package mapping_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Each limit: what just fits, and what does not.
func TestLimits(t *testing.T) {
	const padding = `{"x": {"v": 1}, "q": ""}`
	label := func(n int) string { return `{"arr": [{"v": 1, "l": "` + strings.Repeat("l", n) + `"}]}` }
	bytes := func(n int) string { return padding[:len(padding)-2] + strings.Repeat("q", n-len(padding)) + `"}` }
	samples := func(n int) string { return `{"arr": [` + elements(n) + `]}` }
	for name, test := range map[string]struct {
		limits     mapping.Limits
		fits, does string
		reason     mapping.Reason
	}{
		"bytes":                        {mapping.Limits{Bytes: 100}, bytes(100), bytes(101), mapping.TooLarge},
		"bytes by default":             {mapping.Limits{}, bytes(262144), bytes(262145), mapping.TooLarge},
		"bytes above the default":      {mapping.Limits{Bytes: 300000}, bytes(300000), bytes(300001), mapping.TooLarge},
		"samples":                      {mapping.Limits{Samples: 2}, samples(2), samples(3), mapping.TooManySamples},
		"samples by default":           {mapping.Limits{}, samples(1000), samples(1001), mapping.TooManySamples},
		"samples above the default":    {mapping.Limits{Samples: 1500}, samples(1500), samples(1501), mapping.TooManySamples},
		"label value bytes":            {mapping.Limits{LabelValueBytes: 5}, label(5), label(6), mapping.LabelTooLong},
		"label value bytes by default": {mapping.Limits{}, label(256), label(257), mapping.LabelTooLong},
		"label value bytes above it":   {mapping.Limits{LabelValueBytes: 500}, label(500), label(501), mapping.LabelTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "", test.limits)
			var r mapping.Report
			if err := d.Decode(test.fits, &r); err != nil {
				t.Errorf("what just fits: %v", err)
			}
			if r.Dropped.Total() > 0 {
				t.Errorf("of what just fits %v are dropped", r.Dropped)
			}
			fitted := len(r.Samples)
			err := d.Decode(test.does, &r)
			var e *mapping.Error
			if errors.As(err, &e) {
				if e.Reason != test.reason {
					t.Errorf("what just does not fit: got %v, want %s", err, test.reason)
				}
				return
			}
			left := fitted
			if test.reason == mapping.LabelTooLong {
				left--
			}
			at := slices.Index(mapping.DropReasons(), test.reason)
			if at < 0 || r.Dropped[at] != 1 || r.Dropped.Total() != 1 || len(r.Samples) != left {
				t.Errorf("what just does not fit: %d samples and %v dropped, want %d and 1 for %s", len(r.Samples), r.Dropped, left, test.reason)
			}
		})
	}
}

func TestNewDecoderChecksLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limits mapping.Limits
		want   string
	}{
		"bytes":             {mapping.Limits{Bytes: -1}, "limit of bytes: -1, not within 1 and 1073741824"},
		"many bytes":        {mapping.Limits{Bytes: 1<<30 + 1}, "limit of bytes: 1073741825, not within 1 and 1073741824"},
		"samples":           {mapping.Limits{Samples: -1}, "limit of samples: -1, not within 1 and 1048576"},
		"many samples":      {mapping.Limits{Samples: 1<<20 + 1}, "limit of samples: 1048577, not within 1 and 1048576"},
		"label value bytes": {mapping.Limits{LabelValueBytes: -1}, "limit of label value bytes: -1, not within 1 and 65536"},
		"two":               {mapping.Limits{Bytes: -1, Samples: -1}, "limit of bytes: -1, not within 1 and 1073741824\nlimit of samples: -1, not within 1 and 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mapping.NewDecoder(mapping.Version1(), "", test.limits); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// What a message may cost in memory, however it is made.
func TestDecodeMemory(t *testing.T) {
	// As many as fit into a message of the default limit.
	fill := func(head, unit, tail string) string {
		n := (mapping.DefaultLimits.Bytes - len(head) - len(tail)) / (len(unit) + 1)
		return head + strings.TrimSuffix(strings.Repeat(unit+",", n), ",") + tail
	}
	key := strings.Repeat("k", mapping.DefaultLimits.Bytes/2)
	for name, message := range map[string]string{
		"empty elements":                     fill(`{"arr": [`, `{}`, `]}`),
		"null elements":                      fill(`{"arr": [`, `null`, `]}`),
		"elements with labels but no value":  fill(`{"own": [`, `{"l":{"a":1,"b":2}}`, `]}`),
		"equal keys":                         fill(`{"any": {`, `"":null`, `}}`),
		"unknown keys":                       fill(`{`, `"":0`, `}`),
		"a long key over many, and an error": fill(`{"x": {"v": "high"}, "`+key+`": [`, `0`, `]}`),
		"many keys, and an error":            fill(`{"x": {"v": "high"}, "q": {`, `"":[]`, `}}`),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDecoder(t, parse(t, everything), "", mapping.Limits{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = d.Decode(message, &mapping.Report{})
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("%d bytes allocated for a message of %d", got, len(message))
			}
		})
	}
}
