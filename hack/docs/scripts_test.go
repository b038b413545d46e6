package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAptWaits looks for calls of apt-get that fail where something else holds
// the package manager's lock.
func TestAptWaits(t *testing.T) {
	call := regexp.MustCompile(`\bapt(-get)?\b.*\b(update|install|remove|purge|upgrade)\b`)
	found := 0
	for _, name := range filesOf(t, "../..", ".sh", ".yml", ".yaml", "Makefile", "run", "Dockerfile") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// A call may stand in several lines.
		text := strings.ReplaceAll(string(data), "\\\n", " ")
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "#") || !call.MatchString(line) {
				continue
			}
			found++
			if !strings.Contains(line, "DPkg::Lock::Timeout") {
				t.Errorf("%s does not wait for the lock: %s", name, line)
			}
		}
	}
	if found == 0 {
		t.Error("no script calls apt-get")
	}
}

// TestAllTargetsNeedGo runs every target of the Makefile where there is no Go and
// where it is too old. None may do anything but say so.
func TestAllTargetsNeedGo(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, tool := range []string{"make", "bash", "sh", "sed", "grep", "expand", "env", "dirname"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "rm"), []byte("#!/bin/sh\n"), 0o700); err != nil { // for clean
		t.Fatal(err)
	}
	goes := func(script string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	targets := regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(makefile), -1)
	if len(targets) < 10 {
		t.Fatalf("found the targets %q", targets)
	}
	for _, x := range []struct{ name, script, says string }{
		{"no Go", "", "Go 1.22 or later is needed, found none; looked in PATH: " + bin},
		{"an old one", "echo go version go1.21.13 linux/amd64", "Go 1.22 or later is needed, found go1.21.13 at " + bin + "/go"},
		{"an old one of two parts", "echo go version go1.9 linux/amd64", "Go 1.22 or later is needed, found go1.9 at " + bin + "/go"},
		{"one that is broken", "echo cannot allocate memory; exit 2", "found one that does not run: " + bin + "/go version: cannot allocate memory"},
	} {
		if x.script != "" {
			goes(x.script)
		}
		for _, target := range targets {
			run := exec.Command(filepath.Join(bin, "make"), "-C", "../..", target[1])
			run.Env = []string{"PATH=" + bin}
			out, err := run.CombinedOutput()
			if !strings.Contains(string(out), x.says) {
				t.Errorf("%s: make %s does not say %q, but:\n%s", x.name, target[1], x.says, out)
			}
			if harmless := target[1] == "help" || target[1] == "clean"; harmless != (err == nil) {
				t.Errorf("%s: make %s: %v", x.name, target[1], err)
			}
		}
	}
	for _, version := range []string{"go1.22", "go1.22.12", "go1.30rc1", "go2.0", "devel go1.27-0123abc Fri"} {
		goes("echo go version " + version + " linux/amd64")
		run := exec.Command("../need-go.sh")
		run.Env = []string{"PATH=" + bin}
		if out, err := run.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("with %s: error %v, and\n%s", version, err, out)
		}
	}
}

// filesOf returns the files of this repository whose names end in one of these.
func filesOf(t *testing.T, root string, ends ...string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == ".git" || n == ".cache" || n == "bin" || n == "dist" || n == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		for _, end := range ends {
			if strings.HasSuffix(d.Name(), end) {
				names = append(names, path)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestKeadmsValues: keadm looks for the image's tag at the beginning of each --set
// alone. Behind a comma it takes it for not given and adds KubeEdge's own.
func TestKeadmsValues(t *testing.T) {
	files := documents(t)
	script, err := os.ReadFile(filepath.Join(root, "hack/kubeedge/build.sh"))
	if err != nil {
		t.Fatal(err)
	}
	files["hack/kubeedge/build.sh"] = string(script)
	commands := 0
	for name, text := range files {
		for _, command := range regexp.MustCompile(`keadm (?:init|upgrade)(?:[^\n`+"`"+`]|\\\n)* --set (?:[^\n`+"`"+`]|\\\n)*`).FindAllString(text, -1) {
			commands++
			if regexp.MustCompile(`--set \S*,cloudCore\.`).MatchString(command) {
				t.Errorf("%s: a --set for each value: %s", name, command)
			}
		}
	}
	if commands < 2 {
		t.Errorf("%d commands found", commands)
	}
}
