// Package kubeedge tests the scripts that build cloudcore into KubeEdge trees. What
// needs a real tree is skipped where KUBEEDGE_TREES names none.
package kubeedge

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script runs a script and returns what it said, on both outputs.
func script(t *testing.T, name string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command("./"+name, arguments...)
	command.Env = append(os.Environ(), "EDGEGAUGE_CACHE="+t.TempDir())
	output, err := command.CombinedOutput()
	return string(output), err
}

// tree makes a folder with files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestWhatFailsSaysSo: the step, what was wrong, and a cure.
func TestWhatFailsSaysSo(t *testing.T) {
	const mod = "module github.com/kubeedge/kubeedge\n\ngo 1.21\n"
	for name, test := range map[string]struct {
		tree string
		says []string
	}{
		"no folder":    {"/nonexistent/tree", []string{`step "find the tree" failed: /nonexistent/tree is neither a folder nor a version`, "give the folder"}},
		"no module":    {tree(t, nil), []string{"has no go.mod", "give the folder that holds"}},
		"another":      {tree(t, map[string]string{"go.mod": "module example.com/other\n"}), []string{"says module example.com/other", "github.com/kubeedge/kubeedge"}},
		"no cloudcore": {tree(t, map[string]string{"go.mod": mod}), []string{"has no cloud/cmd/cloudcore/app"}},
		"not a KubeEdge": {tree(t, map[string]string{"go.mod": mod, "cloud/cmd/cloudcore/app/server.go": "package app\n", "vendor/modules.txt": ""}),
			[]string{"go.mod: go 1.21, it vendors", `step "keep the tree's versions" failed`, "requires nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "cloudcore")
			said, err := script(t, "build.sh", test.tree, out)
			if err == nil {
				t.Errorf("it succeeded")
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("it lacks %q:\n%s", want, said)
				}
			}
			if _, err := os.Stat(out); err == nil {
				t.Errorf("something was built")
			}
		})
	}
}

// TestTrees: for every real tree, our sources go with it, nothing that it requires is
// lifted, and nothing is written into it.
func TestTrees(t *testing.T) {
	archives, _ := filepath.Glob(filepath.Join(os.Getenv("KUBEEDGE_TREES"), "kubeedge-v*.tar.gz"))
	if os.Getenv("KUBEEDGE_TREES") == "" || len(archives) == 0 {
		t.Skip("KUBEEDGE_TREES names no folder with kubeedge-<version>.tar.gz")
	}
	for _, archive := range archives {
		version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(archive), "kubeedge-"), ".tar.gz")
		t.Run(version, func(t *testing.T) {
			folder := t.TempDir()
			if output, err := exec.Command("tar", "-xzf", archive, "-C", folder, "--strip-components", "1").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			vendors := version == "v1.20.0"
			if vendors {
				vendored(t, folder)
			}
			before := sum(t, folder)
			// What lay_over prepares is what build.sh compiles with.
			command := exec.Command("bash", "-euo", "pipefail", "-c", `
				. ./lib.sh
				find_tree "$1"
				lay_over
				echo "flags ${flags[*]}"
				echo "stamps ${stamps[*]}"
				go list -C "$tree" "${flags[@]}" -f '{{.GoFiles}}' ./cloud/cmd/cloudcore
				# Every package that is needed is there, at the tree's versions.
				go list -C "$tree" "${flags[@]}" -deps ./cloud/cmd/cloudcore >"$work/deps"
				# And what is ours compiles with them; the rest is for test.sh.
				go build -C "$tree" "${flags[@]}" github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics
				go list -C "$tree" "${flags[@]}" -m -f 'now {{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}' \
					github.com/prometheus/client_golang github.com/prometheus/common k8s.io/client-go k8s.io/klog/v2`, "lib", folder)
			command.Env = append(os.Environ(), "KUBEEDGE_VERSION="+version)
			output, err := command.CombinedOutput()
			said := string(output)
			if err != nil {
				t.Fatalf("%v:\n%s", err, said)
			}
			if after := sum(t, folder); after != before {
				t.Errorf("something was written into the tree")
			}
			if !strings.Contains(said, "edgegauge_main.go") || strings.Contains(said, " cloudcore.go") {
				t.Errorf("our main does not stand in the place of the tree's:\n%s", said)
			}
			if strings.Contains(said, "note: ") {
				t.Errorf("the tree's own main is taken for another:\n%s", said)
			}
			if got := strings.Contains(said, "it vendors; "); got != vendors {
				t.Errorf("it says that the tree vendors: %v, it does: %v", got, vendors)
			}
			if want := "version.gitVersion=" + version; !strings.Contains(said, want) {
				t.Errorf("it lacks %s:\n%s", want, said)
			}
			mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(said, "\n") {
				var path, now string
				if n, _ := fmt.Sscanf(line, "now %s %s", &path, &now); n == 2 && !strings.Contains(string(mod), now) {
					t.Errorf("%s became %s, which the tree's go.mod has not", path, now)
				}
			}
			if want := map[string]string{"v1.18.3": "kubeedge_v1_18", "v1.20.0": "kubeedge_v1_20", "v1.23.1": "kubeedge_v1_22,kubeedge_v1_20"}[version]; want != "" && !strings.Contains(said, " -tags="+want+"\n") {
				t.Errorf("it lacks -tags=%s:\n%s", want, said)
			}
			newer := strings.Contains(said, "-tags=kubeedge_v1_22")
			module := filepath.Join(folder, "staging/src/github.com/kubeedge/beehive/pkg/core/module.go")
			if text, err := os.ReadFile(module); err != nil || strings.Contains(string(text), "RestartPolicy()") != newer {
				t.Errorf("the tag for RestartPolicy: %v, and reading beehive: %v", newer, err)
			}
			older := strings.Contains(string(mod), "\ngo 1.21")
			if got := strings.Contains(said, "=-lang=go1.21"); got != older {
				t.Errorf("the tree's language is kept: %v, it is an older one: %v", got, older)
			}
		})
	}
}

// vendored makes a tree one that vendors and has a workspace, as KubeEdge's own
// checkout does. What vendor holds is wrong: nothing may be taken from there.
func vendored(t *testing.T, folder string) {
	t.Helper()
	for name, text := range map[string]string{
		"vendor/modules.txt": "# example.com/wrong v1.0.0\n## explicit\n",
		"go.work":            "go 1.22.0\n\nuse ./staging/src/github.com/kubeedge/beehive\n",
	} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVersionIsCloned: a version that no folder has is cloned, and where that does
// not work, the step and the cure are named.
func TestVersionIsCloned(t *testing.T) {
	repository := tree(t, map[string]string{"go.mod": "module example.com/cloned\n"})
	for _, arguments := range [][]string{
		{"init", "--quiet"}, {"add", "."},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "one"}, {"tag", "v1.99.0"},
	} {
		if output, err := exec.Command("git", append([]string{"-C", repository}, arguments...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, output)
		}
	}
	trees := t.TempDir()
	t.Setenv("KUBEEDGE_TREES", trees)
	for name, test := range map[string]struct {
		version, repository string
		says                []string
	}{
		"there": {"v1.99.0", "file://" + repository, []string{"cloning v1.99.0 from file://" + repository, "says module example.com/cloned"}},
		"no such version": {"v1.98.0", "file://" + repository, []string{
			"KUBEEDGE_TREES has no " + trees + "/kubeedge-v1.98.0.tar.gz", `step "get the source of v1.98.0" failed`, "has no v1.98.0, or is out of reach",
			"give the folder of a checkout", "kubeedge-v1.98.0.tar.gz into a folder"}},
		"no network":    {"v1.22.0", "https://127.0.0.1:1/kubeedge", []string{`step "get the source of v1.22.0" failed`, "does git reach the network?", "KUBEEDGE_TREES"}},
		"not a version": {"v1.22.0/../../..", "file://" + repository, []string{`step "find the tree" failed`, "is neither a folder nor a version"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBEEDGE_REPOSITORY", test.repository)
			said, err := script(t, "build.sh", test.version, filepath.Join(t.TempDir(), "cloudcore"))
			if err == nil {
				t.Errorf("it succeeded")
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("it lacks %q:\n%s", want, said)
				}
			}
		})
	}
}

// TestStackTakesTheNewest: the end-to-end stack runs the newest KubeEdge that it can
// get, by a clone where no folder has it, and says so where it cannot.
func TestStackTakesTheNewest(t *testing.T) {
	repository := tree(t, map[string]string{"go.mod": "module github.com/kubeedge/kubeedge\n", "cloud/cmd/cloudcore/app/app.go": "package app\n"})
	for _, arguments := range [][]string{
		{"init", "--quiet"}, {"add", "."},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "one"}, {"tag", "v1.23.1"},
	} {
		if output, err := exec.Command("git", append([]string{"-C", repository}, arguments...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, output)
		}
	}
	t.Setenv("KUBEEDGE_TREES", "")
	for name, test := range map[string]struct{ asked, repository, want, says string }{
		"cloned":        {"", "file://" + repository, "v1.23.1", ""},
		"out of reach":  {"", "file://" + repository + "/none", "v1.13.0", "git cannot clone it"},
		"asked for one": {"v1.20.0", "file://" + repository + "/none", "v1.20.0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("E2E_KUBEEDGE", test.asked)
			t.Setenv("KUBEEDGE_REPOSITORY", test.repository)
			t.Setenv("EDGEGAUGE_CACHE", t.TempDir())
			command := exec.Command("../e2e/version.sh")
			var said strings.Builder
			command.Stderr = &said
			out, err := command.Output()
			if err != nil || string(out) != test.want+"\n" || !strings.Contains(said.String(), test.says) || (test.says == "") != (said.Len() == 0) {
				t.Errorf("got %s, %v, said %q; want %s and %q", out, err, said.String(), test.want, test.says)
			}
		})
	}
}

// sum returns a sum over all files of a folder.
func sum(t *testing.T, folder string) string {
	t.Helper()
	hash := sha256.New()
	if err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(hash, "%s %x\n", path, sha256.Sum256(data))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

// TestForksMainIsNamed: a main that is not KubeEdge's own is left out, and that is
// said.
func TestForksMainIsNamed(t *testing.T) {
	folder := tree(t, map[string]string{
		"go.mod":                            "module github.com/kubeedge/kubeedge\n\ngo 1.23\n\nrequire k8s.io/klog/v2 v2.120.1\n",
		"cloud/cmd/cloudcore/app/server.go": "package app\n",
		"cloud/cmd/cloudcore/cloudcore.go":  "package main\n\nfunc main() { println(\"mine\") }\n",
	})
	said, _ := script(t, "build.sh", folder, filepath.Join(t.TempDir(), "cloudcore"))
	if want := "note: cloud/cmd/cloudcore/cloudcore.go of the tree is not KubeEdge's own"; !strings.Contains(said, want) {
		t.Errorf("it lacks %q:\n%s", want, said)
	}
}

// TestTwins: what cloud/cmd/cloudcore has twice, for viaduct's two places, is the same.
func TestTwins(t *testing.T) {
	for _, name := range []string{"viaduct_v1_18.go", "viaduct_v1_18_test.go"} {
		read := func(name string) string {
			text, err := os.ReadFile(filepath.Join("../../cloud/cmd/cloudcore", name))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(text), "package main\n")
			return strings.ReplaceAll(rest, `"github.com/kubeedge/kubeedge/pkg/viaduct/`, `"github.com/kubeedge/viaduct/`)
		}
		if twin := strings.Replace(name, "v1_18", "v1_20", 1); read(name) != read(twin) {
			t.Errorf("%s and %s differ in more than where viaduct is", name, twin)
		}
	}
}
