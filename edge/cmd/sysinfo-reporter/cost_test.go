//go:build debian

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Bounds of what the reporter costs, at a report a minute.
const (
	maxRSS   = 15 << 20
	maxShare = 0.001 // of a core
)

// cost is what one kind of host was measured to cost.
type cost struct {
	host   string
	report time.Duration // of CPU
	share  float64
	rss    int
	bytes  int
}

// TestCost measures an hour's worth of reports of this machine and of a large
// host, holds them to the bounds, and with -update writes the README's table.
func TestCost(t *testing.T) {
	costs := []cost{
		measure(t, "a small machine", "/"),
		measure(t, "2,000 containers, 3,000 mounts, 40 sensors", largeHost(t)),
	}
	var table strings.Builder
	table.WriteString("| host | CPU of a report | of a core, at a report a minute | resident memory, at most | size of a report |\n|---|---|---|---|---|\n")
	for _, c := range costs {
		fmt.Fprintf(&table, "| %s | %.1f ms | %.3f %% | %.1f MiB | %.1f KB |\n",
			c.host, c.report.Seconds()*1000, c.share*100, float64(c.rss)/(1<<20), float64(c.bytes)/1000)
		if c.rss > maxRSS {
			t.Errorf("%s: %d bytes resident, want at most %d", c.host, c.rss, maxRSS)
		}
		if c.share > maxShare {
			t.Errorf("%s: %.4f %% of a core, want at most %.4f", c.host, c.share*100, maxShare*100)
		}
	}
	t.Logf("\n%s", &table)
	if *update {
		checkReadme(t, "cost", table.String())
	}
}

// measure counts what sixty reports in time lapse cost, with the start, and
// what a process costs that waits beside them.
func measure(t *testing.T, name, root string) cost {
	t.Helper()
	const reports, idle = 60, 10 * time.Second
	port := freePort(t)
	mosquitto(t, port, "allow_anonymous true")
	got := subscribe(t, paho.NewClientOptions().AddBroker("tcp://127.0.0.1:"+port))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.prom"), []byte(strings.Repeat("# comment\n", 50)+"battery_volts 12.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"--broker=tcp://127.0.0.1:" + port, "--host-root=" + root, "--custom-dir=" + dir}
	waiting := start(t, binary(t, native(t)), append(args, "--start-offset=1h", "--client-id=waiting")...)
	reporting := start(t, binary(t, native(t)), append(args, "--start-offset=0s", "--interval=300ms")...)
	deadline := time.Now().Add(2 * time.Minute)
	for got.len() < 5 && time.Now().Before(deadline) {
		wait(context.Background(), 50*time.Millisecond)
	}
	begin, spent := time.Now(), cpuTime(t, waiting) // what it spent on starting is left out
	for got.len() < reports && time.Now().Before(deadline) {
		wait(context.Background(), 50*time.Millisecond)
	}
	n := got.len()
	if n < reports {
		t.Fatalf("%d reports in two minutes", n)
	}
	c := cost{host: name, rss: peakRSS(t, reporting)}
	reporting.end(syscall.SIGTERM)
	wait(context.Background(), idle-time.Since(begin))
	idled := time.Since(begin)
	spent = cpuTime(t, waiting) - spent
	waiting.end(syscall.SIGTERM)
	total := reporting.ProcessState.UserTime() + reporting.ProcessState.SystemTime()
	c.report = total / time.Duration(n)
	c.share = c.report.Seconds()/time.Minute.Seconds() + spent.Seconds()/idled.Seconds()
	c.bytes = got.size
	return c
}

// largeHost plants a host with as much as one may have.
func largeHost(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	put := func(path, content string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, content := range map[string]string{
		"proc/1/comm": "systemd\n", "proc/stat": "cpu  1 2 3 4\ncpu0 1 2 3 4\n", "proc/loadavg": "1 2 3 4/5 6\n",
		"proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\n", "proc/diskstats": "8 0 sda 1 1 1 1 1 1 1 1 0 1 1\n",
		"proc/sys/kernel/osrelease": "6.1.0\n", "etc/os-release": "NAME=Large\n", "sys/fs/cgroup/cgroup.controllers": "cpu\n",
	} {
		put(path, content)
	}
	mounts, networks := "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n", "head\nhead\neth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
	for i := 0; i < 1000; i++ {
		layers := "lowerdir=/var/lib/docker/overlay2/l/" + strings.Repeat(":/var/lib/docker/overlay2/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ", 8)
		mounts += fmt.Sprintf("%d 22 0:%d / /var/lib/docker/overlay2/%064x/merged rw,relatime shared:9 - overlay overlay rw,%s\n", 100+i, 100+i, i, layers)
		mounts += fmt.Sprintf("%d 22 0:%d / /var/lib/docker/containers/%064x/mounts/shm rw,nosuid shared:9 - tmpfs shm rw,size=65536k\n", 2000+i, 2000+i, i)
		mounts += fmt.Sprintf("%d 22 0:4 net:[%d] /run/docker/netns/%012x rw shared:9 - nsfs nsfs rw\n", 4000+i, i, i)
	}
	for i := 0; i < 2000; i++ {
		networks += fmt.Sprintf("veth%07x: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n", i)
		put(fmt.Sprintf("sys/fs/cgroup/kubepods.slice/kubepods-pod%d.slice/cri-containerd-%064x.scope/cgroup.procs", i/2, i), fmt.Sprintln(1000+i))
		put(fmt.Sprintf("proc/%d/comm", 1000+i), []string{"app\n", "pause\n"}[i%2])
	}
	for i := 0; i < 20; i++ {
		put(fmt.Sprintf("sys/class/thermal/thermal_zone%d/type", i), fmt.Sprintf("zone%d\n", i))
		put(fmt.Sprintf("sys/class/thermal/thermal_zone%d/temp", i), "45000\n")
		put(fmt.Sprintf("sys/class/hwmon/hwmon%d/name", i), fmt.Sprintf("chip%d\n", i))
		put(fmt.Sprintf("sys/class/hwmon/hwmon%d/temp1_input", i), "45000\n")
	}
	put("proc/1/mountinfo", mounts)
	put("proc/net/dev", networks)
	return root
}

// cpuTime returns what the process spent so far, finer than in ticks.
func cpuTime(t *testing.T, p *process) (spent time.Duration) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Process.Pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no schedstat: %v", err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that ended meanwhile
		}
		ns, err := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		spent += time.Duration(ns)
	}
	return spent
}

// peakRSS returns the most memory that the process had resident.
func peakRSS(t *testing.T, p *process) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
