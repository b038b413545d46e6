//go:build debian

package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// packaged returns the package of this machine's architecture that
// edge/package.sh made.
func packaged(t *testing.T, kind string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.Getenv("REPORTER_PACKAGES"), "sysinfo-reporter_*_linux_"+native(t)+"."+kind))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages %v, %v: edge/test.sh makes one", found, err)
	}
	return found[0]
}

// traces lists what is where a package may leave something.
func traces(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range []string{"/etc", "/usr/bin", "/usr/lib/systemd", "/lib/systemd", "/usr/share/doc", "/var/lib"} {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && (strings.Contains(path, "sysinfo-reporter") || strings.Contains(path, "multi-user.target.wants")) {
				found[path] = true
			}
			return nil
		})
	}
	return found
}

func do(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// The deb installs, enables its service, runs as a service's user, keeps what
// was changed at an update, and leaves nothing behind.
func TestDeb(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("installing takes root")
	}
	if exec.Command("dpkg-query", "-W", "sysinfo-reporter").Run() == nil {
		t.Fatal("the package is installed on this machine; it is not the test's to remove")
	}
	deb := packaged(t, "deb")
	before := traces(t)
	defer func() { _ = exec.Command("dpkg", "--purge", "sysinfo-reporter").Run() }()
	do(t, "dpkg", "--install", deb)
	for _, path := range []string{"/usr/bin/sysinfo-reporter", "/usr/lib/systemd/system/sysinfo-reporter.service",
		"/etc/default/sysinfo-reporter", "/etc/systemd/system/multi-user.target.wants/sysinfo-reporter.service"} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	do(t, "systemd-analyze", "verify", "/usr/lib/systemd/system/sysinfo-reporter.service")

	// As its unit starts it, with the folder that its unit makes.
	unit, err := os.ReadFile("/usr/lib/systemd/system/sysinfo-reporter.service")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindSubmatch(unit)
	if m == nil {
		t.Fatal("the unit starts nothing")
	}
	if err := os.MkdirAll("/var/lib/sysinfo-reporter", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/var/lib/sysinfo-reporter/a.prom", []byte("battery_volts 12.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	command := append(strings.Fields(string(m[1])), "--once", "--output=-")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", command, err, &log)
	}
	var doc sysinfo.Document
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.CPU == nil || len(doc.Custom) != 1 || len(doc.Filesystems) == 0 {
		t.Errorf("report %s", out)
	}

	const changed = "SYSINFO_REPORTER_INTERVAL=5m\n"
	if err := os.WriteFile("/etc/default/sysinfo-reporter", []byte(changed), 0o640); err != nil {
		t.Fatal(err)
	}
	do(t, "dpkg", "--install", deb) // an update
	if b, _ := os.ReadFile("/etc/default/sysinfo-reporter"); string(b) != changed {
		t.Errorf("the update changed the options to %s", b)
	}
	do(t, "dpkg", "--remove", "sysinfo-reporter")
	if b, _ := os.ReadFile("/etc/default/sysinfo-reporter"); string(b) != changed {
		t.Errorf("the removal changed the options to %s", b)
	}
	if _, err := os.Stat("/var/lib/sysinfo-reporter/a.prom"); err != nil {
		t.Errorf("the removal took the owner's values: %v", err)
	}
	do(t, "dpkg", "--purge", "sysinfo-reporter")
	for path := range traces(t) {
		if !before[path] {
			t.Errorf("%s is left", path)
		}
	}
}

// chrootOf makes a root with these programs in it, and what they need to start,
// for an rpm's scripts run in the root that it is installed into.
func chrootOf(t *testing.T, programs map[string]string) string {
	t.Helper()
	root := t.TempDir()
	needs := regexp.MustCompile(`(?m)(/\S+) \(0x`)
	put := func(from, to string) {
		to = filepath.Join(root, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, at := range programs {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		put(path, at)
		for _, library := range needs.FindAllStringSubmatch(do(t, "ldd", path), -1) {
			put(library[1], library[1])
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "dev"), 0o755); err != nil {
		t.Fatal(err)
	}
	put("/dev/null", "dev/null") // an empty file will do
	return root
}

// The rpm installs, with its scripts run, enables its service, keeps what was
// changed at an update, and leaves nothing behind.
func TestRpm(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a root of one's own takes root")
	}
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Log("systemd runs here; in the root it does not")
	}
	rpm := packaged(t, "rpm")
	root := chrootOf(t, map[string]string{"sh": "/bin/sh", "rm": "/usr/bin/rm", "systemctl": "/usr/bin/systemctl"})
	var (
		enabled = filepath.Join(root, "etc/systemd/system/multi-user.target.wants/sysinfo-reporter.service")
		options = filepath.Join(root, "etc/default/sysinfo-reporter")
		values  = filepath.Join(root, "var/lib/sysinfo-reporter/a.prom")
		inRoot  = func(args ...string) {
			t.Helper()
			if out := do(t, "rpm", append([]string{"--root", root, "--nodeps"}, args...)...); strings.Contains(out, "scriptlet failed") {
				t.Errorf("rpm %v: %s", args, out)
			}
		}
	)
	t.Setenv("VERSION", "9.9.9")
	do(t, "../../package.sh", os.Getenv("REPORTER_BINARIES"), filepath.Join(root, "tmp"), native(t))
	newer, err := filepath.Glob(filepath.Join(root, "tmp/*.rpm"))
	if err != nil || len(newer) != 1 {
		t.Fatalf("%v, %v", newer, err)
	}
	inRoot("--ignorearch", "--install", rpm)
	for _, path := range []string{"usr/bin/sysinfo-reporter", "usr/lib/systemd/system/sysinfo-reporter.service", "etc/default/sysinfo-reporter"} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	if out := do(t, filepath.Join(root, "usr/bin/sysinfo-reporter"), "--version"); !strings.HasPrefix(out, "sysinfo-reporter ") {
		t.Errorf("version %s", out)
	}
	if to, err := os.Readlink(enabled); err != nil || !strings.HasSuffix(to, "/systemd/system/sysinfo-reporter.service") {
		t.Errorf("the installation did not enable the service: %q, %v", to, err)
	}

	const changed = "SYSINFO_REPORTER_INTERVAL=5m\n"
	if err := os.WriteFile(options, []byte(changed), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(values), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(values, []byte("battery_volts 12.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// An update runs the new one's scripts and then the old one's, which must not
	// take away what the new one needs.
	inRoot("--ignorearch", "--upgrade", newer[0])
	for _, path := range []string{enabled, values} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("after an update: %v", err)
		}
	}
	if b, _ := os.ReadFile(options); string(b) != changed {
		t.Errorf("the update changed the options to %s", b)
	}
	if err := os.Remove(enabled); err != nil { // as systemctl disable does
		t.Fatal(err)
	}
	inRoot("--ignorearch", "--upgrade", "--oldpackage", rpm)
	if _, err := os.Lstat(enabled); err == nil {
		t.Error("an update enabled the service that its owner had disabled")
	}

	inRoot("--erase", "sysinfo-reporter")
	if err := os.RemoveAll(filepath.Join(root, "tmp")); err != nil {
		t.Fatal(err)
	}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "sysinfo-reporter") && !strings.HasSuffix(path, ".rpmsave") {
			t.Errorf("%s is left", path)
		}
		return nil
	})
	if b, err := os.ReadFile(options + ".rpmsave"); err != nil || string(b) != changed {
		t.Errorf("the owner's options are not kept beside: %s, %v", b, err)
	}
}

// The packages are made of the binaries' bytes and the commit's time, and
// nothing else: made twice they are the same.
func TestPackagesAreReproducible(t *testing.T) {
	again := t.TempDir()
	do(t, "../../package.sh", os.Getenv("REPORTER_BINARIES"), again, native(t))
	for _, kind := range []string{"deb", "rpm"} {
		path := packaged(t, kind)
		first, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(again, filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("two %s of the same differ", kind)
		}
	}
}
