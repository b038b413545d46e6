package main

import (
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	p, err := read("# HELP\nprocess_resident_memory_bytes 1.5e+07\ngo_goroutines 13\n" +
		"nodemetrics_reports_total{reason=\"\",result=\"accepted\"} 7\n" +
		"nodemetrics_reports_total{reason=\"late\",result=\"rejected\"} 2\nnodemetrics_reports_total{reason=\"not_json\",result=\"rejected\"} 3\n")
	if want := (point{rss: 1.5e7, goroutines: 13, accepted: 7, rejected: 5}); err != nil || p != want {
		t.Errorf("%+v, error %v; want %+v", p, err, want)
	}
	if _, err := read("go_goroutines 13\n"); err == nil {
		t.Error("a page without memory is taken")
	}
}

func TestFlat(t *testing.T) {
	series := func(slope float64) (points []point) {
		for i := range 300 {
			// It grows at first, as a process does that warms up.
			points = append(points, point{at: float64(i), rss: min(float64(i), 50)*10 + 1000 + slope*float64(i)})
		}
		return points
	}
	rss := func(p point) float64 { return p.rss }
	if err := flat(series(0), "memory", rss, 0.05); err != nil {
		t.Errorf("what stays is said to grow: %v", err)
	}
	if err := flat(series(-1), "memory", rss, 0.05); err != nil {
		t.Errorf("what shrinks is said to grow: %v", err)
	}
	if err := flat(series(1), "memory", rss, 0.05); err == nil || !strings.Contains(err.Error(), "memory grew by") {
		t.Errorf("a leak of 11 %% is not seen: %v", err)
	}
	if err := flat(series(0)[:3], "memory", rss, 0.05); err == nil {
		t.Error("two points are enough to tell")
	}
}

func TestComplete(t *testing.T) {
	o := options{duration: time.Minute, interval: 6 * time.Second, nodes: 10}
	for out, ok := range map[string]bool{
		"x\n100 reports sent, 100 handled.\nStopped.\n": true,
		"90 reports sent, 90 handled.":                  true,
		"89 reports sent, 89 handled.":                  false, // where are the others?
		"100 reports sent, 99 handled.":                 false,
		"Stopped.":                                      false,
	} {
		if err := complete(out, o); (err == nil) != ok {
			t.Errorf("%q: error %v", out, err)
		}
	}
}

func TestPlot(t *testing.T) {
	svg := string(plot([]point{{at: 0, rss: 1e6, goroutines: 5}, {at: 10, rss: 2e6, goroutines: 5}}))
	if !strings.HasPrefix(svg, "<svg ") || strings.Count(svg, "<polyline") != 2 || strings.Contains(svg, "NaN") {
		t.Errorf("it is\n%s", svg)
	}
}
