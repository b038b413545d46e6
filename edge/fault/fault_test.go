package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// report is a report as far as the tests look at it.
type report map[string]any

// box is a small host that has something of everything.
func box() map[string]string {
	files := map[string]string{
		"proc/1/comm":               "systemd\n",
		"proc/1/mountinfo":          "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"proc/stat":                 "cpu  1 2 3 4\ncpu0 1 2 3 4\nbtime 1700000000\n",
		"proc/loadavg":              "1 2 3 4/5 6\n",
		"proc/meminfo":              "MemTotal: 1000 kB\nMemAvailable: 500 kB\n",
		"proc/diskstats":            "8 0 sda 1 1 1 1 1 1 1 1 0 1 1\n",
		"proc/net/dev":              "head\nhead\neth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n",
		"proc/sys/kernel/osrelease": "6.1.0\n",
		"etc/os-release":            "PRETTY_NAME=Box\n",

		"sys/class/net/eth0/operstate":         "up\n",
		"sys/block/sda/device/life_time":       "0x01 0x01\n",
		"sys/class/hwmon/hwmon0/name":          "lm75\n",
		"sys/class/hwmon/hwmon0/temp1_input":   "40000\n",
		"sys/class/hwmon/hwmon0/temp2_input":   "41000\n",
		"sys/class/devfreq/1.gpu/load":         "50@1Hz\n",
		"sys/class/power_supply/AC/type":       "Mains\n",
		"sys/class/power_supply/AC/online":     "1\n",
		"sys/class/watchdog/watchdog0/state":   "active\n",
		"sys/class/watchdog/watchdog0/timeout": "60\n",
		"sys/class/rtc/rtc0/name":              "rtc\n",
		"sys/fs/cgroup/cgroup.controllers":     "cpu\n",
		"custom/a.json":                        `{"a": 1}`,
		"custom/b.json":                        `{"b": 2}`,
	}
	for i := 0; i < 3; i++ {
		zone := fmt.Sprintf("sys/class/thermal/thermal_zone%d/", i)
		files[zone+"type"], files[zone+"temp"] = fmt.Sprintf("zone%d\n", i), fmt.Sprintf("5%d000\n", i)
	}
	return files
}

// all are the values of the box, by a name that the tests use.
var all = []string{"image", "kernel", "count", "load", "memory", "filesystem", "disk", "wear", "network", "up", "zone0", "zone1", "zone2", "lm75/temp1", "lm75/temp2",
	"gpu", "gpu load", "processes", "containers", "supply", "online", "watchdog", "timeout", "a", "b"}

// values lists which of them a report has.
func values(r report) map[string]bool {
	has := map[string]bool{}
	list := func(kind string) (out []map[string]any) {
		entries, _ := r[kind].([]any)
		for _, e := range entries {
			out = append(out, e.(map[string]any))
		}
		return out
	}
	object := func(kind string) map[string]any { m, _ := r[kind].(map[string]any); return m }
	has["image"], has["kernel"] = object("host")["osImage"] != nil, object("host")["kernel"] != nil
	has["count"], has["load"] = object("cpu")["count"] != nil, object("cpu")["load1"] != nil
	has["memory"], has["processes"], has["containers"] = object("memory") != nil, object("processes") != nil, object("containers") != nil
	for _, f := range list("filesystems") {
		has["filesystem"] = f["availBytes"] == 0.0 && f["deviceError"] == false
		has["device error"] = f["deviceError"] == true
	}
	for _, d := range list("disks") {
		has["disk"], has["wear"] = true, d["lifeUsedRatio"] != nil
	}
	for _, n := range list("networks") {
		has["network"], has["up"] = true, n["up"] != nil
	}
	for _, s := range list("temperatures") {
		has[s["sensor"].(string)] = true
	}
	for _, g := range list("gpus") {
		has["gpu"], has["gpu load"] = true, g["utilizationRatio"] != nil
	}
	for _, s := range list("powerSupplies") {
		has["supply"], has["online"] = true, s["online"] != nil
	}
	for _, w := range list("watchdogs") {
		has["watchdog"], has["timeout"] = true, w["timeoutSeconds"] != nil
	}
	for _, c := range list("custom") {
		has[c["name"].(string)] = true
	}
	return has
}

func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(os.Getenv("REPORTER_BINARIES"), "sysinfo-reporter-linux-"+runtime.GOARCH)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no reporter built (edge/test.sh does): %v", err)
	}
	return path
}

// A file that fails, hangs or trickles costs what is in it, is named, and the
// report goes out in time with all the rest.
func TestOneFile(t *testing.T) {
	zone := func(b behaviour) map[string]behaviour {
		return map[string]behaviour{"sys/class/thermal/thermal_zone1/temp": b}
	}
	hang := behaviour{hang: true}
	at := func(path string, b behaviour) map[string]behaviour { return map[string]behaviour{path: b} }
	tests := map[string]struct {
		faults map[string]behaviour
		lost   string // of all, divided by commas
		said   string
	}{
		"nothing":                  {nil, "", ""},
		"a sensor hangs":           {zone(hang), "zone1", "thermal_zone1: no answer"},
		"a sensor trickles":        {zone(behaviour{trickle: 5 * time.Second}), "zone1", "thermal_zone1: no answer"},
		"a sensor is slow":         {zone(behaviour{trickle: 50 * time.Millisecond}), "", ""},
		"a type hangs":             {at("sys/class/thermal/thermal_zone1/type", hang), "zone1", "thermal_zone1: no answer"},
		"a channel hangs":          {at("sys/class/hwmon/hwmon0/temp1_input", hang), "lm75/temp1", "temp1_input: no answer"},
		"a folder of sensors":      {at("sys/class/hwmon/hwmon0", hang), "lm75/temp1,lm75/temp2", "hwmon0: no answer"},
		"all sensors hang":         {map[string]behaviour{"sys/class/thermal/thermal_zone0/temp": hang, "sys/class/thermal/thermal_zone1/temp": hang, "sys/class/thermal/thermal_zone2/temp": hang}, "zone0,zone1,zone2", "no answer"},
		"a class hangs":            {at("sys/class/thermal", hang), "zone0,zone1,zone2,lm75/temp1,lm75/temp2", "reading temperatures: no answer"},
		"a file system hangs":      {at("statfs", hang), "filesystem", "reading filesystems: /: no answer"},
		"a file system fails":      {at("statfs", behaviour{errno: syscall.EIO}), "filesystem", "input/output error"},
		"the mounts hang":          {at("proc/1/mountinfo", hang), "filesystem", "reading filesystems: no answer"},
		"the memory hangs":         {at("proc/meminfo", hang), "memory", "reading memory: no answer"},
		"the memory trickles":      {at("proc/meminfo", behaviour{trickle: time.Second}), "memory", "reading memory: no answer"},
		"the processors hang":      {at("proc/stat", hang), "count", "reading cpu: no answer"},
		"the load fails":           {at("proc/loadavg", behaviour{errno: syscall.EBUSY}), "load", "loadavg"},
		"the disks hang":           {at("proc/diskstats", hang), "disk,wear", "reading disks: no answer"},
		"a wear hangs":             {at("sys/block/sda/device/life_time", hang), "wear", "wear of sda: no answer"},
		"the networks hang":        {at("proc/net/dev", hang), "network,up", "reading networks: no answer"},
		"a network hangs":          {at("sys/class/net/eth0/operstate", hang), "up", "state of eth0: no answer"},
		"a GPU hangs":              {at("sys/class/devfreq/1.gpu/load", hang), "gpu,gpu load", "1.gpu: no answer"},
		"a battery hangs":          {at("sys/class/power_supply/AC/online", hang), "supply,online", "AC: no answer"},
		"a battery fails":          {at("sys/class/power_supply/AC/online", behaviour{errno: syscall.ENODEV}), "online", "AC/online: no such device"},
		"a watchdog hangs":         {at("sys/class/watchdog/watchdog0/timeout", hang), "watchdog,timeout", "watchdog0: no answer"},
		"control groups hang":      {at("sys/fs/cgroup", hang), "containers", "reading containers: no answer"},
		"a file of the owner":      {at("custom/a.json", hang), "a", "a.json: no answer"},
		"the owner's folder hangs": {at("custom", hang), "a,b", "custom: no answer"},
		"the system's name hangs":  {at("etc/os-release", hang), "image,kernel", "reading host: no answer"},
	}
	for name, errno := range map[string]syscall.Errno{
		"EAGAIN": syscall.EAGAIN, "EIO": syscall.EIO, "EINVAL": syscall.EINVAL, "ENODATA": syscall.ENODATA, "ENXIO": syscall.ENXIO, "EBUSY": syscall.EBUSY,
		"EINTR": syscall.EINTR, "EACCES": syscall.EACCES,
	} {
		test := tests["a sensor hangs"]
		test.faults, test.said = zone(behaviour{errno: errno}), "thermal_zone1/temp: "+errno.Error()
		tests["a sensor answers "+name] = test
		test.faults, test.said = zone(behaviour{openErr: errno}), "thermal_zone1/temp: "+errno.Error()
		tests["a sensor opens with "+name] = test
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits, for the most part
			h := &tree{files: box(), faults: test.faults}
			root := h.mount(t)
			begin := time.Now()
			var out, log bytes.Buffer
			cmd := exec.Command(binary(t), "--once", "--output=-", "--custom-max-age=0s", "--host-root="+root, "--custom-dir="+filepath.Join(root, "custom"))
			cmd.Stdout, cmd.Stderr = &out, &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			kill.Stop()
			if err != nil {
				t.Fatalf("after %v: %v: %s", time.Since(begin), err, &log)
			}
			var r report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			lost := map[string]bool{}
			for _, v := range strings.Split(test.lost, ",") {
				lost[v] = v != ""
			}
			has := values(r)
			for _, v := range all {
				if has[v] == lost[v] {
					t.Errorf("%s is there: %v\n%s\n%s", v, has[v], &out, &log)
				}
			}
			if has["device error"] != (name == "a file system fails") {
				t.Errorf("device error %v", has["device error"])
			}
			if !strings.Contains(log.String(), test.said) {
				t.Errorf("said %s, want %q", &log, test.said)
			}
			if test.said == "" && log.Len() > 0 {
				t.Errorf("said %s", &log)
			}
			if n := strings.Count(log.String(), "\n"); n > max(1, len(test.faults)) {
				t.Errorf("said %d lines, want each once:\n%s", n, &log)
			}
			for path, n := range h.most {
				if n > 1 {
					t.Errorf("%d wait for %s at once", n, path)
				}
			}
		})
	}
}

// However much hangs, reports go out, nothing is asked twice, and SIGTERM ends
// the process within two seconds.
func TestEverythingHangs(t *testing.T) {
	files, faults := box(), map[string]behaviour{}
	for path := range files {
		if !strings.HasPrefix(path, "proc/loadavg") {
			faults[path] = behaviour{hang: true}
		}
	}
	faults["statfs"] = behaviour{hang: true}
	h := &tree{files: files, faults: faults}
	root := h.mount(t)
	out := filepath.Join(t.TempDir(), "out")
	var log bytes.Buffer
	cmd := exec.Command(binary(t), "--output="+out, "--interval=300ms", "--custom-max-age=0s", "--host-root="+root, "--custom-dir="+filepath.Join(root, "custom"))
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer cmd.Process.Kill()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for lines := 0; lines < 5; {
		select {
		case <-deadline:
			t.Fatalf("%d reports in 30 s: %s", lines, &log)
		case <-tick.C:
			b, _ := os.ReadFile(out)
			lines = bytes.Count(b, []byte("\n"))
		}
	}
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("does not end")
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %v to end", took)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for path, n := range h.asked {
		// A signal that a waiting thread gets, SIGTERM above all, has it ask once more.
		// Asked for every report it would be five times or more.
		if faults[path].hang && n > 2 {
			t.Errorf("asked %d times for %s while it hangs", n, path)
		}
	}
	if len(h.most) < 10 {
		t.Errorf("only %d files were asked for", len(h.most))
	}
}

// SIGTERM ends it while the first reading waits, too.
func TestSIGTERMWhileItWaits(t *testing.T) {
	h := &tree{files: box(), faults: map[string]behaviour{"proc/meminfo": {hang: true}, "sys/class/thermal/thermal_zone1/temp": {hang: true}}}
	root := h.mount(t)
	for name, args := range map[string][]string{
		"once":    {"--once", "--output=-"},
		"sending": {"--broker=tcp://127.0.0.1:1", "--start-offset=0s"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(binary(t), append(args, "--host-root="+root)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			defer cmd.Process.Kill()
			for deadline := time.Now().Add(30 * time.Second); ; {
				h.mu.Lock()
				waiting := h.waits["proc/meminfo"] > 0
				h.mu.Unlock()
				if waiting {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("does not read")
				}
				runtime.Gosched()
			}
			begin := time.Now()
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("does not end")
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("took %v to end", took)
			}
		})
	}
}
