package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// tree is a planted host that each test adds its oddity to.
const tree = `
-- proc/1/comm --
systemd
-- proc/2/comm --
kthreadd
-- proc/stat --
cpu  1 2 3 4
cpu0 1 2 3 4
-- proc/loadavg --
1 2 3 4/5 6
-- proc/meminfo --
MemTotal: 1000 kB
MemAvailable: 500 kB
-- proc/diskstats --
8 0 sda 1 1 1 1 1 1 1 1 0 1 1
-- proc/net/dev --
head
head
eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
-- proc/1/mountinfo --
22 1 8:1 / / rw - ext4 /dev/sda1 rw
-- proc/sys/kernel/osrelease --
6.1.0
-- etc/os-release --
PRETTY_NAME=Box
`

// readTree reads the tree with the files added.
func readTree(t *testing.T, files map[string]string, adjust ...func(*Reader)) (*sysinfo.Document, []error) {
	t.Helper()
	root := plant(t, tree)
	for path, content := range files {
		write(t, root, path, content)
	}
	r := readerOn(root, Options{})
	for _, a := range adjust {
		a(r)
	}
	return r.Read(context.Background())
}

// said joins errors for a look at what they name.
func said(errs []error) string { return fmt.Sprint(errors.Join(errs...)) }

// expectSaid wants each of the words in an error, and no error without words.
func expectSaid(t *testing.T, errs []error, words ...string) {
	t.Helper()
	for _, w := range words {
		if w != "" && !strings.Contains(said(errs), w) {
			t.Errorf("errors %v, want %q", errs, w)
		}
	}
	if len(words) == 0 && len(errs) > 0 {
		t.Errorf("errors %v, want none", errs)
	}
}

func TestFilesystems(t *testing.T) {
	binds := "22 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n"
	for i := 0; i < 45; i++ {
		binds += fmt.Sprintf("%d 22 179:2 /system-data/%d /etc/writable/%02d rw - ext4 /dev/mmcblk0p2 rw\n", 100+i, i, i)
	}
	binds += "200 22 179:3 / /home rw - ext4 /dev/mmcblk0p3 rw\n201 22 8:1 / /mnt/disk rw - xfs /dev/sda1 rw\n"
	for name, test := range map[string]struct {
		mountinfo, want string
		said            []string
	}{
		"overlay root":  {"22 1 0:20 / / rw - overlay overlayroot rw\n23 22 0:21 / /run rw - tmpfs tmpfs rw\n", "/", nil},
		"tmpfs root":    {"1 1 0:1 / / rw - rootfs rootfs rw\n22 1 0:20 / / rw - tmpfs none rw\n", "/", nil},
		"squashfs root": {"22 1 31:5 / / ro - squashfs /dev/mtdblock5 ro\n", "/(ro)", nil},
		"disks of runtimes": {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" +
			"30 22 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n" +
			"31 22 8:33 / /var/lib/containerd rw - xfs /dev/sdc1 rw\n" +
			"32 22 8:49 / /var/lib/kubelet rw - ext4 /dev/sdd1 rw\n" +
			"33 32 8:65 / /var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/x/mount rw - ext4 /dev/sde rw\n" +
			"34 32 8:65 / /var/lib/kubelet/plugins/kubernetes.io/csi/pv/x/globalmount rw - ext4 /dev/sde rw\n" +
			"35 30 8:81 / /var/lib/docker/volumes/x/_data rw - ext4 /dev/sdf rw\n" +
			"36 31 8:97 / /var/lib/containerd/io.containerd.snapshotter.v1.devmapper/1 rw - ext4 /dev/dm-9 rw\n" +
			"37 22 8:113 / /var/lib/docker/overlay2/1/x rw - ext4 /dev/sdg rw\n" +
			"38 22 8:129 / /var/lib/containers/storage/overlay/1/x rw - ext4 /dev/sdh rw\n" +
			"39 22 8:145 / /var/lib/docker-data rw - ext4 /dev/sdi rw\n" +
			"40 22 8:161 / /data/docker/volumes rw - ext4 /dev/sdj rw\n",
			"/ /data/docker/volumes /var/lib/containerd /var/lib/docker /var/lib/docker-data /var/lib/kubelet", nil},
		"remounted after errors": {"22 1 8:1 / / rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro\n", "/(ro)", nil},
		"an emergency":           {"22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,emergency_ro\n", "/(ro)", nil},
		"read-only at one point": {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /a ro,relatime - ext4 /dev/sda2 rw\n24 22 8:2 /x /writable/x rw,relatime - ext4 /dev/sda2 rw\n", "/ /a", nil},
		"read-only bind, later":  {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /long rw,relatime - ext4 /dev/sda2 rw\n24 22 8:2 /x /b ro,relatime - ext4 /dev/sda2 rw\n", "/ /b", nil},
		"read-only everywhere":   {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /a ro - ext4 /dev/sda2 rw\n24 22 8:2 /x /b ro - ext4 /dev/sda2 rw\n", "/ /a(ro)", nil},
		"binds after errors":     {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / /a rw - ext4 /dev/sda2 ro\n24 22 8:2 /x /b rw - ext4 /dev/sda2 ro\n", "/ /a(ro)", nil},
		"files of a container":   {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 /c/hosts /etc/hosts rw - ext4 /dev/sda2 rw\n24 22 8:2 /c/name /etc/hostname rw - ext4 /dev/sda2 rw\n25 22 8:2 /c/r /etc/resolv.conf rw - ext4 /dev/sda2 rw\n", "/", nil},
		"mounted read-only":      {"22 1 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n", "/(ro)", nil},
		"not read-only":          {"22 1 8:1 / / rw - ext4 /dev/sda1 rw,errors=remount-ro\n", "/", nil},
		"45 bind mounts":         {binds, "/ /home /mnt/disk", nil},
		"btrfs subvolumes":       {"22 1 0:30 /@ / rw - btrfs /dev/sda1 rw\n23 22 0:30 /@home /home rw - btrfs /dev/sda1 rw\n", "/", nil},
		"/dev/root and its name": {"22 1 179:2 / / rw - ext4 /dev/root rw\n23 22 179:2 / /mnt/same rw - ext4 /dev/mmcblk0p2 rw\n", "/", nil},
		"always full":            {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + types("squashfs erofs iso9660 udf cramfs romfs fuse.snapfuse fuse.squashfuse tmpfs overlay"), "/", nil},
		"fuse and network":       {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + types("fuseblk fuse.sshfs nfs4 cifs ext2 vfat"), "/ /mnt/cifs /mnt/ext2 /mnt/fuse.sshfs /mnt/fuseblk /mnt/nfs4 /mnt/vfat", nil},
		"two names of a volume":  {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 253:0 / /srv rw - xfs /dev/mapper/vg-srv rw\n24 22 253:0 /a /opt/a rw - xfs /dev/dm-0 rw\n25 22 253:0 /b /opt/b rw - xfs /dev/disk/by-uuid/1-2 rw\n26 22 253:1 / /mnt/y rw - xfs /dev/dm-1 rw\n", "/ /mnt/y /srv", nil},
		"covered above":          {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 8:2 / /mnt/a/b rw - ext4 /dev/sda2 rw\n31 22 8:3 / /mnt/a rw - ext4 /dev/sda3 rw\n", "/ /mnt/a", nil},
		"moved root":             {"21 26 8:9 / /data rw - ext4 /dev/sdc1 rw\n26 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "/ /data", nil},
		"not below the root":     {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:2 / b rw - ext4 /dev/sda2 rw\n", "/", []string{"23 22 8:2", "no path"}},
		"an odd line":            {"22 1 8:1 / / rw - ext4 /dev/sda1 rw\nnonsense\n23 22 8:2 / /b rw - ext4 /dev/sda2 rw\n", "/ /b", []string{"nonsense"}},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, map[string]string{"proc/1/mountinfo": test.mountinfo})
			expectMounts(t, doc.Filesystems, test.want)
			expectSaid(t, errs, test.said...)
		})
	}
}

// expectMounts wants file systems at these mount points, in any order.
func expectMounts(t *testing.T, filesystems []sysinfo.Filesystem, want string) {
	t.Helper()
	var got []string
	for _, f := range filesystems {
		text := f.Mountpoint
		if *f.ReadOnly {
			text += "(ro)"
		}
		got = append(got, text)
	}
	sort.Strings(got)
	if got := strings.Join(got, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// types mounts one device of each type.
func types(words string) (lines string) {
	for i, fstype := range strings.Fields(words) {
		lines += fmt.Sprintf("%d 22 9:%d / /mnt/%s rw - %s /dev/x%d rw\n", 300+i, i, fstype, fstype, i)
	}
	return lines
}

// Without the host's mounts there are none: one's own are a container's.
func TestNoMountsOfTheContainer(t *testing.T) {
	doc, errs := readTree(t, map[string]string{
		"proc/self/mountinfo": "1 1 0:9 / / rw - overlay overlay rw\n2 1 8:1 /x /etc/hosts rw - ext4 /dev/sda1 rw\n",
	}, func(r *Reader) {
		if err := os.Remove(r.proc("1/mountinfo")); err != nil {
			t.Fatal(err)
		}
	})
	if len(doc.Filesystems) > 0 {
		t.Errorf("file systems %+v", doc.Filesystems)
	}
	expectSaid(t, errs, "reading filesystems: the host's mounts: ", "1/mountinfo")
}

func TestStatfsAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		usage usage
		err   error
		want  string
		said  string
	}{
		"reserved blocks used": {usage{blockBytes: 4096, blocks: 100, blocksAvail: ^uint64(4)}, nil, `"sizeBytes":409600,"availBytes":0,"readOnly":false,"deviceError":false`, ""},
		"an error":             {usage{}, syscall.EIO, `"readOnly":false,"deviceError":true`, "/: input/output error"},
		"a server's restart":   {usage{}, syscall.ESTALE, `"readOnly":false,"deviceError":true`, "stale"},
		"not allowed":          {usage{}, syscall.EACCES, ``, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, nil, func(r *Reader) { r.statfs = func(string) (usage, error) { return test.usage, test.err } })
			if (len(doc.Filesystems) == 1) != (test.want != "") {
				t.Fatalf("file systems %+v", doc.Filesystems)
			}
			if test.want != "" {
				b, err := json.Marshal(doc.Filesystems[0])
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(string(b), test.want+"}") {
					t.Errorf("got %s, want %s", b, test.want)
				}
			}
			if test.said == "" {
				expectSaid(t, errs)
			} else {
				expectSaid(t, errs, test.said)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	const old = "MemTotal: 8000 kB\nMemFree: 1000 kB\nBuffers: 100 kB\nCached: 900 kB\nActive(file): 600 kB\nInactive(file): 200 kB\nSReclaimable: 300 kB\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
		said  []string
	}{
		"zeros at the end":       {map[string]string{"proc/meminfo": "MemTotal: 8 kB\nMemAvailable: 4 kB\n\x00\x00\x00"}, `{"totalBytes":8192,"availableBytes":4096}`, nil},
		"zeros in the last line": {map[string]string{"proc/meminfo": "MemTotal: 8 kB\nMemAvailable: 4 kB\x00\x00\n"}, `{"totalBytes":8192,"availableBytes":4096}`, nil},
		"empty":                  {map[string]string{"proc/meminfo": ""}, `null`, []string{"proc/meminfo is empty"}},
		"an odd line":            {map[string]string{"proc/meminfo": "MemTotal: 8 kB\nwhat\nSwapTotal: -1 kB\nMemAvailable: 4 kB\n"}, `{"totalBytes":8192,"availableBytes":4096}`, []string{`"what"`, `"SwapTotal"`, `"-1"`}},
		// (1000 + 800 - 125 + 300 - 125 - 125) kB: the watermark is 5/4 of 100 kB.
		"kernel 3.10":           {map[string]string{"proc/meminfo": old, "proc/sys/vm/min_free_kbytes": "100\n"}, `{"totalBytes":8192000,"availableBytes":1766400}`, nil},
		"kernel 3.10, no limit": {map[string]string{"proc/meminfo": old}, `{"totalBytes":8192000}`, []string{"no MemAvailable", "min_free_kbytes"}},
		"kernel 2.6":            {map[string]string{"proc/meminfo": "MemTotal: 8 kB\nMemFree: 4 kB\n"}, `{"totalBytes":8192}`, []string{"no MemAvailable", "Active(file)"}},
		"nothing there":         {map[string]string{"proc/meminfo": "MemTotal: 0 kB\nMemAvailable: 4 kB\nSwapTotal: 0 kB\n"}, `{"availableBytes":4096,"swapTotalBytes":0}`, []string{"MemTotal is 0"}},
		"more than there is":    {map[string]string{"proc/meminfo": "MemTotal: 8 kB\nMemAvailable: 9 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n"}, `{"totalBytes":8192,"swapTotalBytes":1024}`, []string{"MemAvailable", "more than MemTotal", "SwapFree", "more than SwapTotal"}},
		"too large a number":    {map[string]string{"proc/meminfo": "MemTotal: 18446744073709551615 kB\nMemAvailable: 4 kB\n"}, `{"availableBytes":4096}`, []string{"MemTotal"}},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, test.files)
			b, err := json.Marshal(doc.Memory)
			if err != nil {
				t.Fatal(err)
			}
			if string(b) != test.want {
				t.Errorf("got %s, want %s", b, test.want)
			}
			expectSaid(t, errs, test.said...)
		})
	}
}

// One odd line costs that line, and is named; what it says next time does not
// make it another.
func TestOddLines(t *testing.T) {
	for name, test := range map[string]struct {
		path, content, again string
		want                 string
		said                 []string
	}{
		"diskstats":  {"proc/diskstats", "8 0 sda 1 1 10 1 1 1 20 1 0 1 1\n8 16 sdb 1 1 1 1 1 1 1 1 -1 1 1\n8 32 sdc 1 1 30 1 1 1 40 1 0 1 1\n", "", "sda sdc", []string{"diskstats", `"sdb"`, `"-1"`}},
		"net":        {"proc/net/dev", "h\nh\neth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\neth1: x 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\nwhat\neth2: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n", "", "eth0 eth2", []string{"net/dev", `"eth1"`, `"x"`, "line \"5\""}},
		"no end":     {"proc/net/dev", "h\nh\neth0:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0", "", "eth0", nil},
		"stat":       {"proc/stat", "cpu  1 2 3 4 5\ncpu0 1 2 3 4\ncpuX 1\nbtime x\n", "", "count 1 modes 5", []string{`"cpuX"`, `"btime"`}},
		"cpu alone":  {"proc/stat", "cpu  1 2 -3 4 5\ncpu0 1 2 3 4\nbtime 7\n", "", "count 1 modes 0", []string{`"cpu"`, `"-3"`}},
		"below zero": {"proc/stat", "cpu  1 2 3 4 5 6 7 1844674407370\ncpu0 1\ncpu1 1\nbtime 7\n", "", "count 2 modes 0", []string{`"cpu"`, "steal", "1844674407370"}},
		"no cpu":     {"proc/stat", "intr 1\n", "", "", []string{"no line cpu"}},
		"loadavg":    {"proc/loadavg", "x 2 3\n", "", "loads <nil> 2 3", []string{`"x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, map[string]string{test.path: test.content})
			var got []string
			switch filepath.Base(test.path) {
			case "diskstats":
				for _, d := range doc.Disks {
					got = append(got, d.Device)
				}
			case "dev":
				for _, n := range doc.Networks {
					got = append(got, n.Device)
				}
			case "stat":
				if doc.CPU.Count != nil {
					got = append(got, fmt.Sprintf("count %d modes %d", *doc.CPU.Count, len(doc.CPU.SecondsTotal)))
				}
			case "loadavg":
				got = append(got, fmt.Sprint("loads ", doc.CPU.Load1, " ", *doc.CPU.Load5, " ", *doc.CPU.Load15))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			expectSaid(t, errs, test.said...)
		})
	}
}

func TestProcessesHidden(t *testing.T) {
	group := "sys/fs/cgroup/system.slice/docker-" + strings.Repeat("0123456789abcdef", 4) + ".scope/"
	files := map[string]string{"sys/fs/cgroup/cgroup.controllers": "cpu\n", group + "cgroup.procs": "77\n"}
	doc, errs := readTree(t, files)
	expectSaid(t, errs)
	if *doc.Processes.Count != 2 || *doc.Containers.Running != 1 {
		t.Errorf("%d processes, %d containers", *doc.Processes.Count, *doc.Containers.Running)
	}
	doc, errs = readTree(t, files, func(r *Reader) {
		for _, file := range []string{"1/comm", "1"} {
			mustDo(t, os.Rename(r.proc("1/mountinfo"), r.root("mountinfo")), file == "1/comm")
			mustDo(t, os.Remove(r.proc(file)), true)
		}
	})
	if doc.Processes != nil || doc.Containers != nil {
		t.Errorf("processes %+v, containers %+v", doc.Processes, doc.Containers)
	}
	expectSaid(t, errs, "reading processes: /proc hides", "reading containers: /proc hides")
}

func mustDo(t *testing.T, err error, must bool) {
	t.Helper()
	if err != nil && must {
		t.Fatal(err)
	}
}

// What cannot be, of a disk's counters, costs the disk.
func TestDiskThatReadTooMuch(t *testing.T) {
	doc, errs := readTree(t, map[string]string{"proc/diskstats": "8 0 sda 1 1 36028797018963967 1 1 1 8 1 0 1 1\n8 16 sdb 1 1 36028797018963968 1 1 1 1 1 0 1 1\n8 32 sdc 1 1 1 1 1 1 18446744073709551615 1 0 1 1\n"})
	if len(doc.Disks) != 1 || doc.Disks[0].Device != "sda" || *doc.Disks[0].ReadBytesTotal != 18446744073709551104 {
		t.Errorf("disks %+v", doc.Disks)
	}
	expectSaid(t, errs, `line "sdb": field 6, "36028797018963968"`, `line "sdc": field 10, "18446744073709551615"`)
}

// The state of a watchdog that the kernel has no word for is unknown.
func TestWatchdogOfNoState(t *testing.T) {
	doc, errs := readTree(t, map[string]string{"sys/class/watchdog/watchdog0/state": "pretimeout\n", "sys/class/watchdog/watchdog0/timeout": "15\n", "sys/class/watchdog/watchdog1/state": "inactive\n"})
	if len(doc.Watchdogs) != 2 || doc.Watchdogs[0].Active != nil || *doc.Watchdogs[0].TimeoutSeconds != 15 || doc.Watchdogs[1].Active == nil || *doc.Watchdogs[1].Active {
		t.Errorf("watchdogs %+v", doc.Watchdogs)
	}
	expectSaid(t, errs, `watchdog0/state: "pretimeout" is neither active nor inactive`)
}

func TestDisks(t *testing.T) {
	line := func(name string, n int) string {
		return fmt.Sprintf("8 0 %s 1 1 %d 1 1 1 %d 1 0 %d 1\n", name, n, n, n)
	}
	for name, test := range map[string]struct {
		names string // of disks, each with a counter
		files map[string]string
		want  string
	}{
		"partitions":               {"sda=9 sda1=1 sda10=1 nvme0n1=8 nvme0n1p1=1 mmcblk0=7 mmcblk0p12=1 md127=6 md127p1=1 loop0=1 loop0p1=1 loop10p3=1 vda=5 vda1=5", nil, "md127=6 mmcblk0=7 nvme0n1=8 sda=9 vda=5"},
		"a partition without disk": {"xvda1=3 xvda2=4 md0=1", nil, "md0=1 xvda1=3 xvda2=4"},
		"sysfs knows partitions":   {"weird=1 weird-1=2", map[string]string{"sys/class/block/weird-1/partition": "1\n"}, "weird=1"},
		"sysfs knows disks":        {"sda=1 sda1=2", map[string]string{"sys/block/sda1/size": "1\n"}, "sda=1 sda1=2"},
		"a controller's disk":      {"cciss/c0d0=1 cciss/c0d0p1=1", nil, "cciss/c0d0=1"},
		"paths":                    {"nvme0c0n1=3 nvme0c1n1=4 nvme0n1=0 nvme1n1=5", nil, "nvme0n1=7 nvme1n1=5"},
		"paths that are counted":   {"nvme0c0n1=3 nvme0c1n1=4 nvme0n1=9", nil, "nvme0n1=9"},
		"paths alone":              {"nvme0c0n1=3 nvme0c1n1=4", nil, "nvme0n1=7"},
		"no disks":                 {"ram0=1 zram0=1 loop3=1 sr0=1 fd0=1 mmcblk0boot0=1 mmcblk0rpmb=1 mmcblk0gp0=1", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			content := ""
			for _, word := range strings.Fields(test.names) {
				name, n, _ := strings.Cut(word, "=")
				content += line(name, int(n[0]-'0'))
			}
			files := map[string]string{"proc/diskstats": content}
			for path, content := range test.files {
				files[path] = content
			}
			doc, errs := readTree(t, files)
			expectSaid(t, errs)
			var got []string
			for _, d := range doc.Disks {
				got = append(got, fmt.Sprintf("%s=%d", d.Device, *d.ReadBytesTotal/sectorBytes))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestWear(t *testing.T) {
	for name, test := range map[string]struct{ life, eol, want, said string }{
		"new":          {"0x01 0x01\n", "0x01\n", `"lifeUsedRatio":0.1,"preEol":1`, ""},
		"worse counts": {"0x02 0x0a\n", "0x03\n", `"lifeUsedRatio":1,"preEol":3`, ""},
		"exceeded":     {"0x0b 0x01\n", "0x02\n", `"lifeUsedRatio":1,"preEol":2`, ""},
		"undefined":    {"0x00 0x00\n", "0x00\n", `"ioTimeSecondsTotal":0.001`, ""},
		"garbage":      {"0xff 0x01\n", "x\n", `"ioTimeSecondsTotal":0.001`, "life_time"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, map[string]string{"sys/block/sda/device/life_time": test.life, "sys/block/sda/device/pre_eol_info": test.eol})
			b, err := json.Marshal(doc.Disks[0])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(string(b), test.want+"}") {
				t.Errorf("got %s, want %s", b, test.want)
			}
			if test.said == "" {
				expectSaid(t, errs)
			} else {
				expectSaid(t, errs, test.said)
			}
		})
	}
}

func TestNetworkState(t *testing.T) {
	for name, test := range map[string]struct {
		files string // name=content words
		want  string
	}{
		"up":                     {"operstate=up speed=1000", "true 125000000"},
		"down":                   {"operstate=down speed=-1", "false -"},
		"dormant":                {"operstate=dormant", "false -"},
		"modem without carrier":  {"operstate=unknown carrier=0 flags=0x1", "false -"},
		"modem with carrier":     {"operstate=unknown carrier=1 flags=0x1", "true -"},
		"modem, put down":        {"operstate=unknown carrier=1 flags=0x1000", "false -"},
		"carrier, no flags":      {"operstate=unknown carrier=0", "false -"},
		"tunnel":                 {"operstate=unknown flags=0x1", "true -"},
		"tunnel, put down":       {"operstate=unknown flags=0x10", "false -"},
		"nothing":                {"", "- -"},
		"no speed":               {"operstate=up speed=0", "true -"},
		"unknown speed":          {"operstate=up speed=4294967295", "true -"},
		"unknown speed, 16 bits": {"operstate=up speed=65535", "true -"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for _, word := range strings.Fields(test.files) {
				name, content, _ := strings.Cut(word, "=")
				files["sys/class/net/eth0/"+name] = content + "\n"
			}
			doc, errs := readTree(t, files)
			expectSaid(t, errs)
			got := []string{"-", "-"}
			if n := doc.Networks[0]; n.Up != nil {
				got[0] = fmt.Sprint(*n.Up)
			}
			if n := doc.Networks[0]; n.SpeedBytes != nil {
				got[1] = fmt.Sprint(*n.SpeedBytes)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	doc, _ := readTree(t, nil)
	n := doc.Networks[0]
	if got := fmt.Sprint(*n.ReceiveBytesTotal, *n.ReceivePacketsTotal, *n.ReceiveErrorsTotal, *n.ReceiveDropsTotal,
		*n.TransmitBytesTotal, *n.TransmitPacketsTotal, *n.TransmitErrorsTotal, *n.TransmitDropsTotal); got != "1 2 3 4 5 6 7 8" {
		t.Errorf("counters %s", got)
	}
}

func TestContainersEnds(t *testing.T) {
	stays := "eth0 wlan0 wwan0 usb0 can0 bond0 bond0.20 eth0.5 vlan7 br0 docker0 cni0 lxcbr0 lxdbr0 incusbr0 virbr0 flannel.1 tun0 tap0 wg0 enx001122334455 veritas0"
	goes := "lo veth1 vethab12@if3 cali12 cilium_host lxc12 lxc0a1b2c3d4e5f lxc_health nodelocaldns dummy0 ifb0 kube-ipvs0 edgemesh0 ve-web vb-web azv12 tap0_kata eni0123456789a gke0123456789a"
	exclude := New(Options{}).options.NetworksExclude
	for _, name := range strings.Fields(stays) {
		if exclude.MatchString(name) {
			t.Errorf("%s is left out", name)
		}
	}
	for _, name := range strings.Fields(goes) {
		if !exclude.MatchString(name) {
			t.Errorf("%s stays", name)
		}
	}
}

func TestTemperatures(t *testing.T) {
	zone := func(n int, kind, temp string, more ...string) map[string]string {
		dir := fmt.Sprintf("sys/class/thermal/thermal_zone%d/", n)
		files := map[string]string{dir + "type": kind + "\n", dir + "temp": temp + "\n"}
		for i := 0; i < len(more); i += 2 {
			files[dir+more[i]] = more[i+1] + "\n"
		}
		return files
	}
	for name, test := range map[string]struct {
		files map[string]string
		links map[string]string
		want  string
		said  []string
	}{
		"fine":             {zone(0, "cpu-thermal", "45123"), nil, "cpu-thermal=45.123", nil},
		"tenths":           {zone(0, "x", "450", "trip_point_0_temp", "850"), nil, "x=45", nil},
		"tenths below 25":  {zone(0, "x", "215", "trip_point_0_temp", "1050"), nil, "x=21.5", nil},
		"tenths, freezing": {zone(0, "x", "-85", "trip_point_0_temp", "850"), nil, "x=-8.5", nil},
		"tenths perhaps":   {zone(0, "x", "450"), nil, "", []string{"450 may be tenths or thousandths"}},
		"tenths, odd trip": {zone(0, "x", "450", "trip_point_0_temp", "85000"), nil, "", []string{"450 may be tenths"}},
		"thousandths":      {zone(0, "x", "2501"), nil, "x=2.501", nil},
		"thousandths, too": {zone(0, "x", "-1001"), nil, "x=-1.001", nil},
		"tenths of hwmon":  {map[string]string{"sys/class/hwmon/hwmon0/name": "x", "sys/class/hwmon/hwmon0/temp1_input": "455", "sys/class/hwmon/hwmon0/temp1_max": "950"}, nil, "x/temp1=45.5", nil},
		"freezing":         {zone(0, "case", "-20500"), nil, "case=-20.5", nil},
		"zero":             {zone(0, "case", "0"), nil, "case=0", nil},
		"switched off":     {zone(0, "cv", "-274000"), nil, "", []string{"-274 is outside of -100 to 250"}},
		"too hot":          {zone(0, "x", "2500000"), nil, "", []string{"2500 is outside"}},
		"garbage":          {zone(0, "x", "N/A"), nil, "", []string{`"N/A" is no number`}},
		"nothing in it":    {zone(0, "x", ""), nil, "", []string{"thermal_zone0/temp", "is empty"}},
		"whole degrees":    {zone(0, "x", "45", "trip_point_0_temp", "90"), nil, "x=45", nil},
		"ambiguous":        {zone(0, "x", "45"), nil, "", []string{"45 may be degrees or thousandths"}},
		"really near zero": {zone(0, "x", "45", "trip_point_0_temp", "90000"), nil, "", []string{"45 may be"}},
		"hwmon": {map[string]string{"sys/class/hwmon/hwmon3/name": "lm75", "sys/class/hwmon/hwmon3/temp1_input": "30000",
			"sys/class/hwmon/hwmon3/temp2_input": "31000", "sys/class/hwmon/hwmon3/temp2_label": "Board\n"}, nil, "lm75/Board=31 lm75/temp1=30", nil},
		"a broken sensor": {map[string]string{"sys/class/hwmon/hwmon3/name": "lm75", "sys/class/hwmon/hwmon3/temp1_input": "127000",
			"sys/class/hwmon/hwmon3/temp1_fault": "1\n", "sys/class/hwmon/hwmon3/temp2_input": "31000", "sys/class/hwmon/hwmon3/temp2_fault": "0\n"}, nil, "lm75/temp2=31", []string{"temp1_fault", "broken"}},
		"files beside the link": {map[string]string{"sys/devices/i2c-1/name": "lm75\n", "sys/devices/i2c-1/temp1_input": "30000\n", "sys/class/hwmon/hwmon0/uevent": ""},
			map[string]string{"sys/class/hwmon/hwmon0/device": "../../../devices/i2c-1"}, "lm75/temp1=30", nil},
		"one name, two devices": {map[string]string{"sys/devices/a/x": "", "sys/devices/b/x": "", "sys/class/hwmon/hwmon0/name": "nvme", "sys/class/hwmon/hwmon1/name": "nvme",
			"sys/class/hwmon/hwmon0/temp1_input": "30000", "sys/class/hwmon/hwmon1/temp1_input": "40000"},
			map[string]string{"sys/class/hwmon/hwmon0/device": "../../../devices/a", "sys/class/hwmon/hwmon1/device": "../../../devices/b"}, "nvme/temp1@a/temp1=30 nvme/temp1@b/temp1=40", nil},
		"one name, one device": {map[string]string{"sys/devices/a/x": "", "sys/class/hwmon/hwmon0/name": "w1", "sys/class/hwmon/hwmon1/name": "w1",
			"sys/class/hwmon/hwmon0/temp1_input": "30000", "sys/class/hwmon/hwmon1/temp1_input": "40000"},
			map[string]string{"sys/class/hwmon/hwmon0/device": "../../../devices/a", "sys/class/hwmon/hwmon1/device": "../../../devices/a"}, "w1/temp1@a/temp1#1=30 w1/temp1@a/temp1#2=40", nil},
		"whole degrees of hwmon": {map[string]string{"sys/class/hwmon/hwmon0/name": "x", "sys/class/hwmon/hwmon0/temp1_input": "45", "sys/class/hwmon/hwmon0/temp1_crit": "95"}, nil, "x/temp1=45", nil},
		"no name":                {map[string]string{"sys/class/hwmon/hwmon0/temp1_input": "45000"}, nil, "hwmon0/temp1=45", nil},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, test.files, func(r *Reader) {
				for path, target := range test.links {
					mustDo(t, os.Symlink(target, r.root(path)), true)
				}
			})
			var got []string
			for _, s := range doc.Temperatures {
				got = append(got, fmt.Sprintf("%s=%v", s.Sensor, *s.Celsius))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			expectSaid(t, errs, test.said...)
		})
	}
}

func TestGPUZones(t *testing.T) {
	for zone, want := range map[string]bool{
		"gpu_thermal": true, "gpu-therm": true, "GPU-therm": true, "gpu-thermal": true, "gpu": true, "gpu0-thermal": true,
		"gpu-therm@1": true, "cpu-thermal": false, "gpumem": false, "no-gpu": false,
	} {
		doc, _ := readTree(t, map[string]string{
			"sys/class/devfreq/1.gpu/load":            "50@1Hz\n",
			"sys/class/thermal/thermal_zone0/type":    zone + "\n",
			"sys/class/thermal/thermal_zone0/temp":    "51000\n",
			"sys/class/thermal/thermal_zone1/type":    "cpu-thermal\n",
			"sys/class/thermal/thermal_zone1/temp":    "41000\n",
			"sys/class/thermal/thermal_zone1/ignored": "",
		})
		if got := doc.GPUs[0].Celsius != nil && *doc.GPUs[0].Celsius == 51; got != want {
			t.Errorf("%s: %v, want %v", zone, got, want)
		}
	}
}

func TestContainers(t *testing.T) {
	id := func(n int) string { return fmt.Sprintf("%064x", n) }
	v2 := func(groups ...string) map[string]string {
		files := map[string]string{"sys/fs/cgroup/cgroup.controllers": "cpu\n"}
		for _, g := range groups {
			files["sys/fs/cgroup/"+g+"/cgroup.procs"] = "2\n7\n"
		}
		return files
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  int
	}{
		"systemd": {v2("system.slice/docker-"+id(1)+".scope", "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-"+id(2)+".scope",
			"kubepods.slice/a.slice/crio-"+id(3)+".scope", "machine.slice/libpod-"+id(4)+".scope", "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-"+id(5)+".scope/container",
			"system.slice/nerdctl-"+id(6)+".scope"), 6},
		"cgroupfs": {v2("docker/"+id(1), "kubepods/besteffort/pod1/"+id(2), "kubepods/pod2/crio-"+id(3), "libpod_parent/libpod-"+id(4), "default/"+id(5), "k8s.io/"+id(6)), 6},
		// Podman names a pod's group by its id, too.
		"pods of Podman": {v2("libpod_parent/"+id(1)+"/libpod-"+id(2), "libpod_parent/"+id(1)+"/libpod-"+id(3), "libpod_parent/"+id(4)+"/libpod-"+id(5)+"/container", "libpod_parent/conmon"), 3},
		// crun puts what runs into a group below.
		"sandboxes of crun": {map[string]string{"sys/fs/cgroup/cgroup.controllers": "",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(1) + ".scope/cgroup.procs":            "",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(1) + ".scope/cgroup.events":           "populated 1\nfrozen 0\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(1) + ".scope/container/cgroup.procs":  "51\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(2) + ".scope/container/cgroup.procs":  "52\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(3) + ".scope/a/cgroup.procs":          "51\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(3) + ".scope/b/cgroup.procs":          "53\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(4) + ".scope/container/cgroup.events": "populated 0\n",
			"sys/fs/cgroup/machine.slice/machine-libpod_pod_1.slice/libpod-" + id(5) + ".scope/cgroup.events":           "populated 1\n",
			"proc/51/comm": "catatonit\n", "proc/52/comm": "app\n", "proc/53/comm": "app\n"}, 3},
		"a pod without": {map[string]string{"sys/fs/cgroup/systemd/cgroup.procs": "1\n", "sys/fs/cgroup/systemd/libpod_parent/" + id(1) + "/cgroup.procs": "",
			"sys/fs/cgroup/systemd/libpod_parent/" + id(1) + "/libpod-" + id(2) + "/cgroup.procs": "51\n", "proc/51/comm": "catatonit\n"}, 0},
		"payload":  {v2("system.slice/web.service/libpod-payload-" + id(1)), 1},
		"colons":   {v2("system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" + id(1)), 1},
		"monitors": {v2("kubepods.slice/crio-conmon-"+id(1)+".scope", "machine.slice/libpod-conmon-"+id(2)+".scope", "system.slice/docker.service", "kubepods/pod1/crio-conmon-"+id(3)), 0},
		"version 1, below": {map[string]string{"sys/fs/cgroup/systemd/cgroup.procs": "1\n",
			"sys/fs/cgroup/systemd/machine.slice/libpod-" + id(1) + ".scope/cgroup.procs":           "",
			"sys/fs/cgroup/systemd/machine.slice/libpod-" + id(1) + ".scope/container/cgroup.procs": "2\n",
			"sys/fs/cgroup/systemd/machine.slice/libpod-" + id(2) + ".scope/container/cgroup.procs": ""}, 1},
		"version 1, each in another hierarchy": {map[string]string{"sys/fs/cgroup/systemd/cgroup.procs": "1\n", "sys/fs/cgroup/pids/cgroup.procs": "1\n",
			"sys/fs/cgroup/systemd/docker/" + id(1) + "/cgroup.procs": "2\n3\n", "sys/fs/cgroup/pids/docker/" + id(2) + "/cgroup.procs": "2\n3\n", "sys/fs/cgroup/pids/docker/" + id(1) + "/cgroup.procs": "2\n3\n"}, 2},
		"version 1, without systemd": {map[string]string{"sys/fs/cgroup/cpuset/cgroup.procs": "1\n", "sys/fs/cgroup/devices/cgroup.procs": "1\n",
			"sys/fs/cgroup/devices/docker/" + id(1) + "/cgroup.procs": "2\n3\n", "sys/fs/cgroup/cpuset/docker/" + id(1) + "/cgroup.procs": "2\n3\n"}, 1},
		"no sign of a version": {map[string]string{"sys/fs/cgroup/system.slice/docker-" + id(1) + ".scope/cgroup.procs": "2\n3\n"}, 1},
		"hybrid": {map[string]string{"sys/fs/cgroup/unified/cgroup.controllers": "", "sys/fs/cgroup/unified/system.slice/docker-" + id(1) + ".scope/cgroup.procs": "2\n3\n",
			"sys/fs/cgroup/systemd/cgroup.procs": "1\n"}, 1},
		"sandboxes": {map[string]string{"sys/fs/cgroup/cgroup.controllers": "", "sys/fs/cgroup/kubepods/pod1/" + id(1) + "/cgroup.procs": "50\n", "proc/50/comm": "pause\n",
			"sys/fs/cgroup/libpod_parent/libpod-" + id(2) + "/cgroup.procs": "51\n", "proc/51/comm": "catatonit\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, test.files)
			expectSaid(t, errs)
			if doc.Containers == nil || *doc.Containers.Running != uint64(test.want) {
				t.Errorf("got %+v, want %d", doc.Containers, test.want)
			}
		})
	}
}

func TestOSImage(t *testing.T) {
	for name, test := range map[string]struct {
		files, links map[string]string
		want         string
	}{
		"escapes":       {map[string]string{"etc/os-release": `PRETTY_NAME="Box \"2\" \$5 \\ \` + "`x\\`" + ` \n"` + "\n"}, nil, "Box \"2\" $5 \\ `x` \\n"},
		"single quotes": {map[string]string{"etc/os-release": `PRETTY_NAME='Box "2" \$'` + "\n"}, nil, `Box "2" \$`},
		"no quotes":     {map[string]string{"etc/os-release": "PRETTY_NAME=Box\\ 2\r\n"}, nil, "Box 2"},
		"the last":      {map[string]string{"etc/os-release": "# PRETTY_NAME=A\nPRETTY_NAME=B\nPRETTY_NAME=\"C\"\n=x\n"}, nil, "C"},
		"name alone":    {map[string]string{"etc/os-release": "NAME=Box\nPRETTY_NAME=\n"}, nil, "Box"},
		"absolute link": {map[string]string{"usr/lib/os-release": "PRETTY_NAME=Host\n"}, map[string]string{"etc/os-release": "/usr/lib/os-release"}, "Host"},
		"link in link":  {map[string]string{"nix/store/x/os": "PRETTY_NAME=Nix\n"}, map[string]string{"etc/os-release": "/etc/static/os-release", "etc/static": "/nix/store/x", "nix/store/x/os-release": "../../../../../../nix/store/x/os"}, "Nix"},
		"no name":       {map[string]string{"etc/os-release": "ID=x\n"}, nil, ""},
		"byte order":    {map[string]string{"etc/os-release": "\xef\xbb\xbfPRETTY_NAME=Box\r\n"}, nil, "Box"},
		"comment":       {map[string]string{"etc/os-release": "PRETTY_NAME=\"Box #2\"\t # of two\n"}, nil, "Box #2"},
		"comment alone": {map[string]string{"etc/os-release": "PRETTY_NAME=Box#2 # of two\n"}, nil, "Box#2"},
		"circle":        {map[string]string{"usr/lib/os-release": "PRETTY_NAME=Other\n"}, map[string]string{"etc/os-release": "/etc/os-release"}, "Other"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, test.files, func(r *Reader) {
				for path, target := range test.links {
					_ = os.Remove(r.root(path))
					mustDo(t, os.MkdirAll(filepath.Dir(r.root(path)), 0o755), true)
					mustDo(t, os.Symlink(target, r.root(path)), true)
				}
			})
			if doc.Host.OSImage != test.want {
				t.Errorf("got %q, want %q", doc.Host.OSImage, test.want)
			}
			if test.want == "" {
				expectSaid(t, errs, "neither PRETTY_NAME nor NAME")
			}
		})
	}
}

func TestEdgecoreBehindAnAbsoluteLink(t *testing.T) {
	doc, errs := readTree(t, map[string]string{"opt/edgecore/bin": "no Go binary"}, func(r *Reader) {
		mustDo(t, os.MkdirAll(r.root("usr/local/bin"), 0o755), true)
		mustDo(t, os.Symlink("/opt/edgecore/bin", r.root("usr/local/bin/edgecore")), true)
		r.version.modified = time.Time{}
		info, err := os.Stat(r.root("opt/edgecore/bin"))
		mustDo(t, err, true)
		r.version = versionCache{info.ModTime(), info.Size(), "v1.2.3"}
	})
	expectSaid(t, errs)
	if doc.Host.EdgecoreVersion != "v1.2.3" {
		t.Errorf("version %q", doc.Host.EdgecoreVersion)
	}
}

func TestPowerSupplies(t *testing.T) {
	dir := "sys/class/power_supply/BAT0/"
	for name, test := range map[string]struct {
		files      string
		want, said string
	}{
		"battery":    {"type=Battery present=1 status=Charging capacity=50 voltage_now=12600000", `"type":"Battery","discharging":false,"chargeRatio":0.5,"volts":12.6`, ""},
		"empty slot": {"type=Battery present=0 capacity=0 status=Unknown", `"type":"Battery"`, ""},
		"mains":      {"type=Mains online=1", `"type":"Mains","online":true`, ""},
		"charge":     {"type=Battery status=Unknown charge_now=2500000 charge_full=5000000 charge_full_design=6000000", `"type":"Battery","chargeRatio":0.5`, ""},
		"energy":     {"type=Battery energy_now=30000000 energy_full=40000000 charge_now=1 charge_full=2", `"type":"Battery","chargeRatio":0.75`, ""},
		"overfull":   {"type=Battery charge_now=5100000 charge_full=5000000", `"type":"Battery","chargeRatio":1`, ""},
		"no whole":   {"type=Battery charge_now=0 charge_full=0", `"type":"Battery"`, ""},
		"negative":   {"type=Battery charge_now=-1 charge_full=5", `"type":"Battery"`, "charge_now: -1 is below zero"},
		"odd":        {"type=Battery capacity=255 status=Discharging voltage_now=-1", `"type":"Battery","discharging":true`, "capacity"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for _, word := range strings.Fields(test.files) {
				name, content, _ := strings.Cut(word, "=")
				files[dir+name] = content + "\n"
			}
			doc, errs := readTree(t, files)
			b, err := json.Marshal(doc.PowerSupplies)
			if err != nil {
				t.Fatal(err)
			}
			if want := `[{"supply":"BAT0",` + test.want + `}]`; string(b) != want {
				t.Errorf("got %s, want %s", b, want)
			}
			if test.said == "" {
				expectSaid(t, errs)
			} else {
				expectSaid(t, errs, test.said)
			}
		})
	}
}

func TestThrottling(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"alarm":            {map[string]string{"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"}, `{"undervoltage":true}`},
		"alarm of another": {map[string]string{"sys/class/hwmon/hwmon1/name": "nct6775", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"}, `null`},
		"firmware":         {map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": "f000a\n"}, `{"undervoltage":false,"throttled":false,"frequencyCapped":true,"temperatureLimit":true}`},
		"firmware with 0x": {map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": "0x5\n"}, `{"undervoltage":true,"throttled":true,"frequencyCapped":false,"temperatureLimit":false}`},
		"both": {map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": "0\n", "sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"},
			`{"undervoltage":true,"throttled":false,"frequencyCapped":false,"temperatureLimit":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, test.files)
			expectSaid(t, errs)
			b, err := json.Marshal(doc.Throttling)
			if err != nil {
				t.Fatal(err)
			}
			if string(b) != test.want {
				t.Errorf("got %s, want %s", b, test.want)
			}
		})
	}
}

func TestClock(t *testing.T) {
	for name, test := range map[string]struct {
		state  int
		status int32
		offset int64
		want   string
	}{
		"kept":         {0, staNano, 1_500_000, "true 0.0015"},
		"microseconds": {0, 0, -1500, "true -0.0015"},
		"not kept":     {timeError, 0x40, 0, "false 0"},
		"leap second":  {1, 0, 0, "true 0"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, _ := readTree(t, nil, func(r *Reader) {
				r.timex = func() (*sysinfo.Clock, error) { return clockOf(test.state, test.status, test.offset) }
			})
			if got := fmt.Sprint(*doc.Clock.Synchronized, " ", *doc.Clock.OffsetSeconds); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if doc.Clock.RTC != nil {
				t.Errorf("a clock of a host without /sys/class: %v", *doc.Clock.RTC)
			}
		})
	}
	doc, errs := readTree(t, map[string]string{"sys/class/rtc/rtc0/name": "x\n"}, func(r *Reader) {
		r.timex = func() (*sysinfo.Clock, error) { return nil, syscall.EPERM }
	})
	expectSaid(t, errs, "adjtimex: operation not permitted")
	if doc.Clock == nil || doc.Clock.Synchronized != nil || !*doc.Clock.RTC {
		t.Errorf("clock %+v", doc.Clock)
	}
	if runtime.GOOS == "linux" {
		if _, err := adjtimex(); err != nil {
			t.Errorf("this machine: %v", err)
		}
	}
}

// Where there are more than a report holds, what people look at stays, and the
// rest is named.
func TestRealDevicesFirst(t *testing.T) {
	files := map[string]string{}
	nets, disks := "h\nh\n", ""
	for i := 0; i < 34; i++ {
		nets += fmt.Sprintf("br%02d: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n", i)
	}
	for _, name := range []string{"eth0", "wwan0", "wlan0", "zz-named", "bond0", "eth0.20"} {
		nets += name + ": 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
	}
	files["sys/class/net/zz-named/device/vendor"] = "x\n"
	for i := 0; i < 33; i++ {
		disks += fmt.Sprintf("253 %d dm-%d 1 1 1 1 1 1 1 1 0 1 1\n", i, i)
	}
	disks += "8 0 sda 1 1 1 1 1 1 1 1 0 1 1\n179 0 mmcblk0 1 1 1 1 1 1 1 1 0 1 1\n9 0 md0 1 1 1 1 1 1 1 1 0 1 1\n"
	for i := 0; i < 40; i++ {
		dir := fmt.Sprintf("sys/class/thermal/thermal_zone%d/", i)
		files[dir+"type"], files[dir+"temp"] = fmt.Sprintf("board%02d-therm\n", i), "40000\n"
	}
	for i, kind := range []string{"cpu-thermal", "soc-thermal", "gpu_thermal", "x86_pkg_temp"} {
		dir := fmt.Sprintf("sys/class/thermal/thermal_zone%d/", 40+i)
		files[dir+"type"], files[dir+"temp"] = kind+"\n", "40000\n"
	}
	files["proc/net/dev"], files["proc/diskstats"] = nets, disks
	doc, errs := readTree(t, files)
	names := map[string]bool{}
	for _, n := range doc.Networks {
		names[n.Device] = true
	}
	for _, d := range doc.Disks {
		names[d.Device] = true
	}
	for _, s := range doc.Temperatures {
		names[s.Sensor] = true
	}
	for _, want := range []string{"eth0", "wwan0", "wlan0", "zz-named", "bond0", "eth0.20", "sda", "mmcblk0", "md0", "cpu-thermal", "soc-thermal", "gpu_thermal", "x86_pkg_temp"} {
		if !names[want] {
			t.Errorf("%s is left out", want)
		}
	}
	expectSaid(t, errs, "reading networks: more than", "br33", "reading disks: more than", "dm-9", "reading temperatures: more than", "board39-therm")
}
