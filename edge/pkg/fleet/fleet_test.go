package fleet

import (
	"bytes"
	"encoding/json"
	"math"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func TestReportsDependOnOptionsNodeAndTimeOnly(t *testing.T) {
	f := New(Options{Nodes: 100, Seed: 7})
	want := f.AppendJSON(nil, 42, start, time.Minute)
	for i := 0; i < f.Len(); i++ {
		f.Document(i, start.Add(time.Duration(i)*time.Hour), time.Minute)
	}
	if got := f.AppendJSON(nil, 42, start, time.Minute); !bytes.Equal(got, want) {
		t.Errorf("the same report came out differently:\n%s\n%s", got, want)
	}
	if got := New(Options{Nodes: 100, Seed: 7}).AppendJSON(nil, 42, start, time.Minute); !bytes.Equal(got, want) {
		t.Errorf("an equal fleet reports differently:\n%s\n%s", got, want)
	}
	for name, other := range map[string][]byte{
		"seed":  New(Options{Nodes: 100, Seed: 8}).AppendJSON(nil, 42, start, time.Minute),
		"shape": New(Options{Nodes: 100, Seed: 7, Shape: Baseline}).AppendJSON(nil, 42, start, time.Minute),
		"epoch": New(Options{Nodes: 100, Seed: 7, Epoch: start.Add(-time.Hour)}).AppendJSON(nil, 42, start, time.Minute),
		"node":  f.AppendJSON(nil, 43, start, time.Minute),
		"time":  f.AppendJSON(nil, 42, start.Add(10*time.Second), time.Minute),
	} {
		if bytes.Equal(other, want) {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

func TestAppendJSONAppends(t *testing.T) {
	f := New(Options{Nodes: 1})
	got := f.AppendJSON([]byte("before "), 0, start, time.Minute)
	if !strings.HasPrefix(string(got), `before {"timestamp":1772366400,"intervalSeconds":60,`) {
		t.Errorf("got %.80s", got)
	}
}

func TestNamesSortByNumber(t *testing.T) {
	f := New(Options{Nodes: 12})
	if got, want := f.Name(11), "edge-node-000011"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	names := make([]string, f.Len())
	for i := range names {
		names[i] = f.Name(i)
	}
	if !sort.StringsAreSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
}

// leaves returns every number of a report under the path that leads to it.
func leaves(t *testing.T, message []byte) map[string]float64 {
	t.Helper()
	var v interface{}
	if err := json.Unmarshal(message, &v); err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	var walk func(path string, v interface{})
	walk = func(path string, v interface{}) {
		switch v := v.(type) {
		case map[string]interface{}:
			for key, child := range v {
				walk(path+"."+key, child)
			}
		case []interface{}:
			for k, child := range v {
				walk(path+"["+string(rune('0'+k))+"]", child)
			}
		case float64:
			out[path] = v
		}
	}
	walk("", v)
	return out
}

func TestValuesMoveAndCountersGrow(t *testing.T) {
	f := New(Options{Nodes: 20, Seed: 1})
	moved := map[string]bool{}
	for i := 0; i < f.Len(); i++ {
		previous := leaves(t, f.AppendJSON(nil, i, start, 10*time.Second))
		for step := 1; step <= 720; step++ {
			now := start.Add(time.Duration(step) * 10 * time.Second)
			current := leaves(t, f.AppendJSON(nil, i, now, 10*time.Second))
			if len(current) != len(previous) {
				t.Fatalf("%s has %d values, had %d", f.Name(i), len(current), len(previous))
			}
			for path, value := range current {
				moved[path] = moved[path] || value != previous[path]
				if strings.Contains(path, "Total.") || strings.HasSuffix(path, "Total") {
					if value < previous[path] {
						t.Fatalf("%s: %s fell from %v to %v", f.Name(i), path, previous[path], value)
					}
				}
				if strings.HasSuffix(path, "Ratio") && (value < 0 || value > 1) {
					t.Fatalf("%s: %s is %v", f.Name(i), path, value)
				}
				if value < 0 && path != ".clock.offsetSeconds" {
					t.Fatalf("%s: %s is %v", f.Name(i), path, value)
				}
			}
			previous = current
		}
	}
	constant := map[string]bool{
		".intervalSeconds": true, ".host.bootTime": true, ".cpu.count": true,
		".memory.totalBytes": true, ".memory.swapTotalBytes": true, ".gpus[0].memoryTotalBytes": true,
	}
	for path, moved := range moved {
		fixed := constant[path] || strings.HasSuffix(path, ".speedBytes") || strings.HasSuffix(path, ".timeoutSeconds") || strings.HasSuffix(path, ".sizeBytes") || strings.HasSuffix(path, ".files")
		if moved == fixed {
			t.Errorf("%s: moved is %v", path, moved)
		}
	}
}

func TestUsageIsTheSlopeOfTheProcessorSeconds(t *testing.T) {
	f := New(Options{Nodes: 50})
	for i := 0; i < f.Len(); i++ {
		a := f.Document(i, start, time.Second).CPU
		b := f.Document(i, start.Add(time.Second), time.Second).CPU
		cpus := float64(*a.Count)
		got := 1 - (b.SecondsTotal["idle"]-a.SecondsTotal["idle"])/cpus
		if math.Abs(got-*a.UsageRatio) > 0.02 {
			t.Errorf("%s: the idle seconds say %v, the ratio %v", f.Name(i), got, *a.UsageRatio)
		}
	}
}

// TestBaselineShape holds the fleet to what the published costs were measured
// with: 12 + 14 samples per report and about 1.4 KB of JSON.
func TestBaselineShape(t *testing.T) {
	f := New(Options{Nodes: 3, Shape: Baseline})
	message := f.AppendJSON(nil, 1, start, time.Minute)
	const always = 4
	// Two leaves, the time and the interval, are among the four.
	if got := len(leaves(t, message)) - 2 + always; got != BaselineSeries {
		t.Errorf("%d series, want %d", got, BaselineSeries)
	}
	var d sysinfo.Document
	if err := json.Unmarshal(message, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Networks) != 2 || len(d.Filesystems) != 3 || len(d.Disks) != 2 || d.Host.OS != "" || d.Temperatures != nil {
		t.Errorf("another shape: %s", message)
	}
	if len(message) < 900 || len(message) > 1500 {
		t.Errorf("%d bytes of JSON", len(message))
	}
	t.Logf("%d bytes: %s", len(message), message)
}

func TestFullShapeHasEveryField(t *testing.T) {
	f := New(Options{Nodes: 1})
	d := f.Document(0, start, time.Minute)
	if d.Host.OSImage == "" || d.CPU.SecondsTotal == nil || d.Filesystems[0].Files == nil || d.Disks[0].IOTimeSecondsTotal == nil ||
		d.Networks[0].Up == nil || d.Temperatures == nil || d.GPUs == nil || d.Custom == nil ||
		d.Filesystems[0].ReadOnly == nil || d.Networks[0].SpeedBytes == nil || d.Networks[0].ReceiveDropsTotal == nil ||
		d.PowerSupplies == nil || d.Throttling == nil || d.Watchdogs == nil || d.Clock == nil {
		t.Errorf("incomplete: %s", f.AppendJSON(nil, 0, start, time.Minute))
	}
}

func TestBeforeTheBoot(t *testing.T) {
	f := New(Options{Nodes: 1})
	d := f.Document(0, time.Unix(1, 0), time.Minute)
	if got := *d.Networks[0].ReceiveBytesTotal; got != 0 {
		t.Errorf("received %d bytes before the boot", got)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	for name, shape := range map[string]Shape{"full": Full, "baseline": Baseline} {
		b.Run(name, func(b *testing.B) {
			f := New(Options{Nodes: 1000, Shape: shape})
			b.ReportAllocs()
			var buf []byte
			for i := 0; i < b.N; i++ {
				buf = f.AppendJSON(buf[:0], i%f.Len(), start, time.Minute)
			}
		})
	}
}
