package host

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/edge/pkg/once"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// A ratio never covers a time in which a reading failed.
func TestNoRatioAcrossAFailure(t *testing.T) {
	root := plant(t, tree)
	r := readerOn(root, Options{})
	for i, step := range []struct {
		stat  string
		ratio bool
	}{
		{"cpu  100 0 0 100\n", false},
		{"cpu  200 0 0 200\n", true},
		{"cpu  x 0 0 200\n", false},
		{"cpu  300 0 0 300\n", false},
		{"cpu  400 0 0 400\n", true},
	} {
		write(t, root, "proc/stat", step.stat)
		doc, _ := r.Read(context.Background())
		if got := doc.CPU != nil && doc.CPU.UsageRatio != nil; got != step.ratio {
			t.Errorf("step %d: a ratio: %v, want %v", i, got, step.ratio)
		}
	}
}

// A file system without blocks is a view of the kernel, save at the root.
func TestNoBlocks(t *testing.T) {
	doc, errs := readTree(t, map[string]string{"proc/1/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:9 / /mnt/view rw - ext4 view rw\n"},
		func(r *Reader) { r.statfs = func(string) (usage, error) { return usage{blockBytes: 4096}, nil } })
	expectSaid(t, errs)
	if len(doc.Filesystems) != 1 || doc.Filesystems[0].Mountpoint != "/" {
		t.Errorf("file systems %+v", doc.Filesystems)
	}
}

// What is asked of the kernel is what is reported.
func TestStatfsFields(t *testing.T) {
	doc, _ := readTree(t, nil, func(r *Reader) {
		r.statfs = func(string) (usage, error) {
			return usage{blockBytes: 10, blocks: 7, blocksAvail: 3, files: 5, filesFree: 2}, nil
		}
	})
	f := doc.Filesystems[0]
	if got := fmt.Sprint(*f.SizeBytes, *f.AvailBytes, *f.Files, *f.FilesFree); got != "70 30 5 2" {
		t.Errorf("got %s", got)
	}
}

// One more than a report holds is one too many.
func TestJustTooMany(t *testing.T) {
	for n, cut := range map[int]bool{maxPerKind: false, maxPerKind + 1: true} {
		files := map[string]string{"proc/diskstats": ""}
		for i := 0; i < n; i++ {
			files["proc/diskstats"] += fmt.Sprintf("8 0 sd%c%c 1 1 1 1 1 1 1 1 0 1 1\n", 'a'+i/26, 'a'+i%26)
		}
		doc, errs := readTree(t, files)
		if len(doc.Disks) != maxPerKind || (len(errs) > 0) != cut {
			t.Errorf("%d of %d disks, errors %v", len(doc.Disks), n, errs)
		}
	}
}

// A host with the most of everything stays below what the cloud takes.
func TestMostOfEverything(t *testing.T) {
	doc := &sysinfo.Document{Host: &sysinfo.Host{}}
	for i := 0; i < 100; i++ {
		name := fmt.Sprintf("eth%02d", i)
		doc.Networks = append(doc.Networks, sysinfo.Network{Device: name})
		doc.Disks = append(doc.Disks, sysinfo.Disk{Device: name})
		doc.Filesystems = append(doc.Filesystems, sysinfo.Filesystem{Mountpoint: name})
		doc.Temperatures = append(doc.Temperatures, sysinfo.Temperature{Sensor: name})
		doc.GPUs = append(doc.GPUs, sysinfo.GPU{GPU: name})
		doc.PowerSupplies = append(doc.PowerSupplies, sysinfo.PowerSupply{Supply: name})
		doc.Watchdogs = append(doc.Watchdogs, sysinfo.Watchdog{Watchdog: name})
	}
	cut := bound(doc, nil)
	n := len(doc.Networks)
	samples := n*(10+5+6+1+5+5+4) + 0
	if samples > maxSamples || samples < maxSamples-36 || len(doc.Watchdogs) != n || len(cut) != 7 {
		t.Errorf("%d of each, %d samples; cut %v", n, samples, cut)
	}
}

// A binary of the same size that was written later is another binary.
func TestEdgecoreOfTheSameSize(t *testing.T) {
	path := t.TempDir() + "/edgecore"
	if err := os.WriteFile(path, []byte("one"), 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	c := versionCache{info.ModTime(), info.Size(), "v1"}
	if got := c.of(path); got != "v1" {
		t.Errorf("unchanged: %q", got)
	}
	later := info.ModTime().Add(time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if got := c.of(path); got != "" {
		t.Errorf("written again: %q", got)
	}
}

// A sandbox that is known is not asked again, and one that is gone is forgotten.
func TestSandboxesAreRemembered(t *testing.T) {
	id := fmt.Sprintf("%064x", 1)
	root := plant(t, tree)
	group := "sys/fs/cgroup/kubepods/pod1/" + id + "/cgroup.procs"
	write(t, root, "sys/fs/cgroup/cgroup.controllers", "cpu\n")
	write(t, root, group, "50\n")
	write(t, root, "proc/50/comm", "pause\n")
	r := readerOn(root, Options{})
	running := func() uint64 {
		doc, _ := r.Read(context.Background())
		return *doc.Containers.Running
	}
	if n := running(); n != 0 {
		t.Errorf("%d containers, want none", n)
	}
	write(t, root, "proc/50/comm", "app\n")
	if n := running(); n != 0 {
		t.Errorf("%d containers: the sandbox was asked again", n)
	}
	write(t, root, group, "51\n")
	write(t, root, "proc/51/comm", "app\n")
	if n := running(); n != 1 {
		t.Errorf("%d containers, want that with another process", n)
	}
	write(t, root, group, "50\n")
	if n := running(); n != 1 {
		t.Errorf("%d containers: a sandbox that was gone is remembered", n)
	}
}

// What a broken sensor says is another value every time, and said once.
func TestOddValuesAreSaidOnce(t *testing.T) {
	root := plant(t, tree)
	r := readerOn(root, Options{})
	var said once.Filter
	for i, step := range []struct{ zone, one, two, capacity string }{
		{"45", "900000", "x1", "101"},
		{"46", "900123", "x2", "102"},
	} {
		write(t, root, "sys/class/thermal/thermal_zone0/type", "odd\n")
		write(t, root, "sys/class/thermal/thermal_zone0/temp", step.zone)
		write(t, root, "sys/class/hwmon/hwmon0/name", "chip\n")
		write(t, root, "sys/class/hwmon/hwmon0/temp1_input", step.one)
		write(t, root, "sys/class/hwmon/hwmon0/temp2_input", step.two)
		write(t, root, "sys/class/power_supply/BAT0/capacity", step.capacity)
		write(t, root, "sys/class/power_supply/BAT0/voltage_now", "-"+step.zone)
		_, errs := r.Read(context.Background())
		news := said.News(errs)
		if want := []int{4, 0}[i]; len(news) != want {
			t.Errorf("report %d says %q, want %d", i+1, news, want)
		}
	}
}

// What people look at first stays, by its name alone.
func TestRanks(t *testing.T) {
	for _, name := range []string{"eth0", "end0", "eno1", "enp1s0", "enP4p65s0", "enx001122334455", "enX0", "wlan0", "wlp2s0", "wwan0", "usb0", "lan1"} {
		if rankNetwork(name, false) != 0 {
			t.Errorf("%s is taken for no device", name)
		}
	}
	for _, name := range []string{"docker0", "br-0", "cni0", "enterprise0"} {
		if rankNetwork(name, false) == 0 {
			t.Errorf("%s is taken for a device", name)
		}
	}
	for _, pair := range [][2]string{
		{"coretemp/Package id 0", "coretemp/Core 1"}, {"cpu-thermal", "aux-0"}, {"GPU-therm", "AO-therm"}, {"soc-thermal", "pll"}, {"AUX-therm", "battery"}, {"battery", "lm75/temp1"},
		{"k10temp/Tctl", "nvme/Composite"}, {"x86_pkg_temp", "coretemp/Core 0"}, {"SoC", "tj-thermal"},
	} {
		if a, b := rankTemperature(&sysinfo.Temperature{Sensor: pair[0]}), rankTemperature(&sysinfo.Temperature{Sensor: pair[1]}); a >= b {
			t.Errorf("%s has rank %d, %s %d", pair[0], a, pair[1], b)
		}
	}
}

// After idle time ran far back, as when a processor goes offline, the share is
// that of each time between two reports, not a full one until idle catches up.
func TestRatioAfterIdleRanBack(t *testing.T) {
	root := plant(t, tree)
	r := readerOn(root, Options{})
	for i, step := range []struct{ stat, want string }{
		{"cpu  100 0 0 10000 50\n", "<nil> 100"},
		{"cpu  110 0 0 5000 40\n", "<nil> 100"}, // nobody can tell
		{"cpu  120 0 0 5030 40\n", "0.25 100"},
		{"cpu  130 0 0 5040 30\n", "0.5 100"}, // iowait does so at any time
		{"cpu  140 0 0 5030 40\n", "0.5 100"}, // idle, a little
		{"cpu  140 0 0 10010 40\n", "0 100.1"},
	} {
		write(t, root, "proc/stat", step.stat)
		doc, errs := r.Read(context.Background())
		if got := strings.Contains(said(errs), "idle time ran back"); got != (i == 1) {
			t.Errorf("step %d: errors %v", i, errs)
		}
		ratio := "<nil>"
		if doc.CPU.UsageRatio != nil {
			ratio = fmt.Sprint(*doc.CPU.UsageRatio)
		}
		if got := fmt.Sprint(ratio, " ", doc.CPU.SecondsTotal["idle"]); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
	}
}
