package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/cloud/pkg/nodemetrics"
	"sigs.k8s.io/yaml"
)

// TestPrintedConfig: what --defaultconfig and --minconfig print is what KubeEdge
// prints, with our section, and a configuration that can be used.
func TestPrintedConfig(t *testing.T) {
	for _, flag := range []string{"--defaultconfig", "--minconfig"} {
		plain := cloudcore(t, "KubeEdge", flag)
		ours := cloudcore(t, "cloudcore", flag)
		if strings.Contains(plain, "nodeMetrics") || !strings.Contains(ours, "\n  nodeMetrics:\n") {
			t.Fatalf("%s prints\n%s", flag, ours)
		}
		at := strings.Index(ours, strings.SplitAfter(head, "\n")[0])
		end := len(ours) - (len(plain) - at)
		if ours[:at]+ours[end:] != plain {
			t.Errorf("%s changes what KubeEdge prints:\n%s", flag, ours)
		}
		section := ours[at:end]
		for _, key := range keys(t) {
			if strings.Contains(section, "\n    "+key+":") != (flag == "--defaultconfig" || key == "enable") {
				t.Errorf("%s: the section has the key %s, or lacks it:\n%s", flag, key, section)
			}
		}
		file := filepath.Join(t.TempDir(), "cloudcore.yaml")
		if err := os.WriteFile(file, []byte(ours), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := nodemetrics.LoadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		if config.From() != file {
			t.Errorf("%s: the section is not found in what is printed", flag)
		}
		want, err := nodemetrics.LoadConfig(filepath.Join(t.TempDir(), "none.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.ValueOf(config)
		for i := 0; i < got.NumField(); i++ {
			field := got.Type().Field(i)
			if field.PkgPath == "" && !reflect.DeepEqual(got.Field(i).Interface(), reflect.ValueOf(want).Field(i).Interface()) {
				t.Errorf("%s: %s is %v, the default is %v", flag, field.Name, got.Field(i), reflect.ValueOf(want).Field(i))
			}
		}
	}
}

// keys returns the keys of modules.nodeMetrics.
func keys(t *testing.T) []string {
	t.Helper()
	text, err := yaml.Marshal(nodemetrics.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	var section map[string]interface{}
	if err := yaml.Unmarshal(text, &section); err != nil || len(section) < 10 {
		t.Fatalf("%d keys, %v", len(section), err)
	}
	all := make([]string, 0, len(section))
	for key := range section {
		all = append(all, key)
	}
	return all
}

// TestPrintedConfigIsLost: a configuration that could not be written is an error.
func TestPrintedConfigIsLost(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no device that is full: ", err)
	}
	defer full.Close()
	var said bytes.Buffer
	command := exec.Command(os.Args[0], "--minconfig")
	command.Env = append(os.Environ(), testAs+"=cloudcore")
	command.Stdout, command.Stderr = full, &said
	if err := command.Run(); err == nil {
		t.Errorf("cloudcore --minconfig ended well, and said %q", &said)
	}
}

// TestPrintedConfigFails: what went wrong in the process that KubeEdge prints in is
// said.
func TestPrintedConfigFails(t *testing.T) {
	got := run(t, "failing", "--minconfig")
	if got.code != 1 || got.output != "" || got.said != "KubeEdge's own words\nError: printing the configuration: exit status 3\n" {
		t.Errorf("where KubeEdge fails: %+v", got)
	}
	got = run(t, "deleted", "--minconfig")
	if got.code != 1 || got.output != "" || !strings.HasPrefix(got.said, "Error: printing the configuration: ") || !strings.Contains(got.said, "no such file") {
		t.Errorf("where the program is gone: %+v", got)
	}
}

func TestInsertSectionNeedsModules(t *testing.T) {
	err := insertSection(&bytes.Buffer{}, []byte("kind: CloudCore\n"), minSection)
	if err == nil || !strings.Contains(err.Error(), "no modules, where modules.nodeMetrics belongs") {
		t.Errorf("a configuration without modules: got %v", err)
	}
	var written bytes.Buffer
	if err := insertSection(&written, []byte("\nmodules:\n  x: 1\n"), "  y: 2\n"); err != nil || written.String() != "\nmodules:\n  y: 2\n  x: 1\n" {
		t.Errorf("a configuration that begins with modules: got %q, %v", &written, err)
	}
}
