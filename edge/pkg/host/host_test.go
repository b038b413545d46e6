package host

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/edgegauge/edgegauge/edge/pkg/ask"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

var update = flag.Bool("update", false, "write the golden documents anew")

// write puts a file into a planted tree.
func write(t *testing.T, root, path, content string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plant unfolds a fixture, the text of a whole tree, below a scratch folder.
// One text rather than a tree of files, for a tree has links and names that
// not every checkout can hold.
func plant(t *testing.T, text string) string {
	t.Helper()
	root := t.TempDir()
	header := regexp.MustCompile(`(?m)^-- (\S+)(?: -> (\S+))? --\n`)
	found := header.FindAllStringSubmatchIndex(text, -1)
	if len(found) == 0 {
		t.Fatal("fixture without a file")
	}
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		path := filepath.Join(root, text[at[2]:at[3]])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if at[4] >= 0 {
			err = os.Symlink(text[at[4]:at[5]], path)
		} else {
			err = os.WriteFile(path, []byte(text[at[1]:end]), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// readerOn returns a Reader of the planted tree, whose file systems all answer
// alike.
func readerOn(root string, options Options) *Reader {
	options.RootPath = root
	r := New(options)
	r.timex = func() (*sysinfo.Clock, error) { return clockOf(0, staNano, 1500) }
	r.statfs = func(path string) (usage, error) {
		u := usage{blockBytes: 4096, blocks: 1000, blocksAvail: 250, files: 100, filesFree: 40}
		if strings.Contains(path, "usb") {
			u.files, u.filesFree = 0, 0
		}
		return u, nil
	}
	return r
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGolden(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("links and /proc")
	}
	for name, want := range map[string][]string{
		"jetson":   nil,
		"pi3":      nil,
		"pi5":      nil,
		"jetpack5": {"reading temperatures: "}, // the domain that is off
		"jetpack6": nil,
		"rk3588":   nil,
		"x86-lte":  nil,
		"gateway":  {"reading memory: ", "reading disks: ", "reading networks: ", "reading temperatures: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := readerOn(plant(t, fixture(t, name)), Options{EdgecoreVersion: "v1.13.0"})
			doc, errs := r.Read(context.Background())
			expectErrors(t, errs, want...)
			if now := float64(time.Now().Unix()); doc.Timestamp < now-60 || doc.Timestamp > now+1 {
				t.Errorf("timestamp %v, want about %v", doc.Timestamp, now)
			}
			doc.Timestamp, doc.Host.Arch = 0, "any"
			got, err := json.MarshalIndent(doc, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(expected) {
				t.Errorf("got\n%s\nwant\n%s", got, expected)
			}
		})
	}
}

// expectErrors wants as many errors as prefixes, each with its own.
func expectErrors(t *testing.T, errs []error, prefixes ...string) {
	t.Helper()
	if len(errs) != len(prefixes) {
		t.Fatalf("errors %v, want %q", errs, prefixes)
	}
	for i, err := range errs {
		if !strings.HasPrefix(err.Error(), prefixes[i]) {
			t.Errorf("error %q, want it to begin with %q", err, prefixes[i])
		}
	}
}

func TestErrorsComeAndGo(t *testing.T) {
	root := plant(t, fixture(t, "jetson"))
	r := readerOn(root, Options{EdgecoreVersion: "v"})
	meminfo := filepath.Join(root, "proc/meminfo")
	good, err := os.ReadFile(meminfo)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		content string
		said    []string
	}{
		{string(good), nil},
		{"nonsense", []string{"reading memory: "}},
		{"nonsense", []string{"reading memory: "}},
		{string(good), nil},
		{"nonsense", []string{"reading memory: "}},
	} {
		if err := os.WriteFile(meminfo, []byte(step.content), 0o644); err != nil {
			t.Fatal(err)
		}
		doc, errs := r.Read(context.Background())
		expectErrors(t, errs, step.said...)
		if got, want := doc.Memory != nil, step.content == string(good); got != want {
			t.Errorf("step %d: memory read: %v, want %v", i, got, want)
		}
		if doc.CPU == nil || len(doc.Networks) != 2 || len(doc.Disks) != 2 {
			t.Errorf("step %d: the rest is missing: %+v", i, doc)
		}
	}
}

func TestNothingReadable(t *testing.T) {
	r := readerOn(filepath.Join(t.TempDir(), "nowhere"), Options{})
	doc, errs := r.Read(context.Background())
	if len(errs) < 6 {
		t.Errorf("errors %v, want one for each part that every host has", errs)
	}
	for _, err := range errs {
		if !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "no such file") && !strings.Contains(err.Error(), "kernel release") {
			t.Errorf("unexpected error %v", err)
		}
	}
	if doc.Host.OS != runtime.GOOS || doc.CPU != nil || doc.Memory != nil {
		t.Errorf("document %+v", doc)
	}
}

// A parser that panics must cost its own part alone.
func TestMalformed(t *testing.T) {
	for name, file := range map[string]struct{ path, content, said string }{
		"short net line":  {"proc/net/dev", "a\nb\neth0: 1\n", "reading networks: "},
		"cpu":             {"proc/stat", "cpu x\n", "reading cpu: "},
		"load":            {"proc/loadavg", "1\n", "reading load: "},
		"short mountinfo": {"proc/1/mountinfo", "1 2 3\n", "reading filesystems: "},
		"diskstats":       {"proc/diskstats", "a b c\n", "reading disks: "},
	} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, fixture(t, "jetson"))
			if err := os.WriteFile(filepath.Join(root, file.path), []byte(file.content), 0o644); err != nil {
				t.Fatal(err)
			}
			doc, errs := readerOn(root, Options{}).Read(context.Background())
			expectErrors(t, errs, file.said)
			if doc.Memory == nil || doc.Containers == nil {
				t.Error("the rest is missing")
			}
		})
	}
}

func TestOptions(t *testing.T) {
	root := plant(t, fixture(t, "jetson"))
	nothing := regexp.MustCompile(`^$`)
	count := func(doc *sysinfo.Document) string {
		return fmt.Sprintf("fs %d, disks %d, networks %d, edgecore %q",
			len(doc.Filesystems), len(doc.Disks), len(doc.Networks), doc.Host.EdgecoreVersion)
	}
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"default":     {Options{}, `fs 4, disks 2, networks 2, edgecore ""`},
		"mountpoints": {Options{MountpointsExclude: nothing}, `fs 4, disks 2, networks 2, edgecore ""`},
		"types":       {Options{FSTypesExclude: nothing}, `fs 5, disks 2, networks 2, edgecore ""`},
		"disks":       {Options{DisksExclude: nothing}, `fs 4, disks 6, networks 2, edgecore ""`},
		"networks":    {Options{NetworksExclude: nothing}, `fs 4, disks 2, networks 4, edgecore ""`},
		"version":     {Options{EdgecoreVersion: "v9"}, `fs 4, disks 2, networks 2, edgecore "v9"`},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readerOn(root, test.options).Read(context.Background())
			expectErrors(t, errs)
			if got := count(doc); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestUsageRatio(t *testing.T) {
	at := func(user, idle, iowait uint64) (c cpuTimes) {
		c.modes = len(cpuModes)
		c.ticks[0], c.ticks[idleMode], c.ticks[iowaitMode] = user, idle, iowait
		return c
	}
	for name, test := range map[string]struct {
		before, now cpuTimes
		want        *float64
	}{
		"no time":          {at(1, 1, 1), at(1, 1, 1), nil},
		"busy":             {at(1, 1, 1), at(2, 1, 1), sysinfo.Ptr(1.0)},
		"idle":             {at(1, 1, 1), at(1, 2, 1), sysinfo.Ptr(0.0)},
		"waiting":          {at(0, 0, 0), at(1, 1, 2), sysinfo.Ptr(0.25)},
		"idle runs back":   {at(0, 5, 0), at(1, 4, 0), sysinfo.Ptr(1.0)},
		"iowait runs back": {at(0, 5, 5), at(1, 6, 4), sysinfo.Ptr(0.5)},
		"counters restart": {at(9, 9, 9), at(1, 1, 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			now := test.now
			now.hold(test.before)
			got := usageRatio(test.before, now)
			if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// The kernel lets idle and iowait step back; the report's counters do not.
func TestCountersDoNotStepBack(t *testing.T) {
	root := plant(t, fixture(t, "jetson"))
	r := readerOn(root, Options{})
	var last map[string]float64
	for i, line := range []string{
		"cpu  1000 20 300 8000 100 10 20 5 400 0",
		"cpu  1010 20 310 7900 90 10 20 5 400 0",
		"cpu  1020 20 320 7950 95 10 20 5 400 0",
		"cpu  1030 20 330 8050 110 10 20 5 400 0",
	} {
		write(t, root, "proc/stat", line+"\n")
		doc, _ := r.Read(context.Background())
		now := doc.CPU.SecondsTotal
		for mode, seconds := range now {
			if seconds < last[mode] {
				t.Errorf("reading %d: %s falls from %v to %v", i, mode, last[mode], seconds)
			}
		}
		if want := []float64{80, 80, 80, 80.5}[i]; now["idle"] != want {
			t.Errorf("reading %d: idle %v, want %v", i, now["idle"], want)
		}
		last = now
	}
}

// The ratio is of the time since the Read before, and the first has none.
func TestUsageRatioBetweenReads(t *testing.T) {
	root := plant(t, fixture(t, "jetson"))
	r := readerOn(root, Options{})
	if doc, _ := r.Read(context.Background()); doc.CPU.UsageRatio != nil {
		t.Errorf("first ratio %v, want none", *doc.CPU.UsageRatio)
	}
	const later = "cpu  1030 20 300 8060 110 10 20 5 400 0\n"
	if err := os.WriteFile(filepath.Join(root, "proc/stat"), []byte(later), 0o644); err != nil {
		t.Fatal(err)
	}
	doc, _ := r.Read(context.Background())
	if doc.CPU.UsageRatio == nil || *doc.CPU.UsageRatio < 0.2999 || *doc.CPU.UsageRatio > 0.3001 {
		t.Errorf("ratio %v, want 0.3", doc.CPU.UsageRatio)
	}
}

// A file system that gives no answer costs its own line, and one goroutine.
func TestStuckFilesystem(t *testing.T) {
	r := readerOn(plant(t, fixture(t, "jetson")), Options{Timeout: 500 * time.Millisecond})
	answer := make(chan struct{})
	quick := r.statfs
	asked := make(chan string, 100)
	r.statfs = func(path string) (usage, error) {
		if strings.HasSuffix(path, "/mnt/nas") {
			asked <- path
			<-answer
		}
		return quick(path)
	}
	devices := func(doc *sysinfo.Document) (list []string) {
		for _, f := range doc.Filesystems {
			list = append(list, f.Device)
		}
		return list
	}
	var said int
	for i := 0; i < 3; i++ {
		doc, errs := r.Read(context.Background())
		for _, err := range errs {
			if !errors.Is(err, ask.ErrNoAnswer) {
				t.Errorf("error %v, want one of a deadline", err)
			}
			if strings.Contains(err.Error(), "/mnt/nas") {
				said++
			}
		}
		if got := strings.Join(devices(doc), " "); strings.Contains(got, "nas:") {
			t.Errorf("read %d: file systems %s", i, got)
		}
	}
	if said != 3 {
		t.Errorf("said %d times, want it in each read", said)
	}
	if n := len(asked); n != 1 {
		t.Errorf("asked %d times while it waits, want once", n)
	}
	close(answer)
	r.options.Timeout = time.Minute
	for !r.asker.Idle() {
		runtime.Gosched()
	}
	doc, errs := r.Read(context.Background())
	expectErrors(t, errs)
	if got := strings.Join(devices(doc), " "); !strings.Contains(got, "nas:/export") {
		t.Errorf("after the answer: file systems %s", got)
	}
	if n := len(asked); n != 2 {
		t.Errorf("asked %d times, want a second time for a fresh answer", n)
	}
}

// No host makes a report that the cloud must refuse.
func TestBounds(t *testing.T) {
	root := plant(t, fixture(t, "jetson"))
	var dev, mounts strings.Builder
	dev.WriteString("head\nhead\n")
	for i := 0; i < 100; i++ {
		fmt.Fprintf(&dev, "eth%02d: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", i)
	}
	fmt.Fprintf(&mounts, "22 1 179:1 / /%s rw - ext4 /dev/\xff\\134x rw\n", strings.Repeat("ä", 300))
	for path, content := range map[string]string{"proc/net/dev": dev.String(), "proc/1/mountinfo": mounts.String()} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	doc, errs := readerOn(root, Options{}).Read(context.Background())
	expectErrors(t, errs, "reading networks: more than 32")
	if len(doc.Networks) != maxPerKind || doc.Networks[0].Device != "eth00" || doc.Networks[31].Device != "eth31" {
		t.Errorf("networks %v", doc.Networks)
	}
	f := doc.Filesystems[0]
	if !utf8.ValidString(f.Mountpoint) || len(f.Mountpoint) > maxTextBytes || len(f.Mountpoint) < maxTextBytes-4 {
		t.Errorf("mountpoint of %d bytes: %q", len(f.Mountpoint), f.Mountpoint)
	}
	if f.Device != "/dev/\uFFFD\\x" {
		t.Errorf("device %q", f.Device)
	}
}

func TestEdgecoreVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "edgecore")
	var c versionCache
	if got := c.of(path); got != "" {
		t.Errorf("no file: %q", got)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := c.of(path); got != "" {
		t.Errorf("a script: %q", got)
	}
	const release = `-X github.com/kubeedge/kubeedge/pkg/version.buildDate=2023 -X github.com/kubeedge/kubeedge/pkg/version.gitVersion=v1.13.0 -s`
	flags := func(value string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "-compiler", Value: "gc"}, {Key: "-ldflags", Value: value}}
	}
	kubeedge := func(version string) debug.Module {
		return debug.Module{Path: "github.com/kubeedge/kubeedge", Version: version}
	}
	required := kubeedge("v1.14.0")
	for name, test := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release":      {debug.BuildInfo{Settings: flags(release), Main: kubeedge("(devel)")}, "v1.13.0"},
		"quoted":         {debug.BuildInfo{Settings: flags(`-X 'github.com/kubeedge/kubeedge/pkg/version.gitVersion=v1.18.1-dirty' -w`)}, "v1.18.1-dirty"},
		"another's flag": {debug.BuildInfo{Settings: flags(`-X example.com/version.gitVersion=v2`)}, ""},
		"go install":     {debug.BuildInfo{Main: kubeedge("v1.13.0")}, "v1.13.0"},
		"a checkout":     {debug.BuildInfo{Main: kubeedge("(devel)")}, ""},
		"a fork's main":  {debug.BuildInfo{Main: debug.Module{Path: "example.com/edge"}, Deps: []*debug.Module{{Path: "x"}, &required}}, "v1.14.0"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := versionIn(&test.info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// The binary is looked for where the option says, below the host's root, and
// searched again when it changes.
func TestEdgecorePath(t *testing.T) {
	root := t.TempDir()
	r := readerOn(root, Options{EdgecorePath: "opt/edgecore"})
	path := filepath.Join(root, "opt/edgecore")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not a Go binary"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Read(context.Background())
	if want := int64(len("not a Go binary")); r.version.size != want {
		t.Errorf("searched a file of %d bytes, want %d", r.version.size, want)
	}
	r.version.version = "remembered"
	if doc, _ := r.Read(context.Background()); doc.Host.EdgecoreVersion != "remembered" {
		t.Errorf("searched an unchanged binary again: %q", doc.Host.EdgecoreVersion)
	}
	if err := os.WriteFile(path, []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	if doc, _ := r.Read(context.Background()); doc.Host.EdgecoreVersion != "" {
		t.Errorf("kept the version of a binary that changed: %q", doc.Host.EdgecoreVersion)
	}
}

// This very machine, whatever it is.
func TestLive(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	r := New(Options{})
	r.Read(context.Background())
	doc, errs := r.Read(context.Background())
	for _, err := range errs {
		t.Log(err)
	}
	if doc.CPU == nil || doc.CPU.Count == nil || *doc.CPU.Count == 0 || doc.CPU.SecondsTotal["idle"] == 0 {
		t.Errorf("cpu %+v", doc.CPU)
	}
	if doc.Memory == nil || *doc.Memory.AvailableBytes > *doc.Memory.TotalBytes {
		t.Errorf("memory %+v", doc.Memory)
	}
	if doc.Processes == nil || *doc.Processes.Count == 0 {
		t.Errorf("processes %+v", doc.Processes)
	}
	if doc.Host.Kernel == "" || doc.Host.BootTime == nil || *doc.Host.BootTime > doc.Timestamp {
		t.Errorf("host %+v", doc.Host)
	}
	for _, f := range doc.Filesystems {
		if *f.AvailBytes > *f.SizeBytes {
			t.Errorf("filesystem %+v", f)
		}
	}
}

func FuzzMountinfo(f *testing.F) {
	for _, name := range []string{"jetson", "gateway"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("22 1 179:1 / /a\\040b\\ rw - ext4 /dev/x rw\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "mountinfo")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		p := &reading{Reader: New(Options{})}
		all, _ := p.mountinfo(path, false)
		mounts := p.choose(all)
		if len(mounts) > strings.Count(string(b), "\n")+1 {
			t.Errorf("%d mounts of %q", len(mounts), b)
		}
		points := map[string]bool{}
		for _, m := range mounts {
			if points[m.mountpoint] {
				t.Errorf("%s twice", m.mountpoint)
			}
			points[m.mountpoint] = true
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r := New(Options{})
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		r.Read(context.Background())
	}
}
