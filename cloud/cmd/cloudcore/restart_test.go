package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestModuleFitsNewerKubeEdge compiles the module as a KubeEdge tree of v1.22 or
// later would: against a beehive whose core.Module wants RestartPolicy too. That
// beehive is not published, so the published one is given the method here.
func TestModuleFitsNewerKubeEdge(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	beehive := filepath.Join(t.TempDir(), "beehive")
	published := strings.TrimSpace(goCommand(t, root, "list", "-m", "-f", "{{.Dir}}", "github.com/kubeedge/beehive"))
	if err := os.CopyFS(beehive, os.DirFS(published)); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(beehive, "pkg", "core", "module.go"), func(source string) string {
		const method = "\tEnable() bool\n"
		if strings.Count(source, method) != 1 {
			t.Fatalf("beehive's Module has no %q any more", method)
		}
		return strings.Replace(source, method, method+"\tRestartPolicy() *ModuleRestartPolicy\n", 1) +
			"\ntype ModuleRestartPolicy struct{ Retries int32 }\n"
	})

	modfile := filepath.Join(t.TempDir(), "go.mod")
	for name, copied := range map[string]string{"go.mod": modfile, "go.sum": strings.TrimSuffix(modfile, "mod") + "sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	goCommand(t, root, "mod", "edit", "-replace", "github.com/kubeedge/beehive="+beehive, modfile)

	build := []string{"build", "-modfile", modfile, "./cloud/pkg/nodemetrics", "./edge/pkg/edgecore"}
	goCommand(t, root, append(build[:1:1], append([]string{"-tags", "kubeedge_v1_22"}, build[1:]...)...)...)

	// The stand-in is worth something only if it refuses what lacks the method.
	command := exec.Command("go", build...)
	command.Dir = root
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "missing method RestartPolicy") {
		t.Errorf("without the build tag: got %v, want a complaint about RestartPolicy:\n%s", err, output)
	}
}

func goCommand(t *testing.T, folder string, arguments ...string) string {
	t.Helper()
	command := exec.Command("go", arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

func edit(t *testing.T, file string, change func(string) string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// What is copied from the module cache is read-only.
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(change(string(source))), 0o600); err != nil {
		t.Fatal(err)
	}
}
