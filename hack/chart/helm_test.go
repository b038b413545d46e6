// Package chart holds manifests/chart to what it promises: helm and kubeconform take
// it, wrong values are errors that say what is wrong, and the manifests for kubectl and
// kustomize are rendered from it. hack/chart/run.sh builds helm and runs its tests.
package chart

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write golden files and manifests anew")

const (
	root  = "../.."
	chart = root + "/manifests/chart"
)

// helm runs helm and returns what it writes to standard output and to standard error.
func helm(t *testing.T, arguments ...string) (string, string, error) {
	t.Helper()
	program := os.Getenv("HELM")
	if program == "" {
		t.Fatal("HELM names no helm: run hack/chart/run.sh, which builds one")
	}
	command := exec.Command(program, arguments...)
	// Nothing of the user's: neither his cluster nor his repositories.
	home := t.TempDir()
	command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(home, "none"), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	return out.String(), said.String(), err
}

// document is an object of the rendered chart.
type document struct {
	// source is the template's name.
	source string
	text   string
	object map[string]any
}

func (d document) String() string {
	metadata, _ := d.object["metadata"].(map[string]any)
	return fmt.Sprintf("%v %v", d.object["kind"], metadata["name"])
}

// render returns what helm makes of the chart with arguments such as --set.
func render(t *testing.T, arguments ...string) []document {
	t.Helper()
	text, said, err := helm(t, append([]string{"template", "edgegauge", chart, "--namespace", "kubeedge"}, arguments...)...)
	if err != nil {
		t.Fatalf("helm template: %v: %s", err, said)
	}
	if said != "" {
		t.Errorf("helm says %s", said)
	}
	var all []document
	for _, part := range strings.Split("\n"+text, "\n---\n# Source: ")[1:] {
		source, body, _ := strings.Cut(part, "\n")
		d := document{source: filepath.Base(source), text: strings.TrimSpace(body) + "\n"}
		if err := yaml.UnmarshalStrict([]byte(body), &d.object); err != nil {
			t.Fatalf("%s is no YAML: %v\n%s", source, err, body)
		}
		all = append(all, d)
	}
	return all
}

// cases are the files with values in testdata, by the names that they have there.
func cases(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.values.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("values: %v, %v", files, err)
	}
	all := make(map[string]string)
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".values.yaml")] = file
	}
	return all
}

// golden compares a text with a file, or writes it with -update.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, path); text != want {
		t.Errorf("%s is out of date; `make manifests` writes it anew. It differs in\n%s", path, difference(want, text))
	}
}

// difference is the first lines in which two texts differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < max(len(a), len(b)); i++ {
		x, y := line(a, i), line(b, i)
		if x != y {
			return fmt.Sprintf("line %d, which is\n%s\nand should be\n%s", i+1, x, y)
		}
	}
	return "nothing"
}

func line(of []string, i int) string {
	if i < len(of) {
		return of[i]
	}
	return "(the end)"
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
