package report

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

func TestSlotKeepsTheNewest(t *testing.T) {
	s := NewSlot()
	for _, report := range []string{"1", "2", "3"} {
		s.Put([]byte(report))
	}
	taken := <-s.Newest()
	if string(taken) != "3" {
		t.Errorf("took %s, want 3", taken)
	}
	s.Return(taken)
	s.Put([]byte("4"))
	s.Return([]byte("3"))
	if taken := <-s.Newest(); string(taken) != "4" {
		t.Errorf("took %s, want 4", taken)
	}
	select {
	case report := <-s.Newest():
		t.Errorf("took %s of an empty slot", report)
	default:
	}
}

func TestRandomStart(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := 0; i < 100; i++ {
		d := RandomStart(time.Minute)
		if d < 0 || d >= time.Minute {
			t.Fatalf("start %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d different starts of 100", len(seen))
	}
	if d := RandomStart(0); d != 0 {
		t.Errorf("start %v without an interval", d)
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.json": `{"battery_volts":12.5}`, "b.prom": "broken"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var errs []error
	s := Source{
		LeftOut:  func(err error) { errs = append(errs, err) },
		Host:     host.New(host.Options{RootPath: t.TempDir()}), // an empty host
		Custom:   &custom.Reader{Dir: dir},
		Interval: 90 * time.Second,
	}
	for i, said := range []bool{true, false} {
		errs = nil
		b := s.Message(context.Background())
		var doc sysinfo.Document
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.IntervalSeconds != 90 || doc.Timestamp == 0 {
			t.Errorf("interval %v, timestamp %v", doc.IntervalSeconds, doc.Timestamp)
		}
		if len(doc.Custom) != 1 || doc.Custom[0].Name != "battery_volts" || *doc.Custom[0].Value != 12.5 {
			t.Errorf("custom values %+v", doc.Custom)
		}
		var custom, host bool
		for _, err := range errs {
			custom = custom || strings.Contains(err.Error(), "b.prom")
			host = host || strings.Contains(err.Error(), "reading memory")
		}
		if custom != said || host != said {
			t.Errorf("report %d: errors %v", i, errs)
		}
	}
}
