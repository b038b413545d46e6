//go:build debian

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// The kernel's odd answers, put into the built reporter's system calls by strace:
// each costs its own value. Answers that never come are package fault's.
func TestInjectedFaults(t *testing.T) {
	if out, err := exec.Command("strace", "-qq", "-o", "/dev/null", "-e", "inject=getpid:error=EPERM", "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
	root := plantTree(t, "../../pkg/host/testdata/pi3.txt")
	zone := filepath.Join(root, "sys/class/thermal/thermal_zone0/temp")
	if _, err := os.Stat(zone); err != nil {
		t.Fatal(err)
	}
	report := func(t *testing.T, path, inject string) (sysinfo.Document, string) {
		t.Helper()
		// Much longer than a report may take on a busy machine: this ends a hang.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		args := []string{"-f", "-qq", "-o", "/dev/null", "-e", "inject=" + inject}
		if path != "" {
			args = append(args, "-P", path)
		}
		cmd := exec.CommandContext(ctx, "strace", append(args, binary(t, native(t)), "--once", "--output=-", "--host-root="+root)...)
		var out, log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v, %v: %s", err, ctx.Err(), &log)
		}
		var doc sysinfo.Document
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
		if doc.CPU == nil || doc.Memory == nil || len(doc.Disks) == 0 || len(doc.Networks) == 0 {
			t.Errorf("the rest of the report is not there: %s", &out)
		}
		return doc, log.String()
	}
	whole, _ := report(t, zone, "getppid:error=EPERM") // which nobody calls
	if len(whole.Temperatures) == 0 || len(whole.Filesystems) == 0 {
		t.Fatalf("without a fault: %+v", whole)
	}
	for fault, said := range map[string]string{
		"EAGAIN": "resource temporarily unavailable", "EIO": "input/output error", "EINVAL": "invalid argument",
		"ENODATA": "no data available", "ENXIO": "no such device or address", "EBUSY": "device or resource busy",
		"EINTR": "interrupted system call", "EPERM": "operation not permitted",
	} {
		t.Run("a sensor answers "+fault, func(t *testing.T) {
			doc, log := report(t, zone, "read:error="+fault)
			if len(doc.Temperatures) != len(whole.Temperatures)-1 {
				t.Errorf("temperatures %+v", doc.Temperatures)
			}
			if n := strings.Count(log, "thermal_zone0/temp"); n != 1 || !strings.Contains(log, said) {
				t.Errorf("said %d times, want once with %q: %s", n, said, log)
			}
		})
	}
	t.Run("a sensor is interrupted twice", func(t *testing.T) {
		if doc, log := report(t, zone, "read:error=EINTR:when=1..2"); len(doc.Temperatures) != len(whole.Temperatures) {
			t.Errorf("temperatures %+v: %s", doc.Temperatures, log)
		}
	})
	t.Run("file systems fail", func(t *testing.T) {
		doc, log := report(t, "", "statfs:error=EIO")
		if len(doc.Filesystems) != len(whole.Filesystems) || !strings.Contains(log, "input/output error") {
			t.Errorf("file systems %+v: %s", doc.Filesystems, log)
		}
		for _, f := range doc.Filesystems {
			if f.DeviceError == nil || !*f.DeviceError || f.SizeBytes != nil {
				t.Errorf("file system %+v", f)
			}
		}
	})
	t.Run("nobody keeps the clock", func(t *testing.T) {
		if doc, log := report(t, "", "adjtimex:error=EPERM"); doc.Clock != nil && doc.Clock.Synchronized != nil || !strings.Contains(log, "reading clock") {
			t.Errorf("clock %+v: %s", doc.Clock, log)
		}
	})
}
