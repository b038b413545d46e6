package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/custom"
	"github.com/edgegauge/edgegauge/edge/pkg/host"
	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// decode decodes a message as a cloud with default settings does.
func decode(t *testing.T, message []byte) *mapping.Explanation {
	t.Helper()
	decoder, err := mapping.NewDecoder(mapping.Version1(), "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	explanation, err := decoder.Explain(message)
	if err != nil {
		t.Fatalf("the cloud refuses the report: %v", err)
	}
	return explanation
}

// The report of this machine, and the largest that any machine can make with
// the oddest of custom values, decode as a whole.
func TestTheCloudTakesIt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	dir := t.TempDir()
	var prom strings.Builder
	for i := 0; i < custom.MaxEntries; i++ {
		fmt.Fprintf(&prom, "v%d{node=\"ä\",name=\"\\\"\\n\\\\\",a=\"%d\",b=\"2\",c=\"3\",d=\"4\",e=\"5\",f=\"6\"} %d\n", i%7, i, i)
	}
	for name, content := range map[string]string{"a.prom": prom.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		host    host.Options
		samples int // at least
	}{
		"this machine": {host.Options{}, custom.MaxEntries + 20},
		"the largest":  {host.Options{RootPath: largest(t)}, custom.MaxEntries + 600},
	} {
		t.Run(name, func(t *testing.T) {
			var errs []error
			s := Source{
				Host: host.New(test.host), Custom: &custom.Reader{Dir: dir}, Interval: time.Minute,
				LeftOut: func(err error) { errs = append(errs, err) },
			}
			s.Read(context.Background())
			message := s.Message(context.Background())
			e := decode(t, message)
			if len(e.Ignored) > 0 {
				t.Errorf("the mapping ignores %v", e.Ignored)
			}
			if n := len(e.Samples); n < test.samples {
				t.Errorf("%d samples, want at least %d; errors %v", n, test.samples, errs)
			}
			if e.Report.Interval != 60 || e.Report.Timestamp == 0 {
				t.Errorf("interval %v, timestamp %v", e.Report.Interval, e.Report.Timestamp)
			}
			n := 0
			for _, s := range e.Samples {
				if strings.HasPrefix(s.Series, "edge_node_custom{") && strings.Contains(s.Series, `exported_node="ä"`) {
					n++
				}
			}
			if n != custom.MaxEntries {
				t.Errorf("%d custom samples, want %d", n, custom.MaxEntries)
			}
		})
	}
}

// largest plants a host that has more of everything than a report may hold.
func largest(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	plant := func(path, content string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var mounts, disks, networks strings.Builder
	networks.WriteString("\n\n")
	for i := 0; i < 50; i++ {
		plant(fmt.Sprintf("data%d/x", i), "")
		plant(fmt.Sprintf("sys/class/net/eth%d/operstate", i), "up\n")
		plant(fmt.Sprintf("sys/class/thermal/thermal_zone%d/type", i), "same\n")
		plant(fmt.Sprintf("sys/class/thermal/thermal_zone%d/temp", i), "50000\n")
		device := fmt.Sprintf("sys/class/drm/card%d/device/", i)
		for name, content := range map[string]string{"vendor": "0x1002", "gpu_busy_percent": "50", "mem_info_vram_used": "1", "mem_info_vram_total": "2", "hwmon/hwmon0/temp1_input": "50000"} {
			plant(device+name, content+"\n")
		}
		fmt.Fprintf(&mounts, "1 1 1:1 / /data%d rw - ext4 /dev/%s%d rw\n", i, strings.Repeat("\"long\\134", 60), i)
		fmt.Fprintf(&disks, "1 1 disk%d 1 1 1 1 1 1 1 1 1 1 1\n", i)
		fmt.Fprintf(&networks, "eth%d: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", i)
	}
	plant("proc/1/mountinfo", mounts.String())
	plant("proc/diskstats", disks.String())
	plant("proc/net/dev", networks.String())
	return root
}
