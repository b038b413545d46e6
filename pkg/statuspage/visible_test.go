package statuspage

import (
	"testing"
	"time"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"edge-1": "edge-1", "łódź 节点 🚀": "łódź 节点 🚀", "a\u202eb": "a‹U+202E›b", "a\u2066b": "a‹U+2066›b", "\ufeffa": "‹U+FEFF›a",
		" a": "‹U+0020›a", "a ": "a‹U+0020›", "a b": "a b", "a\u00a0b": "a‹U+00A0›b", "a\tb\n": "a‹U+0009›b‹U+000A›", "a\x00": "a‹U+0000›",
		"a\u0301": "a‹U+0301›", "\u3164": "‹U+3164›", "a\xff": "a‹U+FFFD›", "": "", "a\U000e0041b": "a‹U+E0041›b",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 1250 * time.Millisecond: "1.2s", 59 * time.Second: "59s", 60 * time.Second: "1m", 61 * time.Second: "1m1s",
		time.Hour: "1h", 90 * time.Minute: "1h30m", 47*time.Hour + 59*time.Minute: "47h59m", 48 * time.Hour: "2d", 75 * time.Hour: "3d3h",
		-2 * time.Minute: "−2m",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) is %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-130 * time.Second: "2m10s behind", time.Second: "1.0s ahead of"} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) is %q, want %q", d, got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000", 0.12345: "0.1235"} {
		if got := grouped(v); got != want {
			t.Errorf("grouped(%v) is %q, want %q", v, got, want)
		}
	}
}
